"""A text uses a snippet that does not exist.

Snippets are named texts, below `snippets` in a file of their own. Their names are unique in the whole project.

Wrong:
    content: "{{snippet.signiture}}"

Right:
    content: "{{snippet.signature}}"
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Final

from kalentops.blueprint.files import TemplateFile
from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.rule import Rule, SharedContext, UseContext
from kalentops.lint.texts import first, template_markers
from kalentops.support.text import clip, nearest, some
from kalentops.support.text_diff import did_you_mean

_MOST: Final = 5
"""Snippets that a message lists."""
_Unknown = tuple[DataPath, str, int]


def check_shared(of: SharedContext) -> Iterator[Problem]:
    known = of.snippets
    if isinstance(of.file, TemplateFile) and known is not None:
        unknown = (each for each in template_markers(of.file, "snippet") if each[1] not in known)
        yield from first(unknown, partial(_tell, known), "this template")


def check_use(of: UseContext) -> Iterator[Problem]:
    known = of.snippets
    if known is not None:
        unknown = (each for each in of.own_markers("snippet") if each[1] not in known)
        yield from first(unknown, partial(_tell, known), "this blueprint")


def _tell(known: Collection[str], found: _Unknown) -> Problem:
    path, name, at = found
    near = nearest(name, known)
    if near:
        hint = did_you_mean(name, near)
    elif known:
        hint = "the snippets are " + some(sorted(known), _MOST)
    else:
        hint = f"write it in a file of its own: `snippets: {{{clip(name)}: …}}`"
    return Problem(path, f"there is no snippet `{clip(name)}`", hint, at)


RULE = Rule(
    "KAL406",
    "unknown-snippet",
    __doc__,
    needs_files=True,
    check_use=check_use,
    check_shared=check_shared,
)
