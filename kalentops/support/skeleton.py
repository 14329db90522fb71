"""What a reader sees of a text: texts that only a program tells apart have one skeleton, as in Unicode's UTS #39."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

# Letters and symbols that leave no mark although Unicode files them as letters, marks or symbols
# (Hangul fillers, braille blank, combining grapheme joiner, Mongolian and variation selectors).
BLANK: Final = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
VARIATION: Final = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

# Letters that look like another one, and which. Full-width letters, those of mathematics, ligatures and their like
# are the letters of the alphabet to NFKC already.
_CYRILLIC: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\u04cf\u0475\u043a"
    "\u0410\u0412\u0415\u0417\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u050c\u051a"
    "\u051c\u04ae\u04c0",
    "aeopcyxsijhdqwlvkABE3IJKMHOPCTYXSGQWYI",
)
_GREEK: Final = str.maketrans(
    "\u03b1\u03bd\u03bf\u03c1\u03c5\u03b9\u03ba\u03c7\u03b3\u03b7\u03c9\u03c4"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u037f\u03f3",
    "avopuikxynwtABEZHIKMNOPTYXJj",
)
_OTHERS: Final = str.maketrans(  # Armenian, then odd letters of the Latin alphabet
    "\u0585\u057d\u0570\u0578\u0581\u0566\u0548\u054d\u0555\u0131\u0251\u0261\u0269\u01c0\u0237",
    "ounngqnUOiagilj",
)
_QUOTES: Final = str.maketrans(
    "\u2018\u2019\u201a\u201b\u2032\u2035\u00b4\u0060\u02b9\u02bc\u02cb\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb",
    "'" * 11 + '"' * 7,
)
_DASHES: Final = str.maketrans("\u2212\u2043\u02d7", "---")
_LETTERS: Final = {**_CYRILLIC, **_GREEK, **_OTHERS, **_DASHES}
# All marks, and what else is neither a letter nor a space. In Unicode's stream-safe texts, too, a run has at most 30.
_RUN: Final = re.compile(r"([^\w\s\x00-\x7f]{30})")
_SPACES: Final = re.compile(r" *\n *| {2,}")


def skeleton(text: str) -> str:
    """What is left of a text when nothing counts but what is seen of it: one kind of space, one at a time and none
    around a line, one kind of quote and of dash, nothing that leaves no mark, one form of each letter.
    """
    if not text.isascii():
        # The accents that stand alone are a space and a mark to NFKC.
        text = normal("NFKC", text.translate(_QUOTES))
        text = "".join(map(_seen, text))
    else:
        text = text.translate(_ASCII)
    return _SPACES.sub(lambda found: "\n" if "\n" in found[0] else " ", text).strip(" ")


def normal(form: Literal["NFC", "NFD", "NFKC"], text: str) -> str:
    """`unicodedata.normalize`, in pieces where more marks follow each other than any language writes: it sorts them in
    a time that grows with their square, minutes for 100,000.
    """
    return "".join(unicodedata.normalize(form, part) for part in _RUN.split(text))


_ASCII: Final = {**{code: "" for code in (*range(32), 127) if chr(code) not in "\n\t"}, 9: " ", 96: "'"}


def _seen(char: str) -> str:
    if char.isascii():
        return char.translate(_ASCII)
    kind = unicodedata.category(char)
    if kind == "Zs":
        return " "
    if kind in {"Cf", "Cc"} or char in BLANK or VARIATION.match(char):
        return ""
    return "-" if kind == "Pd" else char.translate(_LETTERS)
