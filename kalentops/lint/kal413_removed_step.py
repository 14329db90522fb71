"""A step is removed, and changed, removed again or named by `after` or `before`.

Wrong:
    remove: [whatsapp]
    add:
      - {after: whatsapp, id: second-mail, …}

Right:
    remove: [whatsapp]
    add:
      - {after: follow-up, id: second-mail, …}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.support.text import clip


def check(of: UseContext) -> Iterator[Problem]:
    removed = frozenset(of.use.remove).intersection(of.step_ids or ())
    if not removed:
        return
    for step in of.use.change:
        if step in removed:
            said = f"the step `{clip(step)}` is removed, so it can't be changed"
            hint = "remove the change, or remove the step from `remove`"
            yield Problem(("change", step), said, hint, on_key=True)
    seen: set[str] = set()
    for number, step in enumerate(of.use.remove):
        if step in removed and step in seen:
            yield Problem(
                ("remove", number), f"the step `{clip(step)}` is removed twice", "remove one of the two"
            )
        seen.add(step)
    for number, added, ids in of.additions():
        for field, anchor in (("after", added.after), ("before", added.before)):
            if anchor in removed and anchor not in ids:
                said = f"the step `{clip(str(anchor))}` is removed, so no step can come {field} it"
                yield Problem(("add", number, field), said, "name a step that remains")


RULE = Rule("KAL413", "removed-step", __doc__, check_use=check)
