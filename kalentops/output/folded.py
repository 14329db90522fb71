"""Which changes of a large plan are shown, and which are folded: counted by place, with the way to see them.

A person reads the end of a plan of thousands and what is unusual in it. So of each action as many blueprints are shown
as the guards permit by default; past that, new ones, and others that are as the action says, are counted. Updates
change what candidates get, and more of them are shown. Nothing that has to be decided or has a reason of its own is
folded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from kalentops.blueprint.body import Address
from kalentops.output.change_groups import ChangeGroup, change_groups
from kalentops.plan.build import Action, Change, Plan
from kalentops.plan.explanation import Code

MOST: Final = 50
"""Number of blueprints, or of groups, of one action that are shown; as `guards.max_creates` by default."""
MOST_UPDATES: Final = 200
"""The same of updates; as `guards.max_updates` by default."""
_MOST_PLACES: Final = 100
_FOLDED: Final = frozenset(Action) - {Action.NO_OP, Action.CONFLICT, Action.RESUME}
_USUAL: Final = frozenset(
    {Code.NO_LONGER_DECLARED, Code.STUB_NO_LONGER_DECLARED, Code.FORGOTTEN, Code.IDENTICAL}
)
"""Reasons that say no more than the action."""


class Place(NamedTuple):
    """A position or a folder, and the number of changes that are folded there, as in `Plan.summary`. `name` is the
    sourcing's id, or the folder with a slash behind it; empty where no file declares the blueprints.
    """

    name: str
    title: str
    positions: int
    counts: Mapping[str, int]


class FoldedPlan(NamedTuple):
    """`groups` have several blueprints each, which are shown once. `alone` are the other changes that are shown, and
    `folded` those that are counted, both by address. `notes` are those of `alone`, by address.
    """

    groups: Sequence[ChangeGroup]
    alone: Sequence[Change]
    folded: Sequence[Change]
    notes: Mapping[Address, Sequence[str]]

    @property
    def by_position(self) -> bool:
        """Whether `places` are positions: they are folders where there are too many of these."""
        return len({each.address.sourcing_id for each in self.folded}) <= _MOST_PLACES

    def places(self) -> Iterator[Place]:
        """The positions with something folded, or the deepest folders that are few enough."""
        by_position = self.by_position
        depth = 0 if by_position else _depth({_folders(each) for each in self.folded})
        found: dict[str, list[Change]] = {}
        for each in self.folded:
            name = each.address.sourcing_id if by_position else _folder(each, depth)
            found.setdefault(name, []).append(each)
        for name in sorted(found, key=lambda each: (not each, each)):
            here = found[name]
            title = next((each.title for each in here if each.title), "") if by_position else ""
            positions = len({each.address.sourcing_id for each in here})
            yield Place(name, title, positions, Counter(each.action.name.lower() for each in here))


def fold(of: Plan, *, whole: bool = False) -> FoldedPlan:
    """What is shown of a plan; with `whole`, everything."""
    found = change_groups(of)
    notes = {each.first.address: said for each in found if (said := list(each.notes()))}
    groups = [each for each in found if len(each.changes) > 1]
    grouped = {change.address for each in groups for change in each.changes}
    alone = [each for each in of.changes if each.action is not Action.NO_OP and each.address not in grouped]
    if whole:
        return FoldedPlan(groups, alone, (), notes)
    hidden = _hidden(
        [each for each in groups if each.first.address not in notes],
        [each for each in alone if _is_usual(each) and each.address not in notes],
    )
    return FoldedPlan(
        [each for each in groups if each.first.address not in hidden],
        [each for each in alone if each.address not in hidden],
        [each for each in of.changes if each.address in hidden] if hidden else (),
        notes,
    )


def _hidden(groups: Sequence[ChangeGroup], alone: Sequence[Change]) -> set[str]:
    """The addresses to fold: small groups first."""
    hidden: set[str] = set()
    for action in _FOLDED:
        together = [each for each in groups if each.first.action is action]
        single = [each for each in alone if each.action is action]
        most = MOST_UPDATES if action is Action.UPDATE else MOST
        if len(together) + len(single) > most:
            together.sort(key=lambda each: -len(each.changes))
            hidden |= {change.address for each in together[most:] for change in each.changes}
            # A few new ones say nothing about the rest; an update is worth reading by itself.
            left = max(most - len(together), 0) if action is Action.UPDATE else 0
            hidden |= {each.address for each in single[left:]}
    return hidden


def _is_usual(of: Change) -> bool:
    """Whether its action says all about it."""
    if of.action not in _FOLDED or of.theirs is not None:
        return False
    return of.reason is None or (of.reason.code in _USUAL and not of.reason.also)


def _folders(of: Change) -> tuple[str, ...]:
    """The folders that its file is in, from the top; none for a file at the root, or without a file."""
    return _parts((of.file or "").rpartition("/")[0])


@lru_cache
def _parts(folder: str) -> tuple[str, ...]:
    return tuple(filter(None, folder.split("/")))


def _depth(paths: Collection[tuple[str, ...]]) -> int:
    """How many folders of each path to tell apart."""
    deepest = max(map(len, paths), default=0)
    few = (depth for depth in range(deepest, 0, -1) if len({each[:depth] for each in paths}) <= _MOST_PLACES)
    return next(few, 0)


def _folder(of: Change, depth: int) -> str:
    return "/".join((*(_folders(of)[:depth] or ["."]), "")) if of.file else ""
