"""Whatever a file looks like, and whatever has become of a blueprint: the edit says it, and touches nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import observable, of_body
from kalentops.yamlfile import printer
from kalentops.yamlfile.edit import CannotEdit, edit_blueprint
from kalentops.yamlfile.formatting import format_text
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.splicing.outline import comments, read_outline
from tests.sizes import examples
from tests.strategies import Body
from tests.yamlfile.authors import Written, block_files, flow_files, json_files, pairs, shared_files

EOLS = st.sampled_from(["\n", "\n", "\r\n", "\r"])


def _data(text: str) -> Any:
    parsed = parse(text.lstrip("\ufeff"))
    assert not parsed.faults
    return parsed.data


def _blueprint(text: str) -> Any:
    return _data(text)["blueprints"]["key"]


def _others(text: str) -> Any:
    data = _data(text)
    return [data["sourcingId"], {key: each for key, each in data["blueprints"].items() if key != "key"}]


def _with_hidden(before: Body, after: Body) -> Body:
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


def _config(of: Body) -> Body:
    """An empty one says nothing."""
    return {"config": of["config"]} if of.get("config") else {}


def _comments(text: str) -> list[str]:
    return [comment for _, comment in comments(text, read_outline(text))]


def _narrow(text: str) -> str:
    return re.sub("- +", "- ", text)


def _kept(written: Written, before: Body, after: Body, edited: str, eol: str) -> None:
    """Fields that have not changed stand there to the byte; comments go with what they belong to."""
    old = {step["id"]: step for step in before["steps"]}
    new = {step["id"]: step for step in after["steps"]}
    left = _comments(edited)
    for comment in written.free:
        assert left.count(comment) == 1, comment
    for (step, name), lines in written.fields.items():
        one, other = (before, after) if not step else (old[step], new.get(step, {}))
        if name in one and one[name] == other.get(name):
            # A field may have come behind the `- ` of its step, instead of one that is gone.
            here, first = (each.replace("\n", eol) for each in (lines, "- " + lines.lstrip()))
            assert here in edited or _narrow(first) in _narrow(edited), (step, name, lines)
    for (step, name), own in written.comments.items():
        one, other = (before, after) if not step else (old[step], new.get(step))
        for comment in own:
            if other is None:
                assert comment not in left, comment
            elif not name or one.get(name) == other.get(name):
                assert left.count(comment) == 1, (step, name, comment)


def _is_edited(text: str, before: Body, after: Body) -> str:
    """The edited text; checks that it says what was wanted, and that another edit to the same changes nothing."""
    assert of_body(_blueprint(text)) == of_body(before)
    assert edit_blueprint("f.yaml", text, "key", before) == text
    edited = edit_blueprint("f.yaml", text, "key", after)
    assert of_body(_blueprint(edited)) == of_body(_with_hidden(before, after))
    assert _others(edited) == _others(text)
    assert edit_blueprint("f.yaml", edited, "key", after) == edited
    back = edit_blueprint("f.yaml", edited, "key", before)
    assert observable(_blueprint(back)) == observable(before)
    return edited


@given(st.data(), pairs(), EOLS, st.sampled_from(["", "\ufeff"]), st.sampled_from(["", "end"]))
@settings(max_examples=examples(150), deadline=None)
def test_block_style(data: st.DataObject, pair: tuple[Body, Body], eol: str, mark: str, ended: str) -> None:
    before, after = pair
    written = data.draw(block_files(before))
    text = written.text.replace("\n", eol)
    bare = text.removesuffix(eol)
    if not ended and not bare.endswith(eol) and parse(text).data == parse(bare).data:
        text = bare
    edited = _is_edited(mark + text, before, after)
    head, tail = text.partition(eol + "  key:")[0], text.partition("  # about the last one")[2]
    assert edited.startswith(mark + head)
    assert edited.endswith(tail)
    if eol == "\r\n":
        assert re.search(r"(?<!\r)\n|\r(?!\n)", edited) is None
    _kept(written, before, _with_hidden(before, after), edited, eol)


@given(st.data(), pairs(), EOLS)
@settings(max_examples=examples(100), deadline=None)
def test_flow_style(data: st.DataObject, pair: tuple[Body, Body], eol: str) -> None:
    before, after = pair
    written = data.draw(flow_files(before))
    text = written.text.replace("\n", eol)
    edited = _is_edited(text, before, after)
    assert edited.endswith(text.partition("  # about the last one")[2])
    _kept(written, before, _with_hidden(before, after), edited, eol)


@given(st.data(), pairs(), EOLS)
@settings(max_examples=examples(100), deadline=None)
def test_json(data: st.DataObject, pair: tuple[Body, Body], eol: str) -> None:
    before, after = pair
    written = data.draw(json_files(before))
    text = written.text.replace("\n", eol)
    edited = _is_edited(text, before, after)
    assert json.loads(edited)["blueprints"]["key"] == _blueprint(edited)


@given(st.data(), pairs())
@settings(max_examples=examples(100), deadline=None)
def test_what_is_shared_stays_as_it_is_for_others(data: st.DataObject, pair: tuple[Body, Body]) -> None:
    before, after = ({name: value for name, value in body.items() if name != "config"} for body in pair)
    text = data.draw(shared_files(before)).text
    assert of_body(_blueprint(text)) == of_body(before)
    refused = ""
    try:
        edited = edit_blueprint("f.yaml", text, "key", after)
    except CannotEdit as error:
        edited, refused = text, str(error)
    if refused:
        assert re.search(r"is the alias \*base|comes by way of `<<`, and has to go", refused)
    else:
        assert of_body(_blueprint(edited)) == of_body(_with_hidden(before, after))
    assert _others(edited) == _others(text)
    assert edited.partition("  key:")[0] == text.partition("  key:")[0]


@given(pairs())
@settings(max_examples=examples(100), deadline=None)
def test_a_file_in_the_one_layout_stays_in_it(pair: tuple[Body, Body]) -> None:
    before, after = pair
    others = {"name": "Other", "steps": []}
    text = printer.file_text("sourcing_a", {"first": others, "key": before, "last": others})
    assert format_text("f.yaml", text).after == text
    edited = edit_blueprint("f.yaml", text, "key", after)
    assert format_text("f.yaml", edited).after == edited
