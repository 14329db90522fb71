"""`kalentops state`: list, show, rm, mv, merge, push; and those of `state_locations`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

import click

from kalentops.blueprint.body import Address
from kalentops.cli.commands import options, pipeline, state_locations
from kalentops.cli.commands.reporting import show_environment
from kalentops.errors import (
    Interrupted,
    InvalidFiles,
    StateDamaged,
    StateError,
    StatesDiverge,
    StoreFailure,
    UsageError,
)
from kalentops.git.remote import workflow_run
from kalentops.output import json, text_results
from kalentops.output.terminal import notice, show
from kalentops.plan.moves import forget, rename
from kalentops.plan.saved import PlanOptions
from kalentops.project.files import check_begun
from kalentops.state.codec import Dump, load_state
from kalentops.state.content import Content
from kalentops.state.merge import MARKER, merge_states, unmerged, with_conflict_markers
from kalentops.state.model import State
from kalentops.state.store import push as push_state
from kalentops.state.store.file import open_content
from kalentops.state.store.session import Store
from kalentops.support import atomic_write
from kalentops.support.text import clip, count, dump_json, is_key, nearest, visible


@click.group(epilog="\b\nExample:\n  kalentops state list\n  kalentops state show sourcing_123/first-contact")
def command() -> None:
    """Show, change, move, restore, merge or push the state."""


for _each in (state_locations.init, state_locations.migrate, state_locations.restore):
    command.add_command(_each)


@command.command("list")
@options.folder
@options.environment
@options.state
@options.output("text", "json")
def list_(directory: Path, environment: str | None, state_location: str | None, form: str) -> None:
    """List every address with its id."""
    state, where = _read(directory, state_location, environment)
    if form == "json":
        click.echo(dump_json(json.state(state, where)))
        return
    show(text_results.state_list(state))
    show([text_results.state_summary(state, where)], sys.stderr)


@command.command("show", epilog="\b\nExample:\n  kalentops state show sourcing_123/first-contact")
@click.argument("address", shell_complete=options.complete_recorded)
@options.folder
@options.environment
@options.state
@options.output("text", "json")
def show_(
    address: str, directory: Path, environment: str | None, state_location: str | None, form: str
) -> None:
    """Show everything recorded for an ADDRESS (SOURCING_ID/KEY)."""
    state, _ = _read(directory, state_location, environment)
    _check_known(state, [address])
    if address in state.entries:
        state.entries[address].verified()  # damage is an error, not shown
    if form == "json":
        click.echo(dump_json(json.state_entry(state, address)))
    else:
        show(text_results.state_entry(state, address))


@command.command("rm", epilog="\b\nExample:\n  kalentops state rm sourcing_123/first-contact")
@click.argument("addresses", nargs=-1, required=True, shell_complete=options.complete_recorded)
@options.folder
@options.environment
@options.state
@options.yes
@options.lock_timeout
def rm(
    addresses: tuple[str, ...],
    directory: Path,
    environment: str | None,
    state_location: str | None,
    lock_timeout: float,
    *,
    yes: bool,
) -> None:
    """Remove ADDRESSES from the state. Deletes nothing in Kalent.

    If a file still declares an address, the next apply adopts the blueprint if it is identical in Kalent, and creates
    it otherwise.
    """
    project = options.project(directory, state_location, environment)
    show_environment(project.config.environment, stream=sys.stderr)
    with project.store.session(lock_timeout=lock_timeout) as session:
        state = session.state
        _check_known(state, addresses)
        if not yes and not options.can_ask():
            raise UsageError("state rm asks for confirmation, and this is not a terminal", hint="pass --yes")
        stays = [_what_stays(state, address) for address in dict.fromkeys(addresses)]
        if not yes:
            notice(stays)
            if not options.ask("Forget it?"):
                raise Interrupted("cancelled; nothing was forgotten")
        session.replace(forget(state, addresses))
        if yes:
            notice(stays)


@command.command(
    "mv",
    short_help="Rename an address in the state.",
    epilog="\b\nExample:\n  kalentops state mv sourcing_123/first-contact sourcing_123/first-mail",
)
@click.argument("old", shell_complete=options.complete_recorded)
@click.argument("new")
@options.folder
@options.environment
@options.state
@options.lock_timeout
def mv(
    old: str,
    new: str,
    directory: Path,
    environment: str | None,
    state_location: str | None,
    lock_timeout: float,
) -> None:
    """Rename OLD to NEW in the state. Both are addresses: SOURCING_ID/KEY.

    For a key that was renamed in the files. Sends nothing to Kalent. `moved:` in a file does the same, with a review.
    """
    project = options.project(directory, state_location, environment)
    show_environment(project.config.environment, stream=sys.stderr)
    with project.store.session(lock_timeout=lock_timeout) as session:
        state = session.state
        _check_known(state, [old])
        _check_free(state, old, new)
        session.replace(rename(state, {Address.parse(old): Address.parse(new)}))
        entry = state.entries.get(old)
        notice(
            [f"{old} is now {new}{f': {entry.blueprint_id}' if entry else ''}; nothing was sent to Kalent"]
        )


def _check_free(state: State, old: str, new: str) -> None:
    """Raises UsageError if `old` can't be renamed to `new`."""
    sourcing_id, _, key = new.partition("/")
    if not is_key(key):
        raise UsageError(
            f"{clip(new)} is not an address",
            hint="an address is SOURCING_ID/KEY; a key has lower-case letters, digits and hyphens, at most 64",
        )
    if sourcing_id != old.partition("/")[0]:
        raise UsageError(
            f"a blueprint can't change its sourcing: {clip(old)} stays where it is in Kalent",
            hint="declare it in a file of the other sourcing: apply creates it there, and this one becomes an orphan",
        )
    if new in state.entries or new in state.intents:
        raise UsageError(
            f"{clip(new)} is already recorded in the state", hint="`kalentops state list` lists the addresses"
        )


def _what_stays(state: State, address: str) -> str:
    entry, intent = state.entries.get(address), state.intents.get(address)
    if entry is None and intent is not None:
        made = "an empty blueprint may exist" if intent.only_reserves else "the blueprint may exist"
        return f"{address}: a run was interrupted here; {made} in Kalent, and no run looks for it any more"
    if entry is not None and entry.mark is not None:
        text = ", and its text may still arrive" if intent else ""
        return (
            f"{address} has reserved {entry.blueprint_id} in Kalent, where it stays{text}; delete it in the web app "
            "before the next apply"
        )
    ident = entry.blueprint_id if entry else "nothing"
    return f"{address} is {ident} in Kalent, and stays there; the next apply adopts it if a file declares it unchanged"


def _read(directory: Path, state_location: str | None, environment: str | None) -> tuple[State, str]:
    """The state and where it is."""
    project = options.project(directory, state_location, environment)
    show_environment(project.config.environment, stream=sys.stderr)
    store = project.store
    snapshot = store.read()
    if snapshot.state.lineage is None:
        check_begun(project.config.root, project.config.blueprints)
    notice(snapshot.notes)
    if snapshot.state.lineage is None:
        notice([f"there is no {store.where} yet: the first apply creates it"])
    return snapshot.state, project.state.name(project.config.root)


def _check_known(state: State, addresses: Iterable[str]) -> None:
    known = state.entries.keys() | state.intents.keys()
    for address in addresses:
        if address not in known:
            _unknown(address, known)


def _unknown(address: str, known: Iterable[str]) -> NoReturn:
    meant = nearest(address, sorted(known))
    hint = f"did you mean {meant}?" if meant else "`kalentops state list` lists the addresses"
    raise UsageError(f"{clip(address)} is not recorded in the state", hint=hint)


_ONCE_MORE: Final = (
    "nothing is lost: make room, then `git checkout --merge kalentops.state.json` merges it again"
)
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@command.command(
    "merge",
    short_help="Merge three versions of a state, as git's merge driver.",
    epilog="\b\nExample:\n"
    "  echo 'kalentops.state.json merge=kalentops-state' >> .gitattributes\n"
    "  git config merge.kalentops-state.driver \\\n"
    "    'kalentops state merge %O %A %B || { test $? -gt 125 && git merge-file %A %O %B; }'",
)
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
def merge(base: Path, ours: Path, theirs: Path) -> None:
    """Merge OURS and THEIRS, which come from BASE, address by address, into OURS. For git, as a merge driver.

    Exit code 1 means a conflict: OURS then holds both versions between conflict markers, and no command reads it as a
    state.
    """
    try:
        mine, others, before = map(open_content, (ours, theirs, base))
        # Before anything else: if this is killed or fails, what is left must not look like a merge.
        _part(ours, unmerged(mine, others))
        sides = _version(mine, "ours"), _version(others, "theirs")
        merged = merge_states(_ancestor(before), *sides)
        text = with_conflict_markers(merged, *sides) if merged.conflicts else Dump(merged.state)
        atomic_write.replace(ours, text)
    except OSError as error:
        raise StoreFailure(
            f"the versions of the state can't be read or written: {error}", hint=_ONCE_MORE
        ) from error
    if merged.conflicts:
        said = dict.fromkeys(visible(conflict) for conflict in merged.conflicts.values())
        raise StatesDiverge("\n".join(said), hint=merged.hint)


def _part(ours: Path, data: Iterable[bytes]) -> None:
    """Write both sides between markers into OURS. If the disk is full, overwrite its first bytes with a marker, which
    needs no room: git takes an unchanged OURS for the result of the merge. Raises OSError.
    """
    try:
        atomic_write.replace(ours, data)
    except OSError:
        with suppress(OSError), ours.open("r+b") as stream:
            stream.write(MARKER)
        raise


def _version(content: Content, side: str) -> State:
    try:
        return load_state(content)
    except StateError as error:
        error.add_note(f"it is the version called {side}; both are in the file, between conflict markers")
        raise


def _ancestor(content: Content) -> State:
    """The common ancestor; an empty state if both sides created the file, or if it is unknown."""
    if not any(each.strip() for each in content.chunks()):
        return State()
    try:
        return load_state(content)
    except StateDamaged as error:
        notice([f"the common ancestor is not a state ({error}): entries that one side has removed come back"])
        return State()


@command.command(
    "push",
    short_help="Commit the state and push it, as CI does after an apply.",
    epilog="\b\nExample:\n  kalentops state push --probe\n  kalentops apply --yes; kalentops state push",
)
@options.folder
@options.environment
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
    environment: str | None,
    state_location: str | None,
    remote: str,
    branch: str | None,
    lock_timeout: float,
    *,
    probe: bool,
    quiet: bool,
) -> None:
    """Commit the state alone and push it, as CI does after each apply, however it ended.

    Folds the journal of a killed run first. Merges by address what others have pushed. Two ids for one address, or a
    branch that refuses the push, stop it (exit code 8). A state that is not in a file needs no push.
    """
    project = options.project(directory, state_location, environment)
    show_environment(project.config.environment, stream=sys.stderr)
    store = project.store
    if store.shared:
        store.read()  # is it there, and can it be reached?
        click.echo(f"nothing to push: each write goes to {store.where} at once")
        return
    target = push_state.branch_of(project.config.root, remote, branch)
    # Nothing is moved under a run that is under way, and none begins meanwhile.
    if probe:
        with store.hold(lock_timeout):
            if not _something_to_do(project, store):
                click.echo("nothing to apply: no push was tried")
                return
            done = push_state.probe(target, store.files, _message("Begin to apply the blueprints"))
        said = f"{target.shown} accepts a push"
    else:
        with store.session(lock_timeout=lock_timeout) as session:  # takes in what a killed run has left
            done = push_state.push_state(target, store.files, _message(_subject(session.state)))
        said = f"pushed to {target.shown}" if done.new else f"nothing to push: {target.shown} has this state"
    if done.left is not None:
        notice([f"your local branch was not moved to {target.shown}: {done.left}"])
    if not quiet:
        click.echo(f"{said} ({done.commit[:12]})" if done.new else said)


def _something_to_do(project: options.Project, store: Store) -> bool:
    """Whether files and state leave anything to apply. Raises InvalidFiles, StateError."""
    state = store.read().state
    repository = pipeline.load_files(project.config, state)
    if not repository.valid:
        raise InvalidFiles(
            "the blueprints are not valid; nothing was pushed", hint="run `kalentops validate`"
        )
    context = pipeline.build_plan(repository, state, PlanOptions())
    return bool(context.plan.to_do) or context.known != state


def _subject(state: State) -> str:
    left = f", {count(len(state.intents), 'outcome')} open" if state.intents else ""
    return f"Record the state: {count(len(state.entries), 'blueprint')}{left}"


def _message(subject: str) -> str:
    """With the URL of the workflow's run, if there is one."""
    run = workflow_run()
    return f"{subject}\n\n{run}" if run else subject
