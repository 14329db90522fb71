"""Two blueprints of one sourcing have the same key.

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
from kalentops.lint.rule import Declarations, Declared, Hides, Rule


def check(project: Declarations) -> Iterator[Finding]:
    seen: dict[tuple[str, str], Declared] = {}
    for each in project.blueprints:
        first = seen.setdefault((each.address.sourcing_id, each.address.key), each)
        if first is not each:
            where = f"{first.origin.file}:{first.origin.line}"
            message = f"the key `{each.address.key}` is used twice in this sourcing; first in {where}"
            path = ("blueprints", each.address.key)
            hint = "rename one of the two keys"
            if first.origin.file != each.origin.file:
                hint = f"correct the `sourcingId` if this file is a copy; else {hint}"
            yield Finding(*each.origin.place, "KAL017", message, hint, path=path)


RULE = Rule("KAL017", "duplicate-blueprint", __doc__, hides=Hides.BLUEPRINT, check_project=check)
