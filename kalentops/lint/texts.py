"""What several rules look for in a text, and in a text as it stands in a file."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntFlag, auto
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from kalentops.blueprint.variables import MARKED_FIELDS, MARKER, VARIABLES
from kalentops.lint.finding import DataPath, Problem
from kalentops.support.text import is_key, nearest, skeleton

if TYPE_CHECKING:  # the models need pydantic
    from kalentops.blueprint.files import TemplateFile
    from kalentops.blueprint.model import Blueprint


# Two braces or more, whatever holds no double brace, two braces or more. Each character is looked at a bounded
# number of times, whatever the text.
VARIABLE: Final = re.compile(r"(?<!\{)(\{{2,}+)((?:(?!\{\{|\}\}).)*+)(\}{2,}+)", re.DOTALL)

# What no field of one line holds: control characters and the ends of lines.
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_T = TypeVar("_T")
MOST: Final = 20
"""Problems of one kind that are reported for one text; the others are counted."""


def first(found: Iterable[_T], tell: Callable[[_T], Problem], within: str = "this text") -> Iterator[Problem]:
    """A problem for each of the first that were found in a text; the last of them counts those that are left. For
    rules whose words take time to find: the engine counts what is beyond `MOST` for every rule.
    """
    rest = iter(found)
    told = [tell(each) for each in islice(rest, MOST)]
    yield from told[:-1]
    if told:
        yield and_more(told[-1], sum(1 for _ in rest), within)


def and_more(problem: Problem, number: int, within: str = "this text") -> Problem:
    """The problem, with the number of those of its kind that are not told."""
    said = f"{problem.message}, and {number:,} more in {within}"
    return replace(problem, message=said) if number else problem


def occurrences(blueprint: Blueprint, part: str) -> Iterator[tuple[DataPath, str]]:
    """The texts that hold `part`, each with its place."""
    for index, step in enumerate(blueprint.steps):
        for field, text in step.texts():
            if part in text:
                yield ("steps", index, field), text


def variables(text: str) -> Iterator[tuple[str, str, int]]:
    """Everything in double braces: (as it stands there, what is inside, where it begins).

    Of braces beyond two, the rest counts as inside, so `{{{x}}}` is no variable.
    """
    for match in VARIABLE.finditer(text):
        yield match[0], match[1][2:] + match[2] + match[3][2:], match.start()


_KINDS: Final = {"param": "param", "parameter": "param", "params": "param", "parameters": "param"} | {
    "snippet": "snippet",
    "snippets": "snippet",
}
_MARKER: Final = re.compile(r"\W*([^\W_]+)(\W*)(.*?)\W*", re.DOTALL)
_LONGEST_MARKER: Final = 100


@lru_cache(maxsize=1024)
def marker_meant(inner: str) -> str | None:
    """The marker that a name in braces is, or was probably meant to be: `param.pitch` for ` Params: pitch`. Its name is
    NAME where none can be read.
    """
    match = _MARKER.fullmatch(skeleton(inner[:_LONGEST_MARKER]))
    if match is None:
        return None
    word, between, name = match[1].lower(), match[2], match[3].lower()
    kind = _KINDS.get(word)
    if kind is None and "." in between:
        kind = _KINDS.get(nearest(word, _KINDS) or "")
    return f"{kind}.{name if is_key(name) else 'NAME'}" if kind else None


def marked_texts(file: TemplateFile) -> Iterator[tuple[DataPath, str]]:
    """The texts of a template in which markers are filled, in every language, with their paths."""
    yield from _each_language(("name",), file.name)
    for number, step in enumerate(file.steps):
        for field in MARKED_FIELDS:
            yield from _each_language(("steps", number, field), getattr(step, field))


def _each_language(path: DataPath, text: str | Mapping[str, str] | None) -> Iterator[tuple[DataPath, str]]:
    if isinstance(text, str):
        yield path, text
    elif text is not None:
        yield from (((*path, language), each) for language, each in text.items())


def template_markers(file: TemplateFile, kind: str) -> Iterator[tuple[DataPath, str, int]]:
    """The markers of a kind in a template: the path of the text, the name, and where the name begins in the text. What
    is not quite a marker is KAL407's.
    """
    for path, text in marked_texts(file):
        for match in MARKER.finditer(text) if "{{" in text else ():
            if match[1] == kind and is_key(match[2]):
                yield path, match[2], match.start(2)


# 3GPP TS 23.038, section 6.2.1: the GSM 7-bit alphabet and its extension table.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")


class Size(NamedTuple):
    """`units` characters as they are counted, `room` of them in one segment, and the first character that is
    outside of GSM-7, or an empty text.
    """

    units: int
    segments: int
    room: int
    outside: str


def measure(text: str) -> Size:
    """The size of an SMS: 160 units of GSM-7 in one segment, 153 in each of several; 70 and 67 of UCS-2.

    A character of two units stands in one segment as a whole: where one unit of room is left, it begins the next.
    """
    outside = next((c for c in text if c not in _BASIC and c not in _EXTENDED), "")
    if outside:
        sizes, single, joined = [2 if c > "\uffff" else 1 for c in text], 70, 67
    else:
        sizes, single, joined = [2 if c in _EXTENDED else 1 for c in text], 160, 153
    units = sum(sizes)
    return Size(units, 1 if units <= single else _segments(sizes, joined), single, outside)


def _segments(sizes: Iterable[int], room: int) -> int:
    segments, left = 1, room
    for size in sizes:
        if size > left:
            segments, left = segments + 1, room
        left -= size
    return segments


class Sign(IntFlag):
    """What in a text, or beside it, a rule may look for. A rule is run on texts that have one of its signs, so a text
    may have a sign too many, and never one too few.
    """

    COMMENT = auto()
    """A `#` comes after its key, before any line of its own that something else begins."""
    PROPERTY = auto()
    """An anchor or a tag stands before it."""
    ESCAPE = auto()
    """It is in double quotes, and the file has a backslash."""
    COMMA = auto()
    """It has no quotes, and a comma follows it."""
    LINES = auto()
    """It is a message, or may become a part of one, and stands on several lines, not below a `|`."""
    BRACES = auto()
    """It has double braces that begin no variable; or, in a name, a brace of any kind."""
    BREAK = auto()
    """It is a message, or may become a part of one, and ends with a line break."""


class Written(NamedTuple):
    """A free text as it stands in a file: what a person or a program may read, not a value from a list.

    `value` is what YAML makes of it. It stands at `source[start:end]`, with its quotes, or with the header of a block;
    `style` is the first character of these, or empty. `key_column` counts from 0, `key_end` is an index of the source.
    `field` is `config` for all free-form values. `anchor` and `tag` stand before the text; an anchor that aliases refer
    to is left out.
    """

    source: str
    path: DataPath
    field: str
    value: Any
    style: str
    start: int
    end: int
    key_start: int
    key_end: int
    key_column: int
    anchor: str
    tag: str
    signs: int

    @property
    def first_on_its_line(self) -> bool:
        """Whether nothing but `- ` stands before the key."""
        line = self.key_start - self.key_column
        return _BEFORE_KEY.fullmatch(self.source, line, self.key_start) is not None


_BEFORE_KEY: Final = re.compile(r"[ \t?-]*+")
_COMMENTS_ABOVE: Final = re.compile(r"(?:\s*+#[^\r\n\x85\u2028\u2029]*+)*+")
BREAKS: Final = ("\n", "\r", "\x85", "\u2028", "\u2029")
_UNKNOWN: Final = re.compile(r"\{\{(?!(?:" + "|".join(VARIABLES) + r")\}\})")
OPENING_BRACES: Final = "{\uff5b\ufe5b"


class SignsOf:
    """The signs of the texts of a file, whose text is `source`."""

    def __init__(self, source: str) -> None:
        self._source = source
        above = _COMMENTS_ABOVE.match(source)
        self._last_hash = source.rfind("#", above.end() if above else 0)
        self._escapes = "\\" in source
        self._properties = "&" in source or "!" in source
        # Braces that stand side by side in a value stand so in the source, unless one is written as an escape.
        self._unknown = self._escapes or _UNKNOWN.search(source) is not None
        self._reaches: dict[int, int] = {}

    def of(self, field: str, value: str | None, key: Any, event: Any) -> int:
        """Those of a text; `key` and `event` are the events of its key and of itself."""
        found, style = 0, event.style
        if not style:
            if self._source.startswith(",", event.end_mark.index):
                found = Sign.COMMA
        elif self._escapes and style == '"':
            found = Sign.ESCAPE
        if self._properties and (event.anchor or event.tag):
            found |= Sign.PROPERTY
        if self._last_hash >= 0 and self._may_have_comment(key.end_mark.index, event.end_mark.index):
            found |= Sign.COMMENT
        if field == "content":
            if style != "|" and event.start_mark.line != event.end_mark.line:
                found |= Sign.LINES
            if value and value.endswith(BREAKS):
                found |= Sign.BREAK
        if value and ((self._unknown and "{{" in value) or (field == "name" and _has_brace(value))):
            found |= Sign.BRACES
        return found

    def _may_have_comment(self, key_end: int, end: int) -> bool:
        """Whether a line from which the next `#` may be reached over white space begins before the end of the text."""
        if key_end > self._last_hash:
            return False
        at = self._hashes[bisect_left(self._hashes, key_end)]
        if at not in self._reaches:
            before = at
            while before and self._source[before - 1] in " \t\r\n":
                before -= 1
            self._reaches[at] = self._source.rfind("\n", 0, before) + 1
        return self._reaches[at] <= end

    @cached_property
    def _hashes(self) -> list[int]:
        return [match.start() for match in re.finditer("#", self._source)]


def _has_brace(name: str) -> bool:
    return any(map(name.__contains__, OPENING_BRACES))


MESSAGES: Final = frozenset({"subject", "content"})
QUOTE: Final = "put the whole text in quotes"
_COMMENT: Final = re.compile(r"([ \t]*)(#[^\r\n]*)")
_AFTER_KEY: Final = re.compile(r"[ \t]*:([ \t]+)(#[^\r\n]*)")
_ABOVE: Final = re.compile(r"^([ \t]*)(#[^\s!#][^\r\n]*)", re.MULTILINE)
_LINE_BELOW: Final = re.compile(r"(?:[ \t]*(?:\r\n?|\n))*([ \t]*)(#[^\r\n]*)")
_BREAK: Final = re.compile(r"[\r\n]")
_NO_COMMENT: Final = "a comment goes on a line of its own, above"
_ADVICE: Final = {
    "": f"{QUOTE}; {_NO_COMMENT}",
    "'": f"write a ' within the text as '', or use double quotes; {_NO_COMMENT}",
    '"': f'write a " within the text as \\", or use single quotes; {_NO_COMMENT}',
    "|": f"write it below the `|` or `>`, as deep as the rest of the text; {_NO_COMMENT}",
}


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that is or may be a part of a text, and where it begins in the file. `advice` keeps it in the text."""

    text: str
    index: int
    advice: str

    @property
    def deliberate(self) -> bool:
        """Whether it is set off as comments are: `# so`."""
        return self.text[1:2] in {"", " ", "\t", "!", "#"}


def comment_of(written: Written) -> Comment | None:
    """The comment beside a text, above it or below it that may be a part of it."""
    found = _comment(written)
    return Comment(*found, _ADVICE.get(written.style, _ADVICE["|"])) if found else None


def _comment(written: Written) -> tuple[str, int] | None:
    source, style, start, end = written.source, written.style, written.start, written.end
    message = written.field in MESSAGES
    if style in {"'", '"'}:
        # libyaml takes `"#1"` for a comment even where no blank stands before it.
        match = _COMMENT.match(source, end)
        return _found(match) if match and (not match[1] or _closes(match[2], style)) else None
    if not style:
        match = _AFTER_KEY.match(source, written.key_end)
        if match is None and message and written.value is not None:
            match = _above(written)
        if match is None and written.value is not None:
            match = _COMMENT.match(source, end)
        if match:
            return _found(match)
    else:
        line_end = _line_end(source, start)
        at = source.find(" #", start, line_end) + 1
        if at and source[at + 1 : at + 2] not in {" ", "\t", ""} and message:
            return source[at:line_end], at
    return _below(written) if message else None


def _found(match: re.Match[str]) -> tuple[str, int]:
    return match[2], match.start(2)


def _above(written: Written) -> re.Match[str] | None:
    """A line between the key and its text that begins as `#this`, indented as if it belonged to the text."""
    found = _ABOVE.finditer(written.source, written.key_end, written.start)
    return next((match for match in found if len(match[1]) > written.key_column), None)


def _below(written: Written) -> tuple[str, int] | None:
    """A comment on a line below, indented as if it belonged to the text."""
    if written.value is None or not written.first_on_its_line:
        return None
    end = written.end if written.style else _line_end(written.source, written.end)
    match = _LINE_BELOW.match(written.source, end)
    return _found(match) if match and len(match[1]) > written.key_column else None


def _closes(comment: str, quote: str) -> bool:
    """Whether a comment ends as a text would whose closing quote stands too early: `"We are" #1"`."""
    return comment.rstrip().endswith(quote) and comment.count(quote) % 2 == 1


def _line_end(text: str, index: int) -> int:
    match = _BREAK.search(text, index)
    return match.start() if match else len(text)
