"""Blueprints that use a template as plain ones: they say the same, wherever they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.adopt.plain import detached, rendered, selected
from kalentops.adopt.position import PositionFile, ProjectFiles
from kalentops.blueprint.body import Address
from kalentops.errors import InvalidFiles, StoreFailure, UsageError
from kalentops.lint.rule import Declared
from kalentops.project.check import check_text
from kalentops.project.document import read_document
from kalentops.project.library import Library
from kalentops.project.load import with_library
from kalentops.project.result import CheckOptions
from kalentops.yamlfile.build import document_text
from kalentops.yamlfile.fmt import format_text
from kalentops.yamlfile.parse import parse
from tests.builders import step
from tests.project.test_resolve import SHARED
from tests.sizes import examples
from tests.strategies import labels, texts

NAME = "blueprints/p.yaml"
OPTIONS = with_library(CheckOptions(Path(), bodies=True), SHARED)
LIBRARY = OPTIONS.library or Library()


def declared(text: str) -> list[tuple[Any, ...]]:
    """What a plan is made of."""

    def said(of: Declared) -> tuple[Any, ...]:
        return of.address, of.name, of.digest, of.protect, of.title

    read = check_text(OPTIONS, NAME, text)
    return [*map(said, read.declared), *((each.source, each.target) for each in read.relocations)]


def file(text: str) -> PositionFile:
    return PositionFile(Path(NAME), text, read_document(NAME, text))


@st.composite
def uses(draw: st.DrawFn) -> dict[str, Any]:
    steps = ["invite", "mail", "last"]
    removed = draw(st.lists(st.sampled_from(steps[1:]), unique=True))
    left = [each for each in steps if each not in removed]
    field = st.fixed_dictionaries(
        {},
        optional={
            "content": texts(),
            "name": labels(),
            "delay": st.just({"value": 2, "unit": "day"}),
            "policy": st.sampled_from([{"skipStepIfNoContact": False}, {"inviteTimeoutDays": None}, None]),
            "config": st.just({"userId": "user_1"}),
        },
    )
    change = draw(st.dictionaries(st.sampled_from(left), field, max_size=3))
    add = [
        {draw(st.sampled_from(["after", "before"])): draw(st.sampled_from(left)), **step(f"new-{number}")}
        for number in range(draw(st.integers(0, 2)))
    ]
    own = {
        "name": labels(),
        "protect": st.booleans(),
        "config": st.sampled_from([{}, {"speed": [1, 2.5, None]}]),
        "language": st.sampled_from(["en", "fr"]),
    }
    more = draw(st.fixed_dictionaries({}, optional=own))
    values = {"pitch": draw(texts()), **({"closing": draw(texts())} if draw(st.booleans()) else {})}
    parts = {"with": values, "change": change, "remove": removed, "add": add}
    return {"use": "first", **more, **{name: part for name, part in parts.items() if part}}


@given(uses(), uses())
@settings(max_examples=examples(60), deadline=None)
def test_written_as_plain_files_they_plan_the_same(one: Any, other: Any) -> None:
    position = {
        "sourcingId": "s_1",
        "title": "Paris",
        "language": "fr",
        "moved": [{"from": "old", "to": "one"}],
        "removed": ["older"],
        "blueprints": {"one": one, "two": {"name": "Two", "steps": []}, "three": other},
    }
    text = document_text(position)
    before = declared(text)
    assert len(before) == 5
    document = read_document(NAME, text)
    plain = rendered(document, LIBRARY, ["one", "two", "three"], origins=False)
    told = rendered(document, LIBRARY, ["one", "two", "three"], origins=True)
    change = detached(file(text), ["one", "three"], LIBRARY)
    for each in (plain, told, str(change.after)):
        assert declared(each) == before
        assert "first" not in [each.template for each in check_text(OPTIONS, NAME, each).declared]
        assert format_text(NAME, each).after == each
    data: Any = parse(plain).data
    assert data == parse(told).data
    languages = [each.get("language") for each in data["blueprints"].values()]
    assert languages == [one.get("language"), None, other.get("language")]


COMMENTED = """\
sourcingId: s_1
language: en
blueprints:
  # Above the key.
  key:  # behind the key
    use: first  # behind use
    name: Own  # behind the name
    with:
      # above pitch
      pitch: We are six.
    change:
      mail:  # behind the step
        content: |-  # behind the text
          Own text.
      last:
        # above the delay
        delay: {value: 5, unit: day}  # behind the delay
    remove: [invite]  # too pushy
    add:
      # above the new step
      - after: mail
        id: sms
        name: SMS  # behind its name
        type: SMS
        temporalityType: ASAP
        policy: {skipStepIfNoContact: true}
        content: Hi {{firstname}}
    # at the end

  other:
    use: first
    name: Other
    with: {pitch: Seven.}
"""
DETACHED = """\
sourcingId: s_1
language: en
blueprints:
  # Above the key.
  key:  # behind the key
    # behind use
    # above pitch
    # too pushy
    # at the end
    name: Own  # behind the name
    config:
      speed: slow
    steps:
      # behind the step
      - id: mail
        name: Mail
        type: EMAIL
        subject: Hello
        temporalityType: DELAYED
        delay: {value: 3, unit: day}
        policy: {skipStepIfNoContact: true, inviteTimeoutDays: 3}
        content: |-  # behind the text
          Own text.
"""


def test_detaching_keeps_comments_and_all_else() -> None:
    after = str(detached(file(COMMENTED), ["key"], LIBRARY).after)
    assert after.startswith(DETACHED)
    assert after.endswith(COMMENTED[COMMENTED.index("\n  other:") :])
    assert [each for each in after.splitlines() if "delay: {value: 5" in each] == [
        "        delay: {value: 5, unit: day}  # behind the delay"
    ]


def test_detaching_between_brackets_stays_there() -> None:
    text = '{"sourcingId": "s_1", "language": "en", "blueprints": {"key": {"use": "first", "with": {"pitch": "a"}}}}\n'
    after = str(detached(file(text), ["key"], LIBRARY).after)
    assert declared(after) == declared(text)
    assert after.startswith("{")


def test_origins_name_each_piece_of_a_text() -> None:
    text = rendered(read_document(NAME, COMMENTED), LIBRARY, ["key", "other"], origins=True)
    lines = [each.strip() for each in text.splitlines()]
    assert "name: Own  # blueprints/p.yaml:7" in lines
    assert (
        "content: |-  # blueprints/t.yaml:15, {{param.pitch}} blueprints/p.yaml:33, {{snippet.bye}} blueprints/s.yaml:2"
        in lines
    )
    assert "delay: {value: 5, unit: day}  # blueprints/p.yaml:17" in lines
    assert "content: |-  # blueprints/t.yaml:24, {{param.closing}} blueprints/t.yaml:4" in lines


def test_a_part_of_a_file_holds_what_is_about_it() -> None:
    text = COMMENTED.replace(
        "language: en\n", "language: en\nmoved: [{from: a, to: key}, {from: b, to: other}]\nremoved: [c]\n"
    )
    some = parse(rendered(read_document(NAME, text), LIBRARY, ["other"], origins=False)).data
    assert isinstance(some, dict)
    assert some["moved"] == [{"from": "b", "to": "other"}]
    assert list(some["blueprints"]) == ["other"]
    assert "removed" not in some


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ([], ["a/x", "a/y", "b/x"]),
        (["a"], ["a/x", "a/y"]),
        (["*/x", "a/x"], ["a/x", "b/x"]),
        (["b", "a/*", "b/x"], ["b/x", "a/x", "a/y"]),
    ],
)
def test_what_is_selected(patterns: list[str], found: list[str]) -> None:
    assert selected(patterns, [Address("b", "x"), Address("a", "y"), Address("a", "x")]) == found


def test_what_fits_nothing_is_said() -> None:
    with pytest.raises(UsageError) as caught:
        selected(["sourcing_1/frist"], [Address("sourcing_1", "first")])
    assert caught.value.hint == "did you mean sourcing_1/first?"


def test_what_can_not_be_resolved_is_written_nowhere() -> None:
    text = COMMENTED.replace("pitch: Seven.", "")
    document = read_document(NAME, text)
    with pytest.raises(
        InvalidFiles, match=r"other in blueprints/p\.yaml can't be made from its template first"
    ):
        rendered(document, LIBRARY, ["other"], origins=False)
    with pytest.raises(InvalidFiles):
        detached(file(text), ["other"], LIBRARY)


def test_a_file_that_has_gone_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match=r"b\.yaml can't be read any more"):
        ProjectFiles(tmp_path, {}).position_file("b.yaml")
