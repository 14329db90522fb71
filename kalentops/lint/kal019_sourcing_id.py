"""The id of a sourcing is not valid.

The id becomes part of a URL and of the blueprint's address in the state, so it can have only letters, digits, `_`, `-`
and `.`, at most 128.

Wrong:
    sourcingId: ../other

Right:
    sourcingId: sourcing_123
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.files import SourcingFile
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Hides, Rule
from kalentops.support.text import is_placeholder, is_safe_id
from kalentops.support.text_diff import lookalike_note


def check(file: SourcingFile) -> Iterator[Problem]:
    if not is_safe_id(file.sourcingId) and not is_placeholder(file.sourcingId):
        yield Problem(
            ("sourcingId",),
            "`sourcingId` is not a valid id",
            "an id has only letters, digits, _, - and ., at most 128; `kalentops sourcings` lists the ids"
            + lookalike_note(file.sourcingId),
        )


RULE = Rule("KAL019", "sourcing-id", __doc__, hides=Hides.FILE, check_file=check)
