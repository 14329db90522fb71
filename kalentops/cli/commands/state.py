"""`kalentops state`: look at it, rename in it, make it forget; merging and pushing it have modules of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from kalentops.cli.commands import completion, options
from kalentops.cli.commands.state_merge import merge
from kalentops.cli.commands.state_push import push
from kalentops.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kalentops.state.model import State


@click.group(epilog="\b\nExample:\n  kalentops state list\n  kalentops state show sourcing_123/first-contact")
def command() -> None:
    """Show, change, merge or push the state."""


command.add_command(merge)
command.add_command(push)


@command.command("list")
@options.folder
@options.state
@options.output("text", "json")
def list_(directory: Path, state_file: Path | None, form: str) -> None:
    """List every address with its id."""
    from kalentops.output import json, states
    from kalentops.output.console import show

    state = _read(directory, state_file)
    if form == "json":
        click.echo(json.dump(json.state(state)))
        return
    show(states.listing(state))
    show([states.summary(state)], sys.stderr)


@command.command("show")
@click.argument("address", shell_complete=completion.recorded)
@options.folder
@options.state
@options.output("text", "json")
def show_(address: str, directory: Path, state_file: Path | None, form: str) -> None:
    """Show everything recorded for an ADDRESS (SOURCING_ID/KEY)."""
    from kalentops.output import json, states
    from kalentops.output.console import show

    state = _read(directory, state_file)
    _check_known(state, [address])
    if address in state.entries:
        state.entries[address].canonical()  # damage is told, not shown
    if form == "json":
        click.echo(json.dump(json.state_entry(state, address)))
    else:
        show(states.entry(state, address))


@command.command("rm")
@click.argument("addresses", nargs=-1, required=True, shell_complete=completion.recorded)
@options.folder
@options.state
@options.yes
@options.lock_timeout
def rm(
    addresses: tuple[str, ...], directory: Path, state_file: Path | None, lock_timeout: float, *, yes: bool
) -> None:
    """Remove ADDRESSES from the state. Deletes nothing in Kalent.

    If a file still declares an address, the next apply adopts the blueprint if it is identical in Kalent, and creates
    it otherwise.
    """
    from kalentops.output.notices import tell
    from kalentops.plan.moves import forget
    from kalentops.state.store.file import FileStore

    project = options.project(directory, state_file)
    with FileStore(project.state_path).session(lock_timeout=lock_timeout) as session:
        state = session.state
        _check_known(state, addresses)
        if not yes and not options.can_ask():
            raise UsageError(
                "state rm asks before it forgets, and there is nobody to answer", hint="pass --yes"
            )
        for address in dict.fromkeys(addresses):
            tell([_farewell(state, address)])
        if not yes and not options.ask("Forget it?"):
            raise Interrupted("answered no; nothing was forgotten")
        session.replace(forget(state, addresses))


@command.command("mv", short_help="Rename an address in the state.")
@click.argument("old", shell_complete=completion.recorded)
@click.argument("new")
@options.folder
@options.state
@options.lock_timeout
def mv(old: str, new: str, directory: Path, state_file: Path | None, lock_timeout: float) -> None:
    """Rename OLD to NEW in the state. Both are addresses: SOURCING_ID/KEY.

    For a key that was renamed in the files. Sends nothing to Kalent. `moved:` in a file does the same, with a review.
    """
    from kalentops.output.notices import tell
    from kalentops.plan.moves import rename
    from kalentops.state.store.file import FileStore

    project = options.project(directory, state_file)
    with FileStore(project.state_path).session(lock_timeout=lock_timeout) as session:
        state = session.state
        _check_known(state, [old])
        _check_free(state, old, new)
        session.replace(rename(state, {old: new}))
        entry = state.entries.get(old)
        tell([f"{old} is {new} now{f': {entry.blueprint_id}' if entry else ''}; Kalent was not asked"])


def _check_free(state: State, old: str, new: str) -> None:
    """Raises UsageError where an address can't become another one."""
    from kalentops.support.text import clip, is_key

    sourcing_id, _, key = new.partition("/")
    if not is_key(key):
        raise UsageError(
            f"{clip(new)} is no address",
            hint="an address is SOURCING_ID/KEY; a key has small letters, digits and hyphens, at most 64",
        )
    if sourcing_id != old.partition("/")[0]:
        raise UsageError(
            f"a blueprint can't change its sourcing: {clip(old)} stays where it is in Kalent",
            hint="put it into a file of the other sourcing: the next apply makes it there, and this one is an orphan",
        )
    if new in state.entries or new in state.intents:
        raise UsageError(
            f"the state holds {clip(new)} already", hint="`kalentops state list` shows what there is"
        )


def _farewell(state: State, address: str) -> str:
    entry, intent = state.entries.get(address), state.intents.get(address)
    if entry is None and intent is not None:
        made = "at most an empty blueprint was made" if intent.only_reserves else "it may have been made"
        return f"{address}: a run was interrupted here; {made}, which will not be looked for any more"
    if entry is not None and entry.mark is not None:
        text = ", and its text may still arrive" if intent else ""
        return (
            f"{address} has reserved {entry.blueprint_id} in Kalent, where it stays{text}; delete it in the web app "
            "before the next apply"
        )
    ident = entry.blueprint_id if entry else "nothing"
    return f"{address} is {ident} in Kalent, and stays there; the next apply adopts it if the files want just that"


def _read(directory: Path, state_file: Path | None) -> State:
    from kalentops.output.notices import tell
    from kalentops.project.files import check_begun
    from kalentops.state.store.file import FileStore

    project = options.project(directory, state_file)
    path = project.state_path
    if not path.exists():
        check_begun(project.config.root, project.config.blueprints)
    snapshot = FileStore(path).read()
    tell(snapshot.notes)
    if snapshot.state.lineage is None:
        tell([f"there is no {path} yet: the first apply makes it"])
    return snapshot.state


def _check_known(state: State, addresses: Iterable[str]) -> None:
    known = state.entries.keys() | state.intents.keys()
    for address in addresses:
        if address not in known:
            _unknown(address, known)


def _unknown(address: str, known: Iterable[str]) -> NoReturn:
    from kalentops.support.text import clip, nearest

    meant = nearest(address, sorted(known))
    hint = f"did you mean {meant}?" if meant else "`kalentops state list` shows what there is"
    raise UsageError(f"the state holds no {clip(address)}", hint=hint)
