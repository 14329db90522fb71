"""A state in a ref of the remote: what others may do to the ref, the remote, the clone and the connection."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kalentops.errors import SharedStoreFailure, StateError
from kalentops.git import worktree
from kalentops.git.remote import may_have_arrived
from kalentops.state.content import InMemory
from kalentops.state.store import git as store_git
from kalentops.state.store import open_store
from kalentops.state.store.backend import Stored, UnclearWrite, VersionMismatch
from kalentops.state.store.git import GitBackend
from kalentops.state.store.location import Location
from kalentops.support import atomic_write
from tests.git_server import GitRequest, GitServer, serve
from tests.platforms import needs_shell
from tests.repositories import Remote, commit, git
from tests.state.store.samples import created

pytestmark = pytest.mark.processes

REF = "refs/kalentops/state"
FILE = "kalentops.state.json"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote.make(tmp_path)


@pytest.fixture
def clone(remote: Remote) -> Path:
    made = remote.clone("clone")
    (made / "file").write_text("text")
    commit(made, "first")
    git(made, "push", "--quiet", "origin", "main")
    return made


@pytest.fixture
def backend(clone: Path) -> GitBackend:
    return opened(clone)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The git commands that run."""
    seen: list[str] = []
    real = worktree._run

    def run(args: Sequence[str], *more: Any) -> worktree.GitResult:
        seen.append(next(each for each in args if not each.startswith("-")))
        return real(args, *more)

    monkeypatch.setattr(worktree, "_run", run)
    return seen


def tip(remote: Remote) -> str:
    return git(remote.bare, "for-each-ref", "--format=%(objectname)", REF)


def opened(folder: Path, ref: str = REF) -> GitBackend:
    return GitBackend(folder, ref, pause=lambda _: None)


def data_of(backend: GitBackend) -> bytes | None:
    stored = backend.read()
    return None if stored is None else stored.data


def test_each_write_is_a_commit_on_the_one_before(
    remote: Remote, backend: GitBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "a/b")
    first = backend.replace(b'{\n  "serial": 7\n}\n', None)
    monkeypatch.setenv("GITHUB_RUN_ID", "12")
    second = backend.replace(b"two", first)
    assert git(remote.bare, "log", "--format=%H %P", REF).split("\n") == [
        f"{second} {first}",
        f"{first} "[:-1],
    ]
    subjects = git(remote.bare, "log", "--format=%s%n%b", REF)
    assert "kalentops: state, serial 7" in subjects
    assert "Run: https://github.example/a/b/actions/runs/12" in subjects
    assert git(remote.bare, "ls-tree", "--name-only", REF) == FILE
    assert git(remote.bare, "show", f"{REF}:{FILE}") == "two"


def test_few_processes_and_one_round_trip_each(backend: GitBackend, calls: list[str]) -> None:
    version = backend.replace(b"one", backend.replace(b"zero", None))
    backend.read()
    calls.clear()
    backend.read()
    assert calls == ["fetch", "cat-file", "cat-file"], "sizes first: a small pack may hold a huge file"
    calls.clear()
    backend.replace(b"two", version)
    assert calls == ["hash-object", "mktree", "commit-tree", "push"]


def test_earlier_states_are_not_fetched(clone: Path, backend: GitBackend) -> None:
    backend.replace(b"two", backend.replace(b"one", None))
    other = opened(clone)
    other.read()
    assert other._tree.ask("rev-list", "--count", "refs/state") == "1"


def test_a_write_that_is_not_on_top_is_refused(clone: Path, backend: GitBackend) -> None:
    other = opened(clone)
    first = backend.replace(b"one", None)
    for expected in (None, "0" * 40):
        with pytest.raises(VersionMismatch):
            other.replace(b"x", expected)
    second = other.replace(b"two", first)
    with pytest.raises(VersionMismatch):
        backend.replace(b"x", first)
    assert backend.read() == other.read()
    assert backend.replace(b"three", second) != second


def test_a_removed_ref_is_nothing(remote: Remote, backend: GitBackend) -> None:
    first = backend.replace(b"one", None)
    git(remote.bare, "update-ref", "-d", REF)
    assert backend.read() is None
    with pytest.raises(VersionMismatch):
        backend.replace(b"x", first)
    assert tip(remote) == ""


def test_of_two_equal_commits_of_one_second_one_wins(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_DATE", "2026-01-02T03:04:05Z")
    opened(clone).replace(b"same", None)
    with pytest.raises(VersionMismatch):
        opened(clone).replace(b"same", None)


def test_racing_clones_lose_no_write(remote: Remote, clone: Path) -> None:
    writers, each = 8, 2
    opened(clone).replace(b"0", None)
    clones = [remote.clone(f"racing-{number}") for number in range(writers)]

    def add(folder: Path) -> int:
        mine = 0
        backend = opened(folder)
        while mine < each:
            stored = backend.read()
            assert stored is not None
            try:
                backend.replace(b"%d" % (int(stored.data) + 1), stored.version)
            except VersionMismatch:
                continue
            mine += 1
        return mine

    with ThreadPoolExecutor(writers) as pool:
        assert sum(pool.map(add, clones)) == writers * each
    assert data_of(opened(clone)) == b"%d" % (writers * each)
    assert git(remote.bare, "rev-list", "--count", REF) == str(writers * each + 1)


def test_runs_in_clones_of_their_own_lose_no_id(remote: Remote, clone: Path) -> None:
    runs = 4
    location = Location.parse(f"git:{REF}", clone)
    open_store(location, clone).create()
    clones = [remote.clone(f"run-{number}") for number in range(runs)]

    def run(number: int) -> None:
        with open_store(location, clones[number]).session() as session:
            session.begin("tenant-1")
            for each in (2 * number, 2 * number + 1):
                session.record(*created(each))
                session.barrier()

    with ThreadPoolExecutor(runs) as pool:
        list(pool.map(run, range(runs)))
    assert len(open_store(location, clone).read().state.ids()) == 2 * runs


def _tree(bare: Path, *entries: str) -> str:
    """A tree of `MODE KIND OID NAME`; the blob is put in for the id."""
    blob = git(bare, "hash-object", "-w", __file__)
    lines = "".join(each.replace("OID", blob).replace(" NAME", f"\t{FILE}") + "\n" for each in entries)
    (bare / "entries").write_text(lines)
    return git(bare, "-c", "alias.m=!git mktree < entries", "m")


def _commit_of(bare: Path, *entries: str) -> str:
    return git(bare, "commit-tree", _tree(bare, *entries), "-m", "another program's")


THEIRS: Mapping[str, Callable[[Path], str]] = {
    "a blob": lambda bare: git(bare, "hash-object", "-w", __file__),
    "a tree": lambda bare: _tree(bare, "100644 blob OID NAME"),
    "a tag": lambda bare: (
        git(bare, "tag", "-a", "t", "-m", "t", _commit_of(bare, "100644 blob OID NAME"))
        or git(bare, "rev-parse", "t")
    ),
    "another file": lambda bare: _commit_of(bare, "100644 blob OID\tREADME"),
    "no file": _commit_of,
    "more files": lambda bare: _commit_of(bare, "100644 blob OID NAME", "100644 blob OID\tREADME"),
    "a link": lambda bare: _commit_of(bare, "120000 blob OID NAME"),
    "a folder": lambda bare: _commit_of(bare, f"040000 tree {_tree(bare, '100644 blob OID NAME')}\t{FILE}"),
}


@pytest.mark.parametrize("what", THEIRS)
def test_a_ref_of_another_program_is_left_alone(remote: Remote, clone: Path, what: str) -> None:
    theirs = THEIRS[what](remote.bare)
    git(remote.bare, "update-ref", REF, theirs)
    backend = opened(clone)
    with pytest.raises(StateError, match="is not a state of kalentops") as caught:
        backend.read()
    assert caught.value.exit_code == 8
    with pytest.raises(VersionMismatch):
        backend.replace(b"x", None)
    assert tip(remote) == theirs


def _files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (b"" if path.is_dir() else path.read_bytes(), path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
    }


def test_nothing_changes_in_the_clone(clone: Path, backend: GitBackend) -> None:
    git(clone, "config", "remote.origin.fetch", "+refs/*:refs/*")
    (clone / "file").write_text("edited")
    (clone / "new").write_text("staged")
    git(clone, "add", "new")
    before = _files(clone)
    backend.read()
    backend.read()
    backend.replace(b"two", backend.replace(b"one", None))
    assert data_of(backend) == b"two"
    assert _files(clone) == before


def test_the_private_repository_goes_with_the_backend(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    backend = opened(clone)
    backend.replace(b"one", None)
    (left,) = (tmp_path / "temporary").iterdir()
    assert left.stat().st_mode & 0o77 == 0
    real = os.unlink

    def unlink(path: str, *, dir_fd: int | None = None) -> None:
        """As on Windows."""
        if not os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode & stat.S_IWUSR:
            raise PermissionError(errno.EACCES, "Access is denied", path)
        real(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    del backend
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_ref_that_is_too_large_for_a_state_is_not_loaded(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(clone).replace(b"\0" * 2000, None)
    monkeypatch.setattr(atomic_write, "MAX_STATE", 1999)
    with pytest.raises(StateError, match="is no state: it has 2,000 bytes"):
        opened(clone).read()


def _shallow(remote: Remote, clone: Path) -> Path:
    return remote.clone("other", "--depth=1")


def _partial(remote: Remote, clone: Path) -> Path:
    git(remote.bare, "config", "uploadpack.allowFilter", "true")
    return remote.clone("other", "--filter=blob:none")


def _mirror(remote: Remote, clone: Path) -> Path:
    git(clone, "config", "remote.origin.mirror", "true")
    return clone


def _linked(remote: Remote, clone: Path) -> Path:
    git(clone, "worktree", "add", "--quiet", "--detach", str(remote.folder / "linked"))
    return remote.folder / "linked"


def _by_a_link(remote: Remote, clone: Path) -> Path:
    (remote.folder / "link").symlink_to(clone)
    return remote.folder / "link"


def _below(remote: Remote, clone: Path) -> Path:
    (clone / "a" / "b").mkdir(parents=True)
    git(clone, "remote", "set-url", "origin", "../remote.git")
    return clone / "a" / "b"


def _from_a_fork(remote: Remote, clone: Path) -> Path:
    git(clone, "remote", "rename", "origin", "upstream.of-all")
    git(clone, "remote", "add", "origin", str(remote.folder / "fork.git"))
    git(clone, "config", "kalentops.remote", "upstream.of-all")
    return clone


def _under_a_condition(remote: Remote, clone: Path) -> Path:
    """As `actions/checkout` keeps its token: in a file that is read for this one repository."""
    git(clone, "remote", "set-url", "origin", "https://github.invalid/a")
    (remote.folder / "included").write_text(
        f'[url "file://{remote.bare}"]\n\tinsteadOf = https://github.invalid/a\n'
    )
    git(clone, "config", f"includeIf.gitdir:{clone}/.git.path", str(remote.folder / "included"))
    return clone


def _pushed_elsewhere_too(remote: Remote, clone: Path) -> Path:
    for url in (remote.bare, remote.folder / "gone.git"):
        git(clone, "remote", "set-url", "--push", "--add", "origin", str(url))
    return clone


def _eager(remote: Remote, clone: Path) -> Path:
    for name in ("push.gpgSign", "push.followTags", "commit.gpgSign", "fetch.prune"):
        git(clone, "config", name, "true")
    git(clone, "config", "gpg.program", "false")
    git(clone, "tag", "-a", "-m", "t", "t")
    return clone


def _signing(remote: Remote, clone: Path) -> Path:
    """In the user's own file, which git reads everywhere."""
    (remote.folder / "global").write_text("[push]\n\tgpgSign = true\n\tfollowTags = true\n")
    return clone


def _with_hooks(remote: Remote, clone: Path) -> Path:
    for name in ("pre-push", "reference-transaction", "post-index-change"):
        (clone / ".git" / "hooks" / name).write_text("#!/bin/sh\nexit 1\n")
        (clone / ".git" / "hooks" / name).chmod(0o755)
    return clone


@needs_shell
@pytest.mark.parametrize(
    "make",
    [
        _shallow,
        _partial,
        _mirror,
        _linked,
        _by_a_link,
        _below,
        _from_a_fork,
        _under_a_condition,
        _pushed_elsewhere_too,
        _eager,
        _signing,
        _with_hooks,
    ],
)
def test_every_kind_of_clone(
    remote: Remote, clone: Path, make: Callable[[Remote, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(remote.folder / "global"))
    folder = make(remote, clone)
    backend = opened(folder)
    assert backend.read() is None
    version = backend.replace(b"one", None)
    assert tip(remote) == version
    assert data_of(opened(folder)) == b"one"
    assert backend.replace(b"two", version) == tip(remote)
    assert git(remote.bare, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main", REF]


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "--object-format=sha256", "remote.git")
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "clone")
    git(tmp_path / "clone", "remote", "add", "origin", f"file://{tmp_path}/remote.git")
    backend = opened(tmp_path / "clone")
    version = backend.replace(b"one", None)
    assert len(version) == 64
    backend.replace(b"two", version)
    assert data_of(opened(tmp_path / "clone")) == b"two"


def test_a_branch_is_a_ref_too(remote: Remote, clone: Path) -> None:
    branch = "refs/heads/kalentops/production"
    opened(clone, branch).replace(b"one", None)
    assert git(remote.bare, "show", f"kalentops/production:{FILE}") == "one"
    assert opened(clone).read() is None
    opened(clone, "refs/kalentops/refs/kalentops/state").replace(b"other", None)
    assert opened(clone).read() is None, "another ref, whose name ends alike"


@pytest.mark.parametrize("actions", ["", "true"])
def test_git_need_not_know_who_commits(
    remote: Remote, clone: Path, monkeypatch: pytest.MonkeyPatch, actions: str
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GITHUB_ACTIONS", actions)
    opened(clone).replace(b"one", None)
    expected = "github-actions[bot]" if actions else "kalentops"
    assert git(remote.bare, "log", "--format=%an %cn", REF) == f"{expected} {expected}"


def test_a_rule_that_protects_the_ref_is_reported(remote: Remote, backend: GitBackend) -> None:
    said = "error: GH006: Protected branch update failed: https://user:s3cr3t@host/settings"
    remote.hook("update", f"echo '{said}'; exit 1")
    with pytest.raises(SharedStoreFailure, match=r"GH006: .* failed: https://host/settings") as caught:
        backend.replace(b"one", None)
    assert not isinstance(caught.value, UnclearWrite)
    assert "contents: write" in str(caught.value.hint)
    assert tip(remote) == ""


def test_a_full_disk_of_the_remote_is_reported(remote: Remote, backend: GitBackend) -> None:
    git(remote.bare, "config", "receive.maxInputSize", "1")
    with pytest.raises(SharedStoreFailure, match="can't be written") as caught:
        backend.replace(b"one" * 1000, None)
    assert not isinstance(caught.value, UnclearWrite)
    assert tip(remote) == ""


@pytest.mark.parametrize("lasts", [1, 3])
def test_a_ref_that_another_push_has_locked(remote: Remote, clone: Path, lasts: int) -> None:
    """It is tried again, until it is free."""
    lock = remote.bare / f"{REF}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == lasts:
            lock.unlink()

    backend = GitBackend(clone, REF, pause=pause)
    if lasts == 1:
        assert backend.replace(b"one", None) == tip(remote)
    else:
        with pytest.raises(SharedStoreFailure, match="lock"):
            backend.replace(b"one", None)


def test_a_ref_below_another_is_no_endless_race(remote: Remote, clone: Path, backend: GitBackend) -> None:
    backend.replace(b"one", None)
    with pytest.raises(SharedStoreFailure, match="can't be written"):
        opened(clone, f"{REF}/below").replace(b"x", None)


KILL = "kill -9 $PPID"


@pytest.mark.parametrize(("hook", "written"), [("pre-receive", b"one"), ("post-receive", b"two")])
def test_a_push_that_breaks_off_is_unclear(
    remote: Remote, backend: GitBackend, hook: str, written: bytes
) -> None:
    first = backend.replace(b"one", None)
    remote.hook(hook, KILL)
    with pytest.raises(UnclearWrite):
        backend.replace(b"two", first)
    remote.hook(hook, "exit 0")
    stored = backend.read()
    assert stored is not None
    assert stored.data == written
    for lock in remote.bare.glob(f"{REF}.lock"):
        lock.unlink()
    backend.replace(b"three", stored.version)


@pytest.mark.waits
def test_a_push_that_never_ends_is_unclear(
    remote: Remote, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.hook("post-receive", f"while test -e {remote.bare}; do sleep 0.1; done")
    monkeypatch.setattr(store_git, "_SECONDS", 2)
    backend = opened(clone)
    try:
        with pytest.raises(UnclearWrite, match="no answer within 2 s"):
            backend.replace(b"one", None)
    finally:
        remote.hook("post-receive", "exit 0")
        remote.bare.rename(remote.folder / "moved.git")


@pytest.fixture
def put_before_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Start a script in place of git; `$git` is the real one."""

    def put(script: str) -> None:
        path = tmp_path / "bin" / "git"
        path.parent.mkdir()
        path.write_text(f'#!/bin/sh\ngit={shutil.which("git")}\n{script}\nexec $git "$@"\n')
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")

    return put


@needs_shell
@pytest.mark.parametrize("dies", ["kill -9 $$", '$git "$@" >/dev/null; kill -9 $$'])
def test_a_git_that_is_killed_is_unclear(
    clone: Path, put_before_git: Callable[[str], None], dies: str
) -> None:
    put_before_git(f'case "$*" in *" push "*) {dies};; esac')
    with pytest.raises(UnclearWrite):
        opened(clone).replace(b"one", None)


@needs_shell
def test_a_git_that_is_too_old(clone: Path, put_before_git: Callable[[str], None]) -> None:
    put_before_git("unset GIT_CONFIG_COUNT")
    with pytest.raises(SharedStoreFailure) as caught:
        opened(clone).read()
    assert caught.value.hint == "this git is too old: install 2.31 or later"


@pytest.mark.parametrize("text", ['{"event":"start","sid":"1","argv":["git","push"]}', "{", None])
def test_a_trace_that_is_not_whole_proves_nothing(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "trace").write_text(text)
    assert may_have_arrived(tmp_path / "trace")


def _moved(remote: Remote, clone: Path) -> None:
    remote.bare.rename(remote.folder / "moved.git")


def _unknown_host(remote: Remote, clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "https://host.invalid/a")


def _no_ssh(remote: Remote, clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "ssh://host.invalid/a")
    git(clone, "config", "core.sshCommand", "echo Permission denied >&2; exit 255; :")


@pytest.mark.parametrize("fault", [_moved, _unknown_host, _no_ssh])
def test_a_remote_that_can_not_be_reached(
    remote: Remote, clone: Path, fault: Callable[[Remote, Path], None]
) -> None:
    """Nothing can have been written then."""
    fault(remote, clone)
    for use in (lambda: opened(clone).read(), lambda: opened(clone).replace(b"x", None)):
        with pytest.raises(SharedStoreFailure) as caught:
            use()
        assert not isinstance(caught.value, UnclearWrite)
        assert (caught.value.exit_code, bool(caught.value.hint)) == (8, True)
        assert caught.value.hint != SharedStoreFailure.hint


def test_without_a_repository_a_remote_or_git(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SharedStoreFailure, match="not a git repository"):
        opened(tmp_path).read()
    git(clone, "config", "kalentops.remote", "--help")
    with pytest.raises(SharedStoreFailure, match="there is no remote --help"):
        opened(clone).read()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SharedStoreFailure, match="git was not found"):
        opened(clone).read()


def test_without_room_for_the_private_repository(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(SharedStoreFailure, match="No space left"):
        opened(clone).read()


@pytest.fixture
def server(remote: Remote) -> Iterator[GitServer]:
    with serve(remote.bare) as running:
        yield running


@pytest.fixture
def over_http(server: GitServer, clone: Path) -> GitBackend:
    """Its address has a password, its settings a header."""
    git(clone, "remote", "set-url", "origin", f"http://user:s3cr3t@{server.host}/remote.git")
    git(clone, "config", f"http.http://{server.host}/.extraHeader", "Authorization: Basic dG9rZW4=")
    return opened(clone)


def _lose_the_answer(request: GitRequest) -> bool:
    if request.pushes:
        request.ask_git()
        request.hang_up()
    return request.pushes


def _answer_late_with_503(request: GitRequest) -> bool:
    if request.pushes:
        request.ask_git()
        request.answer(503, [], b"")
    return request.pushes


def _lose_the_request(request: GitRequest) -> bool:
    return request.pushes and request.hang_up()


@pytest.mark.parametrize(
    ("fault", "written"),
    [(_lose_the_answer, b"two"), (_answer_late_with_503, b"two"), (_lose_the_request, b"one")],
)
def test_an_answer_over_http_that_is_lost_is_unclear(
    server: GitServer, over_http: GitBackend, fault: Callable[[GitRequest], bool], written: bytes
) -> None:
    first = over_http.replace(b"one", None)
    server.fault = fault
    with pytest.raises(UnclearWrite):
        over_http.replace(b"two", first)
    server.fault = lambda _: False
    assert data_of(over_http) == written


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_a_refusal_before_the_push_has_written_nothing(
    server: GitServer, over_http: GitBackend, status: int
) -> None:
    first = over_http.replace(b"one", None)
    server.fault = lambda request: "receive-pack" in request.path and request.refuse(status)
    with pytest.raises(SharedStoreFailure) as caught:
        over_http.replace(b"two", first)
    assert not isinstance(caught.value, UnclearWrite)
    server.fault = lambda _: False
    assert over_http.replace(b"two", first)


def test_a_remote_that_is_away_for_a_moment(server: GitServer, over_http: GitBackend) -> None:
    def once(request: GitRequest) -> bool:
        server.fault = lambda _: False
        return request.refuse(503)

    server.fault = once
    version = over_http.replace(b"one", None)
    server.fault = once
    assert over_http.read() == Stored(InMemory(b"one"), version)


def _in_the_users_file(clone: Path, header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    git(clone, "config", "--file", "../global", *header.split("=", 1))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(clone.parent / "global"))


def _on_the_command_line(clone: Path, header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'{header}'")


def _in_variables(clone: Path, header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(("COUNT", "KEY_0", "VALUE_0"), ("1", *header.split("=", 1)), strict=True):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)


def _in_the_clone(clone: Path, header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    git(clone, "config", *header.split("=", 1))


@pytest.mark.parametrize("place", [_in_the_users_file, _on_the_command_line, _in_variables, _in_the_clone])
def test_credentials_are_used_once_and_never_shown(
    server: GitServer,
    over_http: GitBackend,
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: Callable[[Path, str, pytest.MonkeyPatch], None],
) -> None:
    name = f"http.http://{server.host}/.extraheader"
    git(clone, "config", "--unset-all", name)
    place(clone, f"{name}=Authorization: Basic dG9rZW4=", monkeypatch)
    over_http.replace(b"one", None)
    assert {tuple(headers) for _, headers in server.seen} == {("Basic dG9rZW4=",)}
    server.fault = lambda request: request.refuse(403)
    shown = []
    for use in (over_http.read, lambda: over_http.replace(b"x", None)):
        with pytest.raises(SharedStoreFailure) as caught:
            use()
        shown += [
            str(caught.value),
            repr(caught.value),
            *map(str, (caught.value.hint, caught.value.__cause__)),
        ]
    shown += [over_http.where, repr(over_http._tree), repr(over_http)]
    assert not re.search("s3cr3t|dG9rZW4", "\n".join(shown))
