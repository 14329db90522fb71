"""How a value is written: plain where every reader of YAML, 1.1 and 1.2, takes it for the same; quoted otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kalentops.support.text import unseen
from kalentops.yamlfile.scalars import NotRepresentable
from kalentops.yamlfile.scalars import plain as meaning

# What may stand in a file as it is. libyaml refuses other characters, or takes them for ends of lines (U+0085,
# U+2028, U+2029) or for the mark at the start of a file (U+FEFF); an escape is the way round.
_RAW: Final = re.compile(
    r"[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
# Numbers, dates and times of any version of YAML, and some more. `900 models` is none.
_LIKE_A_NUMBER: Final = re.compile(r"[-+.0-9][-+.0-9a-fA-FxXoO_:,TtZz \t]*|[-+]?\.(?:inf|nan)", re.IGNORECASE)
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "=", "<<"})
_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@`=<.")
_ENDS_PLAIN: Final = re.compile(r": |:$| #|[\t\n]")
_ENDS_PLAIN_IN_FLOW: Final = re.compile(r"[,\[\]{}:?#]")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


@dataclass(frozen=True, slots=True)
class Block:
    """A text below its key: `|` with its indicators, and the lines, not indented yet."""

    header: str
    lines: list[str]


def can_be_written(text: str) -> bool:
    """Whether YAML can carry the text at all: half a character (a lone surrogate) it can't."""
    return _SURROGATE.search(text) is None


def word(value: float | bool | None) -> str:  # noqa: FBT001 - whatever JSON holds
    """A value that is no text. Floats have a point in their mantissa: YAML 1.1 knows them by it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    written = repr(value)
    if isinstance(value, float):
        if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - not a number
            return f".{written}" if written[0] != "-" else f"-.{written[1:]}"
        mantissa, e, exponent = written.partition("e")
        written = mantissa + ("" if "." in mantissa else ".0") + e + exponent
    return written


def inline(text: str, *, flow: bool = False) -> str:
    """A text on one line: plain, or in double quotes. `flow` within `{…}` and `[…]`."""
    return text if _is_plain(text, flow=flow) else quoted(text)


def _is_plain(text: str, *, flow: bool) -> bool:
    if not text or text != text.strip() or text[0] in _INDICATORS or text.lower() in _WORDS:
        return False
    if _LIKE_A_NUMBER.fullmatch(text) or _ENDS_PLAIN.search(text) or not _RAW.fullmatch(text) or unseen(text):
        return False
    if flow and _ENDS_PLAIN_IN_FLOW.search(text):
        return False
    try:
        return meaning(text) == text
    except NotRepresentable:
        return False


def quoted(text: str) -> str:
    """A text in double quotes, on one line; what can't be seen is written as an escape."""
    hidden = {index for index, _ in unseen(text)}
    return (
        '"'
        + "".join(_escaped(c) if i in hidden or c in _ESCAPES else _raw(c) for i, c in enumerate(text))
        + '"'
    )


def _raw(char: str) -> str:
    return char if _RAW.fullmatch(char) else _escaped(char)


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _ESCAPES:
        return _ESCAPES[char]
    if code <= 0xFF:  # noqa: PLR2004 - two hexadecimal digits
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - four


def block(text: str) -> Block | None:
    """A text as a block, None where a block can't carry it to the byte, or would show nothing (blanks alone)."""
    if not text.strip() or not _RAW.fullmatch(text):
        return None
    lines = text.split("\n")
    ends = len(text) - len(text.rstrip("\n"))
    if ends:
        lines.pop()
    # Without the figure, leading blanks would be taken for indentation.
    figure = "2" if text.lstrip("\n")[0] in " \t" else ""
    return Block("|" + figure + ("-", "", "+")[min(ends, 2)], lines)
