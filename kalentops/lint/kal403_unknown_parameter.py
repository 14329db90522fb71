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
from kalentops.lint.texts import first, template_markers
from kalentops.support.text import clip, nearest, some
from kalentops.support.text_diff import did_you_mean

_MOST: Final = 5
"""Parameters that a message lists."""
_Unknown = tuple[DataPath, str, int | None]


def check_shared(of: SharedContext) -> Iterator[Problem]:
    if not isinstance(of.file, TemplateFile):
        return
    known = parameters_of(of.file, of.unknown)
    if known is not None:
        unknown = (each for each in template_markers(of.file, "param") if each[1] not in known)
        yield from first(unknown, partial(_tell, known), "this template")


def check_use(of: UseContext) -> Iterator[Problem]:
    known = of.parameters
    if known is not None:
        yield from first(_unknown(of, known), partial(_tell, known), "this blueprint")


def _unknown(of: UseContext, known: Collection[str]) -> Iterator[_Unknown]:
    for name in of.use.values:
        if name not in known:
            yield ("with", name), name, None
    yield from (each for each in of.own_markers("param") if each[1] not in known)


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
