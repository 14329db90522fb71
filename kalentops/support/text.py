"""Text from outside: what in it can't be seen, how to show it safely, and which word was meant."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from kalentops.support.skeleton import BLANK, VARIATION, normal, skeleton

_EMOJI_STYLE = "\ufe0e\ufe0f"  # as text, as a picture: the variation selectors that follow an emoji
_ZWJ = "\u200d"
# The flags of Scotland, Wales, …: a black flag, the letters of the region as tags, and the tag that ends them.
_FLAG = re.compile(r"\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
# Emoji that Unicode files elsewhere than under symbols.
_OTHER_EMOJI = frozenset("#*0123456789\u203c\u2049\u2139\u2194\u25fb\u25fc\u25fd\u25fe\u2934\u2935\u3030")
_PLAIN = re.compile(r"[\x20-\x7e]*")
_BLANKS = re.compile(r"[\n\t\r]")


def unseen(text: str) -> list[tuple[int, str]]:
    """The characters of `text` that a reader can't see, or that reorder what is seen: (index, character).

    Line feeds and tabs are seen. What belongs to an emoji is part of what is seen: one joiner between two
    symbols, one variation selector after a symbol, and the tags of a flag. Longer runs of them hide data.
    """
    # The expression passes over what most texts consist of: looking at each character takes many times as long.
    found = [(m.start(), m[0]) for m in _NOT_PLAIN.finditer(text) if _hides(text, m.start(), m[0])]
    if found and "\U0001f3f4" in text:
        flags = {i for match in _FLAG.finditer(text) for i in range(*match.span())}
        found = [(i, c) for i, c in found if i not in flags]
    return found


# Not ASCII that is seen, nor Latin (between its letters, U+00AD is the soft hyphen), dashes, quotes, currencies, nor
# the blocks of other scripts, and of emoji, that hold nothing else: a text in them would take ten times as long.
_NOT_PLAIN = re.compile(
    r"[^\n\t\x20-\x7e\xa0-\xac\xae-\u024f\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf"
    r"\u0391-\u03a1\u03a3-\u052f\u05d0-\u05ea\u0620-\u06dc\u0900-\u097f\u0e01-\u0e3a\u0e3f-\u0e5b"
    r"\u3001-\u303f\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e"
    r"\U0001f300-\U0001f64f\U0001f900-\U0001f9ff]"
)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _hides(text: str, index: int, char: str) -> bool:
    before = text[index - 1] if index else ""
    if char == _ZWJ:
        return not (_is_symbol(before, "\ufe0f") and _is_symbol(text[index + 1 : index + 2]))
    if VARIATION.match(char):
        return not (char in _EMOJI_STYLE and _is_symbol(before))
    return char in BLANK or unicodedata.category(char) in _HIDDEN_CATEGORIES


def _is_symbol(char: str, also: str = "") -> bool:
    if not char:
        return False
    return char in also or char in _OTHER_EMOJI or unicodedata.category(char) in {"So", "Sk"}


def character_name(char: str) -> str:
    """Such as `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    other = "control character" if unicodedata.category(char) == "Cc" else "unnamed character"
    return f"U+{ord(char):04X} {_CONTROLS.get(char) or unicodedata.name(char, other)}"


_CONTROLS = {"\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN"}


def visible(text: str, *, keep: str = "") -> str:
    r"""`text` for a terminal or a log: what can't be seen or acts on the terminal becomes `\u{202e}`.

    `keep` lists control characters that stay as they are, such as a line feed in a text block.
    """
    if _PLAIN.fullmatch(text):
        return text
    hidden = dict(unseen(text))
    hidden.update((match.start(), match[0]) for match in _BLANKS.finditer(text))
    if not hidden:
        return text
    return "".join(_escaped(c) if i in hidden and c not in keep else c for i, c in enumerate(text))


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char) or f"\\u{{{ord(char):x}}}"


_TIME = re.compile(
    r"(?<![\w-])(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d{1,9})?)?(?:Z|\+00:00)(?!\w)", re.ASCII
)


def with_times(text: str) -> str:
    """`text` for people: times in ISO 8601, in UTC, become `2026-11-23 02:34 UTC`."""
    return _TIME.sub(r"\1 \2 UTC", text) if "T" in text else text


def clip(text: str, limit: int = 60) -> str:
    """`text` on one line, shown safely, at most `limit` characters of it."""
    return visible(text if len(text) <= limit else text[: limit - 1] + "…")


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 file`, `2 files`, `1,000 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def some(names: Sequence[str], most: int, between: str = ", ") -> str:
    """The first of the names, and how many more there are: `a, b and 1,000 more`."""
    left = len(names) - most
    return between.join(names[:most]) + (f" and {left:,} more" if left > 0 else "")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that was probably meant, or None. Case and separators weigh nothing, nor does what can't be
    seen: `alike.did_you_mean` names it.
    """
    return _nearest(word[:_LONGEST_WORD], tuple(known))


_LONGEST_WORD = 80


@lru_cache(maxsize=1 << 16)  # several look for what each unknown field of a file was meant to be
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    folded = {fold(k): k for k in reversed(known)}
    if fold(word) in folded:
        return folded[fold(word)]
    close = difflib.get_close_matches(fold(word), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def fold(word: str) -> str:
    """A word without what weighs nothing when it is compared: case, separators, and whatever only a program sees."""
    return re.sub(r"[\s_-]+", "", skeleton(word)).casefold()


def same_name(name: str) -> str:
    """What two names have in common that people would take for one: case and white space weigh nothing, nor does what
    can't be seen, nor in which of its normal forms a server or a keyboard writes a letter with an accent.
    """
    if not _PLAIN.fullmatch(name):
        hidden = {index for index, char in unseen(name) if not char.isspace()}
        name = normal("NFD", "".join(c for i, c in enumerate(name) if i not in hidden))
        name = normal("NFC", name.casefold())
    return " ".join(name.split()).casefold()


KEY_PATTERN = r"[a-z0-9][a-z0-9-]{0,63}"
_KEY = re.compile(KEY_PATTERN)


def is_key(text: str) -> bool:
    """Whether a text can be the key of a blueprint."""
    return _KEY.fullmatch(text) is not None


_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")


def is_safe_id(text: str) -> bool:
    """Whether an id may become part of a path on the network: letters, digits, `_`, `-`, `.`, no dot in front."""
    return _ID.fullmatch(text) is not None
