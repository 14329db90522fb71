"""Results → text, JSON, Markdown and the formats of CI systems. Nothing else formats.

`text` is for people and depends on the terminal. Each other format is a module, loaded when it is asked for. To add
one: CONTRIBUTING.md, "Adding a report".
"""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast

from kalentops.errors import StalePlan
from kalentops.lint.finding import Finding, errors_first

if TYPE_CHECKING:  # `--help` needs the names of the formats, and loads nothing heavy
    from kalentops.plan.build import Plan
    from kalentops.plan.json_types import ReportJson


class Format(NamedTuple):
    """The module of a format, and what it is for."""

    module: str
    about: str


TEXT: Final = "for people; texts are cut to the width of the terminal, in a pipe to 80 columns"
FORMATS: Final[dict[str, Format]] = {
    "json": Format("kalentops.output.json", "for programs"),
    "markdown": Format(
        "kalentops.output.markdown",
        "for a pull request: errors and three blueprints open, the others folded, cut to what a comment holds",
    ),
    "github": Format(
        "kalentops.output.annotations",
        "annotations beside the lines of a pull request: errors first, ten of a kind, the rest counted",
    ),
    "sarif": Format("kalentops.output.sarif", "SARIF 2.1.0, for code scanning"),
    "junit": Format(
        "kalentops.output.junit", "JUnit XML: a case for each file, and for each address of a plan"
    ),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """The files of a project after their check. `names` are the files, relative to its folder as in a finding.

    `below` is where the project lies in its git repository, such as `teams/hiring`, empty at the root: GitHub takes
    paths as relative to that. `online`: the API was asked too, and answered. `columns` holds the column in UTF-16 of
    the findings whose own differs. `earlier` are the findings that are not new, None without `--against`.
    `environments` are those that were checked.
    """

    findings: Sequence[Finding] = ()
    names: Sequence[str] = ()
    blueprints: int = 0
    below: str = ""
    online: bool = False
    columns: Mapping[Finding, int] = field(default_factory=dict)
    earlier: frozenset[Finding] | None = None
    environments: Sequence[str] = ()

    def path(self, name: str) -> str:
        """A file's path from the root of the git repository."""
        return posixpath.normpath(posixpath.join(self.below, name))

    def ordered(self) -> list[Finding]:
        """Errors first, each kind by file and place."""
        return errors_first(self.findings)

    @property
    def files(self) -> int:
        return len(self.names)

    def to_json(self) -> "ReportJson":
        """What reports of a saved plan need beyond the plan and its findings."""
        new = None if self.earlier is None else [each not in self.earlier for each in self.findings]
        columns = [self.columns.get(each, each.column) for each in self.findings]
        return {"below": self.below, "files": list(self.names), "new": new, "columns": columns}


def checked_from_json(raw: Mapping[str, Any], findings: Sequence[Finding]) -> Checked:
    """What `to_json` gave, with the findings of the same plan. Raises StalePlan."""
    below, names, new, columns = (raw.get(each) for each in ("below", "files", "new", "columns"))
    try:
        own = [each.column for each in findings]
        known = dict(zip(findings, map(int, own if columns is None else columns), strict=True))
        fresh = None if new is None else zip(findings, new, strict=True)
        earlier = None if fresh is None else frozenset(each for each, is_new in fresh if not is_new)
        return Checked(
            findings, tuple(map(str, names or ())), below=str(below or ""), columns=known, earlier=earlier
        )
    except (TypeError, ValueError):
        raise StalePlan("the saved plan is damaged") from None


def heading(*environments: str | None) -> str:
    """The first line of a result; empty in a project without environments."""
    names = [each for each in environments if each is not None]
    return f"environment{'s' if len(names) > 1 else ''}: {', '.join(names)}" if names else ""


DOCUMENTS: Final = frozenset({"json", "sarif", "junit"})
"""The formats of which one output holds one document."""


def combined(form: str, texts: Mapping[str, str]) -> str:
    """One document of those of several environments, by name; an empty text is that of one without a result."""
    return cast(str, import_module(FORMATS[form].module).combined(texts))


class Report(Protocol):
    """What the module of a form has: whole texts, with the line feed at their end."""

    def show_validation(self, of: Checked) -> str: ...

    def show_plan(self, of: "Plan", checked: Checked) -> str: ...


def report(form: str) -> Report:
    """Raises KeyError for `text` and for what is no form."""
    return cast(Report, import_module(FORMATS[form].module))
