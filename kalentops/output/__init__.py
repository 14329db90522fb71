"""Results → text, JSON, Markdown and the formats of CI systems. Nothing else formats.

`text` is for people and depends on the terminal. Each other format is a module, loaded when it is asked for. To add
one: CONTRIBUTING.md, "Adding a report".
"""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

from kalentops.lint.finding import Finding, errors_first

if TYPE_CHECKING:  # `--help` needs the names of the formats, and loads nothing heavy
    from kalentops.plan.build import Plan

FORMATS: Final[dict[str, str]] = {
    "json": "kalentops.output.json",
    "markdown": "kalentops.output.markdown",
    "github": "kalentops.output.annotations",
    "sarif": "kalentops.output.sarif",
    "junit": "kalentops.output.junit",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """The files of a project after their check. `names` are the files, relative to its folder as in a finding.

    `below` is where the project lies in its git repository, such as `teams/hiring`, empty at the root: GitHub takes
    paths as relative to that. `online`: the API was asked too, and answered. `texts` holds the text of files that have
    findings, for reports that ask for it. `earlier` are the findings that are not new, None where nobody has looked.
    """

    findings: Sequence[Finding] = ()
    names: Sequence[str] = ()
    blueprints: int = 0
    below: str = ""
    online: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)
    earlier: frozenset[Finding] | None = None

    def path(self, name: str) -> str:
        """A file's path from the root of the git repository."""
        return posixpath.normpath(posixpath.join(self.below, name))

    def ordered(self) -> list[Finding]:
        """Errors first, each kind by file and place."""
        return errors_first(self.findings)

    @property
    def files(self) -> int:
        return len(self.names)


class Report(Protocol):
    """What the module of a form has: whole texts, with the line feed at their end."""

    def show_validation(self, of: Checked) -> str: ...

    def show_plan(self, of: "Plan", checked: Checked) -> str: ...


def report(form: str) -> Report:
    """Raises KeyError for `text` and for what is no form."""
    return cast(Report, import_module(FORMATS[form]))
