"""What libyaml's complaints mean, and slips of the pen near them. For files that are no YAML alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from kalentops.blueprint.files import FIELDS
from kalentops.support.text import character_name, clip
from kalentops.yamlfile.faults import BRACES, line_of
from kalentops.yamlfile.positions import Fault

Place = tuple[int, int, int]
"""Line and column from 0, and the index in the text."""

_INDENT: Final = "indent all keys of one mapping, and all items of one list, equally"


class Complaint(NamedTuple):
    """What libyaml says: the problem and its place, what was being read since where, and what came last.

    `last` is the kind of value that ended just before: `"` for quoted text, `]` for {…} and […]. It stands from
    `began` to `ended`.
    """

    problem: str
    at: Place
    context: str = ""
    since: Place | None = None
    last: str = ""
    began: int = 0
    ended: int = 0


# (part of the problem or context, message, hint, whether the place of the context says more); the first that
# fits is taken. `'\\t'` and its like are the character at which libyaml stopped.
_HINTS: Final[tuple[tuple[str, str, str, bool], ...]] = (
    (
        "Unicode character escape",
        "an escape that is no character",
        "write the character itself, an emoji too",
        False,
    ),
    (
        "hexdecimal",
        "an escape that is not complete",
        "write \\\\ for a backslash, or use single quotes; \\u takes four digits, \\x two",
        False,
    ),
    (
        "escape character",
        "an unknown escape after \\ in a text in double quotes",
        "write \\\\ for a backslash, or use single quotes",
        False,
    ),
    ("quoted scalar", "a quote is opened here and never closed", "close it, at the end of the text", True),
    ("'\\t'", "a tab where spaces belong", "indent with spaces", False),
    ("tab character", "a tab where spaces belong", "indent with spaces", False),
    ("'@'", "a text may not begin with @", "quote the text", False),
    ("'`'", "a text may not begin with `", "quote the text", False),
    ("'%'", "a text may not begin with %", "quote the text", False),
    (
        "sequence entries are not allowed",
        "a text may not begin with `- `",
        "quote the text; a list begins on a line of its own",
        False,
    ),
    ("mapping keys are not allowed", "a text may not begin with `? `", "quote the text", False),
    (
        "could not find expected ':'",
        "a line without `key:`",
        "write `key: value`; indent a text of several lines deeper than its key, below a `|-`",
        True,
    ),
    ("block scalar", "text on the line of the `|` or `>`", "begin the text on the next line", False),
    ('"', "text after a closing quote", "put the whole text in quotes", False),
    ("]", "text after a closing } or ]", "quote a text that begins with { or [", False),
    ("block mapping", "wrong indentation", _INDENT, False),
    ("block collection", "wrong indentation", _INDENT, False),
    (
        "node content",
        "a value is missing, or a { or [ is never closed",
        "quote a text that begins with { or [, or that holds a comma",
        False,
    ),
    ("flow", "a { or [ is opened here and never closed", "close it, or quote a text that begins so", True),
    ("tag", "a text may not begin with !", "quote the text", True),
    ("anchor", "a text may not begin with &", "quote the text", True),
    ("alias", "a text may not begin with *", "quote the text", True),
    ("directive", "a line may not begin with %", "indent it as deep as the text that it belongs to", False),
    ("document start", "text after the end of the document", "remove it", False),
)


def explain(text: str, complaint: Complaint) -> Fault:
    """A syntax error as a fault, whose place counts from 1."""
    since = complaint.since
    if since and "flow mapping" in complaint.context:
        braces = _braces(text, since)
        if braces:
            return Fault(BRACES[0], braces[0] + 1, braces[1] + 1, *BRACES[1:])
    found = _seen_in_lines(text, complaint)
    if found:
        return found
    index = complaint.at[2]
    follows = "\n" not in text[complaint.ended : index] and "did not find expected ','" in complaint.problem
    last = complaint.last if follows or complaint.problem == "did not find expected key" else ""
    said = f"{complaint.problem} {complaint.context} {text[index : index + 1]!r} {last}"
    for part, message, hint, at_context in _HINTS:
        if part in said and (len(part) > 1 or part == last):
            line, column = _within(text, since if at_context and since else complaint.at)
            better = _better(text, complaint, message) or hint
            return Fault("KAL003", line + 1, column + 1, f"not valid YAML: {message}", better)
    line, column = _within(text, complaint.at)
    message = f"not valid YAML: {clip(complaint.problem)}"
    return Fault("KAL003", line + 1, column + 1, message, "look at this line and the one before")


def _seen_in_lines(text: str, complaint: Complaint) -> Fault | None:
    """A mistake that the lines themselves show."""
    line, column, _ = complaint.at
    if "quoted scalar" in complaint.context:
        return None
    late = _closed_late(text, complaint.began, complaint.ended) if complaint.last == '"' else None
    found = late or _miswritten(text, line, complaint.since[0] if complaint.since else None)
    if found:
        return found
    said = None
    lines = re.split(r"\r\n?|\n", text)
    written = lines[min(line, len(lines) - 1)]
    if "mapping values are not allowed" in complaint.problem:
        said = _second_colon(written, column)
    elif (
        complaint.problem == "did not find expected key"
        and "block mapping" in complaint.context
        and not complaint.last
    ):
        outside = _text_outside(written)
        said = (column, *outside) if outside else None
    return Fault("KAL003", line + 1, said[0] + 1, f"not valid YAML: {said[1]}", said[2]) if said else None


def _better(text: str, complaint: Complaint, message: str) -> str | None:
    """A hint that fits better, because it asks for nothing that exists."""
    if "never closed" in message and complaint.since and "quoted" in complaint.context:
        return _not_closed(text, complaint.since[2])
    if "closing quote" in message:
        return _after_quote(text, complaint.began, complaint.ended)
    return None


def _within(text: str, place: Place) -> tuple[int, int]:
    """The place, or the end of the last line that says something: libyaml sees a line behind the last one."""
    if place[2] < len(text):
        return place[:2]
    said = text.rstrip()
    start = max(said.rfind("\n"), said.rfind("\r")) + 1
    return line_of(text, start) - 1, len(said) - start


def _braces(text: str, place: Place) -> Place | None:
    """Where the run of two braces or more begins, of which one is at the place."""
    line, column, index = place
    while index and text[index - 1] == "{":
        column, index = column - 1, index - 1
    return (line, column, index) if text.startswith("{{", index) else None


# Slips of the pen that libyaml blames on something else, or on the line below. Only what is no YAML comes here, so
# nothing that can be read is suspected.

_Said = tuple[int, str, str]
"""The index in the line, a message and a hint."""

_FIELD: Final = "|".join(sorted(FIELDS))
_START: Final = r"^ *(?:- +)?"
_ODD_BLANK: Final = r"[^\S \t\r\n]|[\u200b\u2060\ufeff\u00ad\u3164]"
_ODD_INDENT: Final = re.compile(rf"^[ \t]*({_ODD_BLANK})")
_BLANK_AFTER: Final = re.compile(rf"^ *(?:-|(?:- +)?[\w-]+:)({_ODD_BLANK})")
_DASH: Final = re.compile(rf"^ *([*\u2022\u00b7\u2010-\u2015\u2212])[ \t]+(?:{_FIELD})\b")
_DASHES: Final = re.compile(rf"^ *(--+) *(?:{_FIELD})\b")
_NO_BLANK_AFTER_DASH: Final = re.compile(rf"^ *-(?=(?:{_FIELD})\s*:)")
_OTHER_COLON: Final = re.compile(rf"{_START}[\"']?([\w-]+)[\"']?\s*([\uff1a\ufe55\ufe13\ua789\u2236\u02d0])")
_NO_BLANK_AFTER_COLON: Final = re.compile(rf"{_START}({_FIELD}):(?=\S)")
# More words than three are a sentence that begins with such a word.
_NO_COLON: Final = re.compile(rf"{_START}[\"']?({_FIELD})[\"']?(?=\s*[=;]|(?: +[^\s:]+){{0,3}}\s*$)")
_KEY_ALONE: Final = re.compile(r"^ *([a-z0-9][a-z0-9-]*)\s*$")
_KEYED: Final = re.compile(rf"{_START}[\"']?[\w-]+[\"']?\s*:(?:\s|$)")
_SMART: Final = re.compile(rf"{_START}[\w-]+:\s+([\u201c\u201d\u201e\u2018\u2019\u00ab\u201a])")


def _miswritten(text: str, at: int, since: int | None) -> Fault | None:
    """The slip in or right above the line (from 0) at which libyaml stopped, or in that in which it began."""
    lines = re.split(r"\r\n?|\n", text)
    last = len(lines) - 1  # libyaml sees a line behind it
    at, since = min(at, last), None if since is None else min(since, last)
    above = next((n for n in range(at - 1, -1, -1) if lines[n].strip()), None)
    for number in dict.fromkeys(n for n in (since, above, at) if n is not None):
        for look in _LOOKS if number != above or number == since else _LOOKS[:-1]:
            found = look(lines[number])
            if found:
                return _fault(number, *found)
    return _between(lines, above, at) if above is not None else None


def _fault(line: int, column: int, message: str, hint: str) -> Fault:
    return Fault("KAL003", line + 1, column + 1, f"not valid YAML: {message}", hint)


def _odd_blank(line: str) -> _Said | None:
    match = _ODD_INDENT.match(line)
    if match:
        name = character_name(match[1])
        return match.start(1), f"the line is indented with {name}", "indent it with ordinary spaces"
    match = _BLANK_AFTER.match(line)
    if match:
        before = line[match.start(1) - 1]
        return (
            match.start(1),
            f"{character_name(match[1])} stands after the `{before}`",
            "write an ordinary space there",
        )
    return None


def _dash(line: str) -> _Said | None:
    match = _DASH.match(line)
    if match:
        return (
            match.start(1),
            f"an item of a list begins with `- `, not with {character_name(match[1])}",
            "write `- `",
        )
    match = _DASHES.match(line)
    if match:
        return match.start(1), "an item of a list begins with one `-`", "write `- `"
    match = _NO_BLANK_AFTER_DASH.match(line)
    return (
        (match.end(), "a space is missing after the `-`", "write `- `, and then the key") if match else None
    )


def _colon(line: str) -> _Said | None:
    match = _OTHER_COLON.match(line)
    if match:
        said = f"{character_name(match[2])} stands where a colon belongs"
        return match.start(2), said, f"write `{match[1]}: …`, with an ordinary colon and a space"
    match = _NO_BLANK_AFTER_COLON.match(line)
    if match:
        return match.end(), f"a space is missing after `{match[1]}:`", f"write `{match[1]}: …`"
    return None


def _no_colon(line: str) -> _Said | None:
    match = _NO_COLON.match(line)
    if match:
        return match.start(1), f"a `:` is missing after `{match[1]}`", f"write `{match[1]}: …`"
    return None


_LOOKS: Final[tuple[Callable[[str], _Said | None], ...]] = (_odd_blank, _dash, _colon, _no_colon)


def _between(lines: list[str], above: int, at: int) -> Fault | None:
    """What only shows in two lines together."""
    upper, line = lines[above], lines[at]
    depth = _depth(line)
    match = _KEY_ALONE.match(upper)
    if match and depth > _depth(upper):
        return _fault(above, match.start(1), f"a `:` is missing after `{match[1]}`", f"write `{match[1]}:`")
    if upper.lstrip().startswith("#") and not _KEYED.match(line.replace("\t", " ")) and line.strip():
        hint = "move the comment above the key, or write the text below a `|-`, where # is text"
        return _fault(above, _depth(upper), "a comment ends the text, and more text follows", hint)
    return None


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _second_colon(line: str, column: int) -> _Said:
    """Why a `:` at a column is too much."""
    quote = _SMART.match(line)
    if quote:
        said = f"{character_name(quote[1])} is no quote to YAML"
        return quote.start(1), said, 'write straight quotes: subject: "Re: our call"'
    key = _KEYED.match(line)
    first = key is not None and key.end() > column
    if first and re.match(rf"{_START}[\"']?(?:{_FIELD})\b", line):
        hint = (
            "indent the line like its neighbours; or write the text above below a `|-`, if this is part of it"
        )
        return _depth(line), "wrong indentation", hint
    if first:
        hint = "write the text below a `|-`; or indent the line like its neighbours, if it is a key"
        return column, "a `: ` in a text of several lines without quotes", hint
    if not line[column + 1 :].strip():
        return column, "a text may not end with `:`", 'quote the text, as in subject: "Our call:"'
    if line[:column].rstrip().endswith(":"):
        return column, "a text may not begin with `: `", "quote the text"
    return column, "a second `:` in one line", 'quote a text that holds `: `, as in subject: "Re: our call"'


def _closed_late(text: str, began: int, end: int) -> Fault | None:
    """A quoted text that goes on over lines with keys: its closing quote is missing, another one closed it."""
    written = re.split(r"\r\n?|\n", text[began:end])
    if text[began : began + 1] not in {'"', "'"} or not any(map(_KEYED.match, written[1:])):
        return None
    before = re.split(r"\r\n?|\n", text[:began])
    number, column = len(before) - 1, len(before[-1])
    last = number + len(written)
    return _fault(
        number,
        column,
        f"a quote is opened here and closed in line {last} only",
        "close it at the end of the text",
    )


def _not_closed(text: str, began: int) -> str | None:
    """What to do about a quote that is never closed, where its line ends with what looks like the closing one."""
    line = text[began:].partition("\n")[0].rstrip()
    if line.startswith('"') and line.endswith('\\"'):
        return "a backslash takes the last quote for text: write \\\\ for a backslash, or use single quotes"
    return None


def _after_quote(text: str, began: int, ended: int) -> str | None:
    """What to do about text after a closing quote, where it ends with a quote as well, or is a comma."""
    quote, rest = text[began : began + 1], text[ended:].partition("\n")[0].strip()
    if rest in {",", ";", "."}:
        return "remove what follows the quote"
    if rest.rstrip("}], ").endswith(quote):
        twice = "''" if quote == "'" else '\\"'
        return f"write a {quote} within the text as {twice}, or use the other kind of quotes, or a `|-`"
    return None


def _text_outside(line: str) -> tuple[str, str] | None:
    """What to say of a line that does not fit, where it is no `key:` but text."""
    if _KEYED.match(line) or not line.strip():
        return None
    hint = "indent all lines of a text as deep as its first one, or deeper"
    return "a line of text stands outside of its text", hint
