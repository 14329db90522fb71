"""A key stands twice in one sourcing.

Several files may serve one sourcing, but SOURCING_ID/KEY names one blueprint. The finding names both places.

Wrong:
    # a.yaml and b.yaml, both with sourcingId: sourcing_1
    blueprints:
      first-contact: …

Right:
    # b.yaml
    blueprints:
      first-contact-fr: …
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Finding
from kalentops.lint.rule import Declarations, Hides, Named, Rule


def check(project: Declarations) -> Iterator[Finding]:
    seen: dict[tuple[str, str], Named] = {}
    for each in project.blueprints:
        first = seen.setdefault((each.sourcing_id, each.key), each)
        if first is not each:
            where = f"{first.file}:{first.key_at[0]}"
            message = f"the key `{each.key}` stands a second time in this sourcing; the first is in {where}"
            path = ("blueprints", each.key)
            yield Finding(each.file, *each.key_at, "KAL017", message, "give one of them another", path=path)


RULE = Rule("KAL017", "duplicate-blueprint", __doc__, hides=Hides.BLUEPRINT, check_project=check)
