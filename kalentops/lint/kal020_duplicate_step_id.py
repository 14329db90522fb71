"""Two steps of one blueprint have the same id.

The id says which step an edit belongs to. The API requires it to be unique within the blueprint.

Wrong:
    - {id: mail, …}
    - {id: mail, …}

Right:
    - {id: mail, …}
    - {id: second-mail, …}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.support.text import clip


def _may_find(of: Summary) -> bool:
    return len(set(of.ids)) < len(of.ids)


def check(blueprint: Blueprint) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, step in enumerate(blueprint.steps):
        if step.id in seen:
            yield Problem(
                ("steps", index, "id"),
                f"step {index + 1} has the same id as step {seen[step.id] + 1}: `{clip(step.id)}`",
                "give each step its own id; keep the ids of existing steps",
            )
        seen.setdefault(step.id, index)


RULE = Rule("KAL020", "duplicate-step-id", __doc__, check, reads=frozenset({"id"}), prefilter=_may_find)
