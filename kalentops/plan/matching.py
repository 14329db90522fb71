"""What looks alike: unmanaged blueprints of a sourcing, and orphans that another address would create again. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import Final, Generic, NamedTuple, TypeVar

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Remote
from kalentops.lint.rule import Declared
from kalentops.plan.explanation import Code, Explanation, explain
from kalentops.state.model import Entry, Intent, State
from kalentops.support.text import fold, nearest, same_name


class Candidates(NamedTuple):
    """`exact` shows what is declared, `others` have the same name or the same steps."""

    exact: tuple[Remote, ...] = ()
    others: tuple[Remote, ...] = ()

    @property
    def adoptable(self) -> Remote | None:
        """The identical one, if there is exactly one."""
        return self.exact[0] if len(self.exact) == 1 else None

    @property
    def unclear(self) -> bool:
        """Whether a person has to decide before anything is created or adopted."""
        return len(self.exact) > 1 or bool(self.others and not self.exact)


_T = TypeVar("_T")


class Index(Generic[_T]):
    """Things by normal name and by the digest of their steps, in the order in which they were added."""

    def __init__(self, items: Iterable[tuple[str, str | None, _T]] = ()) -> None:
        self._found: dict[tuple[str, str], list[tuple[int, _T]]] = {}
        self._count = 0
        for name, content, item in items:
            self.add(name, content, item)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, name: str, content: str | None, item: _T) -> None:
        self._count += 1
        for mark in _marks(name, content):
            self._found.setdefault(mark, []).append((self._count, item))

    def all(self, name: str, content: str | None) -> list[_T]:
        """Those with this name or these steps."""
        found = dict(each for mark in _marks(name, content) for each in self._found.get(mark, ()))
        return [found[number] for number in sorted(found)]

    def first(self, name: str, content: str | None) -> _T | None:
        """The first with this name, else the first with these steps."""
        found = (self._found[mark][0][1] for mark in _marks(name, content) if mark in self._found)
        return next(found, None)


def _marks(name: str, content: str | None) -> list[tuple[str, str]]:
    return [("name", same_name(name)), *([("steps", content)] if content else [])]


class Unmanaged:
    """The unmanaged blueprints of one sourcing."""

    def __init__(self, remotes: Iterable[Remote] = ()) -> None:
        self._here = {each.blueprint_id: each for each in remotes}
        self._index = Index((each.name, each.steps_digest, each) for each in self._here.values())
        self._has_steps = any(each.steps_digest for each in self._here.values())
        self._digests = Counter(each.digest for each in self._here.values())

    def __iter__(self) -> Iterator[Remote]:
        return iter(self._here.values())

    def add(self, remote: Remote) -> None:
        self.discard(remote.blueprint_id)
        self._here[remote.blueprint_id] = remote
        self._index.add(remote.name, remote.steps_digest, remote)
        self._has_steps = self._has_steps or remote.steps_digest is not None
        self._digests[remote.digest] += 1

    def discard(self, blueprint_id: str) -> None:
        """It is managed from now on."""
        remote = self._here.pop(blueprint_id, None)
        if remote is not None:
            self._digests[remote.digest] -= 1

    def like(self, body: Body) -> Candidates:
        """Those that look like `body`."""
        alike = self._index.all(body.name, body.steps_digest if self._has_steps else None)
        here = [each for each in alike if self._here.get(each.blueprint_id) is each]
        wanted = body.observable.digest
        exact = tuple(each for each in here if each.digest == wanted)
        return Candidates(exact, tuple(each for each in here if each.digest != wanted))

    def has(self, body: Body | None) -> bool:
        """Whether one of them shows what is declared."""
        return body is not None and bool(self._here) and self._digests[body.observable.digest] > 0


_NONE: Final[Mapping[Address, Address]] = MappingProxyType({})


class _Orphan(NamedTuple):
    address: Address
    blueprint_id: str | None
    digest: str


class _Slip(NamedTuple):
    """A key in `moved` that is not recorded, and the one that was probably meant."""

    said: str
    meant: Entry


@dataclass(frozen=True, slots=True)
class OrphanIndex:
    """The orphans: `alike` by sourcing, `by_key` by key. `renamed` are declared addresses that get another name, by
    sourcing and current name; `successors` has the new address that takes that name. `misnamed` has, by address, what
    was probably meant if `moved` names an unrecorded key. `claimed` has the orphans that may be another address now,
    which is the value.
    """

    alike: Mapping[str, Index[_Orphan]] = field(default_factory=dict)
    by_key: Mapping[str, _Orphan] = field(default_factory=dict)
    renamed: Mapping[tuple[str, str], _Orphan] = field(default_factory=dict)
    successors: Mapping[str, Address] = field(default_factory=dict)
    misnamed: Mapping[str, _Slip] = field(default_factory=dict)
    claimed: Mapping[str, Address] = field(default_factory=dict)

    def of(self, want: Declared) -> Explanation | None:
        """Why a blueprint can't be created: a managed one in its sourcing is it, or looks like it."""
        orphan = self.similar_to(want)
        if orphan is not None:
            return _why(want, orphan)
        slip = self.misnamed.get(want.address)
        if slip is not None:
            return explain(
                Code.MOVED_FROM_UNKNOWN,
                address=want.address,
                declared_from=slip.said,
                other=slip.meant.address,
                blueprint_id=slip.meant.blueprint_id,
            )
        other = self.renamed.get((want.address.sourcing_id, same_name(want.name)))
        if other is None:
            return None
        known = {"address": want.address, "other": other.address, "blueprint_id": other.blueprint_id}
        return Explanation(Code.NAME_STILL_TAKEN, known)

    def similar_to(self, want: Declared) -> _Orphan | None:
        """The orphan with its name or its steps."""
        here = self.alike.get(want.address.sourcing_id)
        if here is None:
            return None
        return here.first(want.name, want.body.steps_digest if want.body else None)

    def name_given_away(self, address: Address) -> Explanation | None:
        """Why an update needs --overwrite: its blueprint may be the one that another address means."""
        successor = self.successors.get(address)
        return None if successor is None else explain(Code.NAME_GIVEN_AWAY, address=address, other=successor)

    def elsewhere(self, want: Declared) -> Explanation | None:
        """That the same key is an orphan of another sourcing."""
        orphan = self.by_key.get(want.address.key)
        if orphan is None:
            return None
        return explain(Code.OTHER_SOURCING, other=orphan.address, blueprint_id=orphan.blueprint_id)


def index_orphans(
    wanted: Mapping[str, Declared],
    state: State,
    unknown: Mapping[Address, Address] = _NONE,
    recorded: Collection[str] = (),
) -> OrphanIndex:
    """What an interrupted create may have made counts like a recorded blueprint. `unknown`: the old addresses in
    `moved` that the state does not know, by the new one. `recorded`: addresses that are as declared.
    """
    alike: dict[str, Index[_Orphan]] = {}
    by_key: dict[str, _Orphan] = {}
    renamed: dict[tuple[str, str], _Orphan] = {}
    open_ = {each.address: each for each in state.intents.values() if not each.only_reserves}
    entries = (each for at, each in state.entries.items() if at not in recorded)
    ours = chain[Entry | Intent](entries, open_.values())
    for each in ours:
        here, was = wanted.get(each.address), each.sent.name
        if here is not None and (here.name == was or same_name(here.name) == same_name(was)):
            continue
        orphan = _Orphan(each.address, each.blueprint_id, each.digest)
        if here is not None:
            renamed.setdefault((each.address.sourcing_id, same_name(was)), orphan)
            continue
        by_key.setdefault(each.address.key, orphan)
        body = each.verified()
        alike.setdefault(each.address.sourcing_id, Index()).add(body.name, body.steps_digest, orphan)
    new = []
    if renamed or alike:
        new = [each for at, each in wanted.items() if at not in state.entries and at not in open_]
    successors: dict[str, Address] = {}
    for want in new:
        named_so_far = renamed.get((want.address.sourcing_id, same_name(want.name)))
        if named_so_far:
            successors[named_so_far.address] = want.address
    orphans = OrphanIndex(alike, by_key, renamed, successors, dict(_slips(wanted, state, unknown)))
    return replace(orphans, claimed=dict(_claims(new, orphans)))


_MOST_COMPARED: Final = 200_000
"""Pairs of keys that are looked at for a slip: each takes some microseconds, and a stranger may write both sides."""


def _slips(
    wanted: Mapping[str, Declared], state: State, unknown: Mapping[Address, Address]
) -> Iterator[tuple[str, _Slip]]:
    """Otherwise a typo in `from` would create a second blueprint."""
    left: dict[str, dict[str, Entry]] = {}
    for address, each in state.entries.items() if unknown else ():
        if address not in wanted:
            left.setdefault(each.address.sourcing_id, {})[each.address.key] = each
    names = {sourcing_id: sorted(here) for sourcing_id, here in left.items()}
    folded = {sourcing_id: {fold(key): key for key in reversed(each)} for sourcing_id, each in names.items()}
    compared = 0
    for new, old in unknown.items():
        sourcing_id, key = old.sourcing_id, old.key
        known = names.get(sourcing_id, [])
        compared += len(known)
        # In a state and files of thousands only what is the same but for case and hyphens.
        near = compared <= _MOST_COMPARED
        meant = nearest(key, known) if near else folded.get(sourcing_id, {}).get(fold(key))
        if meant is not None:
            yield new, _Slip(key, left[sourcing_id][meant])


def _claims(new: Iterable[Declared], orphans: OrphanIndex) -> Iterator[tuple[str, Address]]:
    for want in new if orphans.alike else ():
        orphan, slip = orphans.similar_to(want), orphans.misnamed.get(want.address)
        if orphan is not None:
            yield orphan.address, want.address
        elif slip is not None:
            yield slip.meant.address, want.address


def _why(want: Declared, orphan: _Orphan) -> Explanation:
    if orphan.blueprint_id is None:
        return explain(Code.SIMILAR_INTERRUPTED, other=orphan.address)
    code = Code.IDENTICAL_ORPHAN if orphan.digest == want.digest else Code.SIMILAR_ORPHAN
    return explain(code, address=want.address, other=orphan.address, blueprint_id=orphan.blueprint_id)
