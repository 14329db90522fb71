"""A state in a ref of the repository's remote: one file in a commit, whose parent is the state before it.

All of it happens in a private repository, which is thrown away: nothing of the user's clone changes, be it a ref, an
object or a setting, and it does not matter whether that clone is shallow, partial or sparse.
"""

from __future__ import annotations

import re
import secrets
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from kalentops.errors import SharedStoreFailure, StateError, UsageError
from kalentops.git.history import blob_of, read_objects
from kalentops.git.remote import (
    identity,
    may_have_arrived,
    private_repository,
    push_status,
    refusal,
    workflow_run,
)
from kalentops.git.worktree import GitResult, Worktree
from kalentops.state.codec import Dump
from kalentops.state.content import InMemory
from kalentops.state.store.backend import Stored, UnclearWrite, VersionMismatch
from kalentops.support import atomic_write

FILE: Final = "kalentops.state.json"
_HERE: Final = "refs/state"
_SECONDS: Final = 60
_WAITS: Final = (0.5, 1.0, 0.0)
_NAME: Final = ("kalentops", "kalentops@localhost")
_SERIAL: Final = re.compile(rb'^  "serial": (\d+)', re.MULTILINE)
_READING: Final = "check the network, `git remote -v`, and the right to read it: `git ls-remote origin`"
_WRITING: Final = (
    "it must be possible to push to this ref: a token with `contents: write` in a workflow, "
    "and no rule of the repository that covers the ref"
)
_UNCLEAR: Final = "run the command again: it first looks at what was written"


class GitBackend:
    """The version is the id of the commit."""

    def __init__(self, root: Path, ref: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.where = f"git:{ref}"
        self._root = root
        self._ref = ref
        self._pause = pause
        self._has: str | None = None  # the version that the private repository has

    @cached_property
    def _tree(self) -> Worktree:
        # It also removes read-only files, as git's objects are: Windows refuses that.
        place = tempfile.TemporaryDirectory(prefix="kalentops-", ignore_cleanup_errors=True)
        weakref.finalize(self, place.cleanup)
        return private_repository(self._root, Path(place.name), _SECONDS)

    def prepare(self) -> None:
        """A push makes the ref. Only a push shows whether the remote takes one."""

    def read(self) -> Stored | None:
        done = GitResult(1, "", "")
        with _failures(self.where):
            for wait in _WAITS:
                refs = f"+{self._ref}:{_HERE}"
                done = self._tree.git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", refs)
                if not done.code:
                    return self._fetched()
                listed = self._list()
                if listed is not None and self._ref not in listed:
                    return None
                self._pause(wait)
            hint = done.remedy or _READING
            if self._tree.ask("config", "remote.origin.url") is None:  # it passes over GIT_CONFIG_COUNT
                hint = "this git is too old: install 2.31 or later"
        raise SharedStoreFailure(f"{self.where} can't be read: {done.cause}", hint=hint)

    def _list(self) -> dict[str, str] | None:
        """The refs with this name and their ids, and others whose names end in it; None without an answer."""
        listed = self._tree.ask("ls-remote", "origin", self._ref)
        if listed is None:
            return None
        return {name: oid for oid, _, name in (line.partition("\t") for line in listed.splitlines())}

    def _fetched(self) -> Stored:
        names = (_HERE, f"{_HERE}^{{tree}}", f"{_HERE}:{FILE}")
        self._check_size(names)
        commit, tree, file = read_objects(self._tree, names)
        if commit is None or commit.kind != "commit" or tree is None or file is None:
            raise self._not_ours(f"it holds no {FILE}")
        if tree.data != f"100644 {FILE}\0".encode() + bytes.fromhex(file.oid):
            raise self._not_ours(f"it holds more than a file {FILE}")
        self._has = commit.oid
        return Stored(InMemory(file.data), commit.oid)

    def _check_size(self, names: Iterable[str]) -> None:
        """Raises StateError for an object that is too large for a state: a small pack may hold gigabytes of zeros."""
        asked = "".join(f"{name}\n" for name in names).encode()
        said = self._tree.git("cat-file", "--batch-check=%(objectsize)", data=asked).out.split()
        size = max((int(each) for each in said if each.isdigit()), default=0)
        if size > atomic_write.MAX_STATE:
            raise StateError(
                f"{self.where} is no state: it has {size:,} bytes",
                hint="an earlier commit of the ref may have one",
            )

    def _not_ours(self, reason: str) -> StateError:
        return StateError(
            f"{self.where} is not a state of kalentops: {reason}",
            hint="another program uses this ref: name another one, git:refs/kalentops/NAME",
        )

    def replace(self, data: bytes | Dump, expected: str | None) -> str:
        whole = bytes(data)
        if expected != self._has and expected is not None:  # its parent has to be here
            stored = self.read()
            if stored is None or stored.version != expected:
                raise VersionMismatch
        with _failures(self.where):
            commit = self._commit(whole, expected)
            for wait in _WAITS:
                said = self._push(commit, expected)
                if not said.code:
                    self._has = commit
                    return commit
                # Another push may be at work on the ref at this moment.
                listed = self._list() if "[remote rejected]" in push_status(said) else None
                if listed is not None and listed.get(self._ref) != expected:
                    raise VersionMismatch
                self._pause(wait)
        hint = said.remedy or _WRITING
        raise SharedStoreFailure(f"{self.where} can't be written: {refusal(said)}", hint=hint)

    def _commit(self, data: bytes, expected: str | None) -> str:
        tree = self._tree
        content = f"100644 blob {blob_of(tree, data, write=True)}\t{FILE}\0".encode()
        folder = tree.git("mktree", "-z", data=content).check("git can't write")
        parent = () if expected is None else ("-p", expected)
        made = tree.git("commit-tree", folder, *parent, "-m", _message(data), environment=self._identity)
        return made.check("git can't commit")

    @cached_property
    def _identity(self) -> dict[str, str]:
        return dict(identity(self._tree, _NAME))

    def _push(self, commit: str, expected: str | None) -> GitResult:
        """What the remote has accepted, or nothing that has changed it. Raises VersionMismatch, UnclearWrite."""
        trace = self._tree.git_dir / "trace"
        trace.unlink(missing_ok=True)
        options = ("--porcelain", "--no-signed", "--recurse-submodules=no")
        lease = f"--force-with-lease={self._ref}:{expected or ''}"
        try:
            said = self._tree.git(
                *("push", *options, lease, "origin", f"{commit}:{self._ref}"),
                environment={"GIT_TRACE2_EVENT": str(trace)},
            )
        except UsageError as error:
            raise UnclearWrite(f"{self.where}: {error}", hint=_UNCLEAR) from None
        status = push_status(said)
        if "[rejected]" in status:  # by git itself, which has looked at the ref
            raise VersionMismatch
        if said.code and "[remote rejected]" not in status and may_have_arrived(trace):
            raise UnclearWrite(f"a push to {self.where} was interrupted: {said.cause}", hint=_UNCLEAR)
        return said


def _message(data: bytes) -> str:
    """Its random line keeps two commits apart that two runs make of the same bytes in the same second."""
    serial = _SERIAL.search(data)
    title = f"kalentops: state{f', serial {serial[1].decode()}' if serial else ''}"
    run = workflow_run()
    return f"{title}\n\nWrite: {secrets.token_hex(16)}" + (f"\nRun: {run}" if run else "")


@contextmanager
def _failures(where: str) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise SharedStoreFailure(f"{where} can't be used: {error}", hint=error.hint or _READING) from None
    except OSError as error:
        raise SharedStoreFailure(
            f"{where} needs a temporary folder: {error.strerror or error}",
            hint="make room there, or name another folder in TMPDIR",
        ) from error
