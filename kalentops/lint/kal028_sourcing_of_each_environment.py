"""A position does not say in which environments it is.

Several environments read this folder (`environments` in kalentops.yaml), and a sourcing belongs to one of them. So
`sourcingId` says the id in each environment by its name. A position is not in an environment that it does not name.

Wrong:
    sourcingId: sourcing_123

Right:
    sourcingId: {production: sourcing_123, trial: sourcing_789}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalentops.lint.finding import Problem
from kalentops.lint.rule import FileContext, Hides, Rule
from kalentops.support.text import clip, is_placeholder, is_safe_id, some

_SHOWN: Final = 4


def check(of: FileContext) -> Iterator[Problem]:
    said = of.file.sourcingId
    if len(of.readers) < 2 or (said and not isinstance(said, str)):  # noqa: PLR2004 - several
        return
    example = said if isinstance(said, str) and is_safe_id(said) and not is_placeholder(said) else "ID"
    first, *others = of.readers[:_SHOWN]
    mapping = ", ".join([f"{first}: {example}", *(f"{name}: …" for name in others)])
    what = f"`{clip(said)}` is one id" if isinstance(said, str) else "`sourcingId` names no environment"
    yield Problem(
        ("sourcingId",),
        f"{what}, but {len(of.readers)} environments read this file: {some(of.readers, _SHOWN)}",
        f"write `sourcingId: {{{mapping}}}`, with the environments that have this position",
    )


RULE = Rule("KAL028", "sourcing-of-each-environment", __doc__, hides=Hides.FILE, check_file=check)
