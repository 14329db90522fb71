"""A finding points at the character: every style of scalar, every kind of line end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.lint.finding import Finding
from kalentops.project.check import check_text
from kalentops.project.result import CheckOptions
from tests.sizes import examples

MARK = "▸"
HEAD = (
    "sourcingId: s_1\nblueprints:\n  key:\n    name: Näme 👋\n    steps:\n      - id: a\n        name: A\n"
    "        type: WHATSAPP\n        temporalityType: ASAP\n"
)


def _findings(text: str) -> list[Finding]:
    return sorted(check_text(CheckOptions(Path(), {"KAL313": None}, shared={}), "f.yaml", text).findings)


def _places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without marks, and the line and column of each."""
    clean, places = "", []
    parts = text.split(MARK)
    for part in parts[:-1]:
        clean += part
        lines = clean.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        places.append((len(lines), len(lines[-1]) + 1))
    return clean + parts[-1], places


STYLES = {
    "plain": "content: Hi ▸{{foo}}, ▸{{foo}} and {{firstname}} ▸{{foo}}\n",
    "plain, several lines": "content: Hi ▸{{foo}}\n          and ▸{{foo}}\n\n          ▸{{bar}}\n",
    "single quotes": "content: 'it''s ▸{{foo}}, it''s ▸{{foo}}'\n",
    "single quotes, several lines": "content: 'it''s\n\n   ▸{{foo}} 👋 ''\n   ▸{{foo}}'\n",
    "a quote in the variable": "content: 'the ▸{{f''oo}} ▸{{bar}}'\n",
    "double quotes": 'content: "Hi ▸{{foo}} ▸{{foo}}"\n',
    "double quotes, escapes": 'content: "\\tHi\\n\\u00e9\\x41\\U0001F44B\\"\\\\ ▸{{foo}} \\_ \\  ▸{{foo}}"\n',
    "double quotes, an escaped variable": 'content: "Hi ▸\\u007b{foo}} ▸{{\\x66oo}}"\n',
    "double quotes, several lines": 'content: "Hi ▸{{foo}}\n     there \\\n     ▸{{fo\\\n   o}}\\\n\n     ▸{{bar}}"\n',
    "literal": "content: |\n          ▸{{foo}} Hi\n\n            ▸{{foo}}\n          ▸{{bar}}\n",
    "literal, stripped, a comment": "content: |-  # {{foo}}\n          Hi ▸{{foo}}\n",
    "literal, an indentation of its own": "content: |2-\n            Hi ▸{{foo}}\n",
    "folded": "content: >\n          Hi\n          ▸{{foo}}\n\n          there ▸{{foo}}\n            ▸{{bar}}\n",
    "a variable over two lines": "content: |-\n          Hi ▸{{foo\n          bar}} ▸{{bar}}\n",
    "beyond the first plane": "content: |-\n          👋🏽👋 ▸{{foo}} 👨‍💻 ▸{{foo}}\n",
    "anchor and tag": "content: &a !!str 'x ▸{{foo}}'\n",
    "anchor before a literal": "content: &a |-\n          x ▸{{foo}}\n",
    "quoted key": "\"content\": '▸{{foo}}'\n",
    "key with ?": "? content\n        : x ▸{{foo}}\n",
    "flow": "policy: {}\n        content: x ▸{{foo}}\n",
}


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("body", STYLES.values(), ids=STYLES.keys())
def test_the_place_of_a_bad_variable(body: str, breaks: str) -> None:
    text, places = _places((HEAD + "        " + body).replace("\n", breaks))
    found = _findings(text)
    assert [(f.line, f.column) for f in found] == places
    assert {f.code for f in found} == {"KAL101"}


def test_subject_and_content_on_one_line() -> None:
    text, places = _places(
        "sourcingId: s_1\nblueprints: {key: {name: N, steps: [{id: a, name: A, type: EMAIL, temporalityType: ASAP, "
        "subject: '👋 ▸{{foo}}', content: \"▸{{foo}}\"}]}}\n"
    )
    assert [(f.line, f.column) for f in _findings(text)] == places


def test_an_alias_is_the_place_where_it_stands() -> None:
    step = "{id: %s, name: A, type: WHATSAPP, temporalityType: ASAP, content: %s, policy: {skipStepIfNoContact: true}}"
    text, places = _places(
        "sourcingId: s_1\nblueprints:\n  a:\n    name: A\n    steps:\n      - "
        + step % ("a", "&t 'Hi ▸{{foo}}'")
        + "\n  b:\n    name: B\n    steps:\n      - "
        + step % ("b", "▸*t")
        + "\n"
    )
    assert [(f.line, f.column) for f in _findings(text)] == places


def test_merged_texts_point_at_their_source() -> None:
    text, places = _places(
        "sourcingId: s_1\nblueprints:\n  a:\n    name: A\n    steps:\n"
        "      - &s {id: a, name: A, type: WHATSAPP, temporalityType: ASAP, content: 'Hi ▸{{foo}}'}\n"
        "      - {<<: *s, id: b, type: EMAIL, subject: Hi, policy: {skipStepIfNoContact: true}}\n"
    )
    assert [(f.line, f.column) for f in _findings(text) if f.code == "KAL101"] == places


def test_an_unseen_blank_is_found_near_its_place() -> None:
    found = _findings(HEAD + '        content: "a\\rb"\n')
    assert [(f.code, f.line, f.column) for f in found] == [("KAL309", 10, 22)]


_WORD = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=4)
_PIECE = st.one_of(
    _WORD, st.sampled_from([" ", "  ", "\n", "\n\n", "'", '"', "\\", "👋", ": ", " #", "- ", "{{bad}}"])
)
_STYLE = st.sampled_from(["|-", "|+", "'", '"'])


def _written(text: str, style: str) -> str:
    if style[0] == "|":
        lines = "".join(f"          {line}\n" if line else "\n" for line in text.split("\n"))
        return f"{style[0]}2{style[1:]}\n{lines}"
    if style == "'":
        return "'" + text.replace("'", "''").replace("\n", "\n\n") + "'\n"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"\n'


@given(st.lists(_PIECE, max_size=12).map("".join), _STYLE, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=examples(250), deadline=None)
def test_each_bad_variable_is_found_where_it_stands(text: str, style: str, breaks: str) -> None:
    source = (HEAD + "        content: " + _written("x" + text + "x", style)).replace("\n", breaks)
    found = [(f.line, f.column) for f in _findings(source) if f.code == "KAL101"]
    lines = source.split(breaks)
    expected = [
        (number, at + 1)
        for number, line in enumerate(lines, 1)
        for at in range(len(line))
        if line.startswith("{{bad}}", at)
    ]
    assert found == expected
