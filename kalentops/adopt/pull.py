"""`import --update`: remote edits → changed files, and then the records. What was not edited stays as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeAlias

from kalentops.adopt.write import StateWriter
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Remote, RemoteLists, stub_mark
from kalentops.errors import CannotEdit, StateError, StoreFailure
from kalentops.lint.engine import Severities, check_project
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import Declarations, Declared, Relocation
from kalentops.plan.explanation import Explanation, missing
from kalentops.plan.moves import relocate
from kalentops.project.check import CheckOptions, check_text
from kalentops.project.files import Source, read
from kalentops.state.model import Entry, State
from kalentops.support import atomic_write
from kalentops.yamlfile.edit import edit_blueprint
from kalentops.yamlfile.fmt import format_text

_EMPTY: Final = "Kalent shows it empty; run `kalentops apply`: it sends the text"
_BEHIND: Final = (
    "Kalent's list shows it as it was before the last change; run it again when the list has caught up"
)


@dataclass(frozen=True, slots=True)
class PulledEdit:
    """A remote edit that goes into a file. `before` and `after` are the blueprint in the file, both as a list shows
    them. `entry` is the new entry, at the address that the state has now: the next apply may move it.
    """

    address: Address
    name: str
    file: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    entry: Entry


@dataclass(frozen=True, slots=True)
class SkippedEdit:
    """A remote edit that is not taken, and why. `conflict`: both sides changed the same field."""

    address: Address
    blueprint_id: str
    reason: Explanation | str
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class PullPlan:
    """The remote edits that are taken, and those that are not."""

    taken: tuple[PulledEdit, ...] = ()
    kept: tuple[SkippedEdit, ...] = ()


def plan_pull(
    declared: Iterable[Declared],
    state: State,
    observed: RemoteLists,
    now: str,
    relocations: Iterable[Relocation] = (),
) -> PullPlan:
    """The remote edits in the lists. `now` is the time for the records, ISO 8601. An entry that `relocations` moves is
    looked up at its new address.

    Raises StateDamaged where what was sent does not fit its digest.
    """
    wanted: dict[str, Declared] = {each.address: each for each in declared}
    names = {old: new for new, old in relocate(state, relocations).moved.items()}
    remotes = {
        (sourcing_id, each.blueprint_id): each
        for sourcing_id, listed in observed.lists.items()
        for each in listed
    }
    shown = Counter(blueprint_id for _, blueprint_id in remotes)
    taken: list[PulledEdit] = []
    kept: list[SkippedEdit] = []
    for old, entry in sorted(state.entries.items()):
        address = names.get(entry.address, entry.address)
        if entry.address.sourcing_id not in observed.lists:
            continue
        remote = remotes.get((entry.address.sourcing_id, entry.blueprint_id))
        if remote is not None and remote.digest == entry.baseline:
            continue
        if shown[entry.blueprint_id] > (remote is not None):
            kept.append(
                SkippedEdit(address, entry.blueprint_id, "Kalent shows it in another sourcing", conflict=True)
            )
            continue
        one = _one(address, wanted.get(address), entry, remote, now, open_intent=old in state.intents)
        if isinstance(one, PulledEdit):
            taken.append(one)
        else:
            kept.append(one)
    return PullPlan(tuple(taken), tuple(kept))


def _one(
    address: Address,
    want: Declared | None,
    entry: Entry,
    remote: Remote | None,
    now: str,
    *,
    open_intent: bool,
) -> PulledEdit | SkippedEdit:
    def not_taken(reason: Explanation | str, *, conflict: bool = False) -> SkippedEdit:
        return SkippedEdit(address, entry.blueprint_id, reason, conflict)

    if open_intent:
        return not_taken("a run was interrupted here; run `kalentops apply` first, it looks up the outcome")
    if remote is None or want is None:
        return not_taken("no file declares it" if remote else missing(entry))
    if entry.not_arrived(remote):
        return not_taken(_EMPTY if stub_mark(remote) else _BEHIND, conflict=True)
    theirs = remote.shown.data if remote.shown else None
    if theirs is None or not _told_apart(theirs):
        return not_taken("its steps have no ids that tell them apart", conflict=True)
    sent = entry.verified()
    mine = (want.body or sent).observable.data
    merged = merge(sent.observable.data, mine, theirs)
    if merged.conflicts:
        places = ", ".join(merged.conflicts)
        said = (
            f"the file and Kalent both changed {places}; write the text that you want into the file, then "
            f"`kalentops apply --overwrite {address} --target {address}`"
        )
        return not_taken(said, conflict=True)
    recorded = replace(
        entry,
        sent=Body.of(_with_hidden(theirs, sent.data)),
        applied_at=now,
        remote_digest=remote.digest,
        updated_at=remote.updated_at,
    )
    return PulledEdit(address, want.name, want.origin.file, mine, merged.body, recorded)


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


Data: TypeAlias = Mapping[str, Any]


@dataclass(slots=True)
class Merged:
    """The body that holds both sides' changes, and the places where they contradict each other: there it is as
    `mine`.
    """

    body: dict[str, Any]
    conflicts: list[str] = field(default_factory=list)


def merge(base: Data, mine: Data, theirs: Data) -> Merged:
    """Both sides' changes since `base`."""
    merged = Merged({})
    merged.body["name"] = _either(merged, "name", base["name"], mine["name"], theirs["name"])
    old, ours, others = (_by_id(each["steps"]) for each in (base, mine, theirs))
    steps = {
        each: step
        for each in {**ours, **others}
        if (step := _step(merged, each, old.get(each), ours.get(each), others.get(each))) is not None
    }
    order = _order(merged, list(old), list(ours), list(others))
    merged.body["steps"] = [steps[each] for each in order if each in steps]
    return merged


def _by_id(steps: Sequence[Data]) -> dict[str, Data]:
    return {step["id"]: step for step in steps}


def _either(merged: Merged, what: str, base: Any, mine: Any, theirs: Any) -> Any:
    if theirs in (base, mine):
        return mine
    if mine == base:
        return theirs
    merged.conflicts.append(what)
    return mine


def _step(
    merged: Merged, step_id: str, base: Data | None, mine: Data | None, theirs: Data | None
) -> dict[str, Any] | None:
    if mine is None or theirs is None or base is None:
        whole: Data | None = _either(merged, f"step {step_id}", base, mine, theirs)
        return dict(whole) if whole is not None else None
    fields = {**mine, **theirs}
    found = {
        name: _either(merged, f"step {step_id}: {name}", base.get(name), mine.get(name), theirs.get(name))
        for name in fields
    }
    return {name: value for name, value in found.items() if value is not None}


def _order(merged: Merged, base: list[str], mine: list[str], theirs: list[str]) -> list[str]:
    """Mine, with what they have added where they have it; theirs, where only they have moved something."""
    common = [each for each in base if each in mine and each in theirs]
    ours, others = ([each for each in side if each in common] for side in (mine, theirs))
    if ours != common and others not in (common, ours):
        merged.conflicts.append("the order of the steps")
    first, second = (theirs, mine) if ours == common else (mine, theirs)
    order = list(first)
    for at, each in enumerate(second):
        if each not in order:
            before = next((other for other in reversed(second[:at]) if other in order), None)
            order.insert(0 if before is None else order.index(before) + 1, each)
    return order


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A file with what was taken into it. `findings` are those of its new text. `formatted`: `fmt` would have changed
    it, so that more lines change than those of what was taken.
    """

    name: str
    path: Path
    before: str
    after: str
    findings: tuple[Finding, ...] = ()
    declared: tuple[Declared, ...] = ()
    formatted: bool = False


@dataclass(frozen=True, slots=True)
class Edits:
    """The remote edits that are taken, those that are not, and the changed files. `findings` are those
    of the new texts, and of what they say together with all other files.
    """

    taken: tuple[PulledEdit, ...] = ()
    kept: tuple[SkippedEdit, ...] = ()
    files: tuple[EditedFile, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> int:
        """As in docs/commands.md: conflicts before findings."""
        if any(each.conflict for each in self.kept):
            return 9 if self.taken else 6
        valid = all(each.severity is not Severity.ERROR for each in self.findings)
        return 0 if valid else 3


def edit_files(taking: PullPlan, root: Path, severities: Severities, declared: Iterable[Declared]) -> Edits:
    """The files as they will be. `declared` are all blueprints as the files hold them now.

    Raises StoreFailure where one of the files can't be read any more, or was saved since it was.
    """
    taken: list[PulledEdit] = []
    kept = list(taking.kept)
    files: list[EditedFile] = []
    for name, group in groupby(sorted(taking.taken, key=lambda each: each.file), key=lambda each: each.file):
        path = root / name
        together = list(group)
        before = after = _text(path, name, root)
        _check_unchanged(CheckOptions(root, severities, {}), name, before, together)
        for each in together:
            try:
                after = edit_blueprint(name, after, each.address.key, each.after)
            except CannotEdit as error:
                said = f"{error}; {error.hint}" if error.hint else str(error)
                kept.append(SkippedEdit(each.address, each.entry.blueprint_id, said, conflict=True))
            else:
                taken.append(each)
        if after != before:
            read = check_text(CheckOptions(root, severities), name, after)
            held = tuple(read.declared)
            formatted = format_text(name, before).changed
            files.append(EditedFile(name, path, before, after, tuple(read.findings), held, formatted))
    taken.sort(key=lambda each: each.address)
    kept.sort(key=lambda each: each.address)
    return Edits(tuple(taken), tuple(kept), tuple(files), _findings(files, declared))


def _findings(files: Sequence[EditedFile], declared: Iterable[Declared]) -> tuple[Finding, ...]:
    """A name given in Kalent may be that of another blueprint, in any file."""
    edited = {file.name for file in files}
    after = [each for each in declared if each.origin.file not in edited] + [
        each for file in files for each in file.declared
    ]
    together = check_project(Declarations(sorted(after, key=lambda each: each.origin.place)))
    return tuple(sorted([*(found for file in files for found in file.findings), *together]))


def _check_unchanged(options: CheckOptions, name: str, text: str, taken: Sequence[PulledEdit]) -> None:
    """Raises StoreFailure if the file was saved while the lists were read: the new text was made from the old one."""
    held = {each.address: each.body for each in check_text(options, name, text.lstrip("\ufeff")).declared}
    for each in taken:
        now = held.get(each.address)
        if now is None or now.observable != Body.listed(each.before):
            raise StoreFailure(
                f"{name} has changed meanwhile; nothing was imported",
                hint="run it again: it continues",
            )


def _text(path: Path, name: str, root: Path) -> str:
    """The whole text, a byte order mark included."""
    checked = read(Source(str(path), name), root)
    if isinstance(checked, Finding):
        raise StoreFailure(f"{name} can't be read any more: {checked.message}")
    return path.read_bytes().decode()


def write_edits(edits: Edits, session: StateWriter) -> None:
    """Write the files, then the records, each whole or not at all.

    In this order: a file that holds a change which the state does not know of is found to be as Kalent has it by the
    next apply. Raises StoreFailure, StateError.
    """
    if not edits.taken:
        return
    written: list[str] = []
    for file in edits.files:
        try:
            if file.path.read_bytes() != file.before.encode():
                raise StoreFailure(
                    f"{file.name} has changed meanwhile and was not touched{_so_far(written)}",
                    hint="run it again: it continues",
                )
            atomic_write.replace(file.path.resolve(), file.after.encode())
        except OSError as error:
            reason = error.strerror or error
            raise StoreFailure(f"{file.name} can't be written: {reason}{_so_far(written)}") from error
        written.append(file.name)
    state = session.state
    try:
        session.replace(
            replace(
                state, entries={**state.entries, **{each.entry.address: each.entry for each in edits.taken}}
            )
        )
    except (StoreFailure, StateError) as error:
        if written:
            error.add_note(f"{', '.join(written)} contain the imported edits; run it again to record them")
        raise


def _so_far(written: Sequence[str]) -> str:
    return f"; {', '.join(written)} contain the edits imported so far" if written else ""
