"""What a plain word of YAML means: the core schema of YAML 1.2.2, section 10.3.2.

So `no` and `12:30:45` are text, `010` is ten and `0o10` eight, which YAML 1.1 sees otherwise.
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
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
_NUMERIC_START = frozenset("+-.0123456789")
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MAX_DIGITS = 64


class NotRepresentable(ValueError):
    """A number that JSON, and so the API, can't carry."""


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar.

    Raises NotRepresentable for infinity, not-a-number, and numbers of more than 64 digits.
    """
    if text in _WORDS:
        return _WORDS[text]
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
