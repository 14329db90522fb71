"""One sourcing is in two environments.

An environment is a tenant of its own: its sourcings are in no other one. With one id in two environments, the texts of
one would go to the other. The finding names both places.

Wrong:
    sourcingId: {production: sourcing_123, trial: sourcing_123}

Right:
    sourcingId: {production: sourcing_123, trial: sourcing_789}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Finding
from kalentops.lint.rule import Declarations, Hides, Position, Rule
from kalentops.support.text import clip, is_placeholder


def check(project: Declarations) -> Iterator[Finding]:
    first: dict[str, Position] = {}
    for each in project.positions:
        other = first.setdefault(each.sourcing_id, each)
        if other.environment != each.environment and not is_placeholder(each.sourcing_id):
            at = f"{other.origin.file}:{other.origin.line}"
            yield Finding(
                *each.origin.place,
                "KAL031",
                f"`{clip(each.sourcing_id)}` is in {each.environment} here, and in {other.environment} in {at}",
                f"write the id that the sourcing has in {each.environment}, or remove one of the two",
            )


RULE = Rule("KAL031", "sourcing-of-two-environments", __doc__, hides=Hides.FILE, check_project=check)
