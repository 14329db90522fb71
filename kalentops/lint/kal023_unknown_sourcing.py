"""A sourcing does not exist, or the API key can't see it.

The API would refuse every blueprint of the file. Only `kalentops validate --online` can find this; `kalentops
sourcings --all` lists the ids that exist.

Wrong:
    sourcingId: sourcing_132

Right:
    sourcingId: sourcing_123
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalentops.lint.finding import Finding
from kalentops.lint.rule import Rule, Sourcings
from kalentops.support.text import clip, is_placeholder, is_safe_id, meant_by

# Looking for the nearest of thousands takes a while; where so many are wrong, it is no slip of the pen.
_MOST_SLIPS: Final = 20


def check(sourcings: Sourcings) -> Iterator[Finding]:
    names = {each.sourcing_id: each.name for each in (*sourcings.closed, *sourcings.in_progress)}
    unknown: set[str] = set()
    for sourcing_id, origin in ((each.sourcing_id, each.origin) for each in sourcings.served):
        if sourcing_id in names or not is_safe_id(sourcing_id) or is_placeholder(sourcing_id):
            continue
        unknown.add(sourcing_id)
        meant = meant_by(sourcing_id, names) if len(unknown) <= _MOST_SLIPS else None
        hint = (
            f"did you mean {meant}?"
            if meant
            else "`kalentops sourcings --all` lists the sourcings that it can see"
        )
        message = f"the sourcing `{clip(sourcing_id)}` does not exist, or the API key can't see it"
        yield Finding(*origin.place, "KAL023", message, hint)


RULE = Rule("KAL023", "unknown-sourcing", __doc__, check_online=check)
