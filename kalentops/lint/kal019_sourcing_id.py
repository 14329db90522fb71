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

from kalentops.lint.finding import Problem
from kalentops.lint.rule import FileContext, Hides, Rule
from kalentops.support.text import clip, is_placeholder, is_safe_id
from kalentops.support.text_diff import lookalike_note


def check(of: FileContext) -> Iterator[Problem]:
    for path, sourcing_id in of.file.ids():
        if not is_safe_id(sourcing_id) and not is_placeholder(sourcing_id):
            of_environment = "" if len(path) == 1 else f" of `{clip(path[-1])}`"
            yield Problem(
                path,
                f"`sourcingId`{of_environment} is not a valid id",
                "an id has only letters, digits, _, - and ., at most 128; `kalentops sourcings` lists the ids"
                + lookalike_note(sourcing_id),
            )


RULE = Rule("KAL019", "sourcing-id", __doc__, hides=Hides.FILE, check_file=check)
