"""Two bodies of a blueprint → what changed, in terms of steps and fields. The only user of deepdiff.

Steps are matched by their ids, so that an inserted step is one change and a moved one is a move.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

_T = TypeVar("_T", bound=Hashable)


class FieldChange(NamedTuple):
    """One change. `step` is a step's id, None for the blueprint itself; `field` is empty where the whole step is
    meant. `before` and `after` are JSON values, None where there was or is nothing; for a move they are the
    step's positions, from 1.
    """

    kind: Literal["added", "removed", "moved", "changed"]
    step: str | None
    field: str
    before: Any
    after: Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """The changes from the data of one body to another's, blueprint first, then the steps in their new order."""
    if same(before, after):
        return []
    top = [{key: value for key, value in body.items() if key != "steps"} for body in (before, after)]
    found = _fields(None, top[0], top[1])
    old, new = steps_by_id(before), steps_by_id(after)
    found += [
        FieldChange("removed", step_id, "", step, None) for step_id, step in old.items() if step_id not in new
    ]
    away = moved(list(old), list(new))
    was = {step_id: position for position, step_id in enumerate(old, 1)}
    for position, (step_id, step) in enumerate(new.items(), 1):
        if step_id not in old:
            found.append(FieldChange("added", step_id, "", None, step))
            continue
        if step_id in away:
            found.append(FieldChange("moved", step_id, "", was[step_id], position))
        found += _fields(step_id, old[step_id], step)
    return found


def steps_by_id(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The steps by their ids. What was imported may lack one, or hold it twice: then its position helps."""
    found: dict[str, Mapping[str, Any]] = {}
    for position, step in enumerate(body.get("steps") or (), 1):
        step_id = step.get("id")
        unique = isinstance(step_id, str) and step_id not in found
        found[step_id if unique else f"{step_id or ''}#{position}"] = step
    return found


def moved(old: Sequence[_T], new: Sequence[_T]) -> set[_T]:
    """The fewest whose moving makes the old order the new one, among those that both lists hold."""
    was = {each: position for position, each in enumerate(old)}
    both = [each for each in new if each in was]
    # The longest run of those that kept their order: `ends[n]` is the last of the best run of n + 1 steps so far.
    ends: list[_T] = []
    before: dict[_T, _T | None] = {}
    for each in both:
        at = bisect_left(ends, was[each], key=was.__getitem__)
        before[each] = ends[at - 1] if at else None
        ends[at : at + 1] = [each]
    away = set(both)
    last = ends[-1] if ends else None
    while last is not None:
        away.remove(last)
        last = before[last]
    return away


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; to Python `true` and `1` are equal."""
    if isinstance(one, str) or one != other:
        return bool(one == other)
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _fields(step: str | None, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    differ = sorted(key for key in before.keys() | after.keys() if not same(before.get(key), after.get(key)))
    sides = [(key, before.get(key), after.get(key)) for key in differ]
    if all(isinstance(value, str) for _, old, new in sides for value in (old, new)):
        # Most changes are of texts alone, and deepdiff takes three times as long as all the rest.
        return [FieldChange("changed", step, key, old, new) for key, old, new in sides]
    from deepdiff import DeepDiff

    tree = DeepDiff(
        _leaves(before), _leaves(after), view="tree", verbose_level=2, ignore_private_variables=False
    )
    found = []
    for name in sorted(tuple(each.path(output_format="list")) for levels in tree.values() for each in levels):
        old, new = _at(before, name), _at(after, name)
        kind: Literal["added", "removed", "changed"] = "changed"
        if old is None or new is None:
            kind = "added" if old is None else "removed"
        found.append(FieldChange(kind, step, ".".join(name), old, new))
    return found


def _leaves(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same mappings, with JSON texts as values: then `true` is not `1`, and a list is one value. To compare lists
    element by element takes deepdiff a minute for 100 kB.

    A delay is one thing to a reader: `3 days → 5 days`, not a value and a unit.
    """
    return {
        key: _leaves(value)
        if isinstance(value, Mapping) and key != "delay"
        else json.dumps(value, sort_keys=True)
        for key, value in data.items()
    }


def _at(data: Any, path: Sequence[str]) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data
