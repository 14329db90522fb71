"""Findings as text: `file:line:column: severity CODE: message`, which editors and CI logs understand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kalentops.finding import Finding, Severity
from kalentops.reports.lines import Line, Piece, Style, line
from kalentops.text import count, visible


def findings(found: Iterable[Finding]) -> Iterator[Line]:
    """Each finding with its hint below it."""
    for each in found:
        style: Style = "bad" if each.severity is Severity.ERROR else "warn"
        place = f"{visible(each.file)}:{each.line}:{each.column}: "
        yield line((place, "bold"), (f"{each.severity} {each.code}", style), f": {visible(each.message)}")
        yield line((f"    {visible(each.hint)}", "dim"))


def summary(found: Sequence[Finding], files: int, blueprints: int) -> Line:
    """The last line of `validate`."""
    errors = sum(each.severity is Severity.ERROR for each in found)
    warnings = len(found) - errors
    what = f"{count(files, 'file')}, {count(blueprints, 'blueprint')}"
    if not found:
        return line(("valid: ", "good"), what)
    said = ([count(errors, "error")] if errors else []) + ([count(warnings, "warning")] if warnings else [])
    where = count(len({each.file for each in found}), "file")
    head: Piece = ("not valid: ", "bad") if errors else ("valid: ", "warn")
    return line(head, f"{' and '.join(said)} in {where}; {what} in all")
