"""What the reports about files are made of: findings, and what a report has to know beyond them. Pure data."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kalentops.lint.finding import Finding, errors_first


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
