"""A file as its tokens, with the comments and blank lines between them: nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kalentops.yamlfile.parse import tokens

# The names of libyaml's tokens.
ALIAS: Final = "<alias>"
ANCHOR: Final = "<anchor>"
BLOCK_END: Final = "<block end>"
BLOCK_ENTRY: Final = "-"
BLOCK_MAPPING: Final = "<block mapping start>"
BLOCK_SEQUENCE: Final = "<block sequence start>"
COMMA: Final = ","
DIRECTIVE: Final = "<directive>"
DOCUMENT_END: Final = "<document end>"
DOCUMENT_START: Final = "<document start>"
KEY: Final = "?"
SCALAR: Final = "<scalar>"
STREAM_END: Final = "<stream end>"
STREAM_START: Final = "<stream start>"
TAG: Final = "<tag>"
VALUE: Final = ":"
OPENERS: Final = frozenset("{[")
CLOSERS: Final = frozenset("}]")


class Unclear(Exception):
    """The text is not put together as expected. The message is for the user."""


@dataclass(slots=True)
class Comment:
    """A comment: its text from `#` on, where it stood, and whether it had the line for itself, a blank one before."""

    text: str
    column: int
    own_line: bool
    blank: bool = False


@dataclass(slots=True)
class Token:
    """A token as it is written, where it stood, and what stood before it.

    The text of some is empty: of the starts and ends of blocks, and of a key that is not marked by `?`. `value`
    and `style` are those of a scalar. `blank`: a blank line stands right before it.
    """

    kind: str
    text: str
    column: int
    value: str = ""
    style: str = ""
    comments: list[Comment] = field(default_factory=list)
    blank: bool = False

    @property
    def is_block(self) -> bool:
        return self.style in {"|", ">"}


def read(text: str) -> list[Token]:
    """The tokens of a text whose lines end with line feeds, and an end of stream that has the last comments."""
    found: list[Token] = []
    end = 0
    fresh = True  # whether the last token has ended its line
    for raw in tokens(text):
        start = raw.start_mark.index
        written = text[start : raw.end_mark.index]
        token = Token(raw.id, written, raw.start_mark.column, *_scalar(raw))
        found.append(token)
        if written:
            _between(text, end, start, token, fresh=fresh)
            end, fresh = raw.end_mark.index, token.is_block
    last = Token(STREAM_END, "", 0)
    _between(text, end, len(text), last, fresh=fresh)
    return [*found, last]


def comments(of: list[Token]) -> Iterator[str]:
    """The texts of all comments, in their order."""
    for token in of:
        yield from (comment.text for comment in token.comments)
        if token.is_block:
            _, _, comment = header(token)
            yield from [comment] if comment else []


def header(token: Token) -> tuple[str, str, str]:
    """The first line of a block scalar: its figure and its `-` or `+`, each empty where there is none, its comment."""
    first = token.text.partition("\n")[0][1:]
    indicators, hash_sign, comment = first.partition("#")
    figure = "".join(char for char in indicators if char.isdigit())
    return figure, indicators.strip().replace(figure, ""), (hash_sign + comment).rstrip(" \t")


def _scalar(raw: Any) -> tuple[str, str]:
    return (raw.value, raw.style or "") if raw.id == SCALAR else ("", "")


def _between(text: str, begin: int, end: int, token: Token, *, fresh: bool) -> None:
    """Put what stands before the token into it. `fresh`: nothing stands before it in its first line."""
    if not fresh and text[begin:end] in {"", " ", "\n"}:  # half of all cases
        return
    blank = False
    lines = text[begin:end].split("\n")
    for number, line in enumerate(lines):
        ink = line.strip(" \t")
        shared = number == 0 and not fresh
        if ink:
            if ink[0] != "#":
                raise Unclear(f"something unexpected stands before a comment or a value: {ink[:20]}")
            column = len(line) - len(line.lstrip(" \t"))
            if shared:
                column += begin - text.rfind("\n", 0, begin) - 1
            token.comments.append(Comment(ink, column, not shared, blank))
            blank = False
        elif not shared and number < len(lines) - 1:
            blank = True
    token.blank = blank
