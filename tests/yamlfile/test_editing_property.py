"""Whatever a file looks like, and whatever has become of a blueprint: the edit says it, and touches nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import Body
from kalentops.blueprint.diff import same
from kalentops.errors import CannotEdit
from kalentops.yamlfile import build
from kalentops.yamlfile.edit import edit_blueprint, edit_mapping
from kalentops.yamlfile.fmt import format_text
from kalentops.yamlfile.parse import parse
from tests import builders
from tests.project.test_project_fuzz import _SMALL, EXAMPLES, _damaged
from tests.sizes import examples
from tests.strategies import Data
from tests.yamlfile.authors import Written, block_files, flow_files, json_files, pairs, shared_files
from tests.yamlfile.texts import wild_documents

EOLS = st.sampled_from(["\n", "\n", "\r\n"])


def _data(text: str) -> Any:
    parsed = parse(text.lstrip("\ufeff"))
    assert not parsed.faults
    return parsed.data


def _blueprint(text: str) -> Any:
    return _data(text)["blueprints"]["key"]


def _others(text: str) -> Any:
    data = _data(text)
    return [data["sourcingId"], {key: each for key, each in data["blueprints"].items() if key != "key"}]


def _with_hidden(before: Data, after: Data) -> Data:
    """What `after` makes of a file that says `before`: what the API hides stays."""
    old = {step["id"]: step for step in before["steps"]}
    steps = []
    for step in after["steps"]:
        was = old.get(step["id"], {})
        made = step | _config(was) | _config(step)
        if (
            was.get("linkedInType") == made.get("linkedInType") == "LINKEDIN_INVITATION"
            and not step["content"]
        ):
            made["content"] = was["content"]
        steps.append(made)
    return _config(before) | {"name": after["name"], "steps": steps} | _config(after)


def _config(of: Data) -> Data:
    """An empty one says nothing."""
    return {"config": of["config"]} if of.get("config") else {}


def _comments(text: str) -> list[str]:
    return re.findall(r"# c\d+\.[^\r\n]*", text)


def _clean(text: str) -> str:
    done = format_text("f.yaml", text)
    assert (done.findings, done.problem) == ([], "")
    return done.after


def _code(text: str) -> str:
    """A text without the comments of its author, and the blanks before them."""
    return re.sub(r"(?:\n *|  +)# c\d+\.[^\n]*", "", text.replace("\r\n", "\n"))


def _fields(text: str) -> Iterator[tuple[str, str, str]]:
    """The text fields of the steps, each with its step and the lines in which it is written."""
    plain = text.replace("\r\n", "\n")
    for step in _blueprint(plain).get("steps") or []:
        for name, (key, value) in step.marks.items():
            if isinstance(step[name], str):
                yield step["id"], name, _code(plain[key.start_mark.index : value.end_mark.index].rstrip("\n"))


def _kept(text: str, written: Written, before: Data, after: Data, edited: str) -> None:
    """Fields that have not changed are written as they were; comments go with what they belong to."""
    old = {step["id"]: step for step in before["steps"]}
    new = {step["id"]: step for step in after["steps"]}
    for step, name, lines in _fields(text):
        if step in new and old[step][name] == new[step].get(name):
            assert lines in _code(edited), (step, name, lines)
    left = _comments(edited)
    for comment in written.free:
        assert left.count(comment) == 1, comment
    for (step, name), own in written.comments.items():
        one, other = (before, after) if not step else (old[step], new.get(step))
        for comment in own:
            if other is None:
                assert comment not in left, comment
            elif not name or one.get(name) == other.get(name):
                assert left.count(comment) == 1, (step, name, comment)


def _is_edited(text: str, before: Data, after: Data) -> str:
    """The edited text; checks that it says what was wanted, and that another edit to the same changes nothing."""
    assert Body.of(_blueprint(text)) == Body.of(before)
    assert edit_blueprint("f.yaml", text, "key", before) == text
    edited = edit_blueprint("f.yaml", text, "key", after)
    assert Body.of(_blueprint(edited)) == Body.of(_with_hidden(before, after))
    assert _others(edited) == _others(text)
    assert edit_blueprint("f.yaml", edited, "key", after) == edited
    back = edit_blueprint("f.yaml", edited, "key", before)
    assert Body.listed(_blueprint(back)) == Body.listed(before)
    return edited


@given(st.data(), pairs(), EOLS)
@settings(max_examples=examples(150), deadline=None)
def test_block_style(data: st.DataObject, pair: tuple[Data, Data], eol: str) -> None:
    before, after = pair
    written = data.draw(block_files(before))
    text = _clean(written.text).replace("\n", eol)
    edited = _is_edited(text, before, after)
    head, tail = text.partition("  key:")[0], text.partition("  # about the last one")[2]
    assert edited.startswith(head)
    assert edited.endswith(tail)
    assert _clean(edited) == edited
    _kept(text, written, before, _with_hidden(before, after), edited)


@given(st.data(), pairs(), EOLS)
@settings(max_examples=examples(100), deadline=None)
def test_flow_style(data: st.DataObject, pair: tuple[Data, Data], eol: str) -> None:
    before, after = pair
    written = data.draw(flow_files(before))
    text = _clean(written.text).replace("\n", eol)
    edited = _is_edited(text, before, after)
    assert edited.endswith(text.partition("  # about the last one")[2])
    assert _clean(edited) == edited
    _kept(text, written, before, _with_hidden(before, after), edited)


@given(st.data(), pairs(), EOLS)
@settings(max_examples=examples(100), deadline=None)
def test_json(data: st.DataObject, pair: tuple[Data, Data], eol: str) -> None:
    before, after = pair
    text = _clean(data.draw(json_files(before)).text).replace("\n", eol)
    edited = _is_edited(text, before, after)
    assert json.loads(edited)["blueprints"]["key"] == _blueprint(edited)


@given(
    st.data(),
    pairs(),
    st.sampled_from([block_files, flow_files, json_files]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=examples(100), deadline=None)
def test_a_file_that_is_not_laid_out_is_edited_and_formatted(
    data: st.DataObject, pair: tuple[Data, Data], files: Any, eol: str, mark: str
) -> None:
    before, after = pair
    text = mark + data.draw(files(before)).text.replace("\n", eol)
    if data.draw(st.booleans()):
        text = text.removesuffix(eol)
    clean = _clean(text)
    wanted = edit_blueprint("f.yaml", clean, "key", after)
    assert edit_blueprint("f.yaml", text, "key", after) == (text if wanted == clean else wanted)


@given(st.data(), pairs())
@settings(max_examples=examples(100), deadline=None)
def test_what_is_shared_stays_as_it_is_for_others(data: st.DataObject, pair: tuple[Data, Data]) -> None:
    before, after = ({name: value for name, value in body.items() if name != "config"} for body in pair)
    text = _clean(data.draw(shared_files(before)).text)
    assert Body.of(_blueprint(text)) == Body.of(before)
    refused = ""
    try:
        edited = edit_blueprint("f.yaml", text, "key", after)
    except CannotEdit as error:
        edited, refused = text, str(error)
    if refused:
        assert re.search(r"is the alias \*base|comes by way of `<<`, and has to go", refused)
    else:
        assert Body.of(_blueprint(edited)) == Body.of(_with_hidden(before, after))
    assert _others(edited) == _others(text)
    assert edited.partition("  key:")[0] == text.partition("  key:")[0]


@given(pairs())
@settings(max_examples=examples(100), deadline=None)
def test_a_file_in_the_one_layout_stays_in_it(pair: tuple[Data, Data]) -> None:
    before, after = pair
    others = {"name": "Other", "steps": []}
    text = build.file_text("sourcing_a", {"first": others, "key": before, "last": others})
    assert format_text("f.yaml", text).after == text
    edited = edit_blueprint("f.yaml", text, "key", after)
    assert format_text("f.yaml", edited).after == edited


@given(wild_documents(), wild_documents())
@settings(max_examples=examples(200), deadline=None)
def test_any_file_becomes_any_other_and_stays_in_the_one_layout(before: Data, after: Data) -> None:
    text = build.document_text(before)
    edited = edit_mapping("f.yaml", text, (), after)
    assert same(_data(edited), after)
    assert format_text("f.yaml", edited).after == edited


def _change(body: Data, kind: str) -> None:
    steps: list[Any] = body["steps"]
    if kind == "names":
        body["name"] = f"{body['name']}: new"
        for each in steps:
            each["name"] = "New # name"
    elif kind == "texts":
        for each in steps:
            each["content"] = f"  New\n\n{each.get('content', '')}"
    elif kind == "fields":
        for each in steps:
            each["policy"] = {"inviteTimeoutDays": 3}
            each.pop("delay", None)
            each["subject"] = "S"
    elif kind == "less":
        del steps[:1]
    else:
        steps.reverse()
        steps.append(builders.step(9, content="x\n\n"))


@given(
    _damaged(_SMALL, 4) | _damaged(EXAMPLES, 6), st.sampled_from(["names", "texts", "fields", "less", "more"])
)
@settings(max_examples=examples(200), deadline=None)
def test_a_damaged_file_is_edited_or_refused(text: str, kind: str) -> None:
    parsed = parse(text.lstrip("\ufeff"))
    data: Any = parsed.data
    found = data.get("blueprints") if isinstance(data, dict) else None
    blueprints: dict[str, Any] = found if isinstance(found, dict) else {"a": None}
    for key, blueprint in blueprints.items():
        try:
            body = dict(Body.listed(blueprint).data)
        except (KeyError, TypeError, AttributeError, ValueError):
            body = {"name": "A", "steps": []}
        _change(body, kind)
        try:
            edited = edit_blueprint("f.yaml", text, key, body)
        except CannotEdit:
            continue
        made: Any = parse(edited.lstrip("\ufeff")).data
        assert Body.listed(made["blueprints"][key]) == Body.listed(body)
        assert {**made, "blueprints": {**made["blueprints"], key: blueprint}} == data
