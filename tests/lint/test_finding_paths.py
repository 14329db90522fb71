"""Every finding knows what in the data it is about, beside where that stands in the text."""

from __future__ import annotations

from pathlib import Path

from kalentops.project.check import check_text
from kalentops.project.load import load
from kalentops.project.result import CheckOptions

TEXT = """\
sourcingId: sourcing_a
blueprints:
  one:
    name: One
    steps:
      - {id: a, name: A, type: EMIAL, subject: S, content: Hi, temporalityType: ASAP}
      - {id: b, name: B, type: WHATSAPP, content: "Hi {{firstName}}", temporalityType: ASAP}
  Two: {name: Two}
  three: {name: Three, nam: x}
"""


def _paths(text: str) -> dict[str, tuple[str | int, ...]]:
    return {each.code: each.path for each in check_text(CheckOptions(Path()), "f.yaml", text)[0]}


def test_findings_of_the_shape_and_of_rules_name_their_paths() -> None:
    assert _paths(TEXT) == {
        "KAL013": ("blueprints", "one", "steps", 0, "type"),
        "KAL101": ("blueprints", "one", "steps", 1, "content"),
        "KAL010": ("blueprints", "three", "nam"),
        "KAL016": ("blueprints", "Two"),
        "KAL304": ("blueprints", "one", "steps", 1, "type"),
        "KAL316": ("blueprints", "three", "steps"),
    }


def test_what_is_wrong_with_the_whole_file_has_none() -> None:
    assert _paths("a: [") == {"KAL003": ()}


def test_what_shows_across_files_names_its_blueprint(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("sourcingId: s\nblueprints: {one: {name: One}}\n")
    found = load(tmp_path, [tmp_path]).findings
    assert {each.code: each.path for each in found} == {
        "KAL017": ("blueprints", "one"),
        "KAL018": ("blueprints", "one"),
        "KAL316": ("blueprints", "one", "steps"),
    }


def test_values_that_could_not_be_read_are_known_by_their_paths() -> None:
    desired = check_text(CheckOptions(Path(), bodies=True), "f.yaml", TEXT).declared
    by_key = {each.address.key: each.placeholders for each in desired}
    assert ("steps", 0, "type") in by_key["one"]
    assert not any(path[:2] == ("steps", 1) and path[-1] == "subject" for path in by_key["one"])
    assert all(path[0] == "steps" for path in by_key["one"])


def test_a_path_does_not_make_two_findings_of_one() -> None:
    text = (
        "sourcingId: s\nblueprints:\n  one: {name: One, steps: &x [{id: a, name: A, type: WHATSAPP, "
        'content: "{{nope}}", temporalityType: ASAP}]}\n  two: {name: Two, steps: *x}\n'
    )
    assert [each.code for each in check_text(CheckOptions(Path()), "f.yaml", text)[0]] == ["KAL101"]
