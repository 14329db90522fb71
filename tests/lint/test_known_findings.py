"""Which findings are new, and how a comment shows them: new ones open, old ones folded."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from kalentops.cli.main import run
from kalentops.lint.finding import Finding, known_before
from kalentops.output import Checked, markdown
from kalentops.project.check import check_text
from kalentops.project.result import CheckOptions
from tests.output import judges

STEP = """\
      - {{id: s{0}, name: A, type: EMAIL, subject: S, temporalityType: DELAYED, delay: {{value: 1, unit: day}},
         policy: {{skipStepIfNoContact: true}},
         content: "{1}"}}
"""
HEAD = "sourcingId: s_1\nblueprints:\n  one:\n    name: One\n    steps:\n"


def _file(*contents: str) -> str:
    return HEAD + "".join(STEP.format(number, each) for number, each in enumerate(contents))


def _findings(name: str, text: str) -> list[Finding]:
    return sorted(check_text(CheckOptions(Path("/")), name, text).findings)


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        (_file("[a]"), _file("[a]"), []),
        (_file("[a]"), "# a comment\n\n" + _file("Hi", "[a]"), []),  # other lines, other step
        (_file("[a]"), _file("[a]", "[b]"), ["`[b]` is a placeholder"]),
        (_file("[a]"), _file("[a]", "[a]"), ["`[a]` is a placeholder"]),  # once more
        (_file("[a]"), _file("[a] and more words"), []),
        (_file("[x] " * 30), _file("[x] " * 40), []),  # the count of the rest has grown
        (_file("Hi"), _file("[a]"), ["`[a]` is a placeholder"]),
    ],
)
def test_new_is_what_was_not_there(before: str, now: str, new: list[str]) -> None:
    here = _findings("a.yaml", now)
    for name in ("a.yaml", "renamed.yaml") if "more words" not in now and "[x]" not in now else ("a.yaml",):
        known = known_before(here, {"a.yaml": now}, _findings(name, before), {name: before})
        assert [each.message for each in here if each not in known] == new


def test_a_comment_shows_new_ones_open_and_old_ones_folded() -> None:
    found = _findings("a.yaml", _file("[old] {{worse}}", "[new]"))
    earlier = frozenset(each for each in found if "[new]" not in each.message)
    said = markdown.validation(Checked(found, ["a.yaml"], 1, earlier=earlier))
    assert judges.Page(said).problems == []
    is_open, folded = said.split("<details>")
    assert "**1 new finding:**" in is_open
    assert "[new]" in is_open
    assert "2 findings from before" in folded
    assert "[old]" in folded
    assert "1 of them new" in is_open


def _git(folder: Path, *args: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org", *args], check=True
    )


@pytest.mark.processes
def test_against_a_commit(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "blueprints").mkdir()
    place = tmp_path / "blueprints" / "a.yaml"
    place.write_text(_file("[old]"), encoding="utf-8")
    (tmp_path / "blueprints" / "b.yaml.txt").write_text(_file("Hi"), encoding="utf-8")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", "-A")
    _git(tmp_path, "commit", "-qm", "One")
    place.write_text(_file("Hi", "[old]", "[new]"), encoding="utf-8")
    capfd.readouterr()
    assert run(["validate", "-C", str(tmp_path), "--against", "HEAD", "--format", "json"]) == 3
    found = json.loads(capfd.readouterr().out)["findings"]
    assert {each["message"]: each["new"] for each in found if each["code"] == "KAL103"} == {
        "`[old]` is a placeholder": False,
        "`[new]` is a placeholder": True,
    }
    assert [each["new"] for each in found if each["code"] == "KAL315"] == [False]
    assert run(["plan", "-C", str(tmp_path), "--against", "HEAD", "--format", "markdown", "--strict"]) == 3
    assert "**1 new finding:**" in capfd.readouterr().out
    assert run(["validate", "-C", str(tmp_path), "--against", "nowhere"]) == 1
    assert "git has no commit nowhere" in capfd.readouterr().err


def _template(content: str, name: str = "t") -> str:
    return f"template: {name}\nname: T\nsteps:\n" + STEP.format(1, content)


USE = "sourcingId: {}\nblueprints:\n  one: {{use: t}}\n"


@pytest.mark.processes
def test_a_finding_in_a_template_stays_known_with_a_new_user(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "blueprints"
    folder.mkdir()
    (folder / "t.yaml").write_text(_template("[old]"), encoding="utf-8")
    (folder / "a.yaml").write_text(USE.format("s_a"), encoding="utf-8")
    (folder / "copy.yaml").write_text(_file("[copied]"), encoding="utf-8")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", "-A")
    _git(tmp_path, "commit", "-qm", "One")
    (folder / "b.yaml").write_text(USE.format("s_b"), encoding="utf-8")
    (folder / "u.yaml").write_text(_template("[copied]", "u"), encoding="utf-8")
    (folder / "copy.yaml").write_text(USE.format("s_1").replace("use: t", "use: u"), encoding="utf-8")
    capfd.readouterr()

    def found(*paths: str) -> dict[str, tuple[bool, int]]:
        assert run(["validate", "-C", str(tmp_path), "--against", "HEAD", "--format", "json", *paths]) == 3
        told = json.loads(capfd.readouterr().out)["findings"]
        return {each["message"]: (each["new"], each["used_by"]["count"]) for each in told}

    old, copied = {"`[old]` is a placeholder": (False, 2)}, {"`[copied]` is a placeholder": (False, 1)}
    assert found() == {**old, **copied}
    assert found("blueprints/t.yaml") == found("blueprints/b.yaml") == old
    assert found("blueprints/copy.yaml") == found("blueprints/u.yaml") == copied
    (folder / "t.yaml").write_text(_template("[old] [new]"), encoding="utf-8")
    assert found("blueprints/b.yaml") == {**old, "`[new]` is a placeholder": (True, 2)}
