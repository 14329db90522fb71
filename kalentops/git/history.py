"""Earlier versions of files, from git. It only reads, and no name in the repository can become an option."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kalentops.errors import UsageError
from kalentops.git.worktree import Worktree, open_read_only
from kalentops.support import atomic_write
from kalentops.support.text import clip

_OID: Final = frozenset("0123456789abcdef")
_SHA1: Final = 40
"""The length of an id, in a repository that does not use SHA-256."""


class Blob(NamedTuple):
    """A file of a commit. `path` is relative to the folder that was asked about, with forward slashes; `size` is in
    bytes; `link` says that it is a symbolic link.
    """

    path: str
    oid: str
    size: int
    link: bool = False


def commit_of(folder: Path, rev: str) -> str:
    """The full id of the commit that `rev` names: a branch, a tag, `HEAD~3`, an id.

    Raises UsageError without git, repository or such a commit.
    """
    if rev.startswith("-") or not rev.strip() or "\0" in rev:
        raise UsageError(f"{clip(rev) or 'an empty name'} names no commit", hint=_WHAT)
    done = open_read_only(folder).git(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"
    )
    found = done.out.strip()
    if done.code == 1 or not set(found) <= _OID:
        raise UsageError(f"git has no commit {clip(rev)}", hint=_WHAT)
    return done.check("git refused")


def is_merge(folder: Path) -> bool:
    """Whether a merge is checked out, such as the one that GitHub makes of a pull request; no without git."""
    try:
        return open_read_only(folder).ask("rev-parse", "--verify", "--quiet", "HEAD^2") is not None
    except (OSError, UsageError):
        return False


_WHAT: Final = "name a branch, a tag or a commit; in a shallow clone, `git fetch` it first"


def files(folder: Path, commit: str, places: Sequence[str]) -> list[Blob]:
    """The files of a commit in `folder`, at and below `places`, which are relative to it; `.` is all of it.

    Raises UsageError.
    """
    asked = [] if "." in places else list(places)
    if not asked and "." not in places:
        return []
    done = open_read_only(folder).git("ls-tree", "-r", "-z", "--long", commit, "--", *asked)
    done.check(f"git can't list {commit[:12]}")
    return list(_entries(done.data))


def _entries(listing: bytes) -> Iterator[Blob]:
    """`<mode> <type> <id> <size, padded> TAB <path>`, each ended by a null byte."""
    for entry in filter(None, listing.split(b"\0")):
        head, _, path = entry.partition(b"\t")
        mode, kind, oid, size = head.decode("ascii").split()
        if kind == "blob":  # neither a submodule nor a folder
            yield Blob(os.fsdecode(path), oid, int(size), link=mode == "120000")


def contents(folder: Path, oids: Iterable[str]) -> dict[str, bytes]:
    """The contents of blobs, by id. Raises UsageError, also for a blob that a partial clone lacks."""
    wanted = list(dict.fromkeys(oids))
    found: dict[str, bytes] = {}
    objects = read_objects(open_read_only(folder), wanted) if wanted else []
    for oid, each in zip(wanted, objects, strict=True):
        if each is None:
            raise UsageError(
                f"git has no contents for {oid[:12]}", hint="fetch the whole history, then again"
            )
        found[oid] = each.data
    return found


class GitObject(NamedTuple):
    """`kind` is `blob`, `tree`, `commit` or `tag`."""

    oid: str
    kind: str
    data: bytes


def is_content(blob: Blob, data: bytes) -> bool:
    """Whether a blob holds these bytes, unfiltered."""
    if blob.size != len(data):
        return False
    algorithm = "sha1" if len(blob.oid) == _SHA1 else "sha256"
    head = b"blob %d\0" % len(data)
    return hashlib.new(algorithm, head + data, usedforsecurity=False).hexdigest() == blob.oid


def read_objects(tree: Worktree, names: Sequence[str]) -> list[GitObject | None]:
    """The objects that the names mean, None for one that is missing, in one process. Raises UsageError."""
    done = tree.git("cat-file", "--batch", data="".join(f"{name}\n" for name in names).encode())
    done.check("git can't read the files")
    found: list[GitObject | None] = []
    rest = memoryview(done.data)
    for _ in names:
        end = bytes(rest[:4096]).find(b"\n")
        head = bytes(rest[: max(end, 0)]).decode(errors="replace").split()
        if len(head) == 3:  # noqa: PLR2004 - `<id> <kind> <size>`, or `<name> missing`
            size = int(head[2])
            found.append(GitObject(head[0], head[1], bytes(rest[end + 1 : end + 1 + size])))
            rest = rest[end + 2 + size :]
        else:
            found.append(None)
            rest = rest[end + 1 :]
    return found


def is_uncommitted(file: Path) -> bool:
    """Whether the file is new or differs from the last commit, and is not ignored.

    No for a file behind a filter, such as git-lfs: only the filter could tell.
    """
    try:
        tree, crlf = open_read_only(file.parent), _has_crlf(file)
        committed = _entry(tree, file)
        if committed is None:
            return not is_ignored(tree, file.name)
        # By its name: a state may have hundreds of megabytes.
        oid = tree.git("hash-object", "--no-filters", "--", str(file)).check("git can't read the file")
        known = oid in committed or (crlf and blob_of(tree, with_line_feeds(file.read_bytes())) in committed)
        return not known and filter_of(tree, file.name) is None
    except (OSError, UsageError):
        return False


def _has_crlf(file: Path) -> bool:
    """Whether a line ends as on Windows. Raises OSError, NoPlainFile."""
    with (
        atomic_write.opened(file) as (descriptor, _),
        os.fdopen(descriptor, "rb", closefd=False) as stream,
    ):
        return any(line.endswith(b"\r\n") for line in stream)


def is_in_head(file: Path) -> bool:
    """Whether the last commit of the branch has the file."""
    try:
        return _entry(open_read_only(file.parent), file) is not None
    except (OSError, UsageError):
        return False


def is_ignored(tree: Worktree, name: str) -> bool:
    """Whether git ignores a file that it does not track."""
    # The one command that takes no literal names; what begins with `./` is no pattern.
    literally = {"GIT_LITERAL_PATHSPECS": "0"}
    return tree.git("check-ignore", "--quiet", "--", f"./{name}", environment=literally).code == 0


def filter_of(tree: Worktree, name: str) -> str | None:
    """The configured filter of a file, such as `lfs`, from `.gitattributes`. It is not run."""
    said = tree.ask("check-attr", "-z", "filter", "--", name)
    found = said.split("\0")[2] if said and said.count("\0") > 1 else "unspecified"
    known = tree.ask("config", "--name-only", "--get-regexp", r"^filter\.") or ""
    return found if any(each.startswith(f"filter.{found}.") for each in known.splitlines()) else None


def blob_of(tree: Worktree, data: bytes, *, write: bool = False) -> str:
    """The id of a blob of these bytes, unfiltered. Raises UsageError."""
    options = ("--no-filters", *(("-w",) if write else ()))
    return tree.git("hash-object", *options, "--stdin", data=data).check("git can't write")


def with_line_feeds(data: bytes) -> bytes:
    """With the line ends that are committed."""
    return data.replace(b"\r\n", b"\n")


def _entry(tree: Worktree, file: Path) -> str | None:
    return tree.ask("ls-tree", "HEAD", "--", file.name) or None


class CheckoutStatus(NamedTuple):
    """`branch` is checked out; `main` is the remote's main branch, None if unknown. Of `upstream`,
    `behind` commits that touch the folder are not here.
    """

    branch: str
    main: str | None
    upstream: str
    behind: int


def checkout_status(folder: Path, detached: str | None = None) -> CheckoutStatus | None:
    """None without git, and if no branch is checked out; `detached` is the branch that a job says it works on then."""
    try:
        tree = open_read_only(folder)
    except (OSError, UsageError):
        return None
    # The short name of a branch is another one where a tag has the same.
    head = tree.ask("symbolic-ref", "--quiet", "HEAD")
    branch = head.removeprefix("refs/heads/") if head else detached
    if branch is None:
        return None
    main = _main(tree)
    followed = tree.ask("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}")
    upstream = followed or f"origin/{branch}"
    count = tree.ask("rev-list", "--count", f"HEAD..refs/remotes/{upstream}", "--", ".")
    return CheckoutStatus(branch, main.removeprefix("origin/") if main else None, upstream, int(count or 0))


def contents_at_merge_base(
    folder: Path, names: Sequence[str], *, merge: bool
) -> tuple[bytes | None, ...] | None:
    """The contents of the named files at the merge base of the current branch, None for a file that did not exist.

    With `merge`, HEAD is the merge of a pull request: then, those of its first parent. None without git or such a
    branch, and if the branch changes none of the files.
    """
    try:
        tree = open_read_only(folder)
    except (OSError, UsageError):
        return None
    base = _base(tree, merge=merge)
    if base is None:
        return None
    was, is_now = (_blobs(tree, commit, names) for commit in (base, "HEAD"))
    if was == is_now:
        return None
    return tuple(None if oid is None else tree.git("cat-file", "blob", oid).data for oid in was)


def _main(tree: Worktree) -> str | None:
    """The remote's main branch, as in `origin/main`."""
    refs = (f"refs/remotes/origin/{name}" for name in ("HEAD", "main", "master"))
    said = tree.ask("for-each-ref", "--format=%(refname:lstrip=2) %(symref:lstrip=2)", *refs) or ""
    found = dict(each.split(" ", 1) for each in said.splitlines())
    return found.get("origin/HEAD") or next((each for each in _USUAL if each in found), None)


_USUAL: Final = ("origin/main", "origin/master")


def _base(tree: Worktree, *, merge: bool) -> str | None:
    if merge and tree.ask("rev-parse", "--verify", "--quiet", "HEAD^2"):
        return "HEAD^1"
    main = _main(tree)
    if main is None or tree.ask("symbolic-ref", "--quiet", "--short", "HEAD") == main.removeprefix("origin/"):
        return None
    return tree.ask("merge-base", "HEAD", f"refs/remotes/{main}")


def _blobs(tree: Worktree, commit: str, names: Sequence[str]) -> list[str | None]:
    entries = (tree.ask("ls-tree", "-z", commit, "--", *names) or "").split("\0")
    found = {name: entry.split()[2] for entry, _, name in (each.partition("\t") for each in entries if each)}
    return [found.get(name) for name in names]
