"""What its author wrote and no value holds: YAML takes it for a comment, for an anchor or for a tag, without a word.

Only fields that hold free text are looked at. Behind `type: EMAIL` a comment is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from kalentops.lint.finding import Problem
from kalentops.support.text import clip
from kalentops.yamlfile.positions import Event, Map, Seq, Tree

Path = tuple[str | int, ...]
Lost = tuple[Problem, int]
"""A problem, and the index in the file's text at which it is."""

_MESSAGES: Final = frozenset({"subject", "content"})
_FIELDS: Final = ("id", "name", "subject", "content")
_COMMENT: Final = re.compile(r"([ \t]*)(#[^\r\n]*)")
_AFTER_KEY: Final = re.compile(r"[ \t]*:([ \t]+)(#[^\r\n]*)")
_ABOVE: Final = re.compile(r"^([ \t]*)(#[^\s!#][^\r\n]*)", re.MULTILINE)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_MEANT: Final = re.compile(r"(?<=[^\W\d_])\\_(?=[^\W\d_])|(?<=\b[A-Za-z]:)\\[^\\\"\r\n]")
_LINE_BELOW: Final = re.compile(r"(?:[ \t]*(?:\r\n?|\n))*([ \t]*)(#[^\r\n]*)")
_BREAK: Final = re.compile(r"[\r\n]")
_FIRST_ON_ITS_LINE: Final = re.compile(r"[ \t]*(?:[-?][ \t]+)*")
_QUOTE: Final = "put the whole text in quotes"
_NO_COMMENT: Final = "a comment goes on a line of its own, above"
_ADVICE: Final = {
    "": f"{_QUOTE}; {_NO_COMMENT}",
    "'": f"write a ' within the text as '', or use double quotes; {_NO_COMMENT}",
    '"': f'write a " within the text as \\", or use single quotes; {_NO_COMMENT}',
    "|": f"write it below the `|` or `>`, as deep as the rest of the text; {_NO_COMMENT}",
}


class _Written(NamedTuple):
    """A field as its author wrote it."""

    path: Path
    field: str
    key: Event
    event: Any
    value: Any


def lost(text: str, root: Tree) -> Iterator[Lost]:
    """What of the texts in a file is lost. A value behind several aliases is looked at once."""
    used = frozenset(_aliases(root)) if "&" in text and "*" in text else frozenset()
    seen: set[int] = set()
    for each in _texts(root):
        start = each.event.start_mark.index
        if hasattr(each.event, "style") and start not in seen:
            seen.add(start)
            yield from _of_field(text, each, used)


def _aliases(node: Tree) -> Iterator[str]:
    marks: Iterable[Any] = ()
    if isinstance(node, Map):
        marks = [event for pair in node.marks.values() for event in pair]
        below: Iterable[Any] = node.values()
    else:
        marks, below = (node.marks, node) if isinstance(node, Seq) else ((), ())
    yield from (event.anchor for event in marks if not hasattr(event, "implicit"))
    for value in below:
        if isinstance(value, Map | Seq):
            yield from _aliases(value)


def _texts(root: Tree) -> Iterator[_Written]:
    blueprints = root.get("blueprints") if isinstance(root, Map) else None
    for key, body in blueprints.items() if isinstance(blueprints, Map) else ():
        path: Path = ("blueprints", key)
        yield from _fields(body, ("name",), path)
        steps = body.get("steps") if isinstance(body, Map) else None
        for number, step in enumerate(steps if isinstance(steps, Seq) else ()):
            yield from _fields(step, _FIELDS, (*path, "steps", number))


def _fields(node: Any, names: Iterable[str], path: Path) -> Iterator[_Written]:
    if not isinstance(node, Map):
        return
    for name in names:
        if name in node.marks:
            yield _Written((*path, name), name, *node.marks[name], node.get(name))
    yield from _free_form(node.get("config"), (*path, "config"))


def _free_form(node: Any, path: Path) -> Iterator[_Written]:
    if isinstance(node, Map):
        for key, value in node.items():
            yield _Written((*path, key), "config", *node.marks[key], value)
            yield from _free_form(value, (*path, key))
    elif isinstance(node, Seq):
        for number, value in enumerate(node):
            yield _Written((*path, number), "config", node.marks[number], node.marks[number], value)
            yield from _free_form(value, (*path, number))


def _of_field(text: str, each: _Written, used: frozenset[str]) -> Iterator[Lost]:
    if not isinstance(each.value, str) and not (each.value is None and each.field == "subject"):
        return  # of the wrong type: that is reported, with the same advice
    if not each.event.style:
        yield from _property(each, used)
    elif each.event.style == '"' and each.field == "content" and (found := _escape(text, each.event)):
        said = f"`{clip(found[0])}` is not part of the text: in double quotes it is an escape"
        yield (
            Problem(each.path, said, "use single quotes, or write the backslash twice", code="KAL009"),
            found[1],
        )
    found = _comment(text, each)
    if found:
        comment, index = found
        advice = _ADVICE.get(each.event.style or "", _ADVICE["|"])
        deliberate = comment[1:2] in {"", " ", "\t", "!", "#"}
        if each.field in _MESSAGES or not deliberate:
            said = f"`{clip(comment, 40)}` is not part of the text: YAML takes it for a comment"
            yield Problem(each.path, said, advice, code="KAL009"), index
        elif each.field == "name" and not each.event.style:
            said = f"`{clip(comment, 40)}` is a comment, not a part of the name"
            yield Problem(each.path, said, advice, code="KAL312"), index
    if each.field == "content" and each.value:
        joined = first_joined(text, each.event)
        if joined is not None:
            index, what = joined
            said = f"the {what} before this line is lost: {_HOW[each.event.style or '']} joins lines"
            hint = "write the text below a `|-`, which keeps its lines"
            yield Problem(each.path, said, hint, code="KAL313"), index


_HOW: Final = {
    ">": "`>`",
    "'": "a text in quotes",
    '"': "a text in quotes",
    "": "a text without quotes",
}


def _property(each: _Written, used: frozenset[str]) -> Iterator[Lost]:
    event, lost = each.event, ""
    if event.anchor and event.anchor not in used:
        lost, taken = f"&{event.anchor}", "for an anchor, which nothing refers to"
    elif event.tag == "!":
        lost, taken = "!", "for a tag"
    if lost:
        said = f"`{clip(lost, 40)}` is not part of the text: YAML takes it {taken}"
        yield Problem(each.path, said, _QUOTE, code="KAL009"), event.start_mark.index


def _comment(text: str, each: _Written) -> tuple[str, int] | None:
    """The comment that is or may be a part of the text, and where it begins."""
    style, start, end = each.event.style, each.event.start_mark.index, each.event.end_mark.index
    if style in {"'", '"'}:
        # libyaml takes `"#1"` for a comment even where no blank stands before it.
        match = _COMMENT.match(text, end)
        if match and (not match[1] or _closes(match[2], style)):
            return match[2], match.start(2)
        return None
    if not style:
        match = _AFTER_KEY.match(text, each.key.end_mark.index, max(start, _line_end(text, start)))
        if match:
            return match[2], match.start(2)
        match = _COMMENT.match(text, end) if each.value is not None else None
        found = _above(text, each) or ((match[2], match.start(2)) if match else None)
        if found:
            return found
    else:
        line_end = _line_end(text, start)
        at = text.find(" #", start, line_end) + 1
        if at and text[at + 1 : at + 2] not in {" ", "\t", ""} and each.field in _MESSAGES:
            return text[at:line_end], at
    return _below(text, each)


def _above(text: str, each: _Written) -> tuple[str, int] | None:
    """A line between the key and its text that begins as `#this`, indented as if it belonged to the text."""
    if each.field not in _MESSAGES or each.value is None:
        return None
    found = _ABOVE.finditer(text, each.key.end_mark.index, each.event.start_mark.index)
    deep = (match for match in found if len(match[1]) > each.key.start_mark.column)
    return next(((match[2], match.start(2)) for match in deep), None)


def _escape(text: str, event: Any) -> tuple[str, int] | None:
    r"""A backslash in double quotes that is meant as one: in `C:\temp`, and in the `\_` of Markdown."""
    for match in _ESCAPED.finditer(text, event.start_mark.index, event.end_mark.index):
        if _MEANT.match(text, match.start()):
            return match[0], match.start()
    return None


def _closes(comment: str, quote: str) -> bool:
    """Whether a comment ends as a text would whose closing quote stands too early: `"We are" #1"`."""
    return comment.rstrip().endswith(quote) and comment.count(quote) % 2 == 1


def _below(text: str, each: _Written) -> tuple[str, int] | None:
    """A comment on a line below, indented as if it belonged to the text."""
    key = each.key.start_mark
    if each.field not in _MESSAGES or each.value is None:
        return None
    if not _FIRST_ON_ITS_LINE.fullmatch(text, key.index - key.column, key.index):
        return None
    end = each.event.end_mark.index
    match = _LINE_BELOW.match(text, end if each.event.style else _line_end(text, end))
    if match and len(match[1]) > key.column:
        return match[2], match.start(2)
    return None


def _line_end(text: str, index: int) -> int:
    match = _BREAK.search(text, index)
    return match.start() if match else len(text)


_LINE: Final = re.compile(r"([ \t]*)([^\r\n]*)(?:\r\n?|\n|\Z)")
_ITEM: Final = re.compile(r"(?:[-*+\u2022\u2013\u2014\u25aa\u2713\u2714\u2192]|\d{1,2}[.)])\s")
# A line that is wrapped holds about as much as the longest one: as much as this, at least.
_WIDTH: Final = 50
_FILLED: Final = 0.8


def first_joined(text: str, event: Any) -> tuple[int, str] | None:
    """The index of the first line that comes closer to the one above than it stands in the file, and what is lost
    between them: `line break` where it looks like a line of its own (an item of a list, or the line above had room
    for its first word), `empty line` where one stands between them, of which a line break remains.
    """
    if event.style == "|":
        return None
    lines = list(_lines(text, event))
    width = _FILLED * max([_WIDTH, *(len(words) for _, _, words in lines)])
    least = min((indent for indent, _, words in lines if words), default=0)
    above, empty = "", 0
    for indent, index, words in lines:
        if not words:
            empty += 1
            continue
        kept = event.style == ">" and indent > least  # a line that is indented more keeps its line breaks
        if above and not kept and not (event.style == '"' and _breaks(above)):
            if empty == 1:
                return index, "empty line"
            if not empty and (_ITEM.match(words) or len(above) + 1 + len(words.split(None, 1)[0]) <= width):
                return index, "line break"
        above, empty = ("" if kept else words), 0
    return None


def _breaks(line: str) -> bool:
    r"""Whether a line in double quotes says itself how it goes on: by `\n`, or by a backslash at its end."""
    return line.endswith(("\\n", "\\"))


def _lines(text: str, event: Any) -> Iterator[tuple[int, int, str]]:
    """Indentation, index and words of each line of a scalar, as they stand in the file."""
    start, end = event.start_mark.index, event.end_mark.index
    if event.style == ">":
        header = _LINE.match(text, start, end)
        start = header.end() if header else end
    elif event.style:
        start, end = start + 1, end - 1
    while start < end:
        match = _LINE.match(text, start, end)
        if match is None or match.end() == start:
            return
        yield len(match[1]), match.start(2), match[2].rstrip()
        start = match.end()
