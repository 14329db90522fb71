"""Two blueprints of one sourcing have the same name.

The name is how a person, and kalentops after a lost answer, tells blueprints apart in Kalent.

Wrong:
    first-contact:    {name: First contact, …}
    first-contact-fr: {name: First contact, …}

Right:
    first-contact:    {name: First contact, …}
    first-contact-fr: {name: First contact (French), …}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Finding
from kalentops.lint.rule import Declarations, Declared, Rule
from kalentops.support.text import same_name


def check(project: Declarations) -> Iterator[Finding]:
    seen: dict[tuple[str, str], Declared] = {}
    for each in project.blueprints:
        if not each.name:
            continue
        first = seen.setdefault((each.address.sourcing_id, same_name(each.name)), each)
        if first is not each:
            where = f"{first.origin.file}:{first.name_at[0]}"
            message = f"this name is used twice in this sourcing; first in {where}"
            path = ("blueprints", each.address.key)
            yield Finding(
                each.origin.file,
                *each.name_at,
                "KAL018",
                message,
                "write a `name: …` of its own below `use`"
                if each.template
                else "rename one of the two blueprints",
                path=path,
            )


RULE = Rule("KAL018", "duplicate-name", __doc__, check_project=check)
