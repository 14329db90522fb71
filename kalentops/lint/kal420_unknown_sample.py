"""`sample` has a value for something that is not a variable.

`sample` says what the preview fills in for a variable such as {{sourcingJobTitle}}. Kalent does not read it.

Wrong:
    sample: {jobTitle: Senior backend engineer}

Right:
    sample: {sourcingJobTitle: Senior backend engineer}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kalentops.blueprint.variables import VARIABLES
from kalentops.lint.finding import Problem
from kalentops.lint.placeholders import variable_for
from kalentops.lint.rule import FileContext, Rule
from kalentops.lint.texts import first
from kalentops.support.text import clip
from kalentops.support.text_diff import did_you_mean


def check(of: FileContext) -> Iterator[Problem]:
    unknown = (name for name in of.file.sample or {} if name not in VARIABLES)
    yield from first(unknown, partial(_tell), "`sample`")


def _tell(name: str) -> Problem:
    meant = variable_for(name)
    hint = did_you_mean(name, meant) if meant else "the variables are " + ", ".join(VARIABLES)
    return Problem(("sample", name), f"`{clip(name)}` is not a variable", hint, on_key=True)


RULE = Rule("KAL420", "unknown-sample", __doc__, check_file=check)
