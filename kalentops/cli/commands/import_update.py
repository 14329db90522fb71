"""The stages of `import --update`: lists → what somebody has changed → edited files → files and state."""

from __future__ import annotations

import sys
from collections.abc import Collection

from kalentops.adopt.pull import Edits, edit_files, take, write_edits
from kalentops.cli.commands.connection import connected
from kalentops.cli.commands.import_new import FAREWELL, ImportContext, opened
from kalentops.cli.commands.pipeline import read_files
from kalentops.errors import Forbidden, InvalidFiles, RefusedByApi, UsageError
from kalentops.kalent.lists import refusals
from kalentops.output import edits as report
from kalentops.output import findings, json
from kalentops.output.console import show, width
from kalentops.output.notices import tell
from kalentops.project.config import Config
from kalentops.project.load import Repository
from kalentops.state.model import State
from kalentops.state.store.file import FileStore
from kalentops.state.store.session import Snapshot
from kalentops.support.text import clip, nearest


def take_edits(
    sourcing_ids: Collection[str],
    means: ImportContext,
    store: FileStore,
    lock_timeout: float,
    *,
    dry_run: bool,
) -> Edits:
    """Take them into the files; without `sourcing_ids`, from all that files and state both know.

    Raises UsageError, InvalidFiles, StateError, StoreFailure, and what reading the API raises.
    """
    config = means.config
    with opened(store, lock_timeout, dry_run=dry_run) as hand:
        tell(hand.notes)
        state = hand.state
        means.target.check_state(state)
        _check_known(state, sourcing_ids)
        before = _files(config, state)
        recorded = {entry.sourcing_id for entry in state.entries.values()}
        sourcings = set(sourcing_ids) or recorded & {each.sourcing_id for each in before.serving}
        with connected(means.target, quiet=means.quiet, farewell=FAREWELL) as line:
            observed = line.observe(sourcings, means.parallelism)
            now = line.clock.now()
        if observed.refused:
            kind = Forbidden if observed.denied == observed.refused.keys() else RefusedByApi
            raise kind(f"nothing was taken, because not everything could be read: {refusals(observed)}")
        taking = take(before.desired, state, observed, now, before.relocations)
        edits = edit_files(taking, config.root, config.severities, [each.named for each in before.desired])
        if not isinstance(hand, Snapshot):
            write_edits(edits, hand)
    return edits


def _check_known(state: State, asked: Collection[str]) -> None:
    """Raises UsageError."""
    known = {entry.sourcing_id for entry in state.entries.values()}
    for each in asked:
        if each not in known:
            meant = nearest(each, sorted(known))
            hint = (
                f"did you mean {meant}?"
                if meant
                else f"`kalentops import {clip(each)}` takes what is not ours into files"
            )
            raise UsageError(f"the state holds nothing of {clip(each)}", hint=hint)


def _files(config: Config, state: State) -> Repository:
    repository = read_files(config, state)
    if not repository.valid:
        show(findings.findings(repository.findings), sys.stderr)
        raise InvalidFiles("the blueprints are not valid; nothing was taken")
    return repository


def show_edits(edits: Edits, form: str, *, dry_run: bool) -> int:
    """The findings on stderr, the result on stdout; the exit code."""
    show(findings.findings(edits.findings), sys.stderr)
    if form == "json":
        sys.stdout.write(json.dump(report.data(edits, dry_run=dry_run)) + "\n")
    else:
        show(report.edits(edits, dry_run=dry_run, width=width(sys.stdout)))
    return edits.exit_code
