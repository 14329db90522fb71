"""One blueprint into one address, as `--key KEY --id ID` asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kalentops.adopt.known import Known, known_of, recorded
from kalentops.adopt.matching import match
from kalentops.adopt.naming import key_of
from kalentops.adopt.plan import ImportAction, ImportPlan, Item, plan_import, record_as, settle
from kalentops.blueprint.remote import Remote, RemoteLists
from kalentops.errors import UsageError
from kalentops.project.load import Repository
from kalentops.state.model import Entry, State
from kalentops.support.text import clip, is_key
from kalentops.support.typos import meant_by


@dataclass(frozen=True, slots=True)
class Choice:
    """The blueprint ID of a sourcing, and the key that it gets."""

    sourcing_id: str
    key: str
    blueprint_id: str

    @property
    def address(self) -> str:
        return f"{self.sourcing_id}/{self.key}"


def check_key(key: str) -> None:
    """Raises UsageError for what can't be a key."""
    if not is_key(key):
        raise UsageError(
            f"{clip(key)} can't be a key: small letters, digits and hyphens, at most 64",
            hint=f"try --key {key_of(key)}",
        )


def plan_one(observed: RemoteLists, files: Repository, state: State, choice: Choice) -> ImportPlan:
    """The plan that takes this one and leaves the others.

    Raises UsageError where it is another's, or the address is another's, or there is no such blueprint.
    """
    # Whoever names the blueprint of an address says what became of a create that is open there.
    open_ = {at: each for at, each in state.intents.items() if at != choice.address}
    state = replace(state, intents=open_)
    whole = plan_import(observed, files, state)
    rows = observed.lists.get(choice.sourcing_id)
    remote = _find(choice, rows) if rows is not None else None
    if remote is None or any(item.remote is None for item in whole.items):
        return whole  # the sourcing as a whole is refused
    if state.ids().get(remote.blueprint_id) == choice.address:
        return replace(whole, items=())
    known = known_of([choice.sourcing_id], files, state)[choice.sourcing_id]
    _check_free(choice, remote, state, recorded(files, state).get(choice.address), known)
    foreign = [each for each in rows or () if each.blueprint_id not in state.ids()]
    return replace(whole, items=(_item(choice, remote, known, foreign),))


def _find(choice: Choice, rows: Iterable[Remote]) -> Remote:
    by_id = {each.blueprint_id: each for each in rows}
    if choice.blueprint_id in by_id:
        return by_id[choice.blueprint_id]
    meant = meant_by(choice.blueprint_id, {each.blueprint_id: each.name for each in by_id.values()})
    raise UsageError(
        f"{choice.sourcing_id} holds no blueprint {clip(choice.blueprint_id)}",
        hint=f"did you mean {meant}?"
        if meant
        else f"`kalentops import {choice.sourcing_id} --dry-run` shows which are there and not ours",
    )


def _check_free(choice: Choice, remote: Remote, state: State, entry: Entry | None, known: Known) -> None:
    elsewhere = state.ids().get(remote.blueprint_id)
    if elsewhere is not None:
        raise UsageError(
            f"{remote.blueprint_id} is recorded already, as {elsewhere}",
            hint=f"`kalentops state mv {elsewhere} {choice.address}` gives it another key",
        )
    if entry is not None:
        raise UsageError(
            f"{choice.address} is recorded already, as {entry.blueprint_id}",
            hint=f"take another key; or, if that one is gone, forget it with `kalentops state rm {choice.address}`",
        )
    gone = known.gone.get(choice.key)
    if gone is not None:
        raise UsageError(
            f"{gone.file}:{gone.at[0]} says that {choice.address} was removed",
            hint=f"take {choice.key} out of `removed` there, and run this again; or take another key",
        )
    if choice.key in known.left:
        raise UsageError(
            f"a file says that {choice.address} was moved or removed",
            hint="take another key, or take that line out of the file",
        )


def _item(choice: Choice, remote: Remote, known: Known, foreign: Iterable[Remote]) -> Item:
    # What is one of several stops being a conflict when somebody has said which one it is.
    matches = match(foreign, known.wanted)
    want = next((each for each in known.wanted if each.named.key == choice.key), None)
    found = settle(choice.sourcing_id, remote, None, chosen=True)
    if found.fate is not ImportAction.WRITE:
        return found
    matched = matches.get(remote.blueprint_id)
    if matched is not None and matched.want.address != choice.address:
        at = matched.want.named
        raise UsageError(
            f"{remote.blueprint_id} looks like {matched.want.address} ({at.file}:{at.key_at[0]}), "
            "which would then be made a second time",
            hint=f"pass --key {at.key}, or take that one out of the files first",
        )
    return record_as(found, want) if want is not None else replace(found, key=choice.key)
