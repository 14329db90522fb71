"""A file serves a sourcing that is closed.

The search has ended there, so the file was probably forgotten, or has the id of an earlier sourcing of the same
name. Only `kalentops validate --online` can find this; `kalentops sourcings --all` lists what is in progress.

Wrong:
    sourcingId: sourcing_of_last_year

Right:
    sourcingId: sourcing_123
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import Rule, Sourcings
from kalentops.support.text import clip, is_placeholder


def check(sourcings: Sourcings) -> Iterator[Finding]:
    in_progress = {each.sourcing_id for each in sourcings.in_progress}
    closed = {each.sourcing_id: each.name for each in sourcings.closed if each.sourcing_id not in in_progress}
    for sourcing_id, origin in ((each.sourcing_id, each.origin) for each in sourcings.served):
        if sourcing_id in closed and not is_placeholder(sourcing_id):
            message = f'the sourcing "{clip(closed[sourcing_id])}" is closed'
            hint = (
                "if it stays closed, remove its blueprints from the files; `kalentops state rm` forgets them"
            )
            yield Finding(*origin.place, "KAL311", message, hint)


RULE = Rule("KAL311", "closed-sourcing", __doc__, check_online=check, severity=Severity.WARNING)
