"""Findings by what they are about: a step, a blueprint, or a file that can't be shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kalentops.lint.finding import Finding, Severity
from kalentops.preview import view
from kalentops.project.check import Desired
from kalentops.support.text import visible


class Findings:
    """All findings, placed. What belongs to no blueprint that is shown belongs to its file."""

    def __init__(self, findings: Iterable[Finding], desired: Iterable[Desired]) -> None:
        shown = {(each.named.file, each.named.key) for each in desired}
        self._by_file: dict[str, list[Finding]] = {}
        self._by_step: dict[tuple[str, str, int | None], list[Finding]] = {}
        for each in findings:
            key = str(each.path[1]) if len(each.path) > 1 and each.path[0] == "blueprints" else ""
            if (each.file, key) in shown:
                self._by_step.setdefault((each.file, key, _step(each)), []).append(each)
            else:
                self._by_file.setdefault(each.file, []).append(each)

    def of(self, desired: Desired, step: int | None) -> tuple[view.Note, ...]:
        """Those of a step, counted from 0, or, with None, those of the blueprint itself."""
        return tuple(map(_note, self._by_step.get((desired.named.file, desired.named.key, step), ())))

    def has_error(self, file: str) -> bool:
        """Whether something is wrong with the file itself, so that there may be more in it than can be shown."""
        return any(each.severity is Severity.ERROR for each in self._by_file.get(file, ()))

    def files(self) -> Iterator[view.FileNotes]:
        for file, found in self._by_file.items():
            yield view.FileNotes(visible(file), tuple(map(_note, found)))


def _step(of: Finding) -> int | None:
    """`("blueprints", KEY, "steps", 2, …)` → 2."""
    match of.path[2:4]:
        case ("steps", int(number)):
            return number
    return None


def _note(of: Finding) -> view.Note:
    return view.Note(
        severity="error" if of.severity is Severity.ERROR else "warning",
        code=of.code,
        message=visible(of.message),
        hint=visible(of.hint),
        where=f"{visible(of.file)}:{of.line}:{of.column}",
    )
