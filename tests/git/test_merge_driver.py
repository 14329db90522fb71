"""`kalentops state merge` in the hands of a real git: two clones that have both applied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kalentops.blueprint.body import Address
from kalentops.errors import StateDamaged
from kalentops.init.write import DRIVER
from kalentops.state.codec import dump_state, load_state
from kalentops.state.model import Entry, State
from tests.harness import STATE, Project, Ran
from tests.sizes import some
from tests.state.store.samples import address, entry, intent, state

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(shutil.which("git") is None, reason="there is no git"),
]
ROOT = Path(__file__).parents[2]
COMMAND = DRIVER  # as the documents have it
MISSING = COMMAND.replace("kalentops", "kalentops-that-is-not-there", 1)
KILLED = COMMAND.replace("kalentops", "sh -c 'kill -KILL $$' --", 1)
PROCESS = COMMAND.replace("kalentops", f"'{sys.executable}' -m kalentops", 1)


@dataclass
class Clone:
    folder: Path

    def git(self, *args: str, code: int = 0) -> str:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "true",
            **{
                f"GIT_{who}_{what}": "x@example"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }
        done = subprocess.run(
            ["git", *args], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def path(self) -> Path:
        return self.folder / STATE

    @property
    def state(self) -> State:
        return load_state(self.path.read_bytes())

    def commit(self, found: State) -> None:
        self.path.write_bytes(dump_state(found))
        self.git("add", "-A")
        self.git("commit", "-qm", f"serial {found.serial}")

    def change(self, *entries: Entry, out: tuple[int, ...] = (), serial: int = 1) -> None:
        """A run of its own: these are new or other, those are taken out."""
        before = self.state
        kept = {at: each for at, each in before.entries.items() if at not in {address(n) for n in out}}
        made = {each.address: each for each in entries}
        self.commit(replace(before, entries=kept | made, serial=before.serial + serial))


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The driver's command, done in this process: git starts a shell that hands over the call and waits for the answer.
    Starting Python is most of its price, and git starts it for each commit of a rebase.
    """
    folder = tmp_path_factory.mktemp("driver")
    calls, answers, words = (folder / name for name in ("calls", "answers", "words"))
    for each in (calls, answers):
        os.mkfifo(each)
    script = folder / "driver"
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$PWD" "$@" > "{calls}"\nread -r code < "{answers}"\ncat "{words}" >&2\n'
        'exit "$code"\n'
    )
    script.chmod(0o755)

    def serve() -> None:
        while given := calls.read_text().splitlines():
            place, *args = given
            ran = Project(Path(place), "http://127.0.0.1:9").run(*args)
            words.write_text(ran.out + ran.err)
            answers.write_text(f"{ran.code}\n")

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    yield COMMAND.replace("kalentops", f"'{script}'", 1)
    calls.write_text("")
    server.join()


@pytest.fixture
def clones(tmp_path: Path, driver: str) -> tuple[Clone, Clone]:
    """Two clones of a bare repository that holds a state of three blueprints; the driver is set up in both."""
    return make_clones(tmp_path, state(1, 2, 3), driver)


def make_clones(tmp_path: Path, first: State | None, driver: str) -> tuple[Clone, Clone]:
    bare = Clone(tmp_path)
    bare.git("init", "-q", "--bare", "-b", "main", "origin.git")
    found = []
    for name in ("one", "two"):
        bare.git("clone", "-q", "origin.git", name)
        clone = Clone(tmp_path / name)
        clone.git("config", "merge.kalentops-state.driver", driver)
        if name == "one":
            clone.git("checkout", "-qB", "main")
            (clone.folder / ".gitattributes").write_text("*.state.json merge=kalentops-state\n")
            if first is not None:
                clone.path.write_bytes(dump_state(first))
            clone.git("add", "-A")
            clone.git("commit", "-qm", "Begin")
            clone.git("push", "-q", "origin", "main")
        found.append(clone)
    return found[0], found[1]


def push_first(clone: Clone) -> None:
    clone.git("push", "-q", "origin", "main")


WAYS = [("pull", "-q", "--no-rebase", "--no-edit"), ("pull", "-q", "--rebase")]


@pytest.mark.parametrize("way", some(WAYS, 1), ids=str)
def test_two_clones_that_both_applied_come_together(
    clones: tuple[Clone, Clone], way: tuple[str, ...]
) -> None:
    """With the driver as people have it: a process."""
    one, two = clones
    for each in clones:
        each.git("config", "merge.kalentops-state.driver", PROCESS)
    later = entry(3, name="later", applied_at="2026-02-02T00:00:00Z")
    one.change(entry(4), entry(3, name="sooner", applied_at="2026-02-01T00:00:00Z"), out=(1,))
    push_first(one)
    two.change(entry(5), later, serial=3)
    two.git(*way, "origin", "main")
    assert two.state.ids() == {f"bp-{n}": address(n) for n in (2, 3, 4, 5)}
    assert two.state.entries[address(3)] == later
    assert two.state.serial == 9
    assert two.git("status", "--porcelain") == ""
    push_first(two)
    one.git("pull", "-q", "--rebase", "origin", "main")
    assert one.state == two.state


def test_a_rebase_of_several_runs(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    one.change(entry(4))
    one.change(entry(5), out=(2,))
    push_first(one)
    for number in (6, 7, 8):
        two.change(entry(number))
    two.change(out=(7,))
    two.git("pull", "-q", "--rebase", "origin", "main")
    assert two.state.ids() == {f"bp-{n}": address(n) for n in (1, 3, 4, 5, 6, 8)}
    assert two.git("rev-list", "--count", "origin/main..main").strip() == "4"


@pytest.mark.parametrize("way", some(WAYS, 1), ids=str)
def test_both_have_started_the_state(tmp_path: Path, way: tuple[str, ...], driver: str) -> None:
    """BASE is an empty file then."""
    one, two = make_clones(tmp_path, None, driver)
    one.commit(state(1))
    push_first(one)
    two.commit(state(2))
    two.git(*way, "origin", "main")
    assert two.state.ids() == {"bp-1": address(1), "bp-2": address(2)}


@pytest.mark.parametrize("way", some(WAYS, 1), ids=str)
def test_two_states_that_were_started_apart_are_a_conflict(
    tmp_path: Path, way: tuple[str, ...], driver: str
) -> None:
    one, two = make_clones(tmp_path, None, driver)
    one.commit(state(1))
    push_first(one)
    two.commit(state(2, lineage="lineage-2"))
    said = two.git(*way, "origin", "main", code=1)
    assert "error: these are two separate states, each created by its own first apply" in said
    assert "git checkout --theirs" in said
    with pytest.raises(StateDamaged, match="markers of a merge conflict"):
        _ = two.state
    assert two.git("status", "--porcelain").split() == ["AA", STATE]


@pytest.mark.parametrize("way", some(WAYS, 1), ids=str)
def test_two_ids_for_one_address_stop_it_and_everything_after_it(
    clones: tuple[Clone, Clone], way: tuple[str, ...]
) -> None:
    one, two = clones
    one.change(entry(4, blueprint_id="bp-of-one"), entry(5))
    push_first(one)
    two.change(entry(4, blueprint_id="bp-of-two"), entry(6))
    said = two.git(*way, "origin", "main", code=1)
    assert f"error: {address(4)}: one side has bp-of-one, the other bp-of-two" in said
    assert "CONFLICT" in said
    text = two.path.read_text()
    between = text[text.index("<<<<<<<") : text.index(">>>>>>>")]
    assert "bp-of-one" in between
    assert "bp-of-two" in between
    assert '"bp-5"' not in between
    assert '"bp-6"' not in between
    for args in (("plan",), ("apply", "--yes"), ("state", "list")):
        ran = Project(two.folder, "http://127.0.0.1:9").run(*args)
        assert (ran.code, "markers of a merge conflict" in ran.err) == (8, True)
    chosen = (
        text.split("<<<<<<< ours\n")[0] + between.split("=======\n")[1] + text.split(">>>>>>> theirs\n")[1]
    )
    two.path.write_text(chosen)
    assert set(two.state.ids()) >= {"bp-1", "bp-5", "bp-6"}


def test_branches_that_merged_each_other_before(clones: tuple[Clone, Clone]) -> None:
    """Criss-cross: git merges the common ancestors first, with the same driver."""
    one, two = clones
    one.change(entry(4))
    two.change(entry(5))
    one.git("branch", "mine")
    push_first(one)
    two.git("push", "-q", "origin", "main:other")
    one.git("fetch", "-q", "origin")
    one.git("merge", "-q", "--no-edit", "origin/other")
    two.git("fetch", "-q", "origin")
    two.git("merge", "-q", "--no-edit", "origin/main")
    one.change(entry(6), out=(1,))
    two.change(entry(7), out=(5,))
    one.git("push", "-q", "origin", "main")
    two.git("fetch", "-q", "origin")
    two.git("merge", "-q", "--no-edit", "origin/main")
    assert two.state.ids() == {f"bp-{n}": address(n) for n in (2, 3, 4, 6, 7)}


def test_an_intent_that_one_clone_has_settled_is_not_opened_again(tmp_path: Path, driver: str) -> None:
    opened = replace(state(1), intents={address(2): intent(2)})
    one, two = make_clones(tmp_path, opened, driver)
    one.commit(replace(state(1, 2), serial=6))
    push_first(one)
    two.change(entry(4))
    two.git("pull", "-q", "--rebase", "origin", "main")
    assert two.state.intents == {}
    assert two.state.ids() == {f"bp-{n}": address(n) for n in (1, 2, 4)}


@pytest.mark.parametrize("wrong", ["not JSON", "<<<<<<< HEAD\n=======\n>>>>>>> x\n"])
def test_a_version_that_is_no_state_is_a_conflict(clones: tuple[Clone, Clone], wrong: str) -> None:
    one, two = clones
    one.path.write_text(wrong)
    one.git("commit", "-qam", "Break it")
    push_first(one)
    two.change(entry(4))
    said = two.git("pull", "-q", "--no-rebase", "origin", "main", code=1)
    assert "also: it is the version called theirs; both are in the file, between conflict markers" in said
    assert wrong in two.path.read_text()
    assert '"bp-4"' in two.path.read_text()
    with pytest.raises(StateDamaged, match="markers of a merge conflict"):
        _ = two.state


@pytest.mark.parametrize("driver", [MISSING, KILLED], ids=["not installed", "killed before it began"])
def test_where_kalentops_does_not_run_git_leaves_markers_and_not_one_side(
    clones: tuple[Clone, Clone], driver: str
) -> None:
    one, two = clones
    two.git("config", "merge.kalentops-state.driver", driver)
    one.change(entry(4, blueprint_id="bp-of-one"))
    push_first(one)
    two.change(entry(4, blueprint_id="bp-of-two"), serial=2)
    assert "CONFLICT" in two.git("pull", "-q", "--no-rebase", "origin", "main", code=1)
    with pytest.raises(StateDamaged, match="markers of a merge conflict"):
        _ = two.state
    assert "bp-of-one" in two.path.read_text()


def test_a_conflict_of_a_clone_without_the_driver_names_the_remedy(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    two.git("config", "--unset", "merge.kalentops-state.driver")
    one.change(entry(1, name="ours"))
    two.change(entry(1, name="theirs"))
    one.git("push", "-q")
    two.git("pull", "-q", "--no-rebase", code=1)
    with pytest.raises(StateDamaged, match="merge conflict") as caught:
        load_state(two.path.read_bytes())
    assert "run `kalentops init`, then" in str(caught.value.hint)
    two.git("config", "merge.kalentops-state.driver", PROCESS)
    two.git("checkout", "--merge", STATE)
    with pytest.raises(StateDamaged) as caught:
        load_state(two.path.read_bytes())
    assert "kalentops init" not in str(caught.value.hint), "it is merged now, as far as that can be done"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("way", some(WAYS, 1), ids=str)
def test_where_the_disk_is_full_nothing_looks_like_a_merge(
    clones: tuple[Clone, Clone], way: tuple[str, ...]
) -> None:
    """What a failed driver has left is the file with the conflict in it: one side alone would be believed."""
    one, two = clones
    two.git("config", "merge.kalentops-state.driver", f"ulimit -f 1; {PROCESS}")
    one.change(*(entry(n) for n in range(4, 40)))
    push_first(one)
    two.change(entry(40))
    said = two.git(*way, "origin", "main", code=1)
    assert "can't be read or written" in said
    with pytest.raises(StateDamaged, match="markers of a merge conflict"):
        _ = two.state
    assert f"`git checkout --merge {STATE}`" in said
    two.git("config", "merge.kalentops-state.driver", PROCESS)
    two.git("checkout", "-q", "--merge", STATE)
    assert two.state.ids() == {f"bp-{n}": address(n) for n in range(1, 41)}


# --- by hand ---------------------------------------------------------------------------------------------------


def merged(folder: Path, *versions: bytes) -> Ran:
    for name, data in zip(("base", "ours", "theirs"), versions, strict=True):
        (folder / name).write_bytes(data)
    return Project(folder, "http://127.0.0.1:9").run("state", "merge", "base", "ours", "theirs")


def test_exit_codes_and_streams(tmp_path: Path) -> None:
    one, two = dump_state(state(1, 2)), dump_state(state(1, 3))
    ran = merged(tmp_path, dump_state(state(1)), one, two)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert set(load_state((tmp_path / "ours").read_bytes()).ids()) == {"bp-1", "bp-2", "bp-3"}
    assert (tmp_path / "theirs").read_bytes() == two
    assert sorted(each.name for each in tmp_path.iterdir()) == ["base", "ours", "theirs"]
    ran = merged(tmp_path, b"", one, b"")
    assert (ran.code, "can't be parsed: it is empty" in ran.err) == (8, True)
    ran = merged(tmp_path, b"", one, two.replace(b'"2.0"', b'"3.0"'))
    assert (ran.code, "has format 3.0" in ran.err) == (8, True)
    assert Project(tmp_path, "").run("state", "merge", "base", "ours", "nowhere").code == 1


def test_an_ancestor_that_is_no_state_takes_nothing_out(tmp_path: Path) -> None:
    ran = merged(tmp_path, b"<<<<<<< ours\n", dump_state(state(1, 2)), dump_state(state(1)))
    assert ran.code == 0
    assert "entries that one side has removed come back" in ran.err
    assert set(load_state((tmp_path / "ours").read_bytes()).ids()) == {"bp-1", "bp-2"}


def test_hostile_texts_in_a_conflict_are_shown_safely(tmp_path: Path) -> None:
    sides = [dump_state(State("l", 1, "t", None, {"a/\x1b[31m\n::x": each})) for each in hostile()]
    ran = merged(tmp_path, b"", *sides)
    assert ran.code == 1
    assert "\x1b" not in ran.err
    assert "\n::" not in ran.err


def hostile() -> list[Entry]:
    return [
        replace(entry(1, blueprint_id=f"bp\n::error::{n}"), address=Address.parse("a/\x1b[31m\n::x"))
        for n in range(2)
    ]
