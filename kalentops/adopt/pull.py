"""What somebody has changed in Kalent, taken into the files: what would be written, and recorded. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kalentops.adopt.merge import merge
from kalentops.blueprint.body import observable, of_body
from kalentops.blueprint.remote import Remote, RemoteLists
from kalentops.blueprint.stub import stub_mark
from kalentops.lint.engine import Relocation
from kalentops.plan.explanation import missing
from kalentops.plan.moves import relocate
from kalentops.project.check import Desired
from kalentops.state.model import Entry, State

_EMPTY: Final = "Kalent shows it empty; run `kalentops apply`: it sends the text"
_BEHIND: Final = (
    "Kalent's list shows it as it was before the last change; run it again when the list has caught up"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A change of somebody else's that goes into a file: `before` and `after` are the blueprint as the file has it and
    will have it, both as a list would show them; `entry` is what the state will say, under the address that it has
    there, which the next apply may move.
    """

    address: str
    name: str
    file: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    entry: Entry

    @property
    def key(self) -> str:
        return self.address.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Kept:
    """A change of somebody else's that is not taken, and why. `conflict`: both sides have changed the same."""

    address: str
    blueprint_id: str
    reason: str
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Taking:
    """What becomes of everything that somebody else has changed."""

    taken: tuple[Taken, ...] = ()
    kept: tuple[Kept, ...] = ()


def take(
    desired: Iterable[Desired],
    state: State,
    observed: RemoteLists,
    now: str,
    relocations: Iterable[Relocation] = (),
) -> Taking:
    """What of the lists goes into the files. `now` is the time for the records, ISO 8601. `relocations` are what the
    files say of keys that moved: those that the state does not know yet are looked up under their new addresses.

    Raises StateDamaged where what was sent does not fit its digest.
    """
    wanted = {each.address: each for each in desired}
    names = {old: new for new, old in relocate(state, relocations).moved.items()}
    remotes = {
        (sourcing_id, each.blueprint_id): each
        for sourcing_id, listed in observed.lists.items()
        for each in listed
    }
    shown = Counter(blueprint_id for _, blueprint_id in remotes)
    taken: list[Taken] = []
    kept: list[Kept] = []
    for old, entry in sorted(state.entries.items()):
        address = names.get(old, old)
        if entry.sourcing_id not in observed.lists:
            continue
        remote = remotes.get((entry.sourcing_id, entry.blueprint_id))
        if remote is not None and remote.digest == entry.baseline:
            continue
        if shown[entry.blueprint_id] > (remote is not None):
            kept.append(
                Kept(address, entry.blueprint_id, "Kalent shows it in another sourcing", conflict=True)
            )
            continue
        one = _one(address, wanted.get(address), entry, remote, now, open_intent=old in state.intents)
        if isinstance(one, Taken):
            taken.append(one)
        else:
            kept.append(one)
    return Taking(tuple(taken), tuple(kept))


def _one(
    address: str, want: Desired | None, entry: Entry, remote: Remote | None, now: str, *, open_intent: bool
) -> Taken | Kept:
    def not_taken(reason: str, *, conflict: bool = False) -> Kept:
        return Kept(address, entry.blueprint_id, reason, conflict)

    if open_intent:
        return not_taken(
            "a run was interrupted here; run `kalentops apply` first, it looks up what became of that"
        )
    if remote is None or want is None:
        return not_taken("it is in no file" if remote else missing(entry))
    if entry.not_arrived(remote):
        return not_taken(_EMPTY if stub_mark(remote) else _BEHIND, conflict=True)
    theirs = remote.shown.body if remote.shown else None
    if theirs is None or not _told_apart(theirs):
        return not_taken("its steps have no ids that tell them apart", conflict=True)
    sent = entry.canonical().body
    mine = observable(want.canonical.body if want.canonical else sent).body
    merged = merge(observable(sent).body, mine, theirs)
    if merged.conflicts:
        places = ", ".join(merged.conflicts)
        said = (
            f"the file and Kalent have both changed {places}; make the file say what is wanted there, then "
            f"`kalentops apply --overwrite {address} --target {address}`"
        )
        return not_taken(said, conflict=True)
    known = of_body(_with_hidden(theirs, sent))
    recorded = replace(
        entry,
        sent=known.body,
        digest=known.digest,
        applied_at=now,
        remote_digest=remote.digest,
        updated_at=remote.updated_at,
    )
    return Taken(address, want.named.name, want.named.file, mine, merged.body, recorded)


def _told_apart(body: Mapping[str, Any]) -> bool:
    ids = [step.get("id") for step in body["steps"]]
    return all(isinstance(each, str) and each for each in ids) and len(set(ids)) == len(ids)


def _with_hidden(theirs: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What Kalent shows, with what it hides as it was sent: `config`, who sends, and the text that a plain invitation
    never had.
    """
    old = {step["id"]: step for step in sent["steps"]}
    steps = []
    for step in theirs["steps"]:
        was = old.get(step["id"], {})
        kept = {"config": was["config"]} if "config" in was else {}
        if {each.get("linkedInType") for each in (step, was)} == {"LINKEDIN_INVITATION"}:
            kept["content"] = was["content"]
        steps.append({**step, **kept})
    config = {"config": sent["config"]} if "config" in sent else {}
    return {"name": theirs["name"], "steps": steps, **config}
