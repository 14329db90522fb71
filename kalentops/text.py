"""Text from outside: what in it can't be seen, how to show it safely, and which word was meant."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

# Letters and symbols that leave no mark although Unicode files them as letters, marks or symbols
# (Hangul fillers, braille blank, combining grapheme joiner, Mongolian and variation selectors).
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
_VARIATION = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_ZWJ = "\u200d"
_PLAIN = re.compile(r"[\x20-\x7e]*")


def unseen(text: str) -> list[tuple[int, str]]:
    """The characters of `text` that a reader can't see, or that reorder what is seen: (index, character).

    Line feeds and tabs are seen. An emoji's own joiners and variation selectors are part of what is seen,
    so U+200D and U+FE0F count only where they stand beside no symbol.
    """
    if text.isascii() and (text.isprintable() or not _ASCII_CONTROL.search(text)):
        return []
    return [(i, c) for i, c in enumerate(text) if _hides(text, i, c)]


_ASCII_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _hides(text: str, index: int, char: str) -> bool:
    if char in "\n\t" or "\x20" <= char <= "\x7e":
        return False
    if char == _ZWJ or _VARIATION.match(char):
        return not (index and _is_symbol(text[index - 1]))
    if char in _BLANK:
        return True
    category = unicodedata.category(char)
    return category in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and not _is_tag_of_flag(text, index)


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk"} or char == "\ufe0f" or char in "#*0123456789"


def _is_tag_of_flag(text: str, index: int) -> bool:
    """Whether a tag character belongs to a flag (a black flag and tags: the flags of Scotland, Wales, …)."""
    if not "\U000e0020" <= text[index] <= "\U000e007f":
        return False
    start = index
    while start and "\U000e0020" <= text[start] <= "\U000e007f":
        start -= 1
    return text[start] == "\U0001f3f4"


def character_name(char: str) -> str:
    """Such as `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(char):04X} {unicodedata.name(char, 'control character')}"


def visible(text: str, *, keep: str = "") -> str:
    r"""`text` for a terminal or a log: what can't be seen or acts on the terminal becomes `\u{202e}`.

    `keep` lists control characters that stay as they are, such as a line feed in a text block.
    """
    if _PLAIN.fullmatch(text):
        return text
    hidden = dict(unseen(text))
    hidden.update((index, char) for index, char in enumerate(text) if char in "\n\t\r")
    if not hidden:
        return text
    return "".join(_escaped(c) if i in hidden and c not in keep else c for i, c in enumerate(text))


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char) or f"\\u{{{ord(char):x}}}"


def clip(text: str, limit: int = 60) -> str:
    """`text` on one line, shown safely, at most `limit` characters of it."""
    return visible(text if len(text) <= limit else text[: limit - 1] + "…")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that was probably meant, or None. Case and separators weigh nothing."""
    candidates = list(known)
    folded = {_fold(k): k for k in reversed(candidates)}
    if _fold(word) in folded:
        return folded[_fold(word)]
    close = difflib.get_close_matches(_fold(word[:100]), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _fold(word: str) -> str:
    return re.sub(r"[\s_-]+", "", word).casefold()


_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")


def is_safe_id(text: str) -> bool:
    """Whether an id may become part of a path on the network: letters, digits, `_`, `-`, `.`, no dot in front."""
    return _ID.fullmatch(text) is not None
