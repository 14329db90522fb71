"""A blueprint uses a template that does not exist.

`use` names a template: what a file says after `template:`. The name of the file does not matter.

Wrong:
    use: linked-in-first

Right:
    use: linkedin-first
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.support.text import clip, nearest, some
from kalentops.support.text_diff import did_you_mean

_MOST: Final = 5
"""Templates that a message lists."""


def check(of: UseContext) -> Iterator[Problem]:
    if of.template is not None or not of.readable or of.templates is None:
        return
    name = of.use.use
    near = nearest(name, of.templates)
    if near:
        hint = did_you_mean(name, near)
    elif of.templates:
        hint = "the templates are " + some(sorted(of.templates), _MOST)
    else:
        hint = f"write the template in a file of its own, which begins with `template: {clip(name)}`"
    yield Problem(("use",), f"there is no template `{clip(name)}`", hint)


RULE = Rule("KAL401", "unknown-template", __doc__, needs_files=True, check_use=check)
