"""Templates and snippets, and the blueprints that use them: what is checked together, and what a finding concerns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

import pytest

from kalentops.lint.finding import Finding, Severity
from kalentops.project.cached import Checked
from kalentops.project.config import load_config
from kalentops.project.files import Source
from kalentops.project.load import MOST, Repository, load, load_with_users
from kalentops.project.processes import check_files
from kalentops.project.result import CheckOptions
from tests.builders import step

T, OTHER, SNIPPETS = "templates/t.yaml", "templates/other.yaml", "snippets.yaml"


def _template(name: str, *contents: str, **fields: Any) -> dict[str, Any]:
    steps = [step(number, content=each) for number, each in enumerate(contents, 1)]
    return {"template": name, "parameters": {"pitch": {}}, "name": name, "steps": steps, **fields}


def _use(name: str, pitch: str) -> dict[str, Any]:
    return {"use": name, "with": {"pitch": pitch}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files: dict[str, Any] = {
        T: _template("t", "Hi [t] {{param.pitch}}", wrong=1),
        OTHER: _template("other", "Hi [other] {{snippet.closing}} {{param.pitch}}"),
        SNIPPETS: {"snippets": {"closing": "Bye [closing]", "unused": "[unused] {{param.pitch}}"}},
        "a.yaml": {
            "sourcingId": "s_a",
            "blueprints": {
                "one": _use("t", "Hi"),
                "two": _use("other", "Hi"),
                "plain": {"name": "Plain", "steps": [step(content="[plain]")]},
            },
        },
        "b.yaml": {"sourcingId": "s_b", "blueprints": {"one": _use("t", "[b]")}},
        "c.yaml": {"sourcingId": "s_c", "blueprints": {"one": {"name": "C", "steps": [step(content="[c]")]}}},
    }
    for name, data in files.items():
        path = tmp_path / "blueprints" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return tmp_path


def _checked(root: Path, *names: str) -> Repository:
    return load_with_users(load_config(root), [root / "blueprints" / name for name in names])


def _said(repository: Repository) -> dict[str, int]:
    """The words that the findings quote, and how many use them."""
    return {each.message.split("`")[1]: each.users for each in repository.findings}


def test_a_template_is_checked_with_its_users(root: Path) -> None:
    found = _checked(root, T)
    assert _said(found) == {"[t]": 2, "wrong": 2, "[b]": 0}
    assert [each.address for each in found.declared] == ["s_a/one", "s_b/one"]
    assert found.names == [f"blueprints/{name}" for name in ("a.yaml", "b.yaml", T)]


def test_a_position_knows_the_templates_outside_of_the_paths(root: Path) -> None:
    assert _said(_checked(root, "b.yaml")) == {"[t]": 2, "wrong": 2, "[b]": 0}
    assert _said(_checked(root, "c.yaml")) == {"[c]": 0}
    assert "[plain]" in _said(_checked(root, "a.yaml"))


def test_a_file_is_checked_once_however_it_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    places = [
        Path("blueprints/b.yaml"),
        root / "blueprints" / "b.yaml",
        Path("blueprints/../blueprints/b.yaml"),
    ]
    found = load_with_users(load_config(root), places)
    assert _said(found) == {"[t]": 2, "wrong": 2, "[b]": 0}
    assert [each.address for each in found.declared] == ["s_b/one"]


def test_a_folder_outside_that_has_its_own_templates_is_checked_alone(root: Path) -> None:
    other = root / "other"
    other.mkdir()
    (other / "t.yaml").write_text("template: t\nname: Hi\n")
    (other / "a.yaml").write_text("sourcingId: s_o\nblueprints: {one: {use: t}}\n")
    found = load_with_users(load_config(root), [other])
    assert (found.names, {each.code for each in found.findings}) == (
        ["other/a.yaml", "other/t.yaml"],
        {"KAL316"},
    )
    (other / "t.yaml").unlink()
    assert "KAL404" in {each.code for each in load_with_users(load_config(root), [other]).findings}


def test_snippets_are_checked_with_what_uses_them(root: Path) -> None:
    found = _checked(root, SNIPPETS)
    assert {"[closing]": 1, "[other]": 1}.items() <= _said(found).items()
    assert "[t]" not in _said(found)
    assert [each.address for each in found.declared] == ["s_a/two"]


def test_paths_show_a_part_of_what_all_files_show(root: Path) -> None:
    whole = load(root, [root / "blueprints"])
    parts = [_checked(root, name) for name in (T, OTHER, SNIPPETS, "a.yaml", "b.yaml", "c.yaml")]
    assert {each for part in parts for each in part.findings} == set(whole.findings)
    same = {each: (each.users, each.used_by) for each in whole.findings}
    assert all(same[each] == (each.users, each.used_by) for part in parts for each in part.findings)
    everything = whole.narrowed(whole.names)
    assert (everything.findings, everything.declared) == (whole.findings, whole.declared)


def _errors(found: Repository) -> list[Finding]:
    return [each for each in found.findings if each.severity is Severity.ERROR]


@pytest.mark.parametrize(
    "broken",
    [
        'template: t\nname: "never closed\n',
        "template: t\nparameters: {pitch: {}}\nsteps: {}\n",
        "template: t\nname: [\n",
    ],
)
def test_a_broken_template_concerns_its_users_alone(root: Path, broken: str) -> None:
    (root / "blueprints" / T).write_text(broken, encoding="utf-8")
    found = load(root, [root / "blueprints"])
    of_it = [each for each in _errors(found) if each.file.endswith(T)]
    assert of_it
    assert {each.users for each in of_it} == {2}
    assert [address for address, _ in of_it[0].used_by] == ["s_a/one", "s_b/one"]
    assert {each.file for each in _checked(root, T).findings} == {f"blueprints/{T}"}
    assert _said(_checked(root, OTHER))["[other]"] == 1
    assert not any(each.file.endswith(T) for each in _checked(root, OTHER).findings)
    assert of_it[0] in _checked(root, "b.yaml").findings


@pytest.mark.parametrize("change", ["save", "delete"])
def test_a_template_that_changes_while_it_is_checked_is_read_once(
    root: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = root / "blueprints" / T
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace('"content"', '"contents"'), encoding="utf-8")
    wrong = load(root, [root / "blueprints"], bodies=True)
    passes: list[Sequence[Source]] = []

    def check_again(options: CheckOptions, sources: Sequence[Source]) -> Iterable[Checked]:
        if passes and change == "save":
            path.write_text(right, encoding="utf-8")
        elif passes:
            path.unlink()
        passes.append(sources)
        return check_files(options, sources)

    monkeypatch.setattr("kalentops.project.load.check_files", check_again)
    found = load(root, [root / "blueprints"], bodies=True)
    assert len(passes) == 2
    assert not found.valid
    assert found.findings == wrong.findings


def test_an_error_in_a_template_or_in_snippets_stops_all_its_users_and_no_others(root: Path) -> None:
    for number in range(5):
        use = {"sourcingId": f"s_{number}", "blueprints": {"one": _use("other", "Hi")}}
        (root / "blueprints" / f"{number}.yaml").write_text(json.dumps(use), encoding="utf-8")
    snippets = {"closing": "Bye {{closing}}", "unused": "Bye"}
    (root / "blueprints" / SNIPPETS).write_text(json.dumps({"snippets": snippets}), encoding="utf-8")
    found = load(root, [root / "blueprints"])
    of_snippets = [each for each in _errors(found) if each.file.endswith(SNIPPETS)]
    users = ["s_0/one", "s_1/one", "s_2/one", "s_3/one", "s_4/one", "s_a/two"]
    assert {each.users for each in of_snippets} == {len(users)}
    assert set(users) <= set(found.blocked())
    assert all(set(of_snippets) <= set(found.stopping(partial(eq, user))) for user in users)
    assert set(of_snippets).isdisjoint(found.stopping(partial(eq, "s_c/one")))
    found.findings += of_snippets * MOST
    assert set(of_snippets) <= set(found.stopping(partial(eq, "s_c/one")))
