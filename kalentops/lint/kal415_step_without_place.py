"""An added step does not say where it belongs.

It needs `after` or `before`, with the id of a step of the template or of a step that was added further up; not both.

Wrong:
    add:
      - {id: second-mail, …}

Right:
    add:
      - {after: follow-up, id: second-mail, …}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.support.text import clip


def check(of: UseContext) -> Iterator[Problem]:
    for number, added in enumerate(of.use.add):
        path = ("add", number)
        if {path, (*path, "after"), (*path, "before")} & of.unknown:
            continue
        if added.after is None and added.before is None:
            said = f"the added step `{clip(added.id)}` has no place"
            yield Problem(path, said, "write `after: STEP_ID`, or `before: STEP_ID`")
        elif added.after is not None and added.before is not None:
            said = f"the added step `{clip(added.id)}` has `after` and `before`"
            yield Problem((*path, "before"), said, "remove one of the two", on_key=True)


RULE = Rule("KAL415", "step-without-place", __doc__, check_use=check)
