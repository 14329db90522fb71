"""The stages of `import`: lists → plan → drafts → files and state."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kalentops.adopt.match import blind_spots
from kalentops.adopt.naming import Place, file_place, folder_place
from kalentops.adopt.plan import Choice, ImportPlan, plan_import, plan_one
from kalentops.adopt.write import Drafts, Imported, carry_out, draft, result_of
from kalentops.blueprint.remote import RemoteLists
from kalentops.cli.commands.connection import ApiConfig, ReadSession, connected
from kalentops.cli.commands.pipeline import read_files
from kalentops.errors import Forbidden, Interrupted, InvalidFiles, KalentopsError, RefusedByApi, UsageError
from kalentops.kalent.lists import check_permitted
from kalentops.lint.finding import Severity
from kalentops.output import findings, imports, json
from kalentops.output.console import show
from kalentops.output.notices import tell
from kalentops.project.config import Config
from kalentops.project.load import Repository
from kalentops.state.model import State
from kalentops.state.store.file import FileStore
from kalentops.state.store.session import Session, Snapshot
from kalentops.support.text import clip
from kalentops.support.typos import meant_by

FAREWELL = "stopped at once; run the same import again: it goes on from what is there"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is asked for: these sourcings, or, without any, all that the key sees; or one blueprint."""

    sourcing_ids: tuple[str, ...]
    choice: Choice | None = None
    file: Path | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What an import has to work with."""

    config: Config
    target: ApiConfig
    parallelism: int
    quiet: bool


def take_over(wish: ImportRequest, means: ImportContext, store: FileStore, lock_timeout: float) -> Imported:
    """Do it. Raises UsageError, InvalidFiles, StateError, StoreFailure, and what reading the API raises."""
    place = _place(wish, means.config)
    with opened(store, lock_timeout, dry_run=wish.dry_run) as hand:
        tell(hand.notes)
        means.target.check_state(hand.state)
        before = _files(means.config, hand.state)
        with connected(means.target, quiet=means.quiet, farewell=FAREWELL) as line:
            names, observed = _look(line, wish, means)
            plan = _plan(wish, observed, before, hand.state)
            drafts = draft(plan, names, place, means.config.severities)
            if line.clock.stopping:
                raise Interrupted("interrupted; nothing was changed")
            if not wish.dry_run:
                _write(drafts, hand, means, line)
    return result_of(drafts, before, names, dry_run=wish.dry_run)


def _place(wish: ImportRequest, config: Config) -> Place:
    if wish.file is not None:
        return file_place(config.root, config.blueprints, wish.file)
    return folder_place(config.root, config.blueprints)


@contextmanager
def opened(store: FileStore, lock_timeout: float, *, dry_run: bool) -> Iterator[Session | Snapshot]:
    """The state with its lock; only to be read, and without one, for a dry run."""
    if dry_run:
        yield store.read()
        return
    with store.session(lock_timeout=lock_timeout) as session:
        yield session


def _files(config: Config, state: State) -> Repository:
    """The files that there are. Errors in their texts may stay; errors in their structure hide what is taken."""
    if not os.path.lexists(config.blueprints):
        return Repository()
    repository = read_files(config, state)
    broken = blind_spots(repository, state)
    if broken:
        show(findings.findings(broken), sys.stderr)
        raise InvalidFiles(
            "the files have errors that hide which blueprints they hold; nothing was imported",
            hint="mend the errors above, or move the file away, and run it again; "
            "`kalentops rule CODE` explains a code",
        )
    return repository


def _look(line: ReadSession, wish: ImportRequest, means: ImportContext) -> tuple[dict[str, str], RemoteLists]:
    """The names of the sourcings, and their lists. Raises UsageError for a sourcing that is not there, Forbidden where
    the key may not see it.
    """
    names = _names(line, wish.sourcing_ids)
    observed = line.observe(wish.sourcing_ids or names, means.parallelism)
    for sourcing_id in wish.sourcing_ids:
        if sourcing_id in observed.refused and sourcing_id not in names:
            raise _no_sourcing(sourcing_id, observed, names)
    check_permitted(observed)
    return names, observed


def _names(line: ReadSession, wanted: Iterable[str]) -> dict[str, str]:
    """The names of the sourcings in progress, by id; of the closed ones, too, where one is wanted that isn't. A key
    that may not list sourcings can still import those that it names.
    """
    wanted = set(wanted)
    try:
        names = {each.sourcing_id: each.name for each in line.sourcings(ownership="all", closed=False)}
        if wanted - names.keys():
            closed = line.sourcings(ownership="all", closed=True)
            names = {**{each.sourcing_id: each.name for each in closed}, **names}
    except (Forbidden, RefusedByApi):
        if not wanted:
            raise
        return {}
    return names


def _no_sourcing(sourcing_id: str, observed: RemoteLists, names: Mapping[str, str]) -> KalentopsError:
    meant = meant_by(sourcing_id, names)
    kind = Forbidden if sourcing_id in observed.denied else UsageError
    return kind(
        f"the blueprints of {clip(sourcing_id)} can't be read: {observed.refused[sourcing_id]}",
        hint=f"did you mean {meant}?" if meant else "`kalentops sourcings` lists what the key sees",
    )


def _plan(wish: ImportRequest, observed: RemoteLists, before: Repository, state: State) -> ImportPlan:
    if wish.choice is not None:
        return plan_one(observed, before, state, wish.choice)
    return plan_import(observed, before, state)


def _write(drafts: Drafts, hand: Session | Snapshot, means: ImportContext, line: ReadSession) -> None:
    if isinstance(hand, Snapshot):
        raise TypeError("a snapshot can't be written")
    carry_out(drafts, hand, means.target.tenant, line.clock.now(), means.parallelism)


def show_imported(imported: Imported, form: str, *, quiet: bool) -> None:
    """Findings and notes on stderr, the result on stdout. What is to be mended stands next to the last lines, which
    speak of it: the list of a whole workspace fills more than a screen.
    """
    if form == "json":
        sys.stdout.write(json.dump(imports.data(imported)) + "\n")
    else:
        show(imports.imported(imported, quiet=quiet))
    sys.stdout.flush()
    severe = [each for each in imported.findings if not quiet or each.severity is Severity.ERROR]
    show(findings.findings(severe), sys.stderr)
    if not quiet:
        tell(imports.notes(imported))
    sys.stderr.flush()
    if form != "json":
        show(imports.summary(imported))
