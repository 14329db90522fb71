"""What looks alike: unmanaged blueprints of a sourcing, and orphans that another address would make again. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from kalentops.blueprint.body import content_digest, observable
from kalentops.blueprint.remote import Mark, Remote, stub_mark, was_stub
from kalentops.plan.explanation import Explanation, Remedy, moving, overwriting
from kalentops.project.check import Desired
from kalentops.state.model import Entry, Intent, State
from kalentops.support.text import clip, fold, nearest, same_name


@dataclass(frozen=True, slots=True)
class Alike:
    """What there is: `exact` shows just what is wanted, `others` have the same name or the same steps."""

    exact: tuple[Remote, ...] = ()
    others: tuple[Remote, ...] = ()

    @property
    def adoptable(self) -> Remote | None:
        """The one that is what is wanted, if there is just one."""
        return self.exact[0] if len(self.exact) == 1 else None

    @property
    def unclear(self) -> bool:
        """Whether a person has to look before anything is made or taken over."""
        return len(self.exact) > 1 or bool(self.others and not self.exact)


def look_alikes(remotes: Iterable[Remote], body: Mapping[str, Any]) -> Alike:
    """What of `remotes` looks like `body`, a canonical one."""
    name, content, wanted = same_name(str(body["name"])), content_digest(body), observable(body).digest
    alike = [r for r in remotes if same_name(r.name) == name or (content and r.content == content)]
    exact = tuple(remote for remote in alike if remote.digest == wanted)
    return Alike(exact, tuple(remote for remote in alike if remote.digest != wanted))


def is_there(remotes: Iterable[Remote], body: Mapping[str, Any] | None) -> bool:
    """Whether one of them is just what is wanted. Such an address has its turn first, so that it is no look-alike."""
    return body is not None and observable(body).digest in {remote.digest for remote in remotes}


def reserved(
    remotes: Iterable[Remote], address: str, nonces: Collection[str] = (), own: Collection[str] = ()
) -> Remote | str | None:
    """The stub that a new blueprint at `address` gets its id from, why a person has to look first, or None.

    `remotes` are unmanaged; `nonces` are those of earlier runs that the state knows, `own` those of this run. What this
    run has not made may have been claimed by a run whose state is lost, and its text may still be on the way: such a
    stub is used first, and of several none, because only a person can see to it that one is left. Where the state knows
    several, each run says in Kalent which one it takes before it sends a text: one that is not taken has none.
    """
    key = address.partition("/")[2]
    taken: list[Remote] = []
    others: list[Remote] = []
    free: list[Remote] = []
    for remote in remotes:
        mark, edited = stub_mark(remote), was_stub(remote)
        if edited is not None and (edited.key == key or edited.nonce in nonces):
            return _edited_stub(remote, address)
        if mark is None or (mark.key != key and mark.nonce not in nonces):
            continue
        if mark.taken:
            taken.append(remote)
        elif mark.nonce in own or is_free(mark, nonces):
            free.append(remote)
        else:
            others.append(remote)
    return _chosen(taken or others, free)


def _chosen(first: list[Remote], free: list[Remote]) -> Remote | str | None:
    """Of stubs that may have a text, the only one; else a free one. Why a person has to look where there are more."""
    if len(first) > 1:
        ids = ", ".join(remote.blueprint_id for remote in first)
        return (
            f"{ids} are empty and reserved for it by earlier runs, and the text of one of them may still arrive; "
            "delete all but one in Kalent's web app"
        )
    return min(first or free, key=lambda each: each.blueprint_id, default=None)


def is_free(mark: Mark, nonces: Collection[str]) -> bool:
    """Whether a stub of an earlier run has no text unless it is taken: each run would say so, as there are several."""
    return len(nonces) > 1 and mark.nonce in nonces


def _edited_stub(remote: Remote, address: str) -> str:
    sourcing_id, _, key = address.partition("/")
    command = f"kalentops import {sourcing_id} --key {key} --id {remote.blueprint_id}"
    said = f"{remote.blueprint_id} was reserved for it, and was edited in Kalent; delete it there, or take it over"
    return Explanation(said, Remedy("take it over", command, "plan then shows what differs"))


def why_not_made(alike: Alike, name: str, address: str) -> str:
    """Why nothing is made at `address` beside what looks like it, and what a person can do."""
    found = alike.exact or alike.others
    ids = ", ".join(remote.blueprint_id for remote in found)
    if len(found) > 1:
        return f"several are there that look like it: {ids}; delete what is not wanted in Kalent's web app"
    sourcing_id, _, key = address.partition("/")
    command = f"kalentops import {sourcing_id} --key {key} --id {ids}"
    differs = "plan then shows what differs"
    if same_name(found[0].name) != same_name(name):
        said = f"{ids} has exactly these steps, is called {clip(found[0].name)}, and is not ours"
        return Explanation(said, Remedy("take it over", command, differs))
    said = f"{ids} has this name and other content, and is not ours"
    return Explanation(said, Remedy("take it over", command, f"{differs}; or rename one of the two"))


def beside(alike: Alike) -> str:
    """What to say of the others where one is taken over."""
    ids = ", ".join(each.blueprint_id for each in alike.others)
    return f"beside it, {ids} looks like it; look at both in Kalent's web app" if ids else ""


_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Twin:
    address: str
    blueprint_id: str | None
    digest: str


class _Slip(NamedTuple):
    """A key that is said to have moved and is recorded nowhere, and the one that was probably meant."""

    said: str
    meant: Entry


@dataclass(frozen=True, slots=True)
class OrphanIndex:
    """What no file wants any more: by sourcing and name, by sourcing and content, and by key. `renamed` is what the
    files still want, under another name: by sourcing and the name that was sent; `heirs` has, by its address, the new
    one that takes this name. `misnamed` has, by address, what was probably meant where a key is said to have moved
    that is recorded nowhere. `claimed` are the addresses of those that no file wants any more and that may be what
    another address is now, which is the value.
    """

    alike: Mapping[tuple[str, str], _Twin] = field(default_factory=dict)
    by_key: Mapping[str, _Twin] = field(default_factory=dict)
    renamed: Mapping[tuple[str, str], _Twin] = field(default_factory=dict)
    heirs: Mapping[str, str] = field(default_factory=dict)
    misnamed: Mapping[str, _Slip] = field(default_factory=dict)
    claimed: Mapping[str, str] = field(default_factory=dict)

    def of(self, want: Desired) -> str | None:
        """Why a blueprint can't be made: one of ours in its sourcing is it, or looks like it."""
        twin = self.looking_like(want)
        if twin is not None:
            return _why(want, twin)
        slip = self.misnamed.get(want.address)
        if slip is not None:
            return _misnamed(want, slip)
        other = self.renamed.get((want.named.sourcing_id, same_name(want.named.name)))
        return None if other is None else _swapped(want, other)

    def looking_like(self, want: Desired) -> _Twin | None:
        """What no file wants any more, and has its name or its content."""
        sourcing_id = want.named.sourcing_id
        twin = self.alike.get((sourcing_id, same_name(want.named.name)))
        if twin is None and want.canonical is not None and self.alike:
            twin = self.alike.get((sourcing_id, content_digest(want.canonical.data) or ""))
        return twin

    def becomes_another(self, address: str) -> str | None:
        """Why an update may not be sent without somebody's word: what it changes may be what another address means."""
        heir = self.heirs.get(address)
        if heir is None:
            return None
        return Explanation(
            f"it is to be another one now, and {heir} takes the name that it has so far",
            moving("keys renamed or swapped", address, heir),
            overwriting("meant so", address),
        )

    def elsewhere(self, want: Desired) -> str:
        """What to say where the same key is left over in another sourcing; empty where it isn't."""
        twin = self.by_key.get(want.named.key)
        if twin is None:
            return ""
        return (
            f"a blueprint can't change its sourcing: this makes a new one, and {twin.blueprint_id or 'the one'} "
            f"that is recorded as {twin.address} stays as an orphan"
        )


def find_twins(
    wanted: Mapping[str, Desired], state: State, unknown: Mapping[str, str] = _NONE
) -> OrphanIndex:
    """What is ours and not wanted. What an interrupted create may have made is as much there as what is recorded.
    `unknown`: the old addresses that the files speak of and the state does not know, by the new one.
    """
    alike: dict[tuple[str, str], _Twin] = {}
    by_key: dict[str, _Twin] = {}
    renamed: dict[tuple[str, str], _Twin] = {}
    open_ = [each for each in state.intents.values() if not each.only_reserves]
    ours: list[Entry | Intent] = [*state.entries.values(), *open_]
    for each in ours:
        twin = _Twin(each.address, each.blueprint_id, each.digest)
        if each.address in wanted:
            was = same_name(str(each.sent.get("name", "")))
            if was != same_name(wanted[each.address].named.name):
                renamed.setdefault((each.sourcing_id, was), twin)
            continue
        by_key.setdefault(each.address.partition("/")[2], twin)
        body = each.canonical().data
        for mark in (same_name(str(body["name"])), content_digest(body)):
            if mark is not None:
                alike.setdefault((each.sourcing_id, mark), twin)
    held = state.entries.keys() | {each.address for each in open_}
    new = [each for at, each in wanted.items() if at not in held]
    heirs = {}
    for want in new if renamed else ():
        named_so_far = renamed.get((want.named.sourcing_id, same_name(want.named.name)))
        if named_so_far:
            heirs[named_so_far.address] = want.address
    twins = OrphanIndex(alike, by_key, renamed, heirs, dict(_slips(wanted, state, unknown)))
    return replace(twins, claimed=dict(_claims(new, twins)))


_MOST_COMPARED: Final = 200_000
"""Pairs of keys that are looked at for a slip: each takes some microseconds, and a stranger may write both sides."""


def _slips(
    wanted: Mapping[str, Desired], state: State, unknown: Mapping[str, str]
) -> Iterator[tuple[str, _Slip]]:
    """Else a slip in `from` would make a second one beside the one that goes on."""
    left: dict[str, dict[str, Entry]] = {}
    for address, each in state.entries.items() if unknown else ():
        if address not in wanted:
            left.setdefault(each.sourcing_id, {})[each.key] = each
    names = {sourcing_id: sorted(here) for sourcing_id, here in left.items()}
    folded = {sourcing_id: {fold(key): key for key in reversed(each)} for sourcing_id, each in names.items()}
    compared = 0
    for new, old in unknown.items():
        sourcing_id, _, key = old.partition("/")
        known = names.get(sourcing_id, [])
        compared += len(known)
        # In a state and files of thousands only what is the same but for case and hyphens.
        near = compared <= _MOST_COMPARED
        meant = nearest(key, known) if near else folded.get(sourcing_id, {}).get(fold(key))
        if meant is not None:
            yield new, _Slip(key, left[sourcing_id][meant])


def _claims(new: Iterable[Desired], twins: OrphanIndex) -> Iterator[tuple[str, str]]:
    for want in new if twins.alike else ():
        twin, slip = twins.looking_like(want), twins.misnamed.get(want.address)
        if twin is not None:
            yield twin.address, want.address
        elif slip is not None:
            yield slip.meant.address, want.address


def _swapped(want: Desired, other: _Twin) -> str:
    return Explanation(
        f"{other.blueprint_id or 'what an interrupted run may have made'}, recorded as {other.address}, has this name "
        f"so far, and {other.address} is to be another one now",
        moving("keys renamed or swapped", other.address, want.address),
        overwriting("this is a new one", other.address, "first"),
    )


def _misnamed(want: Desired, slip: _Slip) -> str:
    meant = slip.meant
    return Explanation(
        f"said to have been {slip.said}, which is recorded nowhere; {meant.key} is, as {meant.blueprint_id}, and is in "
        "no file any more",
        Remedy("meant that one", f"moved: [{{from: {meant.key}, to: {want.named.key}}}]", "in the file"),
        Remedy("another one", f"removed: [{meant.key}]", "in the file"),
    )


def _why(want: Desired, twin: _Twin) -> str:
    if twin.blueprint_id is None:
        return (
            f"a run was interrupted while it made {twin.address}, which is no longer in the files and looks like this "
            "one; that is settled first: run it again afterwards"
        )
    old = twin.address.partition("/")[2]
    renamed = (
        Remedy("key renamed", f"moved: [{{from: {old}, to: {want.named.key}}}]", "in the file"),
        moving("the same at once", twin.address, want.address),
    )
    if twin.digest == want.digest:
        return Explanation(
            f"the same blueprint is {twin.blueprint_id}, recorded as {twin.address}, which is in no file any more",
            *renamed,
        )
    return Explanation(
        f"{twin.blueprint_id}, recorded as {twin.address}, has the same name or the same steps and is in no file any "
        "more",
        *renamed,
        Remedy("another one", f"removed: [{old}]", "in the file, and two different names"),
    )
