"""One file's text → the same in the one layout, or why it is better left alone.

A formatter that changes a message is worse than none. So what has been laid out is read again: the same data, the
same way of writing each value, the same comments; and laying it out once more must change nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from kalentops.lint.finding import Finding
from kalentops.yamlfile import source
from kalentops.yamlfile.layout import line_end_of
from kalentops.yamlfile.parse import events, parse
from kalentops.yamlfile.relayout import relayout
from kalentops.yamlfile.source import Unclear

_LINE_END = re.compile(r"\r\n?")
_OF_AN_EVENT = ("anchor", "tag", "implicit", "value", "style", "flow_style", "explicit", "version", "tags")


@dataclass(frozen=True, slots=True)
class Formatted:
    """What became of a file's text. `after` is what it was where something forbids to touch it: findings, or a
    `problem` of ours.
    """

    name: str
    before: str
    after: str
    findings: list[Finding] = field(default_factory=list)
    problem: str = ""

    @property
    def changed(self) -> bool:
        return self.before != self.after


def format_text(name: str, text: str) -> Formatted:
    """The text, a byte order mark included, in the one layout. A pure function; never raises for any text.

    Line ends stay those that most lines have: git may have made them (`core.autocrlf`). Those of old Macs don't.
    """
    plain = _LINE_END.sub("\n", text.lstrip("\ufeff"))
    faults = parse(plain).faults
    if faults:
        findings = [Finding(name, f.line, f.column, f.code, f.message, f.hint) for f in sorted(faults)]
        return Formatted(name, text, text, findings)
    try:
        laid_out = relayout(plain)
        after = laid_out.replace("\n", "\r\n") if line_end_of(text) == "\r\n" else laid_out
        problem = "" if after == text else _difference(plain, laid_out)
    except Unclear as unclear:
        return Formatted(name, text, text, problem=str(unclear))
    return Formatted(name, text, text if problem else after, problem=problem)


def _difference(before: str, after: str) -> str:
    """What laying out has changed, and must not have; empty if it is as it should be. Raises Unclear."""
    one, other = parse(before), parse(after)
    if other.faults:
        fault = other.faults[0]
        return f"laid out, it would no longer be read: {fault.message}"
    # The same, in the same order, and of the same types: `1`, `1.0` and `true` are equal, and not the same.
    if repr(one.data) != repr(other.data):
        return "laid out, it would hold other data"
    if [_essence(each) for each in events(before)] != [_essence(each) for each in events(after)]:
        return "laid out, a value would be written in another way"
    if list(source.comments(source.read(before))) != list(source.comments(source.read(after))):
        return "laid out, its comments would be others"
    if relayout(after) != after:
        return "laid out twice, it would change twice"
    return ""


def _essence(event: Any) -> tuple[Any, ...]:
    return type(event).__name__, *(getattr(event, name, None) for name in _OF_AN_EVENT)
