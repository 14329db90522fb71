"""`change`, `remove`, `after` or `before` names a step that the template does not have.

Steps are named by their `id`. `after` and `before` may also name a step that was added further up.

Wrong:
    change:
      folow-up: {delay: {value: 4, unit: day}}

Right:
    change:
      follow-up: {delay: {value: 4, unit: day}}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.lint.texts import first
from kalentops.support.text import clip, nearest, some
from kalentops.support.text_diff import did_you_mean

_MOST: Final = 5
"""Steps that a message lists."""
_Unknown = tuple[DataPath, str]


def check(of: UseContext) -> Iterator[Problem]:
    if of.step_ids is not None and (of.use.change or of.use.remove or of.use.add):
        yield from first(_unknown(of, frozenset(of.step_ids)), partial(_tell, of), "this blueprint")


def _unknown(of: UseContext, known: frozenset[str]) -> Iterator[_Unknown]:
    for step in of.use.change:
        if step not in known:
            yield ("change", step), step
    for number, step in enumerate(of.use.remove):
        if step not in known and ("remove", number) not in of.unknown:
            yield ("remove", number), step
    for number, added, ids in of.additions():
        for field, anchor in (("after", added.after), ("before", added.before)):
            path = ("add", number, field)
            if anchor is not None and anchor not in known and anchor not in ids and path not in of.unknown:
                yield path, anchor


def _tell(of: UseContext, found: _Unknown) -> Problem:
    path, step = found
    ids = of.step_ids or ()
    added = [each.id for each in of.use.add]
    near = nearest(step, ids)
    if step in added:
        hint = "it is added here: write it as it should be below `add`"
        if path[0] == "add":
            hint = "it is added further down: write it above this one"
    elif near:
        hint = did_you_mean(step, near)
    else:
        hint = "its steps are " + some([clip(each) for each in ids], _MOST) if ids else "it has no steps"
    said = f"the template `{clip(of.use.use)}` has no step `{clip(step)}`"
    return Problem(path, said, hint, on_key=path[0] == "change")


RULE = Rule("KAL412", "unknown-step", __doc__, check_use=check)
