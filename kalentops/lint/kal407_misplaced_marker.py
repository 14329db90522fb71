"""A marker stands where it is not filled in, or is not written as a marker.

`{{param.NAME}}` and `{{snippet.NAME}}` are filled in once, in `name`, `subject` and `content` of a template, of
`change` and of `add`. They are filled in nowhere else: not in the value or default of a parameter, not in a snippet,
and not in a plain blueprint. There is no way to escape one.

Wrong:
    with:
      pitch: We build payments, {{snippet.offer}}

Right:
    with:
      pitch: We build payments, and you can work from home.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from kalentops.blueprint.model import Blueprint
from kalentops.blueprint.variables import MARKED_FIELDS
from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.lint.texts import OPENING_BRACES, VARIABLE, Sign, Written, first, marker_meant, variables
from kalentops.support.text import clip

# Compiled when it is needed first, as few texts need it.
_BROKEN: Final = (
    rf"(?i)[{OPENING_BRACES}]"
    r"\W{0,4}(?:param|snippet)s?\W{0,2}\.\W{0,2}[\w-]{0,64}\s{0,2}[}\uff5d\ufe5c]*"
)
"""A marker in braces that are not two and two."""


def _may_find(of: Summary) -> bool:
    return of.prose.has(OPENING_BRACES) or of.blueprint.config is not None


def check(blueprint: Blueprint) -> Iterator[Problem]:
    """What is left in a blueprint after its markers were filled in: the same as below, at the same place."""
    yield from _look(("name",), blueprint.name, is_name=True)
    yield from (_tell_key(path) for path in _keys(("config",), blueprint.config) if "{{" in str(path[-1]))
    for index, step in enumerate(blueprint.steps):
        for field in MARKED_FIELDS:
            yield from _look(("steps", index, field), getattr(step, field) or "", is_name=field == "name")


def check_written(text: Written) -> Iterator[Problem]:
    if isinstance(text.value, str) and not _is_elsewhere(text.path):
        yield from _look(text.path, text.value, filled=_is_filled(text.path), is_name=text.field == "name")


def _look(place: DataPath, text: str, *, filled: bool = False, is_name: bool = False) -> Iterator[Problem]:
    if "{{" in text:
        found = _unfilled(text, filled=filled)
        yield from first(found, partial(_tell, place))
    # Other rules look for braces that are wrong in what candidates get, and so not in names.
    if is_name and re.search(_BROKEN, text):
        rest = VARIABLE.sub(lambda match: "\0" * len(match[0]), text)
        broken = ((each[0], marker_meant(each[0]) or "", each.start()) for each in re.finditer(_BROKEN, rest))
        yield from first(broken, partial(_tell, place))


def _is_elsewhere(path: DataPath) -> bool:
    """Whether a text is for the authors alone, or a name, which other rules look up."""
    match path:
        case ("parameters", _, "about") | ("blueprints", _, "use") | ("blueprints", _, "remove", _):
            return True
        case ("blueprints", _, "add", _, field):
            return field in {"after", "before"}
    return False


def _keys(place: DataPath, value: object) -> Iterator[DataPath]:
    """The path of each key of a mapping, at every depth."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*place, key)
            yield from _keys((*place, key), below)
    elif isinstance(value, list | tuple):
        for index, below in enumerate(value):
            yield from _keys((*place, index), below)


def _tell_key(place: DataPath) -> Problem:
    said = f"the key `{clip(str(place[-1]))}` is not filled in"
    return Problem(place, said, "write its text here: markers are filled in texts", on_key=True)


def _unfilled(text: str, *, filled: bool) -> Iterable[tuple[str, str, int]]:
    for token, inner, at in variables(text):
        meant = marker_meant(inner)
        if meant and not (filled and inner == meant):
            yield token, meant if inner != meant else "", at


def _is_filled(path: DataPath) -> bool:
    """Whether markers are filled in the text at a path of a file."""
    match path:
        case ("name", *_):
            return True
        case ("steps", _, field, *_):
            return field in MARKED_FIELDS
        case ("blueprints", _, "change" | "add", _, field):
            return field in MARKED_FIELDS
    return False


def _tell(place: DataPath, found: tuple[str, str, int]) -> Problem:
    token, meant, at = found
    if meant:
        return Problem(place, f"`{clip(token)}` is not a marker", f"write `{{{{{meant}}}}}`", at)
    hint = "write its text here: markers are filled in name, subject and content of a template, of change and of add"
    return Problem(place, f"`{clip(token)}` is not filled in here", hint, at)


RULE = Rule(
    "KAL407",
    "misplaced-marker",
    __doc__,
    check,
    reads=frozenset(MARKED_FIELDS),
    each_alone=True,
    check_written=check_written,
    signs=Sign.BRACES,
    prefilter=_may_find,
)
