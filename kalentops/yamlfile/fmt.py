"""The text of a file → the same, formatted; or the reason to leave it as it is.

A formatter that changes a message is worse than none. So the formatted text is read again: it must have the same data,
the same way of writing each value and the same comments, and formatting it once more must change nothing.

Texts, quotes, comments, anchors and all order stay. What changes: indentation, blank lines, the blanks around `:`, `,`,
`-` and `#`, and where `{…}` and `[…]` are broken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from kalentops.lint.finding import Finding
from kalentops.support import atomic_write
from kalentops.support.text import line_end_of
from kalentops.yamlfile import tree as st
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.tree import Child, Comment, Document, Node, Token, Unclear, read

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


INDENT: Final = 2
"""Of what stands in a mapping or in a list, lists in mappings included."""

WIDTH: Final = 100
"""The columns that `{…}` and `[…]` may reach on one line. Texts are never broken."""

BEFORE_COMMENT: Final = "  "

_NEEDS_A_GAP: Final = frozenset({st.ALIAS, *st.PROPERTIES})
_BLANKS: Final = " \t"
_NOWHERE: Final = -1


def print_document(document: Document) -> str:
    """The text of a file; its tree stays as it is, but for the columns of its nodes."""
    return _Printer().document(document)


def one_line(node: Node) -> str | None:
    """A collection between brackets on one line; None where that is not possible, or longer than any line."""
    found = _one_line([*node.tokens()], 0)
    return found[0] if found else None


@dataclass(slots=True)
class _Line:
    """Code with its indentation, a comment behind it or alone, and the column where the comment stood."""

    code: str
    comment: str = ""
    column: int = _NOWHERE
    alone: bool = False


class _Page:
    """Lines from the top down. The last one is open until a comment, or a block scalar, has ended it."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._in_text = False  # whether a blank line would become part of a block scalar
        self.is_open = False

    @property
    def width(self) -> int:
        """The columns that the last line takes, without its comment."""
        return len(self._lines[-1].code)

    def add(self, text: str) -> None:
        """Go on in the open line."""
        self._lines[-1].code += text

    def begin(self, column: int, text: str, *, blank: bool = False) -> None:
        """Open a new line."""
        self._skip(blank=blank)
        self._lines.append(_Line(" " * column + text))
        self.is_open = True

    def below(self, lines: list[str]) -> None:
        """Lines of a text that goes on, indented already."""
        self._lines += [_Line(line) for line in lines]

    def end_block(self, *, keeps: bool) -> None:
        """A block scalar has ended its last line. `keeps`: blank lines below it would become part of it."""
        self.is_open, self._in_text = False, keeps

    def comment(self, comment: Comment, column: int) -> None:
        """A comment on a line of its own."""
        self._skip(blank=comment.blank)
        last = self._lines[-1] if self._lines else None
        if last is not None and last.column == comment.column:
            self._lines.append(_Line(" " * column, comment.text, comment.column, alone=True))
        else:
            self._lines.append(_Line(" " * column + comment.text, alone=True))
        self.is_open = False

    def comment_here(self, comment: Comment) -> None:
        """A comment behind the last line, which it ends."""
        self._lines[-1].comment, self._lines[-1].column = comment.text, comment.column
        self.is_open = False

    def _skip(self, *, blank: bool) -> None:
        if blank and self._lines and not self._in_text:
            self._lines.append(_Line(""))
        self._in_text = False

    def text(self) -> str:
        """All lines. Comments that stood below each other do so again, two blanks behind the longest line."""
        found: list[str] = []
        run: list[_Line] = []
        for line in self._lines:
            if run and line.column != run[-1].column:
                found += _aligned(run)
                run = []
            if line.column == _NOWHERE:
                found.append(line.code)
            else:
                run.append(line)
        return "".join(f"{line}\n" for line in [*found, *_aligned(run)])


def _aligned(run: list[_Line]) -> list[str]:
    width = max((len(line.code) for line in run if not line.alone), default=0)
    return [("" if line.alone else line.code).ljust(width) + BEFORE_COMMENT + line.comment for line in run]


class _Printer:
    def __init__(self) -> None:
        self._page = _Page()

    def document(self, document: Document) -> str:
        for token in document.start:
            self._place(token, 0)
        self._node(document.root, 0)
        for token in document.ends:
            self._place(token, 0)
        self._comments(document.last.above, 0)
        return self._page.text()

    # Tokens

    def _place(
        self, token: Token, column: int, glue: str | None = None, *, lines: Sequence[str] | None = None
    ) -> None:
        """The token behind what is there, or in `column` of a new line: without `glue`, or after a comment. `lines` are
        those of a scalar, in place of its text, all but the first with their indentation.
        """
        if token.above:
            self._comments(token.above, column)
        first, *rest = lines or (token.text,)
        if glue is not None and self._page.is_open:
            self._page.add(glue + first)
        else:
            self._page.begin(column, first, blank=token.blank)
        if rest:
            self._page.below(rest)
        if token.behind is not None:
            self._page.comment_here(token.behind)

    def _comment_behind(self, token: Token) -> None:
        if token.behind is not None:
            self._page.comment_here(token.behind)

    def _comments(self, comments: Sequence[Comment], column: int) -> None:
        for comment in comments:
            self._page.comment(comment, column if comment.home is None else comment.home.column)

    def _scalar(self, token: Token, column: int, glue: str | None, *, deeper: int = 0) -> None:
        """A scalar; its further lines begin `deeper` than `column`."""
        if token.is_block:
            self._place(token, column, glue)
            self._page.below(_indented(token.lines, max(column, INDENT)))
            self._page.end_block(keeps="+" in token.text)
        elif "\n" in token.text:
            first, *rest = _folded(token)
            self._place(token, column, glue, lines=[first, *_indented(rest, max(column + deeper, INDENT))])
        else:
            self._place(token, column, glue)

    # Nodes

    def _node(self, node: Node, column: int, glue: str | None = None, *, below: bool = False) -> None:
        """What stands at a place, if anything. `below`: a block begins on the next line."""
        own = 1 if node.flow or node.kind in {st.SCALAR, st.ALIAS} else 0
        for token in node.head[: len(node.head) - own]:
            self._place(token, column, glue)
            glue, below = " ", True
        if node.flow:
            self._flow([*node.tokens()][len(node.head) - 1 :], 0, column, glue, may_break=below)
        elif node.kind == st.SCALAR:
            self._scalar(node.head[-1], column, glue)
        elif node.kind == st.ALIAS:
            self._place(node.head[-1], column, glue)
        else:
            node.column = column
            glue = None if below else glue
            for child in node.children:
                self._child(child, column, glue)
                glue = None
        if node.foot:
            self._comments(node.foot, column)

    def _child(self, child: Child, column: int, glue: str | None) -> None:
        inner, key, sign = column + INDENT, child.key, child.sign
        if child.mark is not None:
            self._place(child.mark, column, glue)
        if key is None:
            self._node(child.value, inner, " ")
            return
        if child.mark is not None:
            self._node(key, inner, " ")
            apart = None
        else:
            self._node(key, column, glue)
            apart = " " if key.head[-1].kind in _NEEDS_A_GAP else ""
        if sign is not None:
            self._place(sign, column, apart)
            self._node(child.value, inner, " ", below=True)

    # {…} and […]

    def _flow(self, tokens: list[Token], at: int, column: int, glue: str | None, *, may_break: bool) -> int:
        """The collection that begins at a token: on one line if it fits there or on the next; else one item a line.
        Returns the index after its end.
        """
        opener = tokens[at]
        if opener.above or not self._page.is_open:
            glue = None
        inside = _one_line(tokens, at)
        if inside is not None:
            text, after = inside
            begin = column if glue is None else self._page.width + len(glue)
            if begin + len(text) > WIDTH and may_break:
                begin, glue = column, None
            if begin + len(text) <= WIDTH or len(text) == len("{}"):
                self._place(opener, column, glue, lines=[text])
                self._comment_behind(tokens[after - 1])
                return after
        return self._broken(tokens, at, column, None if may_break else glue)

    def _broken(self, tokens: list[Token], at: int, column: int, glue: str | None) -> int:
        """One item a line, `column` being that of the closing bracket."""
        self._place(tokens[at], column, glue)
        at += 1
        inner = column + INDENT
        begins = True
        while (token := tokens[at]).kind not in st.CLOSERS:
            apart = None if begins else _gap(tokens[at - 1], token)
            here = inner if begins else inner + INDENT
            at += 1
            if token.kind in st.OPENERS:
                nested = here if token.above or not self._page.is_open else inner
                at = self._flow(tokens, at - 1, nested, apart, may_break=False)
            elif token.kind == st.SCALAR:
                self._scalar(token, here, apart, deeper=INDENT if begins else 0)
            elif token.kind in st.SIGNS:
                # No comma behind the last one.
                if token.kind == st.VALUE or tokens[at].kind not in st.CLOSERS:
                    self._page.add((apart or "") + token.text)
                self._comment_behind(token)
            else:
                self._place(token, here, apart)
            begins = token.kind == st.COMMA
        self._comments(token.above, inner)
        self._page.begin(column, token.text)
        self._comment_behind(token)
        return at + 1


def _one_line(tokens: list[Token], at: int) -> tuple[str, int] | None:
    """The collection that begins at a token, and the index after its end; None where it can't stand on one line: it
    has a comment, or a text that has several, or is longer than any line.
    """
    depth = length = 0
    parts: list[str] = []
    before: Token | None = None
    for index in range(at, len(tokens)):
        token = tokens[index]
        depth += (token.kind in st.OPENERS) - (token.kind in st.CLOSERS)
        if length > WIDTH or "\n" in token.text or (token.above and index > at) or (token.behind and depth):
            return None
        if token.kind != st.COMMA or tokens[index + 1].kind not in st.CLOSERS:
            parts.append((_gap(before, token) if before else "") + token.text)
            length += len(parts[-1])
            before = token
        if not depth:
            break
    return "".join(parts), index + 1


def _gap(before: Token, after: Token) -> str:
    """The blank between two tokens of a collection, if there has to be one."""
    if before.kind in st.OPENERS:
        return ""
    if after.kind in st.CLOSERS or after.kind == st.COMMA:
        # `a:,` and `!tag,` would be something else.
        return " " if before.kind in {st.VALUE, st.TAG} else ""
    if after.kind == st.VALUE:
        return " " if before.kind in {*_NEEDS_A_GAP, st.KEY} else ""
    return " "


def _indented(lines: Sequence[str], column: int) -> list[str]:
    return [" " * column + line if line else "" for line in lines]


def _folded(token: Token) -> list[str]:
    """The lines of a plain or quoted scalar of several, without indentation."""
    first, *middle = token.text.split("\n")
    *middle, last = [line.lstrip(_BLANKS) for line in middle]
    return [*(_trimmed(line, token) for line in [first, *middle]), last]


def _trimmed(line: str, token: Token) -> str:
    r"""The line without the blanks at its end, unless the first of them is escaped: `\ `."""
    short = line.rstrip(_BLANKS)
    escaped = token.style == '"' and (len(short) - len(short.rstrip("\\"))) % 2
    return line if escaped else short
