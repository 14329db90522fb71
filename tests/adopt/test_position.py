"""The files of a position: closed, written, and what is meant by a word that is no id."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.adopt.position import FileChange, PositionFile, close, sourcing_meant, write_changes
from kalentops.lint.finding import Origin
from kalentops.lint.rule import Position
from kalentops.project.config import Config
from kalentops.project.document import read_document
from kalentops.state.store.location import Location
from kalentops.support import atomic_write
from tests.builders import entry, intent, state

CONFIG = Config(Path("/p"), Path("/p/blueprints"), Location.of_file(Path("/p/state.json")))


def test_a_blueprint_whose_creation_is_unresolved_is_forgotten_too() -> None:
    text = "sourcingId: s_1\nblueprints: {}\n"
    file = PositionFile(Path("a.yaml"), text, read_document("a.yaml", text))
    closing = close("s_1", [file], state(entry("s_1/sent"), intent("s_1/begun"), entry("s_2/other")), CONFIG)
    assert closing.removed == closing.forgotten == ("begun", "sent")


def test_files_are_deleted_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, kept = tmp_path / "a.yaml", tmp_path / "b.yaml"
    gone.write_text("old")
    kept.write_text("old")
    real, seen = atomic_write.remove, []

    def remove(path: Path) -> None:
        seen.append(kept.read_text())
        real(path)

    monkeypatch.setattr(atomic_write, "remove", remove)
    write_changes([FileChange(gone, "a.yaml", "old", None), FileChange(kept, "b.yaml", "old", "new")])
    assert (seen, gone.exists(), kept.read_text()) == (["new"], False, "new")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("sourcing_l", "did you mean sourcing_1 (Engineer, Lyon)?"),
        ("sourcing_1/first", "did you mean sourcing_1 (Engineer, Lyon)?"),
        ("Enginer, Lyon", "did you mean sourcing_1 (Engineer, Lyon)?"),
        ("another_l", "did you mean another_1?"),
        ("nothing", "`kalentops sourcings` lists the ids, with their files"),
    ],
)
def test_which_sourcing_is_meant(word: str, hint: str) -> None:
    at = Origin("a.yaml", 1, 1)
    known = [Position("sourcing_1", at, "Engineer, Lyon"), Position("another_1", at)]
    assert sourcing_meant(word, known) == hint
