"""`kalentops rule`."""

from __future__ import annotations

import click


@click.command(epilog="\b\nExample:\n  kalentops rule\n  kalentops rule KAL101")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain a rule: what, why, wrong and right. Without CODE, list them all."""
    from kalentops.errors import UsageError
    from kalentops.rules.table import BY_CODE, RULES
    from kalentops.text import clip, nearest

    if code is None:
        for rule in RULES:
            click.echo(f"{rule.code}  {rule.severity.value:<7}  {rule.title}")
        return
    found = BY_CODE.get(code.upper())
    if found is None:
        by_name = {rule.name: rule for rule in RULES}
        found = by_name.get(code.lower())
    if found is None:
        meant = nearest(code, [*BY_CODE, *(rule.name for rule in RULES)])
        hint = f"did you mean {meant}?" if meant else "`kalentops rule` lists them"
        raise UsageError(f"there is no rule {clip(code)}", hint=hint)
    click.echo(f"{found.code} {found.name} ({found.severity.value})\n\n{(found.page or '').strip()}")
