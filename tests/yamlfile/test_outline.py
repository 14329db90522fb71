"""Where things stand in a file, however it is written; and an edit of it: done rightly, or refused."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import observable
from kalentops.yamlfile.edit import CannotEdit, edit_blueprint
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.splicing.outline import Node, comments, read_outline
from tests.builders import step
from tests.project.test_project_fuzz import _SMALL, EXAMPLES, _damaged
from tests.sizes import examples
from tests.strategies import Body

TEXT = """\
# top
a: &x  # anchor
  - !!str 'it''s'   # quoted
  - |-  # header
    text # no comment

  # between
  - {b: [1, "#2",# three
     *y], ? c : }  # end
d : plain#text

# bottom"""


def test_each_value_from_its_name_to_its_last_character() -> None:
    text = TEXT.replace("a: &x", "z: &y 1\na: &x")
    root = read_outline(text)
    spans = [(node.kind, text[node.start : node.end], text[node.at : node.end]) for node in root.walk()]
    assert spans[3:] == [
        ("scalar", "a", "a"),
        (
            "seq",
            text[text.index("&x") : text.index("  # end")],
            text[text.index("- !!str") : text.index("  # end")],
        ),
        ("scalar", "!!str 'it''s'", "'it''s'"),
        ("scalar", "|-  # header\n    text # no comment", "|-  # header\n    text # no comment"),
        ("map", '{b: [1, "#2",# three\n     *y], ? c : }', '{b: [1, "#2",# three\n     *y], ? c : }'),
        ("scalar", "b", "b"),
        ("seq", '[1, "#2",# three\n     *y]', '[1, "#2",# three\n     *y]'),
        ("scalar", "1", "1"),
        ("scalar", '"#2"', '"#2"'),
        ("alias", "*y", "*y"),
        ("scalar", "c", "c"),
        ("scalar", "", ""),
        ("scalar", "d", "d"),
        ("scalar", "plain#text", "plain#text"),
    ]


def test_all_comments_and_no_text() -> None:
    found = comments(TEXT.replace("*y", "y"), read_outline(TEXT.replace("*y", "y")))
    wanted = ["# top", "# anchor", "# quoted", "# header", "# between", "# three", "# end", "# bottom"]
    assert [comment for _, comment in found] == wanted
    assert all(TEXT.replace("*y", "y").startswith(comment, at) for at, comment in found)


def _is_inside(node: Node, start: int, end: int) -> None:
    assert start <= node.start <= node.named <= node.at <= node.end <= end
    last = node.at
    for entry in node.entries:
        assert last <= entry.start
        assert entry.end <= node.end
        for each in (entry.key, entry.value):
            # The parser says of a value that is not there that it is somewhere behind.
            if each is not None and each.start < each.end:
                _is_inside(each, entry.start, entry.end)
        last = entry.end


def _change(body: Body, kind: str) -> None:
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
        steps.append(step(9, content="x\n\n"))


@given(
    _damaged(_SMALL, 4) | _damaged(EXAMPLES, 6), st.sampled_from(["names", "texts", "fields", "less", "more"])
)
@settings(max_examples=examples(200), deadline=None)
def test_a_damaged_file_is_edited_or_refused(text: str, kind: str) -> None:
    parsed = parse(text.lstrip("\ufeff"))
    data: Any = parsed.data
    if not parsed.faults:
        _is_inside(read_outline(text.lstrip("\ufeff")), 0, len(text))
    found = data.get("blueprints") if isinstance(data, dict) else None
    blueprints: dict[str, Any] = found if isinstance(found, dict) else {"a": None}
    for key, blueprint in blueprints.items():
        try:
            body = dict(observable(blueprint).data)
        except (KeyError, TypeError, AttributeError, ValueError):
            body = {"name": "A", "steps": []}
        _change(body, kind)
        try:
            edited = edit_blueprint("f.yaml", text, key, body)
        except CannotEdit:
            continue
        made: Any = parse(edited.lstrip("\ufeff")).data
        assert observable(made["blueprints"][key]) == observable(body)
        assert {**made, "blueprints": {**made["blueprints"], key: blueprint}} == data
