"""What is wrong with the YAML of a file, in words for people who write sequences, each as (code, message, hint)."""

from __future__ import annotations

import re
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
SECOND_MERGE: Final = ("KAL005", "`<<` is used twice in this mapping", "write one: `<<: [*one, *other]`")
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
        f"the key `{clip(key)}` is used twice; first in line {first}",
        "keep one of them",
    )


BRACES: Final = (
    "KAL004",
    "a text that begins with {{ has to be quoted",
    'put the whole text in double quotes, "{{firstname}} …", or below a `|-`',
)

_CONFLICT = re.compile(r"^(?:<<<<<<<|>>>>>>>)(?: |\r?$)", re.MULTILINE)
# What libyaml refuses. NEL, LS and PS are refused here as well: libyaml takes them for ends of lines, YAML 1.2
# and every editor do not, and so a review would see another text than the one that is sent. The set names what is
# refused, not what is allowed: Python 3.11 takes milliseconds to compile ranges of thousands of characters.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_BREAKS: Final = ("\x85", "\u2028", "\u2029")


def forbidden(text: str) -> Fault | None:
    """A forbidden character, or a marker of a merge conflict: libyaml accepts these, or its complaint misleads."""
    if not text.isascii() and any(char in text for char in _BREAKS):
        return forbidden_character(text)
    if "<<<<<<<" in text or ">>>>>>>" in text:
        match = _CONFLICT.search(text)
        if match:
            line = line_of(text, match.start())
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
    return Fault("KAL003", line_of(text, index), index - start + 1, message, hint)


def line_of(text: str, index: int) -> int:
    return 1 + len(re.findall(r"\r\n?|\n", text[:index]))
