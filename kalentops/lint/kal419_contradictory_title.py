"""Two files give one sourcing different titles.

Several files may hold blueprints of one sourcing. Its title is for people, so it is the same in all
of them; one file can say it for all.

Wrong:
    # a.yaml
    sourcingId: sourcing_123
    title: Backend engineer
    # b.yaml
    sourcingId: sourcing_123
    title: Backend developer

Right:
    # b.yaml
    sourcingId: sourcing_123
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Finding
from kalentops.lint.rule import Declarations, Position, Rule


def check(project: Declarations) -> Iterator[Finding]:
    seen: dict[str, Position] = {}
    for each in project.positions:
        if not each.title:
            continue
        first = seen.setdefault(each.sourcing_id, each)
        if first.title != each.title:
            said = f"this sourcing has another title in {first.origin.file}:{first.title_at[0]}"
            yield Finding(
                each.origin.file,
                *each.title_at,
                "KAL419",
                said,
                "write the same one, or remove one of the two",
                path=("title",),
            )


RULE = Rule("KAL419", "contradictory-title", __doc__, check_project=check)
