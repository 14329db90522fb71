"""An added step has the id of a step that is there.

To change a step of the template, use `change`. To put another one in its place, `remove` it as well.

Wrong:
    add:
      - {after: invite, id: follow-up, …}     # the template has a step follow-up

Right:
    add:
      - {after: invite, id: second-mail, …}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.support.text import clip


def check(of: UseContext) -> Iterator[Problem]:
    template = frozenset(of.step_ids or ())
    for number, added, ids in of.additions():
        path = ("add", number, "id")
        if added.id in ids and path not in of.unknown:
            if added.id in template:
                said, hint = (
                    "the template has",
                    "choose another id; or write it below `change`, or `remove` that one",
                )
            else:
                said, hint = "this blueprint has", "choose another id"
            yield Problem(path, f"{said} a step `{clip(added.id)}` already", hint)


RULE = Rule("KAL414", "existing-step", __doc__, check_use=check)
