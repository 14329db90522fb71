"""Two people have changed one blueprint: what both wanted, as far as that can be had. Pure.

The three bodies are in the observable form of `canonical`. Steps are matched by their ids, and each field is decided on
its own: what only one side has changed is as that side has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Body: TypeAlias = Mapping[str, Any]


@dataclass(slots=True)
class Merged:
    """The body that holds both sides' changes, and the places where they contradict each other: there it is as
    `mine`.
    """

    body: dict[str, Any]
    conflicts: list[str] = field(default_factory=list)


def merge(base: Body, mine: Body, theirs: Body) -> Merged:
    """Both sides' changes since `base`."""
    merged = Merged({})
    merged.body["name"] = _either(merged, "name", base["name"], mine["name"], theirs["name"])
    old, ours, others = (_by_id(each["steps"]) for each in (base, mine, theirs))
    steps = {
        each: step
        for each in {**ours, **others}
        if (step := _step(merged, each, old.get(each), ours.get(each), others.get(each))) is not None
    }
    order = _order(merged, list(old), list(ours), list(others))
    merged.body["steps"] = [steps[each] for each in order if each in steps]
    return merged


def _by_id(steps: Sequence[Body]) -> dict[str, Body]:
    return {step["id"]: step for step in steps}


def _either(merged: Merged, what: str, base: Any, mine: Any, theirs: Any) -> Any:
    if theirs in (base, mine):
        return mine
    if mine == base:
        return theirs
    merged.conflicts.append(what)
    return mine


def _step(
    merged: Merged, step_id: str, base: Body | None, mine: Body | None, theirs: Body | None
) -> dict[str, Any] | None:
    if mine is None or theirs is None or base is None:
        whole: Body | None = _either(merged, f"step {step_id}", base, mine, theirs)
        return dict(whole) if whole is not None else None
    fields = {**mine, **theirs}
    found = {
        name: _either(merged, f"step {step_id}: {name}", base.get(name), mine.get(name), theirs.get(name))
        for name in fields
    }
    return {name: value for name, value in found.items() if value is not None}


def _order(merged: Merged, base: list[str], mine: list[str], theirs: list[str]) -> list[str]:
    """Mine, with what they have added where they have it; theirs, where only they have moved something."""
    common = [each for each in base if each in mine and each in theirs]
    ours, others = ([each for each in side if each in common] for side in (mine, theirs))
    if ours != common and others not in (common, ours):
        merged.conflicts.append("the order of the steps")
    first, second = (theirs, mine) if ours == common else (mine, theirs)
    order = list(first)
    for at, each in enumerate(second):
        if each not in order:
            before = next((other for other in reversed(second[:at]) if other in order), None)
            order.insert(0 if before is None else order.index(before) + 1, each)
    return order
