"""Findings as text: `file:line:column: severity CODE: message`, which editors and CI logs understand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from kalentops.lint.finding import Finding, Severity, errors_first
from kalentops.lint.rule import rules
from kalentops.output.terminal import Line, Piece, Style, line
from kalentops.support.text import clip, count, visible


def findings(found: Iterable[Finding]) -> Iterator[Line]:
    """Each finding with its hint below it, errors first."""
    for each in errors_first(found):
        style: Style = "bad" if each.severity is Severity.ERROR else "warn"
        place = f"{visible(each.file)}:{each.line}:{each.column}: "
        yield line((place, "bold"), (f"{each.severity} {each.code}", style), f": {visible(each.message)}")
        yield line((f"    {visible(each.hint)}", "dim"))
        if each.users:
            yield line((f"    {used_by(each)}", "dim"))


_ADDRESS: Final = 200


def used_by(of: Finding, shown: Callable[[str], str] = visible) -> str:
    """`used by 8: s_1/a, s_2/a, s_3/a and 5 more`, for a finding in a template or in snippets; else empty."""
    if not of.users:
        return ""
    first = ", ".join(shown(clip(address, _ADDRESS)) for address, _ in of.used_by)
    left = of.users - len(of.used_by)
    return f"used by {of.users:,}: {first}" + (f" and {left:,} more" if left else "")


def by_rule(found: Sequence[Finding]) -> Iterator[Line]:
    """How many findings each rule has, the most first; nothing for a single finding."""
    counts = Counter(each.code for each in found)
    if len(found) > 1:
        yield line("by rule: ", ", ".join(f"{code} {number:,}" for code, number in counts.most_common()))


def statistics(found: Iterable[Finding]) -> Iterator[Line]:
    """The findings counted by rule, as a table."""
    counts = Counter((each.severity, each.code) for each in errors_first(found))
    for (severity, code), number in sorted(
        counts.items(), key=lambda each: (each[0][0], -each[1], each[0][1])
    ):
        style: Style = "bad" if severity is Severity.ERROR else "warn"
        rule = rules().get(code)
        said = f"  {rule.title}" if rule else ""
        yield line(f"{number:>7,}  ", (f"{severity:<7} {code}", style), said)


def findings_summary(
    found: Sequence[Finding], files: int, blueprints: int, earlier: frozenset[Finding] | None = None
) -> Line:
    """The last line of `validate`; `earlier` are the findings that are not new, None without --against."""
    errors = sum(each.severity is Severity.ERROR for each in found)
    warnings = len(found) - errors
    what = f"{count(files, 'file')}, {count(blueprints, 'blueprint')}"
    if not found:
        return line(("valid: ", "good"), what)
    said = ([count(errors, "error")] if errors else []) + ([count(warnings, "warning")] if warnings else [])
    where = count(len({each.file for each in found}), "file")
    head: Piece = ("not valid: ", "bad") if errors else ("valid: ", "warn")
    new = "" if earlier is None else f", {len(found) - sum(each in earlier for each in found):,} of them new"
    return line(head, f"{' and '.join(said)} in {where}{new}; {what} checked")
