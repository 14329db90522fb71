"""The wording of what `tree` finds, each as (code, message, hint)."""

from __future__ import annotations

from typing import Final

from kalentops.support.text import clip
from kalentops.yamlfile.nodes import Fault

Said = tuple[str, str, str]
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


def unknown_tag(tag: str) -> Said:
    name = clip(tag.replace(STANDARD, "!!"))
    return "KAL006", f"the tag {name} is not known here", "remove it; quote a text that begins with !"


def too_deep(limit: int, *, through_alias: bool = False) -> Said:
    how = " through an alias" if through_alias else ""
    return (
        "KAL002",
        f"nested deeper than {limit} levels{how}",
        "write it flatter: a blueprint needs eight levels",
    )


def too_many(limit: int) -> Said:
    return (
        "KAL002",
        f"more than {limit:,} values, aliases expanded and long texts counted several times",
        "split the file; several may serve one sourcing",
    )


def no_anchor(name: str) -> Said:
    return (
        "KAL008",
        f"the alias *{clip(name)} has no anchor before it",
        f"write &{clip(name)} where the value stands first; quote a text that begins with *",
    )


def inside_itself(name: str) -> Said:
    return (
        "KAL008",
        f"*{clip(name)} stands inside of what it names",
        f"write the value out, or move &{clip(name)} elsewhere",
    )


def no_text_key(raw: str) -> Said:
    return "KAL012", f"the key {clip(raw)} is not text", f'quote it: "{clip(raw)}"'


def no_number(why: str) -> Said:
    return "KAL012", why, "write a smaller number, or quote it where text is meant"


def second_key(key: str, first: int) -> Said:
    return (
        "KAL005",
        f"the key `{clip(key)}` stands here a second time; the first is in line {first}",
        "keep one of them",
    )
