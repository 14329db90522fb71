"""The cache gives back what was put, or nothing: whatever the disk, other users and a pull request do."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from kalentops import cache as module
from kalentops.cache import DIRECTORY, Cache, cache_folder, clear, prune, usage
from kalentops.support import atomic_write
from tests.platforms import needs_devices, needs_links, needs_modes

ONE, TWO, THREE = (hashlib.sha256(bytes([each])).hexdigest() for each in range(3))
not_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become another user"
)


@pytest.fixture(autouse=True)
def _on_no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository, with a project in a folder of it."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "outreach").mkdir()
    return tmp_path / "repository" / "outreach"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DIRECTORY, str(tmp_path / "user" / "cache"))
    return tmp_path / "user" / "cache"


@pytest.fixture
def cache(root: Path, folder: Path) -> Cache:
    return Cache(root)


def entry(folder: Path) -> Path:
    """The only entry."""
    (found,) = folder.iterdir()
    return found


def test_what_was_put_is_found_by_later_runs(root: Path, cache: Cache) -> None:
    assert cache.get("checked", ONE) is None
    for data in (b"", b"text", bytes(3 << 20)):
        cache.put("checked", ONE, data)
        assert cache.get("checked", ONE) == data
        assert Cache(root).get("checked", ONE) == data
    assert cache.get("checked", TWO) is None
    assert cache.get("state", ONE) is None


def test_folder_and_entries_are_the_users_alone(folder: Path, cache: Cache) -> None:
    before = os.umask(0)
    try:
        cache.put("checked", ONE, b"text")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert entry(folder).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("kind", "key"), [("../x", ONE), ("checked", "../x"), ("checked", ""), ("A", ONE)])
def test_no_name_leads_out_of_the_folder(cache: Cache, kind: str, key: str) -> None:
    with pytest.raises(ValueError, match="can't be the name of an entry"):
        cache.put(kind, key, b"")


# What is inside of the repository.


@pytest.mark.parametrize("place", [".cache", "outreach/.cache", "outreach", "."])
def test_no_folder_in_the_repository_is_used(
    root: Path, place: str, cache: Cache, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put("checked", ONE, b"planted")
    planted = root.parent / place
    shutil.copytree(folder, planted, dirs_exist_ok=True)
    monkeypatch.chdir(root.parent)
    for named in (place, str(planted)):
        monkeypatch.setenv(DIRECTORY, named)
        found = Cache(root)
        assert found.get("checked", ONE) is None
        assert (
            found.refusal
            == "it is inside the repository, whose files a pull request can change; choose a folder outside of it"
        )
        found.put("checked", TWO, b"text")
    assert len(list(planted.glob("*.cached"))) == 1


@needs_links
@pytest.mark.parametrize("existing", [True, False])
def test_no_link_into_the_repository_is_followed(
    root: Path, folder: Path, cache: Cache, *, existing: bool
) -> None:
    planted = root / ".cache"
    if existing:
        cache.put("checked", ONE, b"planted")
        shutil.copytree(folder, planted)
        shutil.rmtree(folder)
    else:
        folder.parent.mkdir()
    folder.symlink_to(planted)
    found = Cache(root)
    assert found.get("checked", ONE) is None
    found.put("checked", TWO, b"text")
    assert planted.exists() == existing
    assert found.refusal


@needs_links
def test_no_entry_that_links_into_the_repository_is_followed(root: Path, folder: Path, cache: Cache) -> None:
    cache.put("checked", ONE, b"planted")
    planted = entry(folder).rename(root / "entry")
    (folder / f"checked-{ONE}.cached").symlink_to(planted)
    assert cache.get("checked", ONE) is None
    assert planted.exists()


@needs_links
def test_a_link_to_the_project_is_its_folder(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(root)
    monkeypatch.setenv(DIRECTORY, str(root / "cache"))
    assert Cache(tmp_path / "link").refusal


@needs_modes
def test_what_git_checks_out_is_not_used_wherever_it_is(folder: Path, cache: Cache) -> None:
    cache.put("checked", ONE, b"planted")
    entry(folder).chmod(0o644)
    assert cache.get("checked", ONE) is None


# Damage.


def test_an_entry_with_any_other_byte_is_none(folder: Path, cache: Cache) -> None:
    cache.put("checked", ONE, b"valid")
    path = entry(folder)
    whole = path.read_bytes()
    for index in range(len(whole)):
        cache.put("checked", ONE, b"valid")
        with path.open("r+b") as stream:
            stream.seek(index)
            stream.write(bytes([whole[index] ^ 1]))
        assert cache.get("checked", ONE) is None, index
        assert not path.exists()
    for length in range(len(whole)):
        cache.put("checked", ONE, b"valid")
        os.truncate(path, length)
        assert cache.get("checked", ONE) is None, length
    cache.put("checked", ONE, b"valid")
    with path.open("ab") as stream:
        stream.write(b"x")
    assert cache.get("checked", ONE) is None


def test_an_entry_counts_under_its_own_key_and_kind_alone(folder: Path, cache: Cache) -> None:
    cache.put("checked", ONE, b"valid")
    for name in (f"checked-{TWO}.cached", f"state-{ONE}.cached"):
        shutil.copy2(folder / f"checked-{ONE}.cached", folder / name)
    assert cache.get("checked", TWO) is None
    assert cache.get("state", ONE) is None
    assert cache.get("checked", ONE) == b"valid"


@needs_devices
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: os.mkfifo(path), id="pipe"),  # noqa: PLW0108 - Windows lacks it
        pytest.param(os.mkdir, id="folder"),
        pytest.param(lambda path: path.symlink_to("nowhere"), id="link"),
        pytest.param(lambda path: path.symlink_to(path.name), id="circle"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), id="device"),
        pytest.param(lambda path: socket.socket(socket.AF_UNIX).bind(os.path.relpath(path)), id="socket"),
        pytest.param(lambda path: path.open("wb").truncate(1 << 40), id="huge"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_anything_else_in_place_of_an_entry_is_none(
    folder: Path, cache: Cache, make: Callable[[Path], object]
) -> None:
    folder.mkdir(parents=True, mode=0o700)
    make(folder / f"checked-{ONE}.cached")
    assert cache.get("checked", ONE) is None
    cache.put("checked", ONE, b"text")
    cache.put("checked", TWO, b"text")
    assert cache.get("checked", TWO) == b"text"


# Other users.


@needs_modes
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_no_folder_that_others_can_write_to_is_used(
    root: Path, folder: Path, cache: Cache, mode: int
) -> None:
    cache.put("checked", ONE, b"planted")
    folder.chmod(mode)
    found = Cache(root)
    assert found.get("checked", ONE) is None
    assert found.refusal.startswith("other users can write to it; `chmod go-w`")
    found.put("checked", TWO, b"text")
    assert usage(folder).entries == 1


@needs_modes
def test_no_entry_that_others_can_write_is_used(folder: Path, cache: Cache) -> None:
    cache.put("checked", ONE, b"planted")
    entry(folder).chmod(0o606)
    assert cache.get("checked", ONE) is None


@not_root
def test_nothing_of_another_user_is_used(root: Path, folder: Path, cache: Cache) -> None:
    cache.put("checked", ONE, b"planted")
    cache.put("checked", TWO, b"planted")
    os.chown(folder / f"checked-{ONE}.cached", 1, 1)
    assert cache.get("checked", ONE) is None
    os.chown(folder, 1, 1)
    found = Cache(root)
    assert found.get("checked", TWO) is None
    assert found.refusal == "it belongs to another user"


# The disk.


@pytest.mark.parametrize("name", ["write", "open", "mkdir", "replace"])
def test_a_cache_that_cant_be_written_is_none(
    folder: Path, cache: Cache, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, name, full)
    cache.put("checked", ONE, b"text")
    assert cache.get("checked", ONE) is None
    monkeypatch.undo()
    assert not folder.exists() or not list(folder.iterdir())


def test_a_file_in_place_of_the_folder_is_no_cache(root: Path, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("text")
    found = Cache(root)
    found.put("checked", ONE, b"text")
    assert found.get("checked", ONE) is None
    assert folder.read_text() == "text"
    assert found.refusal == "it is not a folder"


@needs_modes
def test_without_a_home_there_is_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is written to a folder `~` of the project."""
    monkeypatch.chdir(root)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    found = Cache(root)
    found.put("checked", ONE, b"text")
    assert (found.get("checked", ONE), found.refusal) == (None, "there is no home folder")
    assert list(root.iterdir()) == []


def test_it_is_in_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "kalentops"


# When it is used.


@pytest.mark.parametrize("variable", ["CI", "GITHUB_ACTIONS"])
def test_ci_starts_without_one(
    root: Path, tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cache(root).put("checked", ONE, b"text")
    monkeypatch.setenv(variable, "true")
    assert Cache(root).get("checked", ONE) is None
    monkeypatch.setenv(DIRECTORY, f"{tmp_path}-cache/kalentops")
    assert Cache(root).get("checked", ONE) == b"text"


def test_turned_off_it_is_neither_read_nor_written(root: Path, folder: Path) -> None:
    Cache(root, enabled=False).put("checked", ONE, b"text")
    assert not folder.exists()
    Cache(root).put("checked", ONE, b"text")
    assert Cache(root, enabled=False).get("checked", ONE) is None


# Its size.


def test_the_least_recently_used_go_first(
    folder: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT", 20_000)
    for key in (ONE, TWO):
        cache.put("checked", key, bytes(8000))
    cache.get("checked", ONE)
    assert usage(folder).entries == 2
    Cache(None).put("checked", THREE, bytes(8000))
    assert [cache.get("checked", key) is not None for key in (ONE, TWO, THREE)] == [True, False, True]


def test_each_entry_counts_as_a_block_at_least(
    folder: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT", 3 * 4096)
    for number in range(9):
        cache.put("checked", f"{number}", b"x")
    prune(folder)
    assert [cache.get("checked", f"{number}") for number in range(9)] == [None] * 6 + [b"x"] * 3


def test_the_size_is_looked_at_once_a_run_and_after_much_was_written(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []
    monkeypatch.setattr(module, "prune", looks.append)
    for number in range(50):
        cache.put("checked", f"{number:x}", b"x")
    assert len(looks) == 1
    cache.put("checked", ONE, bytes(module.LIMIT >> 4))
    assert len(looks) == 2


def test_what_is_too_large_is_not_kept(folder: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 4)
    cache.put("checked", ONE, b"12345")
    assert not folder.exists()


def test_what_a_killed_run_left_goes_but_not_what_is_being_written(folder: Path, cache: Cache) -> None:
    cache.put("checked", ONE, b"text")
    names = [f".checked-{ONE}.cached.{each * 12}.tmp" for each in "ab"]
    for name in names:
        (folder / name).write_bytes(b"half")
    os.utime(folder / names[0], (0, 0))
    prune(folder)
    assert not (folder / names[0]).exists()
    assert (folder / names[1]).exists()
    assert usage(folder).entries == 1


def test_files_of_others_stay(folder: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """KALENTOPS_CACHE_DIR may name a folder that holds something else."""
    folder.mkdir(parents=True)
    others = ["letter.txt", f"checked-{ONE}", f"{ONE}.cached", ".checked-x.cached.1.tmp", "a.cached"]
    for name in others:
        (folder / name).write_text("mine")
        os.utime(folder / name, (0, 0))
    cache.put("checked", ONE, b"text")
    monkeypatch.setattr(module, "LIMIT", 0)
    prune(folder)
    clear(folder)
    assert sorted(each.name for each in folder.iterdir()) == sorted(others)


@needs_links
def test_clear_removes_all(folder: Path, cache: Cache) -> None:
    assert (usage(folder), clear(folder)) == (module.Usage(0, 0, None),) * 2
    cache.put("checked", ONE, b"text")
    cache.put("state", TWO, b"text")
    (folder / f".checked-{ONE}.cached.abc.tmp").touch()
    (folder / f"checked-{THREE}.cached").symlink_to("nowhere")
    before = usage(folder)
    assert before.entries == 3
    assert clear(folder) == before
    assert list(folder.iterdir()) == []


# Several processes.


def _work(root: Path, folder: Path, number: int) -> None:
    os.environ[DIRECTORY] = str(folder)
    vars(module)["LIMIT"] = 64 << 10
    cache = Cache(root)
    for turn in range(60):
        for key in (ONE, TWO, THREE):
            cache.put("checked", key, f"{key}\n".encode() + bytes([number]) * (turn * 300))
            found = cache.get("checked", key)
            assert found is None or found.startswith(f"{key}\n".encode())
        if number == 0 and turn % 5 == 0:
            clear(folder)
        if number == 1:
            prune(folder)


@pytest.mark.processes
def test_several_processes_write_prune_and_clear_at_once(root: Path, folder: Path, cache: Cache) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_work, args=(root, folder, number)) for number in range(3)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    assert [each.exitcode for each in running] == [0, 0, 0]
    assert {each.suffix for each in folder.iterdir()} <= {".cached"}
    cache.put("checked", ONE, b"text")
    assert cache.get("checked", ONE) == b"text"


def test_an_entry_that_another_process_replaces_is_whole(folder: Path, cache: Cache) -> None:
    """A reader that has opened the old file reads the old content to its end."""
    cache.put("checked", ONE, b"old")
    with atomic_write.opened(entry(folder)) as (descriptor, status):
        cache.put("checked", ONE, b"new text")
        assert os.read(descriptor, status.st_size).endswith(b"old")
    assert cache.get("checked", ONE) == b"new text"
