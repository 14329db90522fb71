"""How two texts differ: word by word, sentence by sentence or line by line; and in which characters, where they look
the same.

The texts may be hostile: the work is bounded, and nothing else uses difflib's comparison of sequences. Every report
that shows two values and every "did you mean" asks here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import Match, SequenceMatcher
from itertools import islice
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from kalentops.support.text import character_name, clip, skeleton, visible

# A word takes its trailing space along: spaces as tokens of their own make the comparison fall to pieces.
_WORD: Final = re.compile(r"\n|[^\S\n]*[^\s]+[^\S\n]*|[^\S\n]+")
# A sentence ends with its mark and the spaces after it, or with the line.
_MARKS: Final = r"[.!?\u2026\u3002]++[\"'\u201d\u2019)]*+"
_SENTENCE: Final = re.compile(
    rf"\n|(?=[^\n])(?:[^\n.!?\u2026\u3002]++|{_MARKS}(?=\S))*+(?:{_MARKS}[^\S\n]*+)?"
)


def sentence_ends(text: str) -> list[int]:
    """Where each sentence of a text ends, with the spaces behind it. A line feed is one of its own."""
    return [found.end() for found in _SENTENCE.finditer(text) if found[0]]


def compare(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in reading order; joined without the new ones they are `before`, without the old ones
    `after`. If comparing words takes too long, sentences are compared; if that does, only common beginnings.
    """
    for token in (_WORD, _SENTENCE):
        old, new = token.findall(before), token.findall(after)
        found = opcodes(old, new)
        if found is not None:
            return [piece for each in found for piece in _pieces(each, old, new) if piece[1]]
    start = common_prefix(old, new)
    return [piece for piece in _joined(old[:start], old[start:], new[start:]) if piece[1]]


def by_line(before: str, after: str) -> list[Piece]:
    """A piece for each line, without its line feed. A replaced line is followed by its replacement, one by one if they
    are equally many. `↵` stands for a line feed at the end that only one of the texts has.
    """
    ends = [len(text) - len(text.rstrip("\n")) for text in (before, after)]
    old, new = (_lines(text, own - min(ends), own) for text, own in zip((before, after), ends, strict=True))
    changes = opcodes(old, new)
    if changes is None:
        start = common_prefix(old, new)
        changes = [("equal", 0, start, 0, start), ("replace", start, len(old), start, len(new))]
    found: list[Piece] = []
    for tag, i1, i2, j1, j2 in changes:
        gone, come = old[i1:i2], new[j1:j2]
        if tag == "equal":
            found += [("same", each) for each in come]
        elif len(gone) == len(come):
            found += [piece for each in zip(gone, come, strict=True) for piece in _pair(*each)]
        else:
            found += [*(("old", each) for each in gone), *(("new", each) for each in come)]
    return found


def _lines(text: str, more: int, ends: int) -> list[str]:
    """The lines of a text that ends with `ends` line feeds, `more` of them than the other text."""
    text = text[: len(text) - ends] + "↵" * more
    return text.split("\n") if text else []


def by_sentence(before: str, after: str) -> list[Piece]:
    """A piece for each sentence of two lines."""
    old, new = _SENTENCE.findall(before), _SENTENCE.findall(after)
    found: list[Piece] = []
    for tag, i1, i2, j1, j2 in opcodes(old, new) or [("replace", 0, len(old), 0, len(new))]:
        if tag == "equal":
            found += [("same", each) for each in new[j1:j2]]
        else:
            found += [*(("old", each) for each in old[i1:i2]), *(("new", each) for each in new[j1:j2])]
    return found


def _pair(gone: str, come: str) -> tuple[Piece, Piece]:
    return ("old", gone), ("new", come)


def _pieces(of: Opcode, old: list[str], new: list[str]) -> Iterator[Piece]:
    tag, i1, i2, j1, j2 = of
    return _joined(old[i1:i2], [], []) if tag == "equal" else _joined([], old[i1:i2], new[j1:j2])


def _joined(same: list[str], gone: list[str], come: list[str]) -> Iterator[Piece]:
    yield "same", "".join(same)
    yield "old", "".join(gone)
    yield "new", "".join(come)


BASE: Final = 10_000
PER_ITEM: Final = 50
"""Comparisons for each item of both lists. Two versions of a message need ten."""

Opcode = tuple[str, int, int, int, int]
Piece: TypeAlias = tuple[Literal["same", "old", "new"], str]


class _TooMuch(Exception):
    """The bound is reached."""


class _Counting(SequenceMatcher[str]):
    """Counts pairs of equal items, which take the time, before it compares them."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, old, new, autojunk=False)
        self.left = BASE + PER_ITEM * (len(old) + len(new))

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        places: Any = self.b2j  # type: ignore[attr-defined]  # not in the stubs, and described in difflib's source
        items = self.a[alo : len(self.a) if ahi is None else ahi]  # type: ignore[attr-defined]
        self.left -= len(items) + sum(len(places.get(each, ())) for each in items)
        if self.left < 0:
            raise _TooMuch
        return super().find_longest_match(alo, ahi, blo, bhi)


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode] | None:
    """`SequenceMatcher.get_opcodes`; None if it takes more comparisons than `BASE` and `PER_ITEM` allow."""
    # Common beginnings and ends cost nothing, so a change in the middle of a text is found at any length.
    start = common_prefix(old, new)
    end = common_prefix(old[start:][::-1], new[start:][::-1])
    last, other_last = len(old) - end, len(new) - end
    try:
        found = _Counting(old[start:last], new[start:other_last]).get_opcodes()
    except _TooMuch:
        return None
    head: list[Opcode] = [("equal", 0, start, 0, start)] if start else []
    tail: list[Opcode] = [("equal", last, len(old), other_last, len(new))] if end else []
    return [
        *head,
        *((tag, i1 + start, i2 + start, j1 + start, j2 + start) for tag, i1, i2, j1, j2 in found),
        *tail,
    ]


def common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of equal items at the beginning of both."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


# Product of the lengths of two texts that are aligned; longer ones are only counted.
_MAX_ALIGNED: Final = 40_000
# Pairs of words that are compared in one change.
_MAX_WORDS: Final = 20
_NAMED: Final = 3
_WITHOUT_SPACE: Final = re.compile(r"[^ \n\t]+")
_ENDS: Final = re.compile(r"([ \n])")
_TWINS: Final = str.maketrans("I1|0", "lllO")
"""Characters of ASCII that many fonts draw alike."""
_GUILLEMETS: Final = str.maketrans({"\u00ab": "<<", "\u00bb": ">>"})
"""A skeleton has one kind of quotation marks; a reader sees which way these point."""


class HiddenDifference(NamedTuple):
    """The characters that differ in two texts that look alike: the indices in each text, and the edits (old, new)."""

    old: frozenset[int]
    new: frozenset[int]
    edits: tuple[tuple[str, str], ...]

    @property
    def said(self) -> str:
        """Such as `U+00A0 NO-BREAK SPACE instead of U+0020 SPACE`."""
        return _listed(_told(old, new, "{} added", "{} removed") for old, new in self.edits)


def hidden_difference(old: str, new: str) -> HiddenDifference | None:
    """None if the texts are equal, or if a reader sees the difference."""
    if old == new or not _alike(old, new):
        return None
    changes = opcodes(old, new) if len(old) * len(new) <= _MAX_ALIGNED else None
    if changes is None:
        return _counted(old, new)
    at_old, at_new, edits = set[int](), set[int](), list[tuple[str, str]]()
    for tag, i1, i2, j1, j2 in changes:
        if tag != "equal":
            at_old |= set(range(i1, i2))
            at_new |= set(range(j1, j2))
            edits.append((old[i1:i2], new[j1:j2]))
    return HiddenDifference(frozenset(at_old), frozenset(at_new), tuple(dict.fromkeys(edits)))


def _counted(old: str, new: str) -> HiddenDifference:
    """The same for long texts, by counting characters."""
    one, other = Counter(old), Counter(new)
    gone, come = one - other, other - one
    at_old, at_new = (
        frozenset(at for at, char in enumerate(text) if char in of) for text, of in ((old, gone), (new, come))
    )
    return HiddenDifference(at_old, at_new, (*((char, "") for char in gone), *(("", char) for char in come)))


def _alike(one: str, other: str) -> bool:
    a, b = (skeleton(each.translate(_GUILLEMETS)).translate(_TWINS) for each in (one, other))
    if a == b:
        return True
    words, others = _ENDS.split(a), _ENDS.split(b)
    pairs = zip(words, others, strict=False)
    return len(words) == len(others) and all(x == y or _swapped(x, y) for x, y in pairs)


def _swapped(word: str, other: str) -> bool:
    """Whether some letters, but not all, are of another alphabet."""
    differ = [(x, y) for x, y in zip(word, other, strict=False) if x != y]
    return len(word) == len(other) > len(differ) and all(_two_scripts(x, y) for x, y in differ)


def _two_scripts(x: str, y: str) -> bool:
    return x.isalpha() and y.isalpha() and _script(x) != _script(y)


def _script(char: str) -> str:
    """The alphabet of a letter, by the first word of its name."""
    return unicodedata.name(char, "").partition(" ")[0]


def _told(old: str, new: str, added: str, removed: str) -> str:
    if old and new:
        return f"{_names(new)} instead of {_names(old)}"
    return added.format(_names(new)) if new else removed.format(_names(old))


def _names(run: str) -> str:
    """`U+0065 LATIN SMALL LETTER E and U+0301 COMBINING ACUTE ACCENT`, `3 times U+0020 SPACE`."""
    counts = Counter(run).items()
    said = [(f"{number} times " if number > 1 else "") + character_name(char) for char, number in counts]
    return " and ".join(said[:_NAMED]) + (f" and {len(said) - _NAMED} others" if len(said) > _NAMED else "")


def _listed(said: Iterable[str]) -> str:
    each = list(dict.fromkeys(said))
    more = f", and {len(each) - _NAMED} more" if len(each) > _NAMED else ""
    return ", ".join(each[:_NAMED]) + more


def did_you_mean(word: str, meant: str, shown: str | None = None) -> str:
    """The question, and the differences that a reader can't see. `shown` replaces the right word in backticks."""
    found = hidden_difference(meant, word)
    asked = f"did you mean {shown or f'`{meant}`'}?"
    if found is None:
        return asked
    said = _listed(_told(old, new, "an extra {}", "no {}") for old, new in found.edits)
    return f"{asked} They look alike: what stands here has {said}"


def lookalikes(word: str) -> str:
    """The names of the characters that only look like ASCII; empty if there are none."""
    return _listed(map(character_name, dict.fromkeys(filter(_poses, word[:1000]))))


def lookalike_note(word: str) -> str:
    """For the end of a sentence: `; here stands U+0430 CYRILLIC SMALL LETTER A`."""
    said = lookalikes(word)
    return f"; here stands {said}" if said else ""


def _poses(char: str) -> bool:
    return not char.isascii() and skeleton(char).isascii()


def shown(text: str, marks: Iterable[int], *, keep: str = "") -> str:
    r"""`text.visible(text)`, with the characters at `marks` as `\u{a0}` if a font may hide them."""
    at = sorted(index for index in marks if text[index] == " " or not text[index].isascii())
    parts, begin = [], 0
    for index in at:
        parts += [visible(text[begin:index], keep=keep), f"\\u{{{ord(text[index]):x}}}"]
        begin = index + 1
    return "".join([*parts, visible(text[begin:], keep=keep)])


def side_by_side(old: str, new: str, limit: int) -> tuple[str, str, str]:
    """Two values on one line each, about `limit` characters around the difference; and the part of the difference that
    a reader can't see.
    """
    found = hidden_difference(old, new)
    one, other = _window(old, new, limit)
    if found is None:
        return one, other, ""
    close = hidden_difference(one, other)
    if close is not None:
        one, other = shown(one, close.old), shown(other, close.new)
    return one, other, found.said


def _window(old: str, new: str, limit: int) -> tuple[str, str]:
    """Both, from shortly before the first difference if they begin alike."""
    one, other = clip(old, limit), clip(new, limit)
    if one != other or old == new:
        return one, other
    start = max(common_prefix(old, new) - limit // 3, 0)
    return clip(f"…{old[start:]}", limit), clip(f"…{new[start:]}", limit)


def reveal(pieces: Sequence[Piece], *, keep: str = "\n") -> tuple[list[Piece], str]:
    """The pieces of a comparison with hidden differences shown, and these in words."""
    marks, said = hidden_marks(pieces)
    return [(tag, shown(text, at, keep=keep)) for (tag, text), at in zip(pieces, marks, strict=True)], said


def hidden_marks(pieces: Sequence[Piece]) -> tuple[list[frozenset[int]], str]:
    """For each piece of a comparison, the indices of hidden differences; and all of them in words."""
    marks: list[frozenset[int]] = []
    edits: list[str] = []
    for old, new in _couples(pieces):
        found = [] if old is None and new is None else list(islice(_pairs(old or "", new or ""), _MAX_WORDS))
        edits += [each.said for each in found]
        if old is None and new is None:
            marks.append(frozenset())
        if old is not None:
            marks.append(frozenset(at for each in found for at in each.old))
        if new is not None:
            marks.append(frozenset(at for each in found for at in each.new))
    return marks, _listed(edits)


def _couples(pieces: Sequence[Piece]) -> Iterator[tuple[str | None, str | None]]:
    """Each old piece with the new one after it, if there is one; two None for a piece of both."""
    for index, (tag, text) in enumerate(pieces):
        before, after = pieces[index - 1 : index], pieces[index + 1 : index + 2]
        if tag == "same":
            yield None, None
        elif tag == "old":
            yield text, after[0][1] if after and after[0][0] == "new" else None
        elif not before or before[0][0] != "old":
            yield None, text


def _pairs(old: str, new: str) -> Iterator[HiddenDifference]:
    """The hidden differences of two pieces, as a whole or word by word. Line ends are visible."""
    if not (old + new).strip("\n"):
        return
    whole = hidden_difference(old, new)
    if whole is not None:
        yield whole
        return
    # A word that both have is none of these, though it may look like a third: `«` and `»` do to `skeleton`.
    words, others = ([*_WITHOUT_SPACE.finditer(each)] for each in (old, new))
    looks = {skeleton(each[0]): each for each in _beside(words, others)}
    for each in _beside(others, words):
        same = looks.get(skeleton(each[0]))
        part = hidden_difference(same[0], each[0]) if same else None
        if same and part:
            yield HiddenDifference(_moved(part.old, same.start()), _moved(part.new, each.start()), part.edits)


def _beside(words: Iterable[re.Match[str]], others: Iterable[re.Match[str]]) -> Iterator[re.Match[str]]:
    """The words that occur less often in `others`."""
    there = Counter(each[0] for each in others)
    for each in words:
        if there[each[0]]:
            there[each[0]] -= 1
        else:
            yield each


def _moved(marks: Iterable[int], by: int) -> frozenset[int]:
    return frozenset(at + by for at in marks)
