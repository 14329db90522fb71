"""Import plan → new files, and then the ids into the state, in one write.

Each text is read again before it counts: a file that would say something else than Kalent is never written. Files come
before ids: ids without files would be orphans, while the next import records files without ids, and the next `apply`
adopts them. So an interrupted run can be repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Final, Protocol

from kalentops.adopt.naming import Destination, stem_of, title_of
from kalentops.adopt.plan import ImportAction, ImportPlan, Item
from kalentops.blueprint.body import Body
from kalentops.errors import StateError, StoreFailure, Unwritable
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.project import check_project
from kalentops.lint.rule import Declarations, Declared
from kalentops.project.check import check_text
from kalentops.project.load import Repository
from kalentops.project.result import CheckOptions
from kalentops.state.model import Entry, State
from kalentops.support import atomic_write
from kalentops.support.background import result_of
from kalentops.support.collector import gc_paused
from kalentops.support.text import some
from kalentops.yamlfile import MAX_BYTES
from kalentops.yamlfile.build import file_text
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Map

_LIMIT: Final = "it is larger than a file of blueprints may be: 1 MiB, or 20,000 values"
_OTHERWISE: Final = "YAML can't hold it unchanged"


@dataclass(frozen=True, slots=True)
class Draft:
    """A new file. `name` is what findings call it, `blueprints` what the loader finds in it."""

    path: Path
    name: str
    text: str
    findings: tuple[Finding, ...]
    blueprints: tuple[Declared, ...]


@dataclass(frozen=True, slots=True)
class Drafts:
    """The plan with what can't be written refused, and each file that is to be written."""

    plan: ImportPlan
    files: tuple[Draft, ...] = ()


def draft(
    plan: ImportPlan,
    names: Mapping[str, str],
    place: Destination,
    options: CheckOptions,
    titled: Collection[str] = (),
) -> Drafts:
    """Files for what the plan writes, by sourcing. `names` are those of the sourcings, where they are known; `options`
    ask for digests; the positions in `titled` have a title in another file.
    """
    with gc_paused():
        desk = _Drafter(place, options)
        return _draft_all(plan, names, desk, titled)


def _draft_all(plan: ImportPlan, names: Mapping[str, str], desk: _Drafter, titled: Collection[str]) -> Drafts:
    files: list[Draft] = []
    items: list[Item] = []
    for sourcing_id, group in groupby(plan.items, key=lambda item: item.sourcing_id):
        together = list(group)
        new = [item for item in together if item.action is ImportAction.WRITE]
        name = names.get(sourcing_id, "")
        title = "" if sourcing_id in titled else title_of(name, sourcing_id)
        outcome: dict[str | None, Item] = {}
        for made, kept in desk.files(stem_of(name, sourcing_id), new, title) if new else ():
            if made is not None:
                files.append(made)
            outcome |= {item.blueprint_id: item for item in kept}
        items += [outcome.get(item.blueprint_id, item) for item in together]
    return Drafts(plan._replace(items=tuple(items)), tuple(files))


@dataclass(frozen=True, slots=True)
class _Drafter:
    place: Destination
    options: CheckOptions

    def files(
        self, stem: str, items: Sequence[Item], title: str
    ) -> Iterator[tuple[Draft | None, list[Item]]]:
        """The files of one sourcing: one, unless they would be too large together; the first one has the title.
        Refused items come without.
        """
        paths = iter(lambda: self.place.take(stem), None)
        path = next(paths)
        whole = self._draft(items, path, title)
        if isinstance(whole, Draft):
            yield whole, _put(items, whole)
            return
        faults = {
            item.key: found for item in items if isinstance(found := self._draft([item], path, title), str)
        }
        yield None, [item.refused(faults[item.key]) for item in items if item.key in faults]
        left = [item for item in items if item.key not in faults]
        for number, part in enumerate(self._parts(left, path, title)):
            made = self._draft(part, next(paths), "") if number else self._draft(part, path, title)
            if isinstance(made, Draft):
                yield made, _put(part, made)

    def _parts(self, items: Sequence[Item], path: Path, title: str) -> Iterator[Sequence[Item]]:
        """Each of the items is faithful alone: what is not so together is too large."""
        if len(items) <= 1 or isinstance(self._draft(items, path, title), Draft):
            yield from [items] if items else []
            return
        half = len(items) // 2
        yield from self._parts(items[:half], path, title)
        yield from self._parts(items[half:], path, title)

    def _draft(self, items: Sequence[Item], path: Path, title: str) -> Draft | str:
        """These in one file, or why they can't be."""
        try:
            blueprints = {key: each.data for key, each in _bodies(items).items()}
            text = file_text(self.options.written(items[0].sourcing_id), blueprints, title)
            size = len(text.encode())
        except Unwritable as error:
            return f"{error}; {error.hint}"
        except (ValueError, RecursionError):
            return _OTHERWISE
        if size > MAX_BYTES:
            return _LIMIT
        name = self.place.name(path)
        read = check_text(self.options, name, text)
        if not self._is_faithful(items, text, read.declared):
            return _LIMIT if any(each.code == "KAL002" for each in read.findings) else _OTHERWISE
        return Draft(path, name, text, tuple(read.findings), tuple(read.declared))

    def _is_faithful(self, items: Sequence[Item], text: str, found: Sequence[Declared]) -> bool:
        """Whether a text says exactly these blueprints."""
        sourcing_id, bodies = items[0].sourcing_id, _bodies(items)
        read = {each.address.key: each.digest for each in found if each.address.sourcing_id == sourcing_id}
        if read == {key: body.digest for key, body in bodies.items()}:
            return True
        # Values outside the model (an unknown type of step) are reported as findings, and compared as plain data.
        data = parse(text).data
        blueprints = data.get("blueprints") if isinstance(data, Map) else None
        if not isinstance(data, Map) or not isinstance(blueprints, Map):
            return False
        if data.get("sourcingId") != self.options.written(sourcing_id):
            return False
        try:
            return {key: Body.of(body) for key, body in blueprints.items()} == dict(bodies)
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
            return False


def _put(items: Sequence[Item], into: Draft) -> list[Item]:
    return [item._replace(file=into.name) for item in items]


def _bodies(items: Sequence[Item]) -> dict[str, Body]:
    return {item.key: item.sent for item in items if item.key is not None and item.sent is not None}


_INVALID = 3
_DENIED = 4
_REFUSED = 6
_PARTLY = 9


@dataclass(frozen=True, slots=True)
class ImportResult:
    """`names` are those of the sourcings, where they are known; `findings` what is wrong with the new files, and the
    errors in the others. With `dry_run`, what would have become of it.
    """

    plan: ImportPlan
    files: tuple[Draft, ...] = ()
    findings: tuple[Finding, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False

    @property
    def valid(self) -> bool:
        """Whether the files are, with the new ones."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def summary(self) -> dict[str, int]:
        """How many blueprints have each action, and sourcings where one is refused as a whole; and how many are
        ours already.
        """
        counts = {
            action.value: sum(item.action is action for item in self.plan.items) for action in ImportAction
        }
        return {**counts, "files": len(self.files), "recorded_before": self.plan.recorded}

    @property
    def unknown(self) -> dict[str, int]:
        """The fields of steps that Kalent shows and that no file can hold, each with the number of blueprints."""
        found: dict[str, int] = {}
        for item in self.plan.items:
            if item.remote is not None and item.done:
                for name in {_field(path) for path in item.remote.unknown}:
                    found[name] = found.get(name, 0) + 1
        return dict(sorted(found.items()))

    @property
    def exit_code(self) -> int:
        wanted = [item for item in self.plan.items if item.action is not ImportAction.LEFT_OUT]
        done = any(item.done for item in wanted)
        if not all(item.done for item in wanted):
            denied = all(item.sourcing_id in self.plan.denied for item in wanted)
            return _PARTLY if done else _DENIED if denied else _REFUSED
        return 0 if self.valid else _INVALID


def _field(path: str) -> str:
    """`policy.colour` for `steps/2/policy/colour`."""
    return ".".join(path.split("/")[2:])


def findings_after(before: Repository, files: Sequence[Draft]) -> tuple[Finding, ...]:
    """What is wrong with the new files, and the errors that there were before."""
    declared = [*before.declared, *(each for file in files for each in file.blueprints)]
    declared.sort(key=lambda each: each.origin.place)
    known = set(before.findings)
    together = [finding for finding in check_project(Declarations(declared)) if finding not in known]
    errors = [finding for finding in before.findings if finding.severity is Severity.ERROR]
    return tuple(sorted({*errors, *together, *_of(files)}))


def _of(files: Iterable[Draft]) -> Iterable[Finding]:
    return (finding for file in files for finding in file.findings)


def import_result(
    drafts: Drafts, before: Repository, names: Mapping[str, str], *, dry_run: bool
) -> ImportResult:
    found = findings_after(before, drafts.files)
    return ImportResult(drafts.plan, drafts.files, found, names, dry_run)


class StateWriter(Protocol):
    """What is needed of a store's session."""

    @property
    def state(self) -> State: ...

    def replace(self, state: State) -> None: ...


def write_import(drafts: Drafts, session: StateWriter, tenant: str, at: str, parallelism: int) -> None:
    """Write the files and record the ids; `at` is the time of day for the entries.

    Raises StoreFailure, after which there are none of the files, or all of them where only the state could not be
    written; then also StateError.
    """
    entries = (item.entry(at) for item in drafts.plan.items if item.done)
    made: dict[str, Entry] = {entry.address: entry for entry in entries}
    if not made:
        return
    state = session.state
    after = replace(
        state,
        tenant=state.tenant or tenant,
        entries={**state.entries, **made},
        # A create that is open there is settled: what it may have made is this one, or a stub.
        intents={key: each for key, each in state.intents.items() if key not in made},
    )
    write_files(drafts.files, parallelism)
    try:
        session.replace(after)
    except (StoreFailure, StateError) as error:
        if drafts.files:
            error.add_note(
                f"the new files ({some([file.name for file in drafts.files], 3)}) are there, and the ids are not "
                "recorded; fix this and run the same import again: it records them"
            )
        raise


def write_files(files: Sequence[Draft], parallelism: int) -> None:
    """All of the files, durable; none of them where one can't be written. Raises StoreFailure."""
    made: list[Path] = []
    try:
        folders = sorted({file.path.parent for file in files})
        for folder in folders:
            _make_folder(folder, made)
        new = [folder.parent for folder in made]
        _create(files, made, parallelism)
        for folder in sorted({*folders, *new}):
            atomic_write.sync_folder(folder)
    except OSError as error:
        _remove_made(made)
        name = error.filename or "the folder of blueprints"
        raise StoreFailure(f"{name} can't be written: {error.strerror or error}{_NOTHING}") from error
    except BaseException:
        _remove_made(made)
        raise


_NOTHING: Final = "; nothing was imported"


def _create(files: Sequence[Draft], made: list[Path], parallelism: int) -> None:
    """Several at once: a disk syncs eight files in little more time than one. Raises StoreFailure."""

    def create(file: Draft) -> None:
        try:
            atomic_write.create(file.path, file.text.encode())
        except FileExistsError:
            raise StoreFailure(
                f"{file.name} was created meanwhile, and import overwrites no file{_NOTHING}",
                hint="run it again: it takes another name",
            ) from None
        except OSError as error:
            raise StoreFailure(
                f"{file.name} can't be written: {error.strerror or error}{_NOTHING}"
            ) from error
        made.append(file.path)

    pool = ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="write")
    try:
        for future in [pool.submit(create, file) for file in files]:
            result_of(future)
    finally:
        pool.shutdown(cancel_futures=True)


def _make_folder(folder: Path, made: list[Path]) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent, made)
    folder.mkdir()
    made.append(folder)


def _remove_made(made: Sequence[Path]) -> None:
    """What this run has made, and nothing else: a folder stays where something is in it."""
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
