"""How much warnings weigh, and what is reported of the findings: --errors-only, --strict, --statistics, --quiet."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.cli.main import run

FILE = """\
sourcingId: s_1
blueprints:
  one:
    name: One
    steps:
      - {id: a, name: A, type: SMS, temporalityType: ASAP, policy: {skipStepIfNoContact: true}, content: "TODO"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "blueprints").mkdir()
    (tmp_path / "blueprints" / "a.yaml").write_text(FILE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("args", "code", "out", "err"),
    [
        (("validate",), 0, "warning KAL310", ""),
        (("validate", "--strict"), 3, "error KAL310", ""),
        (("validate", "--strict", "--format", "json"), 3, '"severity": "error"', ""),
        (("validate", "--errors-only"), 0, "valid: 1 file, 1 blueprint", ""),
        (("validate", "--errors-only", "--format", "json"), 0, '"findings": []', ""),
        (("validate", "--statistics"), 0, "1  warning KAL310", ""),
        (("validate", "--statistics", "--format", "json"), 1, "", "--statistics prints text only"),
        (("validate", "--strict", "--errors-only"), 1, "", "give one of them"),
        (("plan",), 0, "1 to create", "warning KAL310"),
        (("plan", "--strict"), 3, "", "error KAL310"),
        (("plan", "--errors-only", "--format", "json"), 0, '"findings": []', ""),
    ],
)
def test_options(
    args: tuple[str, ...], code: int, out: str, err: str, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run((*args, "-C", str(project))) == code
    said = capfd.readouterr()
    assert out in said.out
    assert err in said.err


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_quiet_tells_errors_alone(command: str, project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run((command, "-q", "-C", str(project))) == 0
    assert "KAL310" not in "".join(capfd.readouterr())
    (project / "blueprints" / "b.yaml").write_text(
        "sourcingId: s_2\nfoo: 1\nblueprints: {}\n", encoding="utf-8"
    )
    assert run((command, "-q", "-C", str(project))) == 3
    said = "".join(capfd.readouterr())
    assert "error KAL010" in said
    assert "KAL310" not in said
