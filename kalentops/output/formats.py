"""The forms in which `validate` and `plan` give their results on stdout. Adding one: CONTRIBUTING.md, "Adding a
report".

`text`, which depends on who reads, is the console's. Each other form is a module that is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:  # the names of the forms are needed for --help, which loads nothing heavy
    from kalentops.output.validation import Checked
    from kalentops.plan.build import Plan

FORMATS: Final[dict[str, str]] = {
    "json": "kalentops.output.json",
    "markdown": "kalentops.output.markdown",
    "github": "kalentops.output.annotations",
    "sarif": "kalentops.output.sarif",
    "junit": "kalentops.output.junit",
}


class Report(Protocol):
    """What the module of a form has: whole texts, with the line feed at their end."""

    def show_validation(self, of: Checked) -> str: ...

    def show_plan(self, of: Plan, checked: Checked) -> str: ...


def report(form: str) -> Report:
    """Raises KeyError for `text` and for what is no form."""
    return cast(Report, import_module(FORMATS[form]))
