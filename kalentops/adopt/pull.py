"""`import --update`: remote edits → changed files, and then the records. What was not edited stays as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import starmap
from pathlib import Path
from typing import Any, Final, TypeAlias

from kalentops.adopt.naming import title_of
from kalentops.adopt.overrides import edit_use
from kalentops.adopt.position import FileChange, write_changes
from kalentops.adopt.write import StateWriter
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.diff import steps_by_id
from kalentops.blueprint.remote import Remote, RemoteLists, stub_mark
from kalentops.errors import CannotEdit, StateError, StoreFailure
from kalentops.lint.finding import Finding, Severity, merged
from kalentops.lint.project import check_project
from kalentops.lint.rule import Declarations, Declared, Relocation
from kalentops.plan.explanation import Explanation, missing
from kalentops.plan.moves import relocate
from kalentops.project.check import check_text
from kalentops.project.config import Config
from kalentops.project.document import read_document
from kalentops.project.files import Source, read
from kalentops.project.library import Library
from kalentops.project.load import Repository, shared_below
from kalentops.project.resolve import resolve
from kalentops.project.result import CheckOptions, FileResult
from kalentops.state.model import Entry, State
from kalentops.yamlfile.edit import edit_blueprint, edit_mapping
from kalentops.yamlfile.fmt import format_text
from kalentops.yamlfile.parse import parse

_EMPTY: Final = "Kalent shows it empty; run `kalentops apply`: it sends the text"
_BEHIND: Final = (
    "Kalent's list shows it as it was before the last change; run it again when the list has caught up"
)


@dataclass(frozen=True, slots=True)
class PulledEdit:
    """A remote edit that goes into a file. `before` and `after` are the blueprint in the file, both as a list shows
    them. `entry` is the new entry, at the address that the state has now: the next apply may move it. `template` is
    what the blueprint is made from, empty for a plain one.
    """

    address: Address
    name: str
    file: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    entry: Entry
    template: str = ""


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
    both = merge(sent.observable.data, mine, theirs)
    if both.conflicts:
        places = ", ".join(both.conflicts)
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
    return PulledEdit(address, want.name, want.origin.file, mine, both.body, recorded, want.template)


def _told_apart(body: Mapping[str, Any]) -> bool:
    ids = [step.get("id") for step in body["steps"]]
    return all(isinstance(each, str) and each for each in ids) and len(set(ids)) == len(ids)


def _with_hidden(theirs: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What Kalent shows, with what it hides as it was sent: `config`, who sends, and the text that a plain invitation
    never had.
    """
    old = steps_by_id(sent)
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
    old, ours, others = (steps_by_id(each) for each in (base, mine, theirs))
    steps = {
        each: step
        for each in {**ours, **others}
        if (step := _step(merged, each, old.get(each), ours.get(each), others.get(each))) is not None
    }
    order = _order(merged, list(old), list(ours), list(others))
    merged.body["steps"] = [steps[each] for each in order if each in steps]
    return merged


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
class EditedFile(FileChange):
    """A file with what was taken into it. `formatted`: `fmt` would have changed it, so that more lines change than
    those of what was taken.
    """

    formatted: bool = False


@dataclass(frozen=True, slots=True)
class Edits:
    """The remote edits that are taken, those that are not, and the changed files. `findings` are those
    of the new texts, and of what they say together with all other files. `users` are other blueprints that change with
    a template or a snippet.
    """

    taken: tuple[PulledEdit, ...] = ()
    kept: tuple[SkippedEdit, ...] = ()
    files: tuple[EditedFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    users: tuple[Declared, ...] = ()

    @property
    def exit_code(self) -> int:
        """As in `errors.EXIT_CODES`: conflicts before findings."""
        if any(each.conflict for each in self.kept):
            return 9 if self.taken else 6
        valid = all(each.severity is not Severity.ERROR for each in self.findings)
        return 0 if valid else 3


def edit_files(
    taking: PullPlan,
    before: Repository,
    config: Config,
    *,
    into_template: bool = False,
    names: Mapping[str, str] | None = None,
) -> Edits:
    """The files as they will be. `names` are those of sourcings; an edited file gets one as `title`, if its position
    has none. With `into_template`, what stands in templates and snippets is edited there.

    Raises StoreFailure where one of the files can't be read any more, or was saved since it was.
    """
    editor = _Editor(taking, before, config, into_template=into_template)
    for each in sorted(taking.taken, key=lambda each: (each.file, each.address)):
        editor.take(each)
    editor.add_titles(names or {})
    return editor.result()


class _Editor:
    """The texts of the files while edits are taken into them. `shared` are those with templates and snippets."""

    def __init__(self, taking: PullPlan, before: Repository, config: Config, *, into_template: bool) -> None:
        self._before, self._into_template = before, into_template
        self._root = config.root
        self._options = CheckOptions.of(config)
        self._taken: list[PulledEdit] = []
        self._kept = [*taking.kept]
        files = {each.file for each in taking.taken}
        self._old = {name: _text(self._root / name, name, self._root) for name in sorted(files)}
        self._new = dict(self._old)
        has_uses = any(each.template for each in before.declared if each.origin.file in files)
        self._shared = shared_below(self._root, config.blueprints, ()) if has_uses else {}
        self._library = Library.of(starmap(read_document, self._shared.items()))
        for name in self._old:
            self._check_unchanged(name, [each for each in taking.taken if each.file == name])

    def _check_unchanged(self, name: str, taken: Sequence[PulledEdit]) -> None:
        """Raises StoreFailure if a file was saved while the lists were read: the new text is made from the old one."""
        held = {each.address: each.body for each in self._check(name, bodies=True).declared}
        for each in taken:
            now = held.get(each.address)
            if now is None or now.observable != Body.listed(each.before):
                raise StoreFailure(
                    f"{name} has changed meanwhile; nothing was imported",
                    hint="run it again: it continues",
                )

    def _check(self, name: str, *, bodies: bool = False) -> FileResult:
        text = self._new.get(name)
        if text is None:
            text = _text(self._root / name, name, self._root)
        options = replace(self._options, bodies=bodies, shared=self._shared)
        return check_text(options, name, text.lstrip("\ufeff"))

    def take(self, each: PulledEdit) -> None:
        try:
            if each.template and self._into_template:
                try:
                    self._edit_use(each, into_template=True)
                except CannotEdit:  # another edit needs the template as it is
                    self._edit_use(each)
            elif each.template:
                self._edit_use(each)
            else:
                self._new[each.file] = edit_blueprint(
                    each.file, self._new[each.file], each.address.key, each.after
                )
        except CannotEdit as error:
            said = f"{error}; {error.hint}" if error.hint else str(error)
            self._kept.append(SkippedEdit(each.address, each.entry.blueprint_id, said, conflict=True))
        else:
            self._taken.append(each)

    def _edit_use(self, each: PulledEdit, *, into_template: bool = False) -> None:
        """Raises CannotEdit, with nothing changed, unless the texts say then what Kalent shows."""
        text = self._new[each.file]
        document = read_document(each.file, text)
        found = edit_use(document, each.address, self._library, each.after, into_template=into_template)
        new = {each.file: edit_mapping(each.file, text, ("blueprints", each.address.key), found.use)}
        for name, data in found.shared.items():
            new[name] = edit_mapping(name, self._shared_text(name), (), data)
        library = self._library
        if found.shared:
            library = Library.of(
                read_document(one.file, new[one.file]) if one.file in new else one
                for one in library.documents
            )
        others = [one for one in self._taken if one.template] if found.shared else []
        for one in (*others, each):
            made = resolve(
                read_document(one.file, new.get(one.file, self._new[one.file])), one.address.key, library
            )
            if made.blueprint is None or Body.of_blueprint(made.blueprint).observable != Body.listed(
                one.after
            ):
                raise CannotEdit(f"{one.address} would not be as Kalent shows it")
        self._new |= new
        self._shared |= {name: new[name].lstrip("\ufeff") for name in found.shared}
        self._library = library

    def _shared_text(self, name: str) -> str:
        """The whole text of a shared file, a byte order mark included. Raises StoreFailure if it was saved since."""
        if name not in self._new:
            text = _text(self._root / name, name, self._root)
            if text.lstrip("\ufeff") != self._shared[name].lstrip("\ufeff"):
                raise StoreFailure(f"{name} has changed meanwhile; nothing was imported", hint="run it again")
            self._old[name] = self._new[name] = text
        return self._new[name]

    def add_titles(self, names: Mapping[str, str]) -> None:
        titled = {each.sourcing_id for each in self._before.positions if each.title}
        for each in self._taken:
            sourcing_id = each.address.sourcing_id
            title = title_of(names.get(sourcing_id, ""), sourcing_id)
            text = self._new[each.file]
            if title and sourcing_id not in titled and text != self._old[each.file]:
                titled.add(sourcing_id)
                data = parse(text.lstrip("\ufeff")).data
                if isinstance(data, Mapping):
                    with suppress(CannotEdit):
                        self._new[each.file] = edit_mapping(each.file, text, (), {**data, "title": title})

    def result(self) -> Edits:
        files = [
            EditedFile(self._root / name, name, text, self._new[name], format_text(name, text).changed)
            for name, text in sorted(self._old.items())
            if self._new[name] != text
        ]
        edited = {each.name for each in files}
        others = self._before.using(edited)
        results = {
            name: self._check(name, bodies=True)
            for name in sorted(edited | {each.origin.file for each in others})
        }
        digests = {each.address: each.digest for found in results.values() for each in found.declared}
        ours = {each.address for each in self._taken}
        users = [
            each for each in others if each.address not in ours and digests.get(each.address) != each.digest
        ]
        return Edits(
            tuple(sorted(self._taken, key=lambda each: each.address)),
            tuple(sorted(self._kept, key=lambda each: each.address)),
            tuple(files),
            self._findings(results, edited),
            tuple(users),
        )

    def _findings(self, results: Mapping[str, FileResult], edited: Collection[str]) -> tuple[Finding, ...]:
        """A name given in Kalent may be that of another blueprint, in any file."""
        after = [each for each in self._before.declared if each.origin.file not in results]
        after += [each for found in results.values() for each in found.declared]
        together = check_project(Declarations(sorted(after, key=lambda each: each.origin.place)))
        own = (each for found in results.values() for each in found.findings if each.file in edited)
        return tuple(sorted([*merged(own), *together]))


def _text(path: Path, name: str, root: Path) -> str:
    """The whole text, a byte order mark included."""
    checked = read(Source(str(path), name), root)
    if isinstance(checked, Finding):
        raise StoreFailure(f"{name} can't be read any more: {checked.message}")
    return path.read_bytes().decode()


def write_edits(edits: Edits, session: StateWriter) -> None:
    """Write the files, all or none, then the records.

    In this order: a file that holds a change which the state does not know of is found to be as Kalent has it by the
    next apply. Raises StoreFailure, StateError.
    """
    if not edits.taken:
        return
    write_changes(edits.files)
    state = session.state
    try:
        session.replace(
            replace(
                state, entries={**state.entries, **{each.entry.address: each.entry for each in edits.taken}}
            )
        )
    except (StoreFailure, StateError) as error:
        if edits.files:
            names = ", ".join(each.name for each in edits.files)
            error.add_note(f"{names} contain the imported edits; run it again to record them")
        raise
