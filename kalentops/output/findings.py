"""Findings as text: `file:line:column: severity CODE: message`, which editors and CI logs understand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from kalentops.lint.finding import Finding, Severity, errors_first
from kalentops.lint.table import BY_CODE
from kalentops.output.lines import Line, Piece, Style, line
from kalentops.support.text import count, visible


def findings(found: Iterable[Finding]) -> Iterator[Line]:
    """Each finding with its hint below it, errors first."""
    for each in errors_first(found):
        style: Style = "bad" if each.severity is Severity.ERROR else "warn"
        place = f"{visible(each.file)}:{each.line}:{each.column}: "
        yield line((place, "bold"), (f"{each.severity} {each.code}", style), f": {visible(each.message)}")
        yield line((f"    {visible(each.hint)}", "dim"))


def by_rule(found: Sequence[Finding]) -> Iterator[Line]:
    """How many findings each rule has, the most first; nothing where there is one finding alone."""
    counts = Counter(each.code for each in found)
    if len(found) > 1:
        yield line("by rule: ", ", ".join(f"{code} {number:,}" for code, number in counts.most_common()))


def statistics(found: Iterable[Finding]) -> Iterator[Line]:
    """The same as a table, with what each rule is about, instead of the findings."""
    counts = Counter((each.severity, each.code) for each in errors_first(found))
    for (severity, code), number in sorted(
        counts.items(), key=lambda each: (each[0][0], -each[1], each[0][1])
    ):
        style: Style = "bad" if severity is Severity.ERROR else "warn"
        rule = BY_CODE.get(code)
        said = f"  {rule.title}" if rule else ""
        yield line(f"{number:>7,}  ", (f"{severity:<7} {code}", style), said)


def summary(
    found: Sequence[Finding], files: int, blueprints: int, earlier: frozenset[Finding] | None = None
) -> Line:
    """The last line of `validate`; `earlier` are the findings that are not new, None where nobody has looked."""
    errors = sum(each.severity is Severity.ERROR for each in found)
    warnings = len(found) - errors
    what = f"{count(files, 'file')}, {count(blueprints, 'blueprint')}"
    if not found:
        return line(("valid: ", "good"), what)
    said = ([count(errors, "error")] if errors else []) + ([count(warnings, "warning")] if warnings else [])
    where = count(len({each.file for each in found}), "file")
    head: Piece = ("not valid: ", "bad") if errors else ("valid: ", "warn")
    new = "" if earlier is None else f", {len(found) - sum(each in earlier for each in found):,} of them new"
    return line(head, f"{' and '.join(said)} in {where}{new}; {what} in all")
