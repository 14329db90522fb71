"""`sourcingId` names an environment that does not read this folder.

`environments` in kalentops.yaml has the names. An environment with a folder of its own (`blueprints: clients/acme`)
reads no other one.

Wrong:
    sourcingId: {prodution: sourcing_123}

Right:
    sourcingId: {production: sourcing_123}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalentops.lint.finding import Problem
from kalentops.lint.rule import FileContext, Hides, Rule
from kalentops.support.text import clip, nearest, some
from kalentops.support.text_diff import did_you_mean

_SHOWN: Final = 8


def check(of: FileContext) -> Iterator[Problem]:
    if isinstance(of.file.sourcingId, str) or len(of.readers) < 2:  # noqa: PLR2004 - several
        return
    for name in of.file.sourcingId:
        if name not in of.readers:
            left = [each for each in of.readers if each not in of.file.sourcingId]
            meant = nearest(name, left)
            hint = (
                did_you_mean(name, meant)
                if meant
                else f"the environments of this folder are {some(of.readers, _SHOWN)}"
            )
            said = f"no environment `{clip(name)}` reads this file"
            yield Problem(("sourcingId", name), said, hint, on_key=True)


RULE = Rule("KAL030", "unknown-environment", __doc__, hides=Hides.FILE, check_file=check)
