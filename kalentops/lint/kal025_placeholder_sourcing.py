"""The id of a sourcing has not been filled in.

`kalentops init` writes an example with `sourcing_REPLACE_ME`. No sourcing has this id, so `apply` would fail. Words
such as REPLACE_ME, CHANGE_ME, TODO, PLACEHOLDER, YOUR_ID or XXX are placeholders for an id.

Wrong:
    sourcingId: sourcing_REPLACE_ME

Right:
    sourcingId: sourcing_123
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem
from kalentops.lint.rule import FileContext, Rule
from kalentops.support.text import clip, is_placeholder


def check(of: FileContext) -> Iterator[Problem]:
    for path, sourcing_id in of.file.ids():
        if is_placeholder(sourcing_id):
            what = "the file" if len(path) == 1 else "the line"
            yield Problem(
                path,
                f"`{clip(sourcing_id)}` is a placeholder, not the id of a sourcing",
                f"write the id of a sourcing: `kalentops sourcings` lists them; or remove {what}",
            )


RULE = Rule("KAL025", "placeholder-sourcing", __doc__, check_file=check)
