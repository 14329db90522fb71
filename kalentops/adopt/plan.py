"""Lists, files and state → what an import does with each unmanaged blueprint. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from kalentops.adopt.match import (
    Exact,
    Known,
    Match,
    NearMatch,
    body_of,
    known_by_sourcing,
    match,
    recorded_entries,
)
from kalentops.adopt.naming import former_key, key_of, keys_for
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Remote, RemoteLists, edited_stub_mark, stub_mark
from kalentops.errors import UsageError
from kalentops.lint.rule import Declared
from kalentops.project.load import Repository
from kalentops.state.model import Entry, State
from kalentops.support.text import clip, is_key, meant_by


class ImportAction(StrEnum):
    """What `import` does with a blueprint: write it under a new key; record its id for a declared address; leave it
    out, because its key is in `removed`; report a conflict; or refuse it.
    """

    WRITE = "write"
    RECORD = "record"
    LEFT_OUT = "left_out"
    CONFLICT = "conflict"
    REFUSED = "refused"


class Item(NamedTuple):
    """One blueprint, or, without a `remote`, a whole sourcing that is refused. `sent` is what the state records as
    sent. `file` is the file's name as in findings: with RECORD, and with WRITE once there is a draft. `reason` says
    why, where the action alone does not.
    """

    sourcing_id: str
    action: ImportAction
    remote: Remote | None = None
    key: str | None = None
    file: str | None = None
    sent: Body | None = None
    reason: str = ""

    @property
    def address(self) -> Address | None:
        return Address(self.sourcing_id, self.key) if self.key is not None else None

    @property
    def name(self) -> str:
        return self.remote.name if self.remote else ""

    @property
    def blueprint_id(self) -> str | None:
        return self.remote.blueprint_id if self.remote else None

    @property
    def done(self) -> bool:
        """Whether it is managed afterwards."""
        return self.action in {ImportAction.WRITE, ImportAction.RECORD}

    def refused(self, reason: str) -> Item:
        return self._replace(action=ImportAction.REFUSED, key=None, file=None, sent=None, reason=reason)

    def entry(self, at: str) -> Entry:
        """What the state records. Only for what is `done`."""
        if self.remote is None or self.sent is None or self.address is None:
            raise AssertionError(f"{self.sourcing_id}: nothing to record")
        shown = self.remote
        return Entry(self.address, shown.blueprint_id, self.sent, at, shown.digest, shown.updated_at)


class ImportPlan(NamedTuple):
    """What an import would do, by sourcing and id. `sourcings` were read, and hold `recorded` managed
    blueprints; the key may not see those that are `denied`.
    """

    items: tuple[Item, ...] = ()
    sourcings: tuple[str, ...] = ()
    recorded: int = 0
    denied: frozenset[str] = frozenset()


def plan_import(observed: RemoteLists, files: Repository, state: State) -> ImportPlan:
    """All unmanaged blueprints of the lists."""
    ours = state.ids()
    sourcings = tuple(sorted(observed.lists.keys() | observed.refused.keys()))
    known = known_by_sourcing(sourcings, files, state)
    shown = Counter(each.blueprint_id for rows in observed.lists.values() for each in rows)
    twice = {blueprint_id for blueprint_id, number in shown.items() if number > 1}
    items: list[Item] = []
    for sourcing_id in sourcings:
        rows = observed.lists.get(sourcing_id, ())
        unmanaged = [each for each in rows if each.blueprint_id not in ours and stub_mark(each) is None]
        refusal = observed.refused.get(sourcing_id) or (
            _open_create(known[sourcing_id]) if unmanaged else None
        )
        if refusal is not None:
            items.append(Item(sourcing_id, ImportAction.REFUSED, reason=refusal))
        else:
            items += _items(sourcing_id, unmanaged, known[sourcing_id], twice)
    recorded = sum(blueprint_id in ours for blueprint_id in shown)
    return ImportPlan(tuple(items), sourcings, recorded, observed.denied)


def _open_create(known: Known) -> str | None:
    """Why nothing is imported: the blueprint of an interrupted create must not be recorded under another key."""
    if known.open_create is None:
        return None
    return (
        f"the outcome of the create of {known.open_create} is unknown; run `kalentops apply` first: it looks the "
        "outcome up, and says what to do"
    )


def _items(sourcing_id: str, unmanaged: list[Remote], known: Known, twice: set[str]) -> list[Item]:
    matches = match(unmanaged, known.unrecorded)
    items = [
        decide_item(sourcing_id, remote, matches.get(remote.blueprint_id), twice)
        for remote in sorted(unmanaged, key=lambda each: each.blueprint_id)
    ]
    new = {
        each.remote.blueprint_id: each.name
        for each in items
        if each.action is ImportAction.WRITE and each.remote
    }
    keys = keys_for(new, known.keys)
    named = (
        _named(each, keys[each.blueprint_id], known) if each.blueprint_id in keys else each for each in items
    )
    return sorted(named, key=lambda each: (each.key or "", each.blueprint_id or ""))


def _named(item: Item, key: str, known: Known) -> Item:
    """With its key; left out if `removed` names that key: it must not come back unasked."""
    had = former_key(item.name, known.removed, known.others)
    if had is None:
        return item._replace(key=key)
    said = known.removed[had]
    reason = (
        f"{said.file}:{said.at[0]} lists its key `{had}` in `removed`; to import it anyway, delete the key there, "
        f"or run {import_command(item, key)}"
    )
    return item._replace(action=ImportAction.LEFT_OUT, sent=None, reason=reason)


def decide_item(
    sourcing_id: str,
    remote: Remote,
    matched: Match | None,
    twice: Iterable[str] = (),
    *,
    chosen: bool = False,
) -> Item:
    """The action for one blueprint; one to write has no key yet. `chosen`: a person says which it is."""
    item = Item(sourcing_id, ImportAction.WRITE, remote, sent=remote.shown)
    reason = _refusal(remote, twice)
    if reason is not None:
        return item.refused(reason)
    reserved_for = edited_stub_mark(remote)
    match matched:
        case Exact(want):
            return _record(item, want)
        case None if reserved_for is not None and not chosen:
            said = f"it was reserved for {Address(sourcing_id, reserved_for.key)}, and was edited in Kalent"
            return item._replace(
                action=ImportAction.CONFLICT,
                sent=None,
                reason=f"{said}; {import_command(item, reserved_for.key)} adopts it",
            )
        case NearMatch():
            want = matched.want
            return item._replace(
                action=ImportAction.CONFLICT,
                key=want.address.key,
                file=want.origin.file,
                sent=None,
                reason=_which(item, matched),
            )
    return item


def _refusal(remote: Remote, twice: Iterable[str]) -> str | None:
    if remote.blueprint_id in twice:
        return "Kalent shows it in two sourcings"
    if stub_mark(remote) is not None:
        return "it is an empty blueprint that kalentops has reserved: there is nothing to import"
    if remote.shown is None:
        return "Kalent does not show its steps in a form that can be compared, so nothing could be planned for it"
    return None


def _record(item: Item, want: Declared) -> Item:
    """As `apply` adopts: fields that no list shows are not recorded, so the next plan shows them as an update."""
    body = body_of(want)
    paths = body.hidden
    lacks = ["`config`"] * ("config" in paths) + ["`config.userId`"] * bool(paths.keys() - {"config"})
    reason = ""
    if lacks:
        reason = (
            f"the file also sets {' and '.join(lacks)}, which Kalent does not show: the next apply sends it"
        )
    return item._replace(
        action=ImportAction.RECORD,
        key=want.address.key,
        file=want.origin.file,
        sent=body.readable,
        reason=reason,
    )


def record_at(item: Item, want: Declared) -> Item:
    """Recorded at the address of `want`, whatever the file says: the next plan shows the differences."""
    if item.remote is not None and item.remote.shown == body_of(want).observable:
        return _record(item, want)
    return item._replace(
        action=ImportAction.RECORD,
        key=want.address.key,
        file=want.origin.file,
        reason="the file differs from Kalent: `kalentops plan` shows the differences as an update",
    )


def _which(item: Item, matched: NearMatch) -> str:
    want = matched.want
    why = {
        "name": f"{want.address} has the same name but different content",
        "steps": f"{want.address} has the same steps, and is named {clip(want.name)}",
        "several": f"it and others are identical to {want.address}; delete the unwanted ones in Kalent's web app, or "
        "choose one",
    }[matched.by]
    command = import_command(item, want.address.key)
    return f"{why}; {command} records it under this key, and `plan` then shows what differs"


def import_command(item: Item, key: str) -> str:
    """The command that imports a blueprint at an address."""
    return f"`kalentops import {item.sourcing_id} --key {key} --id {item.blueprint_id}`"


class Choice(NamedTuple):
    """The blueprint ID of a sourcing, and the key that it gets."""

    sourcing_id: str
    key: str
    blueprint_id: str

    @property
    def address(self) -> Address:
        return Address(self.sourcing_id, self.key)


def check_key(key: str) -> None:
    """Raises UsageError for what can't be a key."""
    if not is_key(key):
        raise UsageError(
            f"{clip(key)} can't be a key: lower-case letters, digits and hyphens, at most 64",
            hint=f"try --key {key_of(key)}",
        )


def plan_one(observed: RemoteLists, files: Repository, state: State, choice: Choice) -> ImportPlan:
    """The plan that takes this one and leaves the others.

    Raises UsageError where it is another's, or the address is another's, or there is no such blueprint.
    """
    # Naming the blueprint of an address settles a create that is open there.
    open_ = {at: each for at, each in state.intents.items() if at != choice.address}
    state = replace(state, intents=open_)
    whole = plan_import(observed, files, state)
    rows = observed.lists.get(choice.sourcing_id)
    remote = _find(choice, rows) if rows is not None else None
    if remote is None or any(item.remote is None for item in whole.items):
        return whole  # the sourcing as a whole is refused
    if state.ids().get(remote.blueprint_id) == choice.address:
        return whole._replace(items=())
    known = known_by_sourcing([choice.sourcing_id], files, state)[choice.sourcing_id]
    _check_free(choice, remote, state, recorded_entries(files, state).get(choice.address), known)
    unmanaged = [each for each in rows or () if each.blueprint_id not in state.ids()]
    return whole._replace(items=(_item(choice, remote, known, unmanaged),))


def _find(choice: Choice, rows: Iterable[Remote]) -> Remote:
    by_id = {each.blueprint_id: each for each in rows}
    if choice.blueprint_id in by_id:
        return by_id[choice.blueprint_id]
    meant = meant_by(choice.blueprint_id, {each.blueprint_id: each.name for each in by_id.values()})
    raise UsageError(
        f"{choice.sourcing_id} holds no blueprint {clip(choice.blueprint_id)}",
        hint=f"did you mean {meant}?"
        if meant
        else f"`kalentops import {choice.sourcing_id} --dry-run` shows the unmanaged ones",
    )


def _check_free(choice: Choice, remote: Remote, state: State, entry: Entry | None, known: Known) -> None:
    elsewhere = state.ids().get(remote.blueprint_id)
    if elsewhere is not None:
        raise UsageError(
            f"{remote.blueprint_id} is already recorded as {elsewhere}",
            hint=f"`kalentops state mv {elsewhere} {choice.address}` gives it another key",
        )
    if entry is not None:
        raise UsageError(
            f"{choice.address} is already recorded as {entry.blueprint_id}",
            hint=f"take another key; or, if that one is gone, forget it with `kalentops state rm {choice.address}`",
        )
    removed = known.removed.get(choice.key)
    if removed is not None:
        raise UsageError(
            f"{removed.file}:{removed.at[0]} says that {choice.address} was removed",
            hint=f"take {choice.key} out of `removed` there, and run this again; or take another key",
        )
    if choice.key in known.relocated:
        raise UsageError(
            f"a file says that {choice.address} was moved or removed",
            hint="take another key, or take that line out of the file",
        )


def _item(choice: Choice, remote: Remote, known: Known, unmanaged: Iterable[Remote]) -> Item:
    # One of several is no conflict any more when a person has said which one it is.
    matches = match(unmanaged, known.unrecorded)
    want = next((each for each in known.unrecorded if each.address.key == choice.key), None)
    found = decide_item(choice.sourcing_id, remote, None, chosen=True)
    if found.action is not ImportAction.WRITE:
        return found
    matched = matches.get(remote.blueprint_id)
    if matched is not None and matched.want.address != choice.address:
        at, origin = matched.want.address, matched.want.origin
        raise UsageError(
            f"{remote.blueprint_id} looks like {at} ({origin.file}:{origin.line}), "
            "and would be created a second time",
            hint=f"pass --key {at.key}, or take that one out of the files first",
        )
    return record_at(found, want) if want is not None else found._replace(key=choice.key)
