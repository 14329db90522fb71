"""Slips of the pen that libyaml blames on something else, or on the line below: looked for around its place.

Only what is no YAML comes here, so that nothing that can be read is ever suspected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from kalentops.blueprint.model import Blueprint, Delay, Move, Policy, SourcingFile, Step, StepConfig
from kalentops.support.text import character_name
from kalentops.yamlfile.positions import Fault

_Said = tuple[int, str, str]
"""The index in the line, a message and a hint."""

_SHAPES: Final = (SourcingFile, Blueprint, Step, Delay, Policy, StepConfig, Move)
_FIELD: Final = "|".join(sorted({name for shape in _SHAPES for name in shape.names()}))
_START: Final = r"^ *(?:- +)?"
_ODD_BLANK: Final = r"[^\S \t\r\n]|[\u200b\u2060\ufeff\u00ad\u3164]"
_INDENT: Final = re.compile(rf"^[ \t]*({_ODD_BLANK})")
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


def miswritten(text: str, at: int, since: int | None) -> Fault | None:
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
    match = _INDENT.match(line)
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
    if upper.lstrip().startswith("#") and not _KEYED.match(line) and line.strip():
        hint = "move the comment above the key, or write the text below a `|-`, where # is text"
        return _fault(above, _depth(upper), "a comment ends the text, and more text follows", hint)
    return None


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def second_colon(line: str, column: int) -> _Said:
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
        return _depth(line), "the indentation does not fit", hint
    if first:
        hint = "write the text below a `|-`; or indent the line like its neighbours, if it is a key"
        return column, "a `: ` in a text of several lines without quotes", hint
    if not line[column + 1 :].strip():
        return column, "a text may not end with `:`", 'quote the text, as in subject: "Our call:"'
    if line[:column].rstrip().endswith(":"):
        return column, "a text may not begin with `: `", "quote the text"
    return column, "a second `:` in one line", 'quote a text that holds `: `, as in subject: "Re: our call"'


def closed_late(text: str, began: int, end: int) -> Fault | None:
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


def not_closed(text: str, began: int) -> str | None:
    """What to do about a quote that is never closed, where its line ends with what looks like the closing one."""
    line = text[began:].partition("\n")[0].rstrip()
    if line.startswith('"') and line.endswith('\\"'):
        return "a backslash takes the last quote for text: write \\\\ for a backslash, or use single quotes"
    return None


def after_quote(text: str, began: int, ended: int) -> str | None:
    """What to do about text after a closing quote, where it ends with a quote as well, or is a comma."""
    quote, rest = text[began : began + 1], text[ended:].partition("\n")[0].strip()
    if rest in {",", ";", "."}:
        return "remove what follows the quote"
    if rest.endswith(quote):
        twice = "''" if quote == "'" else '\\"'
        return f"write a {quote} within the text as {twice}, or use the other kind of quotes, or a `|-`"
    return None


def fits_not(line: str) -> tuple[str, str] | None:
    """What to say of a line that does not fit, where it is no `key:` but text."""
    if _KEYED.match(line) or not line.strip():
        return None
    hint = "indent all lines of a text as deep as its first one, or deeper"
    return "a line of text stands outside of its text", hint
