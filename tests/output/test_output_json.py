"""Results for programs: every format whole, as the design has it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import Mark, RemoteSourcing, stub
from kalentops.lint.finding import Finding, Origin, Severity
from kalentops.output import json as json_output
from kalentops.plan.build import Action, make_plan
from kalentops.state.model import State
from kalentops.support.text import dump_json, json_pieces
from tests.builders import AT, body, entry, form, intent, saying, state, want

DIGEST = "sha256:" + "0" * 64
BEFORE: dict[str, Any] = {"name": "One", "steps": []}
AFTER: dict[str, Any] = {"name": "Two", "steps": []}
FINDING = Finding("a.yaml", 3, 7, "KAL301", "too long", "shorten it", Severity.WARNING)


def through(value: Any) -> Any:
    """As a program reads it."""
    return json.loads(dump_json(value).encode())


def test_validation() -> None:
    error = Finding("a.yaml", 1, 1, "KAL101", "m", "h")
    assert [json_output.validation(found)["valid"] for found in ([], [FINDING], [FINDING, error])] == [
        True,
        True,
        False,
    ]
    assert json_output.validation([], online=True)["online"] is True


def test_a_finding_in_a_template_has_its_users() -> None:
    users = (("s1/one", Origin("blueprints/a.yaml", 4, 3)),)
    (plain, shared) = json_output.validation([FINDING, replace(FINDING, users=8, used_by=users)])["findings"]
    assert "used_by" not in plain
    assert shared["used_by"] == {
        "count": 8,
        "first": [{"address": "s1/one", "file": "blueprints/a.yaml", "line": 4, "column": 3}],
    }


def test_sourcings() -> None:
    found = [RemoteSourcing("s2", "Two \ud800\u202e"), RemoteSourcing("s1", "One")]
    assert through(json_output.sourcings(found, {"s2": ["a.yaml", "b.yaml"], "s3": ["c.yaml"]})) == {
        "format_version": "1.0",
        "sourcings": [
            {"sourcing_id": "s2", "name": "Two \ud800\u202e", "files": ["a.yaml", "b.yaml"]},
            {"sourcing_id": "s1", "name": "One", "files": []},
        ],
    }


def test_an_apply() -> None:
    result = ApplyResult(
        (
            Result("s1/a", Action.CREATE, Outcome.DONE, "b1", note=saying("look")),
            Result("s1/b", Action.CREATE, Outcome.UNKNOWN, error=saying("lost")),
        ),
        interrupted=True,
    )
    assert through(json_output.apply(result, left_out=("s2/c",))) == {
        "format_version": "1.0",
        "summary": {"done": 1, "refused": 0, "conflict": 0, "unknown": 1, "not_attempted": 0},
        "interrupted": True,
        "left_out": ["s2/c"],
        "results": [
            {
                "address": "s1/a",
                "action": "create",
                "outcome": "done",
                "blueprint_id": "b1",
                "error": None,
                "note": "look",
                "code": "error",
                "parameters": {"message": "look"},
                "also": [],
            },
            {
                "address": "s1/b",
                "action": "create",
                "outcome": "unknown",
                "blueprint_id": None,
                "error": "lost",
                "note": None,
                "code": "error",
                "parameters": {"message": "lost"},
                "also": [],
            },
        ],
    }


EMPTY = stub("One", Mark("r", "0a1b2c3d")).data


def test_a_state() -> None:
    bodies = {"s1/z": BEFORE, "s1/r": EMPTY, "s1/a": BEFORE}
    entries = [entry(each, of, f"b-{each[-1]}", digest=DIGEST) for each, of in bodies.items()]
    known = state(*entries, intent("s1/i", AFTER, digest=DIGEST))
    assert through(json_output.state(known, "git:refs/kalentops/state")) == {
        "format_version": "1.0",
        "location": "git:refs/kalentops/state",
        "lineage": "lineage",
        "serial": 7,
        "blueprints": [
            {"address": "s1/a", "blueprint_id": "b-a", "name": "One", "digest": DIGEST, "reserved": False},
            {
                "address": "s1/r",
                "blueprint_id": "b-r",
                "name": EMPTY["name"],
                "digest": DIGEST,
                "reserved": True,
            },
            {"address": "s1/z", "blueprint_id": "b-z", "name": "One", "digest": DIGEST, "reserved": False},
        ],
        "open": [{"address": "s1/i", "action": "create", "at": AT, "run": None, "host": None}],
    }
    shown = through(json_output.state_entry(known, "s1/a"))
    assert (shown["format_version"], shown["address"], shown["open"]) == ("1.0", "s1/a", None)
    assert shown["blueprint"]["blueprintId"] == "b-a"
    assert shown["blueprint"]["sent"] == BEFORE
    only_open = through(json_output.state_entry(known, "s1/i"))
    assert only_open["blueprint"] is None
    assert only_open["open"]["action"] == "create"


def test_hostile_texts_survive_and_do_nothing() -> None:
    hostile = "x\x1b\n::error::\u202e ##[error] \ud800 Zoë 🎉"
    text = dump_json({"name": hostile})
    assert json.loads(text) == {"name": hostile}
    assert "\x1b" not in text
    assert "##[" not in text
    assert "Zoë 🎉" in text
    assert text.encode()
    assert not any(each.lstrip().startswith("::") for each in text.splitlines())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("a\n\u202e\x7f#[é😀\ud800", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("a\n#[", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("ab\n#[", max_size=3), JSON, max_size=4))
def test_json_in_pieces_is_the_same_text(data: dict[str, Any]) -> None:
    in_pieces = {name: iter(each) if isinstance(each, list) else each for name, each in data.items()}
    assert "".join(json_pieces(in_pieces)) == dump_json(data)


def test_a_plan_in_json_reads_a_body_when_it_is_written() -> None:
    read: list[str] = []

    def give(whole: Body) -> Body:
        read.append(whole.name)
        return whole

    bodies = {f"s{n}/a": form(body(f"Name {n}")) for n in range(3)}
    declared = (
        want(address, whole)._replace(body=Body.deferred(whole.name, whole.digest, partial(give, whole)))
        for address, whole in bodies.items()
    )
    for piece in json_output.plan_pieces(make_plan(declared, State())):
        shown = [each.name for address, each in bodies.items() if f'"address": "{address}"' in piece]
        assert read[-1:] == shown or not shown
    assert read == ["Name 0", "Name 1", "Name 2"]
