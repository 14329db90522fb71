"""An entry of `moved` or `removed` contradicts the files.

`moved` tells kalentops that a blueprint has another key now, and `removed` that the state is to forget one: both are
about keys that are no longer declared. A key that `moved` leads to must be declared.

Wrong:
    blueprints:
      linkedin-first: {name: LinkedIn first, …}
    removed: [linkedin-first]

Right:
    blueprints:
      linkedin-first: {name: LinkedIn first, …}
    moved: [{from: first-contact, to: linkedin-first}]
    removed: [old-cadence]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from kalentops.lint.finding import Finding
from kalentops.lint.rule import Declarations, Declared, Relocation, Rule, ends
from kalentops.support.text import nearest
from kalentops.support.text_diff import did_you_mean

_MOST_SLIPS: Final = 20
"""Unknown keys for which it is looked what was meant: that takes time with each key that there is."""


def check(project: Declarations) -> Iterator[Finding]:
    keys: dict[str, dict[str, Declared]] = defaultdict(dict)
    for each in project.blueprints:
        keys[each.address.sourcing_id][each.address.key] = each
    by_sourcing: dict[str, dict[str, Relocation]] = defaultdict(dict)
    for said in project.relocations:
        there, others = keys[said.sourcing_id], by_sourcing[said.sourcing_id]
        if said.source in there:
            origin = there[said.source].origin
            what = "removed" if said.target is None else "moved"
            yield _finding(
                said,
                f"`{said.source}` has an entry in `{what}`, but it is declared in {origin.file}:{origin.line}",
                f"remove the entry from `{what}`, or remove the blueprint",
            )
        elif said.source in others:
            other = others[said.source]
            yield _finding(
                said,
                f"`{said.source}` has a second entry in `moved` or `removed`; first in {other.file}:{other.at[0]}",
                "keep one of the two",
            )
        else:
            others[said.source] = said
    for sourcing_id, others in by_sourcing.items():
        yield from _targets(keys[sourcing_id], others, complete=project.complete)


def _targets(
    there: Mapping[str, Declared], others: Mapping[str, Relocation], *, complete: bool
) -> Iterator[Finding]:
    first: dict[str, Relocation] = {}
    found = ends({each.source: each.target for each in others.values()})
    unknown = 0
    for said in others.values():
        end = found[said.source]
        if end is None:
            continue
        if end in others:
            yield _finding(said, f"`{said.source}` moves in a circle", "keep only the moves that happened")
        elif end not in there and complete:
            unknown += 1
            meant = nearest(end, there) if unknown <= _MOST_SLIPS else None
            hint = did_you_mean(end, meant) if meant else "write the key that the blueprint has now"
            yield _finding(said, f"`{said.source}` moved to `{end}`, but no blueprint has this key", hint)
        elif (other := first.setdefault(str(said.target), said)) is not said:
            message = f"`{other.source}` and `{said.source}` can't both move to `{said.target}`"
            yield _finding(said, message, "keep the entry of the blueprint that moved")


def _finding(said: Relocation, message: str, hint: str) -> Finding:
    return Finding(said.file, *said.at, "KAL024", message, hint)


RULE = Rule("KAL024", "contradictory-key", __doc__, check_project=check)
