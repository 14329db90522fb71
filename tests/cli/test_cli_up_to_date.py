"""A plan that has nothing to do is known from the cache, until anything that it follows from is another."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kalentops.cache import Cache
from kalentops.cli.commands import pipeline
from kalentops.project.load import load
from kalentops.state.codec import dump_state
from tests.builders import blueprint, entry, state
from tests.harness import Project

STATE = "kalentops.state.json"


@pytest.fixture
def applied(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in which everything is applied, and was planned once."""
    monkeypatch.delenv("CI", raising=False)
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    _record(project)
    assert project.run("plan").out.endswith("No changes. 2 unchanged.\n")
    return project


def _record(project: Project) -> None:
    root = project.folder
    declared = load(root, [root / "blueprints"], bodies=True).declared
    known = [entry(each.address, each.body, f"b{n}") for n, each in enumerate(declared)]
    (root / STATE).write_bytes(dump_state(state(*known)))


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The plans that are made from now on."""
    made: list[Any] = []
    usual = pipeline.build_plan

    def build(*args: Any) -> Any:
        made.append(args)
        return usual(*args)

    monkeypatch.setattr(pipeline, "build_plan", build)
    return made


def test_a_second_plan_says_the_same_and_is_not_made(applied: Project, plans: list[Any]) -> None:
    first = applied.run("plan", "--no-cache")
    assert len(plans) == 1
    second = applied.run("plan")
    assert (second.out, second.err, second.code) == (first.out, first.err, first.code)
    assert applied.run("plan", "-q").out == applied.run("plan", "-q", "--no-cache").out
    assert applied.run("plan", "--detailed-exitcode").code == 0
    assert len(plans) == 2  # of --no-cache


def _rewrite(file: str, old: str, new: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        path = project.folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    return change


def _add(file: str, text: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        (project.folder / file).write_text(text, encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda it: it.write("sourcing_a", {"one": blueprint("Another"), "two": blueprint("Two")}),
            "1 to update",
        ),
        (lambda it: it.write("sourcing_b", {"one": blueprint("One")}), "1 to create"),
        (lambda it: it.write("sourcing_a", {"one": blueprint("One")}), "1 orphan"),
        (_rewrite(STATE, '"blueprintId": "b1"', '"blueprintId": "b7"'), "No changes. 2 unchanged."),
        (_rewrite(STATE, "sha256:", "sha256:0"), "error: "),
        (_rewrite(STATE, '"blueprints": {', '"blueprints": {'.replace("blueprints", "entries")), "error: "),
        (lambda it: (it.folder / STATE).unlink(), "2 to create"),
        (_add(f"{STATE}.journal", "{}\n{}\n"), "error: "),
        (_add("blueprints/c.yaml", "sourcingId: ["), "error KAL"),
        (_add("blueprints/c.yml.bak", ""), "KAL315"),
        (_add("kalentops.yaml", "environments: {eu: {state: eu.json}}\n"), "eu"),
    ],
)
def test_what_changes_is_planned(
    applied: Project, plans: list[Any], change: Callable[[Project], None], said: str
) -> None:
    change(applied)
    found = applied.run("plan")
    assert said in found.out + found.err
    fresh = applied.run("plan", "--no-cache")
    assert (found.out, found.err, found.code) == (fresh.out, fresh.err, fresh.code)
    assert len(plans) in {0, 2}  # none where an error comes first


def test_a_warning_is_said_each_time(applied: Project) -> None:
    todo = blueprint("One")
    todo["steps"][0]["content"] = "Hello, TODO"
    applied.write("sourcing_a", {"one": todo, "two": blueprint("Two")})
    _record(applied)
    assert "KAL310" not in applied.run("plan", "--errors-only").err
    for _ in range(2):
        assert "KAL310" in applied.run("plan").err


def test_other_requests_are_planned(applied: Project, plans: list[Any]) -> None:
    requests = (
        ("--format", "json"),
        ("--out", "plan.json"),
        ("--sourcing", "sourcing_a"),
        ("--overwrite", "sourcing_a/one"),
        ("blueprints",),
        ("--no-cache",),
    )
    for each in requests:
        applied.run("plan", *each)
    assert len(plans) == len(requests)
    data = json.loads(applied.run("plan", "--format", "json").out)
    assert data["summary"]["no_op"] == 2


@pytest.mark.parametrize("data", [b"", b"-1", b"two", b"[]", b"\xff"])
def test_an_entry_that_is_no_number_is_none(
    applied: Project, plans: list[Any], data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Cache.get

    def get(self: Cache, kind: str, key: str) -> bytes | None:
        return data if kind == "plans" else usual(self, kind, key)

    monkeypatch.setattr(Cache, "get", get)
    assert applied.run("plan").out.endswith("No changes. 2 unchanged.\n")
    assert len(plans) == 1


def test_a_state_that_a_branch_has_changed_is_planned(
    applied: Project, plans: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "contents_at_merge_base", lambda *_, **__: (None, None))
    assert "2 records of the state changed on this branch" in applied.run("plan").out
    assert "2 records of the state changed on this branch" in applied.run("plan").out
    assert len(plans) == 2
