"""Text from outside: find what is invisible, show it safely, guess which word was meant."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, Literal

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
    """The text as a reader sees it: one kind of space, single and none around lines, one kind of quote and of dash, no
    invisible characters, one form of each letter. Like the skeleton of Unicode's UTS #39.
    """
    if not text.isascii():
        # The accents that stand alone are a space and a mark to NFKC.
        text = normal("NFKC", text.translate(_QUOTES))
        text = "".join(map(_seen, text))
    else:
        text = text.translate(_ASCII)
    return _SPACES.sub(lambda found: "\n" if "\n" in found[0] else " ", text).strip(" ")


def normal(form: Literal["NFC", "NFD", "NFKC"], text: str) -> str:
    """`unicodedata.normalize`, in pieces for long runs of marks, which it sorts in quadratic time."""
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
    # A regular expression skips what most texts consist of; a loop over characters takes many times as long.
    found = [(m.start(), m[0]) for m in _not_plain().finditer(text) if _hides(text, m.start(), m[0])]
    if found and "\U0001f3f4" in text:
        flags = {i for match in _FLAG.finditer(text) for i in range(*match.span())}
        found = [(i, c) for i, c in found if i not in flags]
    return found


@cache
def _not_plain() -> re.Pattern[str]:
    """Not ASCII that is seen, nor Latin (between its letters, U+00AD is the soft hyphen), dashes, quotes, currencies,
    nor the blocks of other scripts, and of emoji, that hold nothing else: a text in them would take ten times as long.
    """
    # Compiled for the first text that needs it: a set of that many characters takes milliseconds.
    return re.compile(
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
    if _PLAIN.fullmatch(text) or not (_not_plain().search(text) or _BLANKS.search(text)):
        return text
    hidden = dict(unseen(text))
    hidden.update((match.start(), match[0]) for match in _BLANKS.finditer(text))
    if not hidden:
        return text
    return "".join(_escaped(c) if i in hidden and c not in keep else c for i, c in enumerate(text))


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char) or f"\\u{{{ord(char):x}}}"


# CI systems look for commands in the log. A runner of GitHub Actions takes a line for a command where `::` stands at
# its start, after any white space, and, in an older form, where `##[` stands anywhere in it. Azure Pipelines (`##vso[`)
# and TeamCity (`##teamcity[`) look for the same anywhere in a line. The runner compares by culture, which ignores the
# joiners and variation selectors that `text.visible` leaves in emoji, so they are ignored here.
_ANYWHERE: Final = re.compile(r"(#[\ufe0e\ufe0f\u200d]*#[\ufe0e\ufe0f\u200d]*\w{0,20})\[")
_AT_START: Final = re.compile(r"^([^\S\n]*)::", re.MULTILINE)


def escape_line(text: str) -> str:
    r"""Lines for a log, a backslash before what would make it a command: `\::` and `##\[`."""
    text = escape_part(text)
    return _AT_START.sub(r"\1\\::", text) if "::" in text else text


def escape_part(text: str) -> str:
    """The same for what stands within a line of ours."""
    return _ANYWHERE.sub(r"\1\\[", text) if "[" in text else text


def escape_xml(text: str) -> str:
    """The same for lines of XML, where a character reference changes nothing."""
    return _AT_START.sub(r"\1&#58;:", _ANYWHERE.sub(r"\1&#91;", text))


def escape_json(text: str) -> str:
    """The same for JSON that is indented: no line of it begins with a colon, and a bracket in a string may be
    written as its escape.
    """
    return _ANYWHERE.sub(r"\1\\u005b", text)


def dump_json(data: Any) -> str:
    """JSON that can be encoded, and that does nothing in a log or on a terminal: what can't be seen, and half a
    surrogate pair, which is no character, is written as its escape, and so is the bracket of `##[`, which a runner
    of GitHub Actions takes for a command.
    """
    text = escape_json(json.dumps(data, ensure_ascii=False, indent=2))
    return text if text.isascii() and "\x7f" not in text else _json_escaped(text)


def json_pieces(of: Mapping[str, Any]) -> Iterator[str]:
    """The text that `dump_json` makes of an object, in pieces. A value may be an iterator instead of a list: its items
    are asked for one by one, and not kept.
    """
    begin = "{\n  "
    for name, value in of.items():
        yield f"{begin}{dump_json(name)}: "
        begin = ",\n  "
        if isinstance(value, Iterator):
            yield from _array_pieces(value)
        else:
            yield dump_json(value).replace("\n", "\n  ")
    yield "\n}" if of else "{}"


def _array_pieces(items: Iterator[Any]) -> Iterator[str]:
    begin = "["
    for each in items:
        yield f"{begin}\n    " + dump_json(each).replace("\n", "\n    ")
        begin = ","
    yield "[]" if begin == "[" else "\n  ]"


def _json_escaped(text: str) -> str:
    parts, at = [], 0
    for index, char in unseen(text):
        parts += [text[at:index], json.dumps(char)[1:-1] if char != "\x7f" else "\\u007f"]
        at = index + 1
    return "".join([*parts, text[at:]])


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
    """The most similar one of `known`, or None. Case, separators and invisible characters are ignored:
    `text_diff.did_you_mean` names them.
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
    """For comparison: without case, separators and invisible characters."""
    return re.sub(r"[\s_-]+", "", skeleton(word)).casefold()


def same_name(name: str) -> str:
    """For comparison of names: without differences in case, white space, invisible characters and Unicode's normal
    form.
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


ENVIRONMENT_PATTERN = "[a-z][a-z0-9]{0,39}"
_ENVIRONMENT = re.compile(ENVIRONMENT_PATTERN)


def is_environment(text: str) -> bool:
    """Whether a text can be the name of an environment."""
    return _ENVIRONMENT.fullmatch(text) is not None


_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")


def is_safe_id(text: str) -> bool:
    """Whether an id is safe in a URL's path: letters, digits, `_`, `-`, `.`, no dot in front."""
    return _ID.fullmatch(text) is not None


_SHORT: Final = 8
_CANDIDATES: Final = 3
# What stands for an id that is not filled in yet.
_PLACEHOLDER: Final = re.compile(
    r"replace|change.?me|fill.?in|to.?do|fix.?me|place.?holder|example|your|x{2,}|_id$|\.\.\.|…",
    re.IGNORECASE,
)


# The same, without doubt: whole words in an id, not characters that occur by chance.
_UNFILLED: Final = re.compile(
    r"(?:.*[_.-])?(?:(?:replace|change|fix|fill)[_-]?(?:me|this|in)|to-?do|place[_-]?holder|x{3,}|your[_-](?:.*[_-])?id)"
    r"(?:[_.-].*)?",
    re.IGNORECASE,
)


def is_placeholder(word: str) -> bool:
    """Whether an id has yet to be filled in: `sourcing_REPLACE_ME`."""
    return len(word) <= _LONGEST_WORD and _UNFILLED.fullmatch(word) is not None


def meant_by(word: str, names: Mapping[str, str]) -> str | None:
    """The id that was probably meant by an id or a name, as in `s_1 ("Paris")`. `names` are the names by id.

    None for a placeholder, and unless exactly one is similar. A wrong guess would put blueprints into another position.
    """
    if _PLACEHOLDER.search(word):
        return None
    found = typo_of(word, names)
    if found is None:
        ids = {name: each for each, name in sorted(names.items(), reverse=True)}
        name = typo_of(word, ids)
        found = ids[name] if name is not None else None
    return f'{found} ("{clip(names[found], 40)}")' if found is not None else None


def typo_of(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that differs by one character, or by two in a long word: lost, added, changed or swapped. None
    unless there is exactly one. Case and separators are ignored.
    """
    folded: dict[str, list[str]] = {}
    for each in known:
        folded.setdefault(fold(each), []).append(each)
    word = fold(word[:_LONGEST_WORD])
    # Counting takes long, so only the likeliest of thousands are counted.
    likely = [word] if word in folded else difflib.get_close_matches(word, list(folded), _CANDIDATES, 0.6)
    most = 1 if len(word) < _SHORT else 2
    steps = {each: _steps(word, each) for each in likely}
    least = min(steps.values(), default=most + 1)
    near = [original for each in likely if steps[each] == least for original in folded[each]]
    return near[0] if least <= most and len(near) == 1 else None


def _steps(one: str, other: str) -> int:
    """The number of characters lost, added, changed or swapped with the next one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before = before, row
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def line_end_of(text: str) -> str:
    """The line end that most lines have."""
    both = text.count("\r\n")
    counts = {"\n": text.count("\n") - both, "\r\n": both, "\r": text.count("\r") - both}
    return max(counts, key=lambda each: counts[each])
