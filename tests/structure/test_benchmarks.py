"""What is measured is valid (else `make bench` would measure the reporting of findings), and is shown as it is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from benchmarks import generate, growth, measure, page, peers
from benchmarks.figures import Figure
from benchmarks.measure import Cost
from benchmarks.scale import Scale

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]


def test_what_the_generator_writes_is_valid_and_its_state_fits(tmp_path: Path) -> None:
    files = 12
    generate.repository(tmp_path, files)
    blueprints = generate.state(tmp_path)
    assert files < blueprints < 2 * files
    assert _kalentops("validate", tmp_path) == f"valid: {files} files, {blueprints} blueprints\n"
    assert _kalentops("plan", tmp_path) == f"No changes. {blueprints} unchanged.\n"


def test_a_number_of_blueprints_can_be_asked_for(tmp_path: Path) -> None:
    generate.repository(tmp_path, 6, blueprints=9)
    assert _kalentops("validate", tmp_path) == "valid: 6 files, 9 blueprints\n"


def test_the_positions_of_templates_have_the_same_blueprints_as_the_plain_files(tmp_path: Path) -> None:
    shared, plain = tmp_path / "shared", tmp_path / "plain"
    generate.shared(shared, 12, templates=3)
    assert generate.state(shared) == 12
    assert _kalentops("validate", shared) == "valid: 15 files, 12 blueprints\n"
    generate.rendered(shared, plain)
    (plain / generate.STATE).write_bytes((shared / generate.STATE).read_bytes())
    assert _kalentops("plan", plain) == "No changes. 12 unchanged.\n"
    generate.change_template(shared)
    assert "4 to update, 8 unchanged." in _kalentops("plan", shared)


def _kalentops(command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kalentops", command, "-C", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_sourcing_can_have_several_files(tmp_path: Path) -> None:
    generate.repository(tmp_path, 6, blueprints=12, files_a_sourcing=3)
    assert _kalentops("validate", tmp_path) == "valid: 6 files, 12 blueprints\n"
    sourcings = {
        path.read_text(encoding="utf-8").splitlines()[1] for path in (tmp_path / "blueprints").rglob("*.yaml")
    }
    assert len(sourcings) == 2


def test_a_position_is_a_zone_of_octodns_and_a_step_a_record(tmp_path: Path) -> None:
    generate.repository(tmp_path, 3, blueprints=4)
    assert generate.zones(tmp_path, tmp_path / "octodns") == 3
    zone = yaml.safe_load(
        (tmp_path / "octodns/zones/sourcing-00000.example.yaml").read_text(encoding="ascii")
    )
    assert {record["type"] for record in zone.values()} == {"TXT"}
    assert len(zone) >= 8  # two blueprints, an invitation and three more steps each
    assert not [record for record in zone.values() if set(record["value"]) & set(";\n")]
    configuration = yaml.safe_load((tmp_path / "octodns" / generate.ZONES).read_text(encoding="ascii"))
    assert Path(configuration["providers"]["files"]["directory"]).is_dir()


def test_the_exponent_is_of_the_two_largest_sizes() -> None:
    assert growth.exponent([10, 100, 1000], [7, 1, 10]) == pytest.approx(1)
    assert growth.exponent([100, 200], [3, 12]) == pytest.approx(2)


def test_a_part_that_is_measured_again_replaces_its_own_figures_alone() -> None:
    page_before = (
        "before\n<!-- figures: `python -m benchmarks --write` -->\n<!-- end of the figures -->\nafter\n"
    )
    order = ["startup", "files", "apply"]
    first = page.with_figures(page_before, "a machine", {"files": "| 1 |", "startup": "| 2 |"}, order)
    assert first == (
        "before\n<!-- figures: `python -m benchmarks --write` -->\n\na machine\n\n### startup\n\n| 2 |\n\n"
        "### files\n\n| 1 |\n\n<!-- end of the figures -->\nafter\n"
    )
    second = page.with_figures(first, "a machine", {"files": "| 3 |"}, order)
    assert second == first.replace("| 1 |", "| 3 |")
    assert page.with_figures(second, "a machine", {"files": "| 3 |"}, order) == second
    other = page.with_figures(second, "another machine", {"apply": "| 4 |"}, order)
    assert "| 4 |" in other
    assert "| 2 |" not in other


def test_the_page_has_the_place_for_the_figures() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert "### files\n\n| 1 |\n" in page.with_figures(text, "a machine", {"files": "| 1 |"}, ["files"])


def test_a_peer_that_is_not_installed_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "PROGRAMS", tmp_path)
    scale = replace(Scale(tmp_path), small=1, large=2)
    monkeypatch.setattr(peers, "first_run", lambda *_, **__: Cost(1, 1))
    assert [each.verdict for each in peers.measure(scale)] == ["not measured"] * 4


def test_no_command_has_the_cache_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KALENTOPS_CACHE_DIR", "/somewhere")
    assert "KALENTOPS_CACHE_DIR" not in measure.environment()
    assert measure.environment()["KALENTOPS_NO_CACHE"]
    assert measure.environment(tmp_path)["KALENTOPS_CACHE_DIR"] == str(tmp_path)
    assert "KALENTOPS_NO_CACHE" not in measure.environment(tmp_path)


@pytest.mark.parametrize(
    ("value", "aim", "verdict"),
    [(1.0, 1.0, "met"), (1.1, 1.0, "missed"), (1.0, None, ""), (None, 1.0, "not measured")],
)
def test_a_figure_is_met_missed_or_not_measured(value: float | None, aim: float | None, verdict: str) -> None:
    assert Figure("it", "so", value, aim).verdict == verdict
