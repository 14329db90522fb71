"""`change` takes away a field that every step needs, or changes an `id`.

The `id` of a step stays: it says which step an edit belongs to. With null, `change` takes a field away; `name`, `type`,
`content` and `temporalityType` are in every step.

Wrong:
    change:
      follow-up: {content: null}

Right:
    change:
      follow-up: {subject: null}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalentops.blueprint.model import Step
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext

_REQUIRED: Final = tuple(name for name, field in Step.model_fields.items() if field.is_required())


def check(of: UseContext) -> Iterator[Problem]:
    if "name" in of.use.model_fields_set and of.use.name is None:
        yield Problem(("name",), "`name` has no value", "write a name; or remove it for the template's")
    for step, change in of.use.change.items():
        for field in _REQUIRED:
            path = ("change", step, field)
            if field not in change.model_fields_set or path in of.unknown:
                continue
            if field == "id":
                hint = "remove the step below `remove`, and write the other one below `add`"
                yield Problem(path, "the `id` of a step can't be changed", hint, on_key=True)
            elif getattr(change, field) is None:
                hint = "write a value; or remove the step below `remove`"
                yield Problem(path, f"`{field}` can't be taken away: every step has one", hint)


RULE = Rule("KAL416", "fixed-field", __doc__, check_use=check)
