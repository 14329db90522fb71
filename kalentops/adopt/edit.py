"""What somebody has changed in Kalent → edited files, and then the records. What is not touched stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from kalentops.adopt.pull import Kept, Taken, Taking
from kalentops.adopt.write import Keeper
from kalentops.blueprint.body import observable
from kalentops.errors import CannotEdit, StateError, StoreFailure
from kalentops.lint.engine import Named, Severities, check_together
from kalentops.lint.finding import Finding, Severity
from kalentops.project.check import CheckOptions, check_text
from kalentops.project.files import Source, read
from kalentops.support import atomic_write
from kalentops.yamlfile.edit import edit_blueprint


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A file with what was taken into it. `findings` are those of its new text."""

    name: str
    path: Path
    before: str
    after: str
    findings: tuple[Finding, ...] = ()
    named: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Edits:
    """What becomes of everything that somebody else has changed, and the files that it changes. `findings` are those
    of the new texts, and of what they say together with all other files.
    """

    taken: tuple[Taken, ...] = ()
    kept: tuple[Kept, ...] = ()
    files: tuple[EditedFile, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> int:
        """As the README's table has it: conflicts before findings."""
        if any(each.conflict for each in self.kept):
            return 9 if self.taken else 6
        valid = all(each.severity is not Severity.ERROR for each in self.findings)
        return 0 if valid else 3


def edit_files(taking: Taking, root: Path, severities: Severities, named: Iterable[Named]) -> Edits:
    """The files as they will be; `named` are all blueprints as the files hold them now. Raises StoreFailure where one
    of the files can't be read any more, or was saved since it was.
    """
    taken: list[Taken] = []
    kept = list(taking.kept)
    files: list[EditedFile] = []
    for name, group in groupby(sorted(taking.taken, key=lambda each: each.file), key=lambda each: each.file):
        path = root / name
        together = list(group)
        before = after = _text(path, name, root)
        _check_unchanged(CheckOptions(root, severities, {}), name, before, together)
        for each in together:
            try:
                after = edit_blueprint(name, after, each.key, each.after)
            except CannotEdit as error:
                said = f"{error}; {error.hint}" if error.hint else str(error)
                kept.append(Kept(each.address, each.entry.blueprint_id, said, conflict=True))
            else:
                taken.append(each)
        if after != before:
            read = check_text(CheckOptions(root, severities), name, after)
            held = tuple(each.named for each in read.desired)
            files.append(EditedFile(name, path, before, after, tuple(read.findings), held))
    taken.sort(key=lambda each: each.address)
    kept.sort(key=lambda each: each.address)
    return Edits(tuple(taken), tuple(kept), tuple(files), _findings(files, named))


def _findings(files: Sequence[EditedFile], named: Iterable[Named]) -> tuple[Finding, ...]:
    """A name that somebody has given in Kalent may be that of another blueprint, in whichever file."""
    edited = {file.name for file in files}
    after = [each for each in named if each.file not in edited] + [
        each for file in files for each in file.named
    ]
    together = check_together(sorted(after, key=lambda each: (each.file, each.key_at)))
    return tuple(sorted([*(found for file in files for found in file.findings), *together]))


def _check_unchanged(job: CheckOptions, name: str, text: str, taken: Sequence[Taken]) -> None:
    """Raises StoreFailure where somebody saved the file while the lists were read: what is to be written there was
    made from what it held before.
    """
    held = {each.address: each.canonical for each in check_text(job, name, text.lstrip("\ufeff")).desired}
    for each in taken:
        now = held.get(each.address)
        if now is None or observable(now.body).digest != observable(each.before).digest:
            raise StoreFailure(
                f"{name} has changed meanwhile; nothing was taken",
                hint="run it again: it goes on from what is there",
            )


def _text(path: Path, name: str, root: Path) -> str:
    """The whole text, a byte order mark included."""
    checked = read(Source(str(path), name), root)
    if isinstance(checked, Finding):
        raise StoreFailure(f"{name} can't be read any more: {checked.message}")
    return path.read_bytes().decode()


def write_edits(edits: Edits, session: Keeper) -> None:
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
                    f"{file.name} has changed meanwhile, and is left alone{_so_far(written)}",
                    hint="run it again: it goes on from what is there",
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
            error.add_note(f"{', '.join(written)} hold what was taken; run it again to record it")
        raise


def _so_far(written: Sequence[str]) -> str:
    return f"; {', '.join(written)} hold what was taken already" if written else ""
