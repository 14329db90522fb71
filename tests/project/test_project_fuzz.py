"""Whatever stands in a file: findings or data, and never an exception."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.files import SourcingFile
from kalentops.lint.finding import Severity
from kalentops.lint.rule import rules
from kalentops.project.check import check_file, check_text
from kalentops.project.document import read_document
from kalentops.project.files import Source, read
from kalentops.project.load import with_library
from kalentops.project.result import CheckOptions, may_be_shared
from kalentops.support.text import unseen
from tests.sizes import examples

ROOT = Path(__file__).parents[2]
EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "blueprints").rglob("*.yaml"))]
JOB = with_library(CheckOptions(ROOT), {f"{number}.yaml": text for number, text in enumerate(EXAMPLES)})
_TOKENS = re.compile(r"\w+|\s+|[^\w\s]")
_STEP = (
    "{id: a, name: A, type: EMAIL, subject: S, content: 'Hi {{firstname}}', temporalityType: DELAYED, "
    "delay: {value: 3, unit: day}, policy: {skipStepIfNoContact: true}, config: {userId: u}}"
)
_SMALL = [
    f"sourcingId: s_1\nblueprints:\n  a:\n    name: A\n    steps:\n      - {_STEP}\n    config: {{x: [1, {{y: 2}}]}}\n",
    "sourcingId: &s s_1\nblueprints:\n  a: &a {name: A, steps: []}\n  b:\n    <<: *a\n    name: B\n",
]
_NOISE = st.sampled_from(
    [
        *"{}[]:-?&*!|>'\"%@`#,\t\n \0\x85\u2028\ufeff👋",
        "\r\n",
        "{{",
        "}}",
        "{{x}}",
        "<<: ",
        "- ",
        ": ",
        "~",
        ".inf",
        "1",
        "true",
        "---\n",
        "...\n",
        "<<<<<<< a\n",
        "*a ",
        "&a ",
        "!!str ",
        "!x ",
        "0o7",
        "\\u",
        "  ",
        "? ",
    ]
)


def _is_sound(text: str) -> None:
    options = with_library(JOB, {"f.yaml": text}) if may_be_shared(text) else JOB
    findings, blueprints, *_ = check_text(options, "f.yaml", text)
    lines = re.split(r"\r\n|\n|\r", text.lstrip("\ufeff"))
    for finding in findings:
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.message
        assert finding.hint
        assert unseen(finding.message + finding.hint) == []
        assert finding.code in rules()
    assert len(set(findings)) == len(findings)
    if not any(finding.severity is Severity.ERROR for finding in findings):
        document = read_document("f.yaml", text)
        assert document.model is not None
        assert not document.placeholders
        declared = document.model.blueprints if isinstance(document.model, SourcingFile) else ()
        assert [each.address.key for each in blueprints] == list(declared)


@given(st.text(max_size=200))
@settings(max_examples=examples(200), deadline=None)
def test_any_text(text: str) -> None:
    _is_sound(text)


@given(st.lists(_NOISE, max_size=25).map("".join))
@settings(max_examples=examples(300), deadline=None)
def test_any_yaml_like_text(text: str) -> None:
    _is_sound(text)


@given(st.binary(max_size=200))
@settings(max_examples=examples(60), deadline=None)
def test_any_bytes(data: bytes) -> None:
    path = Path("fuzz.yaml").absolute()  # in the test's own folder
    path.write_bytes(data)
    findings, *_ = check_file(CheckOptions(path.parent), Source(str(path), path.name))
    assert findings
    assert {finding.code for finding in findings} <= set(rules())
    assert isinstance(read(Source(str(path), path.name), path.parent), str) or findings[0].code == "KAL001"


@st.composite
def _damaged(draw: st.DrawFn, texts: list[str], most: int) -> str:
    """One of the texts, with some of its words deleted, doubled, swapped or replaced."""
    tokens = _TOKENS.findall(draw(st.sampled_from(texts)))
    for _ in range(draw(st.integers(1, most))):
        at, other = draw(st.integers(0, len(tokens) - 1)), draw(st.integers(0, len(tokens) - 1))
        kind = draw(st.sampled_from(["delete", "double", "swap", "copy", "noise", "cut"]))
        if kind == "delete":
            tokens[at] = ""
        elif kind == "double":
            tokens[at] *= 2
        elif kind == "swap":
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif kind == "copy":
            tokens[at] = tokens[other]
        elif kind == "noise":
            tokens[at] += draw(_NOISE)
        else:
            tokens[at] = tokens[at][: len(tokens[at]) // 2]
    return "".join(tokens)


@given(_damaged(_SMALL, 6))
@settings(max_examples=examples(800), deadline=None)
def test_damaged_small_files(text: str) -> None:
    _is_sound(text)


@given(_damaged(EXAMPLES, 12))
@settings(max_examples=examples(200), deadline=None)
def test_damaged_examples(text: str) -> None:
    _is_sound(text)
