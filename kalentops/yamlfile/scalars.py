"""What a plain word of YAML means, and how a value is written.

A word means what the core schema of YAML 1.2.2 says (section 10.3.2): `no` and `12:30:45` are text, `010` is ten and
`0o10` eight, which YAML 1.1 sees otherwise. A text is written plain where every reader of YAML, 1.1 and 1.2, takes it
for the same text; in quotes otherwise.
"""

from __future__ import annotations

import json
import math
import re
from typing import Final, NamedTuple, TypeAlias

from kalentops.support.text import unseen

Scalar: TypeAlias = str | int | float | bool | None

WORDS: dict[str, Scalar] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
FREQUENT: Final = WORDS | {str(number): number for number in range(100)}
"""What `plain` makes of words and small numbers. All others that are no text come before AFTER_NUMBERS."""
AFTER_NUMBERS: Final = ":"
_NUMERIC_START = frozenset("+-.0123456789")
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MAX_DIGITS = 64

# What can't stand in a file as it is. libyaml refuses these characters, or takes them for ends of lines (U+0085,
# U+2028, U+2029) or for the mark at the start of a file (U+FEFF); an escape is the way round.
_NOT_RAW: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
# Numbers, dates and times of any version of YAML, and some more. `900 models` is none.
_LIKE_A_NUMBER: Final = re.compile(r"[-+.0-9][-+.0-9a-fA-FxXoO_:,TtZz \t]*|[-+]?\.(?:inf|nan)", re.IGNORECASE)
_LIKE_A_WORD: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "=", "<<"})
_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@`=<.")
_ENDS_PLAIN: Final = re.compile(r": |:$| #|[\t\n]")
_ENDS_PLAIN_IN_FLOW: Final = re.compile(r"[,\[\]{}:?#]")
_ASTRAL: Final = 0x10000
_ESCAPED_IN_JSON: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


class NotRepresentable(ValueError):
    """A number that JSON, and so the API, can't carry."""


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar.

    Raises NotRepresentable for infinity, not-a-number, and numbers of more than 64 digits.
    """
    if text in WORDS:
        return WORDS[text]
    if text[0] in _NUMERIC_START:
        return _number(text)
    return text


def _number(text: str) -> Scalar:
    if _INT.fullmatch(text):
        if len(text) > _MAX_DIGITS:
            raise NotRepresentable(f"a number of {len(text)} digits")
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        if len(text) > _MAX_DIGITS:
            raise NotRepresentable(f"a number of {len(text)} digits")
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isfinite(value):
            return value
        raise NotRepresentable(f"{text[:20]} is too large for a number")
    if _NOT_FINITE.fullmatch(text):
        raise NotRepresentable(f"{text} is not a number that JSON knows")
    return text


class Block(NamedTuple):
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


def inline(text: str, *, flow: bool = False, as_json: bool = False) -> str:
    """A text on one line: plain, or in double quotes. `flow` within `{…}` and `[…]`; `as_json` as in JSON."""
    if as_json:
        return json_quoted(text)
    return text if _is_plain(text, flow=flow) else quoted(text)


def _is_plain(text: str, *, flow: bool) -> bool:
    if not text or text != text.strip() or text[0] in _INDICATORS or text.lower() in _LIKE_A_WORD:
        return False
    if _LIKE_A_NUMBER.fullmatch(text) or _ENDS_PLAIN.search(text) or _NOT_RAW.search(text) or unseen(text):
        return False
    if flow and _ENDS_PLAIN_IN_FLOW.search(text):
        return False
    try:
        return plain(text) == text
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


def json_quoted(text: str) -> str:
    """A text in double quotes that JSON and YAML read alike; what can't be seen is written as an escape.

    Characters beyond the first plane stand as they are: JSON's escape for them is two halves, which YAML refuses.
    """
    hidden = {char for _, char in unseen(text) if ord(char) < _ASTRAL and ord(char) >= ord(" ")}
    written = json.dumps(text, ensure_ascii=False)
    return "".join(
        f"\\u{ord(char):04x}" if char in hidden or _ESCAPED_IN_JSON.match(char) else char for char in written
    )


def single_quoted(text: str) -> str | None:
    """A text in single quotes, None where they can't carry it."""
    return None if "\n" in text or unseen(text) else "'" + text.replace("'", "''") + "'"


def _raw(char: str) -> str:
    return _escaped(char) if _NOT_RAW.match(char) else char


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _ESCAPES:
        return _ESCAPES[char]
    if code <= 0xFF:  # noqa: PLR2004 - two hexadecimal digits
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - four


def block(text: str) -> Block | None:
    """A text as a block, None where a block can't carry it to the byte, or would show nothing (blanks alone)."""
    if not text.strip() or _NOT_RAW.search(text):
        return None
    lines = text.split("\n")
    ends = len(text) - len(text.rstrip("\n"))
    if ends:
        lines.pop()
    # Without the figure, leading blanks would be taken for indentation.
    figure = "2" if text.lstrip("\n")[0] in " \t" else ""
    return Block("|" + figure + ("-", "", "+")[min(ends, 2)], lines)
