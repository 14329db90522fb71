"""Drafts → files, and then the ids into the state, in one write.

In this order: ids without files would be orphans, while files without ids are taken up by the next import, which
records them, and adopted by the next `apply`. So a run that is cut off anywhere can simply be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from kalentops.adopt.draft import Draft, Drafts
from kalentops.errors import StateError, StoreFailure
from kalentops.state.model import State
from kalentops.support import atomic_write
from kalentops.support.text import some


class Keeper(Protocol):
    """What is needed of a store's session."""

    @property
    def state(self) -> State: ...

    def replace(self, state: State) -> None: ...


def carry_out(drafts: Drafts, session: Keeper, tenant: str, at: str, parallelism: int) -> None:
    """Write the files and record the ids; `at` is the time of day for the entries.

    Raises StoreFailure, after which there are none of the files, or all of them where only the state could not be
    written; then also StateError.
    """
    entries = (item.entry(at) for item in drafts.plan.items if item.done)
    made = {entry.address: entry for entry in entries}
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
                "recorded; when it is mended, run the same import again: it records them"
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
        _take_back(made)
        name = error.filename or "the folder of blueprints"
        raise StoreFailure(f"{name} can't be written: {error.strerror or error}{_NOTHING}") from error
    except BaseException:
        _take_back(made)
        raise


_NOTHING: Final = "; nothing was imported"


def _create(files: Sequence[Draft], made: list[Path], parallelism: int) -> None:
    """Several at once: a disk syncs eight files in little more time than one. Raises StoreFailure."""

    def create(file: Draft) -> None:
        try:
            atomic_write.create(file.path, file.text.encode())
        except FileExistsError:
            raise StoreFailure(
                f"{file.name} has appeared meanwhile, and import overwrites nothing{_NOTHING}",
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
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _make_folder(folder: Path, made: list[Path]) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent, made)
    folder.mkdir()
    made.append(folder)


def _take_back(made: Sequence[Path]) -> None:
    """What this run has made, and nothing else: a folder stays where something is in it."""
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
