"""The text of a file → the same, formatted; or the reason to leave it as it is.

A formatter that changes a message is worse than none. So the formatted text is read again: it must have the same data,
the same way of writing each value and the same comments, and formatting it once more must change nothing.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kalentops.lint.finding import Finding
from kalentops.support import atomic_write
from kalentops.support.text import line_end_of
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.printer import print_document
from kalentops.yamlfile.tree import Document, Unclear, read

_LINE_END = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Formatted:
    """The outcome of formatting a text. `after` is the unchanged text if there are findings, or a `problem` of ours."""

    name: str
    before: str
    after: str
    findings: list[Finding] = field(default_factory=list)
    problem: str = ""

    @property
    def changed(self) -> bool:
        return self.before != self.after


def format_text(name: str, text: str) -> Formatted:
    """Format a text, which may begin with a byte order mark. Never raises for any text.

    All lines get the line end that most have, that of Unix or of Windows: git may have made it (`core.autocrlf`).
    """
    plain = _LINE_END.sub("\n", text.lstrip("\ufeff"))
    parsed = parse(plain)
    if parsed.faults:
        findings = [Finding(name, f.line, f.column, f.code, f.message, f.hint) for f in sorted(parsed.faults)]
        return Formatted(name, text, text, findings)
    try:
        document = read(plain)
        printed = print_document(document)
        after = printed.replace("\n", "\r\n") if line_end_of(text) == "\r\n" else printed
        problem = "" if after == text else _difference(parsed.data, document, printed)
    except Unclear as unclear:
        return Formatted(name, text, text, problem=str(unclear))
    return Formatted(name, text, text if problem else after, problem=problem)


def _difference(data: Any, document: Document, after: str) -> str:
    """What printing has changed and must not change, or an empty text. Raises Unclear."""
    parsed = parse(after)
    if parsed.faults:
        return f"formatted, it could not be read: {parsed.faults[0].message}"
    # The same, in the same order, and of the same types: `1`, `1.0` and `true` are equal, and not the same.
    if repr(parsed.data) != repr(data):
        return "formatted, it would hold other data"
    again = read(after)
    if again.essence() != document.essence():
        return "formatted, a value would be written in another way"
    if again.comments() != document.comments():
        return "formatted, its comments would change"
    if print_document(again) != after:
        return "formatted twice, it would change twice"
    return ""


def save(path: str, done: Formatted) -> Formatted:
    """Write a changed file, whole or not at all; if its path is a link, the file that it leads to."""
    if not done.changed:
        return done
    target = Path(os.path.realpath(path))
    try:
        if target.read_bytes() != done.before.encode():
            return replace(done, after=done.before, problem="it changed meanwhile; run it again")
        atomic_write.replace(target, done.after.encode())
    except OSError as error:
        return replace(done, after=done.before, problem=f"it can't be written: {error.strerror or error}")
    return done
