"""`kalentops state push`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kalentops.cli.commands import options

if TYPE_CHECKING:
    from kalentops.state.model import State
    from kalentops.state.store.file import FileStore


@click.command(
    "push",
    short_help="Commit the state and push it, as CI does after an apply.",
    epilog="\b\nExample:\n  kalentops state push --probe\n  kalentops apply --yes; kalentops state push",
)
@options.folder
@options.state
@click.option(
    "--probe",
    is_flag=True,
    help="Check that the branch accepts a push, with an empty commit, if there is anything to apply.",
)
@click.option("--remote", default="origin", metavar="NAME", help="Remote to push to. [default: origin]")
@click.option("--branch", metavar="NAME", help="Branch to push to. [default: the current branch]")
@options.lock_timeout
@options.quiet
def push(
    directory: Path,
    state_file: Path | None,
    remote: str,
    branch: str | None,
    lock_timeout: float,
    *,
    probe: bool,
    quiet: bool,
) -> None:
    """Commit the state alone and push it, as CI does after each apply, however it ended.

    Folds the journal of a killed run first. Merges by address what others have pushed. Two ids for one address, or a
    branch that refuses the push, stop it (exit code 8).
    """
    from kalentops.git import push_state
    from kalentops.output.notices import tell
    from kalentops.state.store.file import FileStore
    from kalentops.state.store.lock import hold

    project = options.project(directory, state_file)
    store = FileStore(project.state_path)
    target = push_state.branch_of(project.config.root, remote, branch)
    files = [store.path, store.journal_path]
    # Nothing is moved under a run that is under way, and none begins meanwhile.
    if probe:
        with hold(store.lock_path, lock_timeout):
            if not _something_to_do(project, store):
                click.echo("nothing to apply: no push was tried")
                return
            done = push_state.probe(target, files, _message("Begin to apply the blueprints"))
        said = f"{target.shown} takes a push"
    else:
        with store.session(lock_timeout=lock_timeout) as session:  # takes in what a killed run has left
            done = push_state.push_state(target, files, _message(_subject(session.state)))
        said = f"pushed to {target.shown}" if done.new else f"nothing to push: {target.shown} has this state"
    if done.left is not None:
        tell([f"your branch stays where it is, beside {target.shown}: {done.left}"])
    if not quiet:
        click.echo(f"{said} ({done.commit[:12]})" if done.new else said)


def _something_to_do(project: options.Project, store: FileStore) -> bool:
    """Whether an apply would have anything to do, as far as files and state say. Raises InvalidFiles, StateError."""
    from kalentops.cli.commands import pipeline
    from kalentops.errors import InvalidFiles
    from kalentops.plan.saved import PlanOptions

    state = store.read().state
    repository = pipeline.read_files(project.config, state)
    if not repository.valid:
        raise InvalidFiles("the blueprints are not valid; nothing was begun", hint="run `kalentops validate`")
    planned = pipeline.plan_of(repository, state, PlanOptions())
    return bool(planned.plan.to_do) or planned.known != state


def _subject(state: State) -> str:
    from kalentops.support.text import count

    left = f", {count(len(state.intents), 'outcome')} open" if state.intents else ""
    return f"Record the state: {count(len(state.entries), 'blueprint')}{left}"


def _message(subject: str) -> str:
    """With the run that it comes from, where that is known."""
    parts = [os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    if not all(parts):
        return subject
    return f"{subject}\n\n{parts[0]}/{parts[1]}/actions/runs/{parts[2]}"
