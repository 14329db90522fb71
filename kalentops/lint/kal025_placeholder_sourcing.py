"""The id of a sourcing has not been filled in.

`kalentops init` writes an example with `sourcing_REPLACE_ME`; no sourcing is called so, and an apply could only fail.
Words such as REPLACE_ME, CHANGE_ME, TODO, PLACEHOLDER, YOUR_ID or XXX stand for an id that is still to come.

Wrong:
    sourcingId: sourcing_REPLACE_ME

Right:
    sourcingId: sourcing_123
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import SourcingFile
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.support.text import clip, is_placeholder


def check(file: SourcingFile) -> Iterator[Problem]:
    if is_placeholder(file.sourcingId):
        yield Problem(
            ("sourcingId",),
            f"`{clip(file.sourcingId)}` stands for an id that is still to be filled in",
            "put the id of a sourcing there: `kalentops sourcings` lists them; or remove the file",
        )


RULE = Rule("KAL025", "placeholder-sourcing", __doc__, check_file=check)
