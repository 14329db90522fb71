"""The id of a sourcing is not one that the API could have given out.

It becomes part of an address on the network and of the blueprint's address in the state, so only letters,
digits, `_`, `-` and `.` are taken, at most 128.

Wrong:
    sourcingId: ../other

Right:
    sourcingId: sourcing_123
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import SourcingFile
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Hides, Rule
from kalentops.support.confusables import lookalike_note
from kalentops.support.text import is_placeholder, is_safe_id


def check(file: SourcingFile) -> Iterator[Problem]:
    if not is_safe_id(file.sourcingId) and not is_placeholder(file.sourcingId):
        yield Problem(
            ("sourcingId",),
            "`sourcingId` is not an id that Kalent gives out",
            "it has letters, digits, _, - and . only, at most 128; `kalentops sourcings` lists them"
            + lookalike_note(file.sourcingId),
        )


RULE = Rule("KAL019", "sourcing-id", __doc__, hides=Hides.FILE, check_file=check)
