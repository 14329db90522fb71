"""What a shell may complete: sourcings, addresses, codes. A key press must not fail: where something does, nothing is
offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click


def sourcings(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The ids of sourcings that files or state name."""
    return _offered(lambda: (each.partition("/")[0] for each in _addresses(ctx)), incomplete)


def addresses(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """SOURCING_ID/KEY, of files and state."""
    return _offered(lambda: _addresses(ctx), incomplete)


def recorded(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The same of the state alone."""
    return _offered(lambda: _recorded(ctx), incomplete)


def codes(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Codes and names of rules."""
    from kalentops.lint.table import RULES

    upper = incomplete.upper()
    return [rule.code for rule in RULES if rule.code.startswith(upper)] + [
        rule.name for rule in RULES if incomplete and rule.name.startswith(incomplete.lower())
    ]


def _offered(find: Callable[[], Iterable[str]], incomplete: str) -> list[str]:
    try:
        return sorted({each for each in find() if each.startswith(incomplete)})
    except Exception:  # noqa: BLE001 - a traceback in the middle of a command line helps nobody
        return []


def _folder(ctx: click.Context) -> Path:
    before = ctx.find_root().params.get("chdir") or ()
    return Path(*before, ctx.params.get("directory") or "")


def _recorded(ctx: click.Context) -> set[str]:
    from kalentops.cli.commands.options import project
    from kalentops.state.store.file import FileStore

    state = FileStore(project(_folder(ctx), ctx.params.get("state_file")).state_path).read().state
    return state.entries.keys() | state.intents.keys()


def _addresses(ctx: click.Context) -> set[str]:
    from kalentops.cli.commands.options import project
    from kalentops.project.load import load

    config = project(_folder(ctx), None).config
    declared = set()
    if config.blueprints.exists():
        declared = {each.address for each in load(config.root, [config.blueprints], known=None).desired}
    return declared | _recorded(ctx)
