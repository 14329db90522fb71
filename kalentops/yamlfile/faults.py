"""What is wrong with the YAML of a file, in words for people who write sequences.

The first part words what `parse` finds, each as (code, message, hint). The second says what libyaml's complaints mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kalentops.support.text import character_name, clip
from kalentops.yamlfile.positions import Fault

Wording = tuple[str, str, str]
STANDARD: Final = "tag:yaml.org,2002:"

EMPTY: Final = Fault(
    "KAL007", 1, 1, "the file is empty", "write `sourcingId:` and `blueprints:`, or delete the file"
)
SECOND_DOCUMENT: Final = (
    "KAL007",
    "a second document begins here",
    "one file, one document: move it to a file of its own",
)
COMPLEX_KEY: Final = (
    "KAL003",
    "a mapping or a list can't be a key",
    "keys are single words; quote a text that begins with { or [",
)
SECOND_MERGE: Final = ("KAL005", "`<<` stands here a second time", "write one: `<<: [*one, *other]`")
MERGE_OF_NO_MAPPING: Final = (
    "KAL008",
    "`<<` takes a mapping, or a list of mappings",
    "write `<<: *anchor`, where &anchor stands before a mapping",
)


def unknown_tag(tag: str) -> Wording:
    name = clip(tag.replace(STANDARD, "!!"))
    return "KAL006", f"the tag {name} is not known here", "remove it; quote a text that begins with !"


def too_deep(limit: int, *, through_alias: bool = False) -> Wording:
    how = " through an alias" if through_alias else ""
    return (
        "KAL002",
        f"nested deeper than {limit} levels{how}",
        "make it flatter: a blueprint needs eight levels",
    )


def too_many(limit: int) -> Wording:
    return (
        "KAL002",
        f"more than {limit:,} values, aliases expanded and long texts counted several times",
        "split the file; several may serve one sourcing",
    )


def no_anchor(name: str) -> Wording:
    return (
        "KAL008",
        f"the alias *{clip(name)} has no anchor before it",
        f"write &{clip(name)} where the value stands first; quote a text that begins with *",
    )


def inside_itself(name: str) -> Wording:
    return (
        "KAL008",
        f"*{clip(name)} stands inside of what it names",
        f"write the value out, or move &{clip(name)} elsewhere",
    )


def no_text_key(raw: str) -> Wording:
    return "KAL012", f"the key {clip(raw)} is not text", f'quote it: "{clip(raw)}"'


def no_number(why: str) -> Wording:
    return "KAL012", why, "write a smaller number, or quote it where text is meant"


def second_key(key: str, first: int) -> Wording:
    return (
        "KAL005",
        f"the key `{clip(key)}` stands here a second time; the first is in line {first}",
        "keep one of them",
    )


# What libyaml complains of

Place = tuple[int, int, int]
"""Line and column from 0, and the index in the text."""

_CONFLICT = re.compile(r"^(?:<<<<<<<|>>>>>>>)(?: |\r?$)", re.MULTILINE)
# What libyaml refuses. NEL, LS and PS are refused here as well: libyaml takes them for ends of lines, YAML 1.2
# and every editor do not, and so a review would see another text than the one that is sent.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKS: Final = ("\x85", "\u2028", "\u2029")

_INDENT: Final = "indent all keys of one mapping, and all items of one list, equally"
BRACES: Final = (
    "KAL004",
    "a text that begins with {{ has to be quoted",
    'put the whole text in double quotes, "{{firstname}} …", or below a `|-`',
)


@dataclass(frozen=True, slots=True)
class Complaint:
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
    ("block mapping", "the indentation does not fit", _INDENT, False),
    ("block collection", "the indentation does not fit", _INDENT, False),
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


def forbidden(text: str) -> Fault | None:
    """A forbidden character, or a marker of a merge conflict: libyaml accepts these, or its complaint misleads."""
    if not text.isascii() and any(char in text for char in _BREAKS):
        return forbidden_character(text)
    if "<<<<<<<" in text or ">>>>>>>" in text:
        match = _CONFLICT.search(text)
        if match:
            line = _line(text, match.start())
            return Fault(
                "KAL003", line, 1, "a merge conflict is not resolved", "keep one side, and remove the markers"
            )
    return None


def forbidden_character(text: str) -> Fault:
    """The first character that YAML does not allow."""
    match = _FORBIDDEN.search(text)
    index = match.start() if match else 0
    start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    name = f": {character_name(match[0])}" if match else ""
    message = f"a character that YAML does not allow{name}"
    hint = "delete it, or retype the line" if text else "write something"
    return Fault("KAL003", _line(text, index), index - start + 1, message, hint)


def _line(text: str, index: int) -> int:
    return 1 + len(re.findall(r"\r\n?|\n", text[:index]))


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
    last = complaint.last if complaint.problem == "did not find expected key" else ""
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
    from kalentops.yamlfile.miswritten import closed_late, fits_not, miswritten, second_colon

    line, column, _ = complaint.at
    if "quoted scalar" in complaint.context:
        return None
    late = closed_late(text, complaint.began, complaint.ended) if complaint.last == '"' else None
    found = late or miswritten(text, line, complaint.since[0] if complaint.since else None)
    if found:
        return found
    said = None
    lines = re.split(r"\r\n?|\n", text)
    written = lines[min(line, len(lines) - 1)]
    if "mapping values are not allowed" in complaint.problem:
        said = second_colon(written, column)
    elif (
        complaint.problem == "did not find expected key"
        and "block mapping" in complaint.context
        and not complaint.last
    ):
        outside = fits_not(written)
        said = (column, *outside) if outside else None
    return Fault("KAL003", line + 1, said[0] + 1, f"not valid YAML: {said[1]}", said[2]) if said else None


def _better(text: str, complaint: Complaint, message: str) -> str | None:
    """A hint that fits better, because it asks for nothing that exists."""
    from kalentops.yamlfile.miswritten import after_quote, not_closed

    if "never closed" in message and complaint.since and "quoted" in complaint.context:
        return not_closed(text, complaint.since[2])
    if "closing quote" in message:
        return after_quote(text, complaint.began, complaint.ended)
    return None


def _within(text: str, place: Place) -> tuple[int, int]:
    """The place, or the end of the last line that says something: libyaml sees a line behind the last one."""
    if place[2] < len(text):
        return place[:2]
    said = text.rstrip()
    start = max(said.rfind("\n"), said.rfind("\r")) + 1
    return _line(text, start) - 1, len(said) - start


def _braces(text: str, place: Place) -> Place | None:
    """Where the run of two braces or more begins, of which one is at the place."""
    line, column, index = place
    while index and text[index - 1] == "{":
        column, index = column - 1, index - 1
    return (line, column, index) if text.startswith("{{", index) else None
