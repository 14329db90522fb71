"""`kalentops import`."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from kalentops.adopt.match import unreadable_declarations
from kalentops.adopt.naming import Destination, file_destination, folder_destination
from kalentops.adopt.plan import Choice, ImportPlan, check_key, plan_import, plan_one
from kalentops.adopt.pull import Edits, edit_files, plan_pull, write_edits
from kalentops.adopt.write import Drafts, ImportResult, draft, import_result, write_import
from kalentops.blueprint.remote import RemoteLists
from kalentops.cli.commands import options
from kalentops.cli.commands.connection import ApiConfig, ReadSession, read_session
from kalentops.cli.commands.pipeline import load_files
from kalentops.cli.commands.reporting import show_environment
from kalentops.errors import Forbidden, Interrupted, InvalidFiles, KalentopsError, RefusedByApi, UsageError
from kalentops.kalent.lists import check_permitted, refusals
from kalentops.lint.finding import Severity
from kalentops.output import json, text_files, text_findings
from kalentops.output import text_files as report
from kalentops.output.terminal import notice, show, width
from kalentops.project.config import Config
from kalentops.project.environments import check_no_other_has
from kalentops.project.files import check_begun
from kalentops.project.load import Repository
from kalentops.project.result import CheckOptions
from kalentops.state.model import State
from kalentops.state.store.session import Session, Snapshot, Store
from kalentops.support.text import clip, dump_json, meant_by, nearest, visible


@click.command(
    epilog="\b\nExample:\n  kalentops import --all --dry-run\n  kalentops import sourcing_123\n"
    "  kalentops import sourcing_123 --key first-contact --id bp_456\n  kalentops import sourcing_123 --update"
)
@click.argument(
    "sourcing_ids", nargs=-1, metavar="[SOURCING_ID]...", shell_complete=options.complete_sourcings
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Import every sourcing in progress that the key can see. Not with SOURCING_ID.",
)
@click.option(
    "--key", metavar="KEY", help="Import one blueprint under this key; needs --id and one SOURCING_ID."
)
@click.option("--id", "blueprint_id", metavar="ID", help="Id of the blueprint for --key.")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="New file to write; needs one SOURCING_ID.",
)
@click.option(
    "--update",
    is_flag=True,
    help="Update the files with edits made in Kalent. Not with --key, --id or --file.",
)
@click.option(
    "--into-template",
    is_flag=True,
    help="With --update, edit templates and snippets where the text stands there; all their users change.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@options.folder
@options.environment
@options.state
@options.output("text", "json")
@click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Number of sourcings to work on in parallel. [default: 8]",
)
@options.lock_timeout
@options.network
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    sourcing_ids: tuple[str, ...],
    key: str | None,
    blueprint_id: str | None,
    file: Path | None,
    directory: Path,
    environment: str | None,
    state_location: str | None,
    form: str,
    parallelism: int | None,
    lock_timeout: float,
    connection: options.NetworkOptions,
    *,
    everything: bool,
    update: bool,
    into_template: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Import blueprints from Kalent into new files, and record their ids.

    Writes nothing to Kalent and overwrites no file. A blueprint that a file already declares is only recorded.
    Afterwards there is nothing to plan. With --update, writes edits made in Kalent into the existing files; without
    SOURCING_ID, into all of them. A template stays as it is, unless --into-template is given.
    """
    sourcing_ids = tuple(dict.fromkeys(sourcing_ids))
    _check(sourcing_ids, key, blueprint_id, file, everything=everything, update=update)
    if into_template and not update:
        raise UsageError("--into-template needs --update", hint="add --update")
    choice = None
    if key is not None and blueprint_id is not None:
        check_key(key)
        choice = Choice(sourcing_ids[0], key, blueprint_id)
    project = options.project(directory, state_location, environment)
    target = ApiConfig.of(connection, os.environ, project.config)
    check_begun(project.config.root, project.config.blueprints)
    show_environment(project.config.environment, stream=None if form == "text" else sys.stderr)
    context = ImportContext(project.config, target, parallelism or project.config.parallelism, quiet)
    if update:
        edits = import_update(
            sourcing_ids,
            context,
            project.store,
            lock_timeout,
            into_template=into_template,
            dry_run=dry_run,
        )
        ctx.exit(show_edits(edits, form, project.config.environment, dry_run=dry_run))
    request = ImportRequest(sourcing_ids, choice, file and directory / file, dry_run)
    imported = import_new(request, context, project.store, lock_timeout)
    shared = project.store.shared
    show_imported(imported, form, project.config.environment, quiet=quiet, shared=shared)
    ctx.exit(imported.exit_code)


def _check(
    sourcing_ids: tuple[str, ...],
    key: str | None,
    blueprint_id: str | None,
    file: Path | None,
    *,
    everything: bool,
    update: bool,
) -> None:
    """Raises UsageError for options that exclude each other."""
    if (everything and sourcing_ids) or not (everything or sourcing_ids or update):
        raise UsageError(
            "import needs the ids of sourcings, or --all" + (", not both" if everything else ""),
            hint="`kalentops sourcings` lists the ids",
        )
    if (key is None) is not (blueprint_id is None):
        raise UsageError(
            "--key and --id go together: the blueprint with this id is recorded under this key",
            hint="`kalentops import SOURCING_ID --dry-run` shows the ids",
        )
    if len(sourcing_ids) != 1 and (key is not None or file is not None):
        option = "--key" if key is not None else "--file"
        raise UsageError(f"{option} is for one sourcing", hint="name one")
    if update and (key is not None or file is not None):
        raise UsageError("--update edits the existing files", hint="leave --key, --id and --file out")


_FAREWELL = "stopped at once; run the same import again: it continues"


class ImportRequest(NamedTuple):
    """These sourcings, all that the key sees if there are none, or one blueprint."""

    sourcing_ids: tuple[str, ...]
    choice: Choice | None = None
    file: Path | None = None
    dry_run: bool = False


class ImportContext(NamedTuple):
    config: Config
    target: ApiConfig
    parallelism: int
    quiet: bool


def import_new(
    request: ImportRequest, context: ImportContext, store: Store, lock_timeout: float
) -> ImportResult:
    """Raises UsageError, InvalidFiles, StateError, StoreFailure, and what reading the API raises."""
    place = _place(request, context.config)
    with open_state(store, lock_timeout, dry_run=request.dry_run) as opened:
        notice(opened.notes)
        context.target.check_state(opened.state)
        before = _files(context.config, opened.state)
        with read_session(context.target, quiet=context.quiet, farewell=_FAREWELL) as session:
            check_no_other_has(context.config, request.sourcing_ids, before.others)
            names, observed = _look(session, request, context)
            if not request.sourcing_ids:
                check_no_other_has(context.config, names, before.others)
            plan = _plan(request, observed, before, opened.state)
            titled = {each.sourcing_id for each in before.positions if each.title}
            drafts = draft(plan, names, place, CheckOptions.of(context.config, bodies=True), titled)
            if session.clock.stopping:
                raise Interrupted("interrupted; nothing was changed")
            if not request.dry_run:
                _write(drafts, opened, context, session)
    return import_result(drafts, before, names, dry_run=request.dry_run)


def _place(request: ImportRequest, config: Config) -> Destination:
    if request.file is not None:
        return file_destination(config.root, config.blueprints, request.file)
    return folder_destination(config.root, config.blueprints)


@contextmanager
def open_state(store: Store, lock_timeout: float, *, dry_run: bool) -> Iterator[Session | Snapshot]:
    """The state with its lock; for a dry run, read-only and without a lock."""
    if dry_run:
        yield store.read()
        return
    with store.session(lock_timeout=lock_timeout) as session:
        yield session


def _files(config: Config, state: State) -> Repository:
    """The existing files. Errors in texts are accepted; errors in structure hide which addresses are declared."""
    if not os.path.lexists(config.blueprints):
        return Repository()
    repository = load_files(config, state)
    broken = unreadable_declarations(repository, state)
    if broken:
        show(text_findings.findings(broken), sys.stderr)
        raise InvalidFiles(
            "the files have errors that hide which blueprints they hold; nothing was imported",
            hint="fix the errors above, or move the file away, and run it again; "
            "`kalentops rule CODE` explains a code",
        )
    return repository


def _look(
    session: ReadSession, request: ImportRequest, context: ImportContext
) -> tuple[dict[str, str], RemoteLists]:
    """The names of the sourcings by id, and their blueprints. Raises UsageError for an unknown sourcing, Forbidden for
    one that the key may not see.
    """
    names = _names(session, request.sourcing_ids)
    observed = session.observe(request.sourcing_ids or names, context.parallelism)
    for sourcing_id in request.sourcing_ids:
        if sourcing_id in observed.refused and sourcing_id not in names:
            raise _no_sourcing(sourcing_id, observed, names)
    check_permitted(observed)
    return names, observed


def _names(session: ReadSession, wanted: Iterable[str]) -> dict[str, str]:
    """The names of the sourcings in progress, by id; also of closed ones if one of `wanted` is not in progress.

    Empty if the key may not list sourcings: it can still import those that are named.
    """
    wanted = set(wanted)
    try:
        names = {each.sourcing_id: each.name for each in session.sourcings(ownership="all", closed=False)}
        if wanted - names.keys():
            closed = session.sourcings(ownership="all", closed=True)
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
        hint=f"did you mean {meant}?"
        if meant
        else "`kalentops sourcings` lists the sourcings that the key can see",
    )


def _plan(request: ImportRequest, observed: RemoteLists, before: Repository, state: State) -> ImportPlan:
    if request.choice is not None:
        return plan_one(observed, before, state, request.choice)
    return plan_import(observed, before, state)


def _write(drafts: Drafts, opened: Session | Snapshot, context: ImportContext, session: ReadSession) -> None:
    if isinstance(opened, Snapshot):
        raise TypeError("a snapshot can't be written")
    write_import(drafts, opened, context.target.tenant, session.clock.now(), context.parallelism)


def show_imported(
    imported: ImportResult, form: str, environment: str | None = None, *, quiet: bool, shared: bool
) -> None:
    """Findings and notes go to stderr, the result to stdout. Findings come last, next to the summary: the list of a
    whole workspace fills more than a screen.
    """
    if form == "json":
        sys.stdout.write(dump_json(json.imported(imported, environment)) + "\n")
    else:
        show(text_files.imported(imported, environment, quiet=quiet))
    sys.stdout.flush()
    severe = [each for each in imported.findings if not quiet or each.severity is Severity.ERROR]
    show(text_findings.findings(severe), sys.stderr)
    if not quiet:
        notice(text_files.import_notes(imported))
    sys.stderr.flush()
    if form != "json":
        show(text_files.import_summary(imported, environment, shared=shared))


def import_update(
    sourcing_ids: Collection[str],
    context: ImportContext,
    store: Store,
    lock_timeout: float,
    *,
    into_template: bool,
    dry_run: bool,
) -> Edits:
    """Write edits made in Kalent into the files; without `sourcing_ids`, of all sourcings in both files and state.

    Raises UsageError, InvalidFiles, StateError, StoreFailure, and what reading the API raises.
    """
    config = context.config
    with open_state(store, lock_timeout, dry_run=dry_run) as opened:
        notice(opened.notes)
        state = opened.state
        context.target.check_state(state)
        _check_known(state, sourcing_ids)
        before = _valid_files(config, state)
        recorded = {entry.address.sourcing_id for entry in state.entries.values()}
        sourcings = set(sourcing_ids) or recorded & {each.sourcing_id for each in before.positions}
        with read_session(context.target, quiet=context.quiet, farewell=_FAREWELL) as session:
            observed = session.observe(sourcings, context.parallelism)
            if observed.refused:
                kind = Forbidden if observed.denied == observed.refused.keys() else RefusedByApi
                raise kind(f"no file was changed, because not everything could be read: {refusals(observed)}")
            taking = plan_pull(before.declared, state, observed, session.clock.now(), before.relocations)
            titled = {each.sourcing_id for each in before.positions if each.title}
            untitled = {each.address.sourcing_id for each in taking.taken} - titled
            names = _names(session, untitled) if untitled else {}
        edits = edit_files(taking, before, config, into_template=into_template, names=names)
        notice(_shared_edits(edits, before, config))
        if not isinstance(opened, Snapshot):
            write_edits(edits, opened)
    return edits


def _shared_edits(edits: Edits, before: Repository, config: Config) -> Iterator[str]:
    """A note for each edited file that other environments have, too."""
    positions = {each.origin.file for each in before.positions}
    shared = {
        each.name: [name for name in config.readers if name != config.environment]
        for each in edits.files
        if each.name not in positions
    }
    edited = {each.name for each in edits.files}
    for each in before.others:
        if each.origin.file in edited:
            shared.setdefault(each.origin.file, []).append(each.environment)
    for file, names in sorted(shared.items()):
        if names:
            yield f"{visible(file)} is also in {', '.join(names)}: the next plan there shows the same edits"


def _check_known(state: State, asked: Collection[str]) -> None:
    """Raises UsageError."""
    known = {entry.address.sourcing_id for entry in state.entries.values()}
    for each in asked:
        if each not in known:
            meant = nearest(each, sorted(known))
            hint = (
                f"did you mean {meant}?"
                if meant
                else f"`kalentops import {clip(each)}` imports what is unmanaged"
            )
            raise UsageError(f"no blueprint of {clip(each)} is recorded in the state", hint=hint)


def _valid_files(config: Config, state: State) -> Repository:
    repository = load_files(config, state)
    if not repository.valid:
        show(text_findings.findings(repository.findings), sys.stderr)
        raise InvalidFiles("the blueprints are not valid; no file was changed")
    return repository


def show_edits(edits: Edits, form: str, environment: str | None = None, *, dry_run: bool) -> int:
    """The findings on stderr, the result on stdout; the exit code."""
    show(text_findings.findings(edits.findings), sys.stderr)
    if form == "json":
        sys.stdout.write(dump_json(json.edits(edits, dry_run=dry_run, environment=environment)) + "\n")
    else:
        show(report.edits(edits, dry_run=dry_run, width=width(sys.stdout), environment=environment))
    return edits.exit_code
