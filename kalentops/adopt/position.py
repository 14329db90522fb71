"""The files of one position: found, changed and written. The commands that open and close one use this."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kalentops.adopt.naming import folder_destination, stem_of
from kalentops.errors import InvalidFiles, StoreFailure, UsageError
from kalentops.lint.finding import Finding
from kalentops.lint.rule import Position
from kalentops.project.config import Config
from kalentops.project.document import Document, read_document
from kalentops.project.environments import of_another
from kalentops.project.files import find, read_whole
from kalentops.project.library import Library
from kalentops.project.load import with_library
from kalentops.project.result import CheckOptions
from kalentops.state.model import State
from kalentops.support import atomic_write
from kalentops.support.text import clip, typo_of
from kalentops.yamlfile.build import document_text
from kalentops.yamlfile.edit import edit_mapping
from kalentops.yamlfile.edit_file import close_position


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file and its text before and after; None: there is no such file."""

    path: Path
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PositionFile:
    """A file of a position, its whole text, and what it says."""

    path: Path
    text: str
    document: Document
    others: tuple[str, ...] = ()
    """The other environments that the position is in."""

    def change(self, after: str | None) -> FileChange:
        return FileChange(self.path, self.document.file, self.text, after)

    @property
    def title(self) -> str:
        found = self.document.data.get("title") if isinstance(self.document.data, dict) else None
        return found if isinstance(found, str) else ""

    def keys(self, field: str) -> list[str]:
        """The keys of `blueprints`, or those that `removed` lists."""
        found = self.document.data.get(field) if isinstance(self.document.data, dict) else None
        return [key for key in found if isinstance(key, str)] if isinstance(found, dict | list) else []


class UnreadableFiles(InvalidFiles):
    """Files that are needed can't be read. `findings` say why."""

    def __init__(self, message: str, findings: Sequence[Finding]) -> None:
        super().__init__(message)
        self.findings = findings


@dataclass(frozen=True)
class ProjectFiles:
    """The files of a project that can be read, with their whole texts, by name."""

    root: Path
    texts: Mapping[str, tuple[Path, str]]
    environment: str | None = None
    readers: tuple[str, ...] = ()

    @classmethod
    def read(cls, config: Config) -> ProjectFiles:
        if not os.path.lexists(config.blueprints):
            return cls(config.root, {}, config.environment, config.readers)
        texts = {}
        for source in find(config.root, [config.blueprints]):
            text = read_whole(source, config.root)
            if isinstance(text, str):
                texts[source.name] = Path(source.path), text
        return cls(config.root, texts, config.environment, config.readers)

    @cached_property
    def library(self) -> Library:
        """The templates and snippets."""
        texts = {name: text.lstrip("\ufeff") for name, (_, text) in self.texts.items()}
        return with_library(CheckOptions(self.root), texts).library or Library()

    def position_file(self, name: str) -> PositionFile:
        """A file of a position by its name. Raises StoreFailure if it has gone since the project was checked."""
        if name not in self.texts:
            raise StoreFailure(f"{name} can't be read any more", hint="run it again")
        path, text = self.texts[name]
        document = read_document(name, text)
        others = (each for each in document.sourcing_ids(self.readers) if each != (self.environment or ""))
        return PositionFile(path, text, document, tuple(others))

    def of(self, sourcing_id: str) -> list[PositionFile]:
        """The files of a position, by name. Raises UnreadableFiles for one that may be of it and can't be read, and
        UsageError for the sourcing of another environment.
        """
        found: list[PositionFile] = []
        broken: list[Finding] = []
        for name, (_, text) in self.texts.items():
            if sourcing_id not in text:
                continue
            file = self.position_file(name)
            if file.document.data is None:
                broken += file.document.findings
            for environment, served in file.document.sourcing_ids(self.readers).items():
                if served != sourcing_id:
                    continue
                if environment != (self.environment or ""):
                    raise of_another(sourcing_id, environment, name, self.environment)
                found.append(file)
        if broken:
            raise UnreadableFiles(f"a file that mentions {clip(sourcing_id)} can't be read", broken)
        return found


def main_file(files: Sequence[PositionFile]) -> PositionFile:
    """Of the files of a position the one with its title, or else the first."""
    return next((file for file in files if file.title), files[0])


def sourcing_meant(word: str, positions: Iterable[Position]) -> str:
    """A hint for a sourcing that no file is of: its id with a typo, its title, or an address of it."""
    titles = {each.sourcing_id: each.title for each in positions}
    by_title = {title: each for each, title in titles.items() if title}
    of_address = word.partition("/")[0]
    title = typo_of(word, by_title)
    meant = of_address if of_address in titles else typo_of(word, titles) or (title and by_title[title])
    if not meant:
        return "`kalentops sourcings` lists the ids, with their files"
    return f"did you mean {meant}" + (f" ({clip(titles[meant])})?" if titles[meant] else "?")


@dataclass(frozen=True, slots=True)
class Closing:
    """How the files of a position change when it is closed. `removed` are the keys that its file lists afterwards,
    `forgotten` those of them that the state knows, `unrecorded` the declared ones that it does not. `shared` are the
    environments that keep a file, by its name.
    """

    changes: tuple[FileChange, ...]
    removed: tuple[str, ...]
    forgotten: tuple[str, ...]
    unrecorded: tuple[str, ...]
    shared: Mapping[str, Sequence[str]] = field(default_factory=dict)


def close(sourcing_id: str, files: Sequence[PositionFile], state: State, config: Config) -> Closing:
    """One file keeps the statement: the one with the title, or else the first. The others go. A file that other
    environments use as well stays as it is for them, and no longer names this one: its statement gets a new file.

    Raises UsageError where the state knows nothing of the position, CannotEdit, StoreFailure.
    """
    known = (each.address for part in (state.entries, state.intents) for each in part.values())
    recorded = sorted({each.key for each in known if each.sourcing_id == sourcing_id})
    removed = tuple(dict.fromkeys([*(key for file in files for key in file.keys("removed")), *recorded]))
    unrecorded = tuple(key for file in files for key in file.keys("blueprints") if key not in removed)
    if not removed:
        names = ", ".join(file.document.file for file in files)
        instead = f"remove {config.environment} from" if any(file.others for file in files) else "delete"
        raise UsageError(
            f"the state records no blueprint of {sourcing_id}: there is nothing to forget",
            hint=f"{instead} {names}; if the state is elsewhere, pass --state FILE",
        )
    own = [file for file in files if not file.others]
    changes = [_without(file, config.environment) for file in files if file.others]
    if own:
        main = main_file(own)
        after = close_position(main.document.file, main.text, removed)
        changes = [main.change(after), *(file.change(None) for file in own if file is not main), *changes]
    else:
        changes = [_statement(sourcing_id, main_file(files).title, removed, config), *changes]
    return Closing(
        tuple(each for each in changes if each.before != each.after),
        removed,
        tuple(recorded),
        unrecorded,
        {file.document.file: file.others for file in files if file.others},
    )


def _without(file: PositionFile, environment: str | None) -> FileChange:
    """The file no longer names an environment. Raises CannotEdit."""
    data = file.document.data
    said = data.get("sourcingId") if isinstance(data, dict) else None
    left = (
        {name: each for name, each in said.items() if name != environment} if isinstance(said, dict) else {}
    )
    return file.change(edit_mapping(file.document.file, file.text, ("sourcingId",), left))


def _statement(sourcing_id: str, title: str, removed: Sequence[str], config: Config) -> FileChange:
    """A new file that says which blueprints of a position the state forgets. Raises UsageError, StoreFailure."""
    place = folder_destination(config.root, config.blueprints)
    path = place.take(stem_of(title, sourcing_id))
    said = {"sourcingId": CheckOptions.of(config).written(sourcing_id)} | ({"title": title} if title else {})
    return FileChange(path, place.name(path), None, document_text({**said, "removed": list(removed)}))


def write_changes(changes: Sequence[FileChange]) -> None:
    """Write the files in their order, but delete last. Where one fails, those before it are put back. Raises
    StoreFailure.
    """
    written: list[FileChange] = []
    try:
        for each in sorted(changes, key=lambda each: each.after is None):
            try:
                _write(each)
            except OSError as error:
                raise StoreFailure(f"{each.name} can't be written: {error.strerror or error}") from error
            written.append(each)
    except BaseException:
        for each in reversed(written):
            with suppress(OSError, StoreFailure):
                _write(FileChange(each.path, each.name, each.after, each.before))
        raise


def _write(change: FileChange) -> None:
    """Raises OSError, StoreFailure."""
    if change.before is not None and change.path.read_bytes() != change.before.encode():
        raise StoreFailure(f"{change.name} has changed meanwhile", hint="run it again: it continues")
    if change.after is None:
        atomic_write.remove(change.path)
    elif change.before is None:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write.create(change.path, change.after.encode())
        atomic_write.sync_folder(change.path.parent)
    else:
        atomic_write.replace(change.path.resolve(), change.after.encode())
