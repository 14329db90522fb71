"""A parameter is not one of the template's.

The template declares its parameters below `parameters`. Its own texts, and `change` and `add`, use them as
`{{param.NAME}}`; `with` gives them values.

Wrong:
    parameters:
      pitch: {about: One sentence about the role}
    …
    content: Hi {{firstname}}, {{param.pich}}

Right:
    content: Hi {{firstname}}, {{param.pitch}}
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Final

from kalentops.blueprint.files import TemplateFile
from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.rule import Rule, SharedContext, UseContext, parameters_of
from kalentops.lint.texts import first, marked_texts, markers
from kalentops.support.text import clip, is_key, nearest, some
from kalentops.support.text_diff import did_you_mean

_MOST: Final = 5
"""Parameters that a message lists."""
_Unknown = tuple[DataPath, str, int | None]


def check_shared(of: SharedContext) -> Iterator[Problem]:
    if not isinstance(of.file, TemplateFile):
        return
    known = parameters_of(of.file, of.unknown)
    if known is not None:
        unknown = (
            (path, name, at)
            for path, text in marked_texts(of.file)
            for kind, name, at in markers(text)
            if kind == "param" and name not in known
        )
        yield from first(unknown, partial(_tell, known), "this template")


def check_use(of: UseContext) -> Iterator[Problem]:
    known = of.parameters
    if known is not None:
        yield from first(_unknown(of, known), partial(_tell, known), "this blueprint")


def _unknown(of: UseContext, known: Collection[str]) -> Iterator[_Unknown]:
    for name in of.use.values:
        if name not in known:
            yield ("with", name), name, None
    for marker in of.markers:
        if marker.kind == "param" and not marker.within and marker.name not in known and is_key(marker.name):
            yield marker.path, marker.name, marker.at


def _tell(known: Collection[str], found: _Unknown) -> Problem:
    path, name, at = found
    near = nearest(name, known)
    if near:
        hint = did_you_mean(name, near)
    elif known:
        hint = "its parameters are " + some(list(known), _MOST)
    else:
        hint = f"declare it in the template: `parameters: {{{clip(name)}: {{about: …}}}}`"
    said = f"the template has no parameter `{clip(name)}`"
    return Problem(path, said, hint, at, on_key=at is None)


RULE = Rule("KAL403", "unknown-parameter", __doc__, check_use=check_use, check_shared=check_shared)
