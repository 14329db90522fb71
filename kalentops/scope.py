"""Which addresses a command is about. (Merged from elsewhere; see git.)"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Scope:
    sourcings: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        return not self.sourcings and not self.targets

    def covers(self, address: str) -> bool:
        sourcing_id, _, key = address.partition("/")
        return (
            self.everything
            or any(fnmatchcase(sourcing_id, each) for each in self.sourcings)
            or any(fnmatchcase(address if "/" in each else key, each) for each in self.targets)
        )


def check_scope(scope: Scope, known: set[str]) -> None:
    """Placeholder."""
