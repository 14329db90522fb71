"""`sourcingId` names environments, and no two environments read this folder.

Ids by environment are for a folder that several environments read. The files of one environment, and those of a project
without `environments` in kalentops.yaml, say the id alone.

Wrong:
    # kalentops.yaml: environments: {acme: {blueprints: clients/acme}}
    sourcingId: {acme: sourcing_123}

Right:
    sourcingId: sourcing_123
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem
from kalentops.lint.rule import FileContext, Hides, Rule
from kalentops.support.text import is_safe_id


def check(of: FileContext) -> Iterator[Problem]:
    said = of.file.sourcingId
    if isinstance(said, str) or len(of.readers) > 1:
        return
    if of.readers:
        (name,) = of.readers
        what = f"`sourcingId` names environments, but only {name} reads this file"
        one = said.get(name, "…")
    else:
        what = "`sourcingId` names environments, but this file is in no folder of several environments"
        one = next(iter(said.values()), "…") if len(said) == 1 else "…"
    hint = f"write `sourcingId: {one if is_safe_id(one) else '…'}`"
    yield Problem(
        ("sourcingId",), what, hint if of.readers else f"{hint}, or `environments:` in kalentops.yaml"
    )


RULE = Rule("KAL029", "sourcing-of-one-environment", __doc__, hides=Hides.FILE, check_file=check)
