"""Aliases, bounds, damaged files: an answer in little time, whatever the text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kalentops.lint.finding import Finding
from kalentops.lint.texts import MOST
from kalentops.project import load as loading
from kalentops.project.check import check_text
from kalentops.project.load import load
from kalentops.project.result import CheckOptions
from kalentops.yamlfile.parse import MAX_NODES, parse
from tests.counting import lines_executed
from tests.sizes import some

JOB = CheckOptions(Path("/"))
STEP = "type: WHATSAPP, temporalityType: ASAP, name: A"


def _codes(text: str) -> list[str]:
    return [fault.code for fault in parse(text).faults]


def _laughs() -> str:
    lines, last = ["a: &a [x,x,x,x,x,x,x,x,x,x]"], "a"
    for name in "bcdefghij":
        lines.append(f"{name}: &{name} [" + ",".join([f"*{last}"] * 10) + "]")
        last = name
    return "\n".join(lines)


HOSTILE = {
    "laughs": (_laughs(), "KAL002"),
    "merged laughs": (_laughs().replace("[x", "[{x: y}") + "\nz: {<<: *j}", "KAL002"),
    "many merges": (
        "a: &a {"
        + ",".join(f"k{i}: 1" for i in range(6000))
        + "}\n"
        + "".join(f"b{i}: {{<<: *a}}\n" for i in range(900)),
        "KAL002",
    ),
    "100,000 brackets": ("[" * 100_000, "KAL002"),
    "100,000 braces": ("{a: " * 100_000, "KAL002"),
    "100,000 hyphens": ("- " * 100_000, "KAL002"),
    "100,000 questions": ("? " * 100_000, "KAL002"),
    "100,000 values": ("[" + "x," * 100_000 + "]", "KAL002"),
    "100,000 anchors": ("".join(f"- &a{i} x\n" for i in range(100_000)), "KAL002"),
}


@pytest.mark.parametrize(("text", "code"), some([*HOSTILE.values()], 8), ids=some([*HOSTILE], 8))
def test_bounds(text: str, code: str) -> None:
    assert _codes(text) == [code]
    assert lines_executed(lambda: parse(text)) < 50 * MAX_NODES


def _message(content: str) -> str:
    return (
        "sourcingId: s_1\nblueprints: {a: {name: A, steps: [{id: a, name: A, type: LINKEDIN, "
        f'linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE, temporalityType: ASAP, content: "{content}"}}]}}}}'
    )


@pytest.mark.parametrize(
    "content",
    [
        "{{foo}} " * 15_000,
        "{{" * 100_000,
        "{{a " * 50_000,
        "{" * 200_000 + "x" * 25_000,
        "}" * 200_000,
        "[" * 200_000,
        "[a] " * 25_000,
        "{a}" * 62_000,
        "\u200b" * 75_000,
        "\U0001f3f4" + "\U000e0041" * 50_000,
        "a-" * 100_000,
        "a." * 100_000,
        "www." * 50_000,
        "\\n" * 100_000 + "{{foo}}",
        "''" * 100_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_a_long_text_of_mistakes_comes_to_an_end_with_few_findings(content: str) -> None:
    """An expression that goes back over what it has seen would take hours for these; what is reported is counted."""
    findings, blueprints, *_ = check_text(JOB, "f.yaml", _message(content))
    assert len(blueprints) == 1
    assert 0 < len(findings) <= 4 * MOST


@pytest.mark.parametrize("content", ["{{foo}} ", "{{}}", "[a] ", "{a} ", "{first name} ", "TODO ", "\u200b"])
def test_work_grows_with_a_text_as_its_length(content: str) -> None:
    def work(number: int) -> int:
        text = _message(content * number)
        return lines_executed(lambda: check_text(JOB, "f.yaml", text))

    work(1)  # what happens once in a process is not counted
    assert work(2_000) < 2.2 * work(1_000)


def test_what_is_left_out_of_a_text_is_counted() -> None:
    findings = [
        each for each in check_text(JOB, "f.yaml", _message("[a] " * 20_000))[0] if each.code == "KAL103"
    ]
    assert len(findings) == MOST
    assert findings[-1].message == "`[a]` is a placeholder, and 19,980 more in this text"


def test_what_is_left_out_is_counted_for_a_rule_that_tells_all_that_it_finds() -> None:
    text = _message("\\\\n. " * 100)
    found = [each.message for each in check_text(JOB, "f.yaml", text)[0] if each.code == "KAL314"]
    assert len(found) == MOST
    assert found[-1] == "`\\n` is shown as it is, and 80 more in this text"


def test_aliases_count_as_what_they_repeat() -> None:
    step = f"- &s {{id: a, {STEP}, content: '{'[a] ' * 5000}'}}\n"
    text = f"sourcingId: s_1\nblueprints:\n a:\n  name: A\n  steps:\n  {step}" + "  - *s\n" * 400
    assert _codes(text) == ["KAL002"]


def test_mistakes_behind_aliases_are_told_once() -> None:
    step = f"- &s {{id: a, {STEP}, content: '[a] {{{{b}}}}'}}\n"
    text = f"sourcingId: s_1\nblueprints:\n a:\n  name: A\n  steps:\n  {step}" + "  - *s\n" * 400
    codes = Counter(each.code for each in check_text(JOB, "f.yaml", text)[0])
    assert (codes["KAL101"], codes["KAL103"]) == (1, 1)


def test_many_mistakes_take_linear_work() -> None:
    def check(number: int) -> list[Finding]:
        keys = ",".join(f"k{i}: {{foo: bar}}" for i in range(number))
        return check_text(JOB, "f.yaml", f"sourcingId: s_1\nblueprints: {{{keys}}}")[0]

    assert len(check(400)) == 1200
    assert lines_executed(lambda: check(400)) < 2.2 * lines_executed(lambda: check(200))


def test_many_wrong_moves_take_linear_work(tmp_path: Path) -> None:
    def check(number: int) -> list[Finding]:
        keys = ",".join(f"key{i}: {{name: A{i}, steps: []}}" for i in range(number))
        moves = ",".join(f"{{from: f{i}, to: kye{i}}}" for i in range(number))
        text = f"sourcingId: s_1\nblueprints: {{{keys}}}\nmoved: [{moves}]"
        (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
        return load(tmp_path, [tmp_path], severities={"KAL316": None}).findings

    assert len(check(200)) == 200
    assert lines_executed(lambda: check(200)) < 2.2 * lines_executed(lambda: check(100))


def test_the_findings_of_a_file_are_bounded_and_the_rest_is_counted(tmp_path: Path) -> None:
    keys = ",".join(f"k{i}: {{name: Same, steps: []}}" for i in range(1_200))
    (tmp_path / "a.yaml").write_text(f"sourcingId: s_1\nblueprints: {{{keys}}}", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("sourcingId: s_2\nfoo: 1\nblueprints: {}", encoding="utf-8")
    findings = load(tmp_path, [tmp_path], severities={"KAL316": None}).findings
    here = [each for each in findings if each.file == "a.yaml"]
    assert len(here) == loading.MOST
    assert [each for each in here if "; and 699 more findings in this file" in each.message]
    assert [each.code for each in findings if each.file == "b.yaml"] == ["KAL010"]


def test_depth_32_is_fine_and_33_is_not() -> None:
    assert _codes("[" * 32 + "]" * 32) == []
    assert _codes("[" * 33 + "]" * 33) == ["KAL002"]
    assert _codes("- " * 32 + "x") == []
    assert _codes("- " * 33 + "x") == ["KAL002"]


def test_20000_values_are_fine_and_one_more_is_not() -> None:
    assert _codes("[" + "x," * (MAX_NODES - 1) + "]") == []
    assert _codes("[" + "x," * MAX_NODES + "]") == ["KAL002"]


def test_an_alias_counts_as_what_it_names() -> None:
    half = "- &a [" + "x," * 9_990 + "]\n"
    assert _codes(half + "- *a\n") == []
    assert _codes(half + "- *a\n- *a\n") == ["KAL002"]


@pytest.mark.parametrize(
    "text", ["&a [*a]", "&a {b: *a}", "&a {b: [c, {d: *a}]}", "a: &a {<<: *a}", "- &a [*a]"]
)
def test_a_value_inside_of_itself(text: str) -> None:
    assert _codes(text) == ["KAL008"]


def test_an_anchor_may_be_set_again() -> None:
    parsed = parse("- &a x\n- *a\n- &a y\n- *a\n")
    assert (parsed.data, parsed.faults) == (["x", "x", "y", "y"], [])


def test_aliases_as_keys() -> None:
    parsed = parse("a: &k b\n*k : c\n")
    assert (parsed.data, parsed.faults) == ({"a": "b", "b": "c"}, [])


def test_merges_own_keys_first_then_the_first_source() -> None:
    parsed = parse("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd: {x: 4, <<: *a}\n")
    assert parsed.faults == []
    assert isinstance(parsed.data, dict)
    assert parsed.data["c"] == {"x": 3, "y": 1, "z": 2}
    assert parsed.data["d"] == {"x": 4, "y": 1}


def test_a_quoted_merge_key_is_a_key() -> None:
    parsed = parse('a: {"<<": 5}\n')
    assert (parsed.data, parsed.faults) == ({"a": {"<<": 5}}, [])


def _find(text: str) -> list[Finding]:
    return sorted(check_text(JOB, "f.yaml", text)[0])


def test_a_duplicate_key_does_not_hide_the_rest() -> None:
    text = (
        "sourcingId: s_1\nblueprints:\n  a:\n    name: A\n    name: B\n    steps:\n"
        f"      - {{id: a, {STEP}, content: 'Hi {{{{foo}}}}'}}\n"
    )
    assert [(f.line, f.code) for f in _find(text)] == [(5, "KAL005"), (7, "KAL101")]


@pytest.mark.parametrize("at", [0, 10, 60])
@pytest.mark.parametrize("char", ["\0", "\x01", "\x7f", "\x85", "\u2028", "\u2029", "\ufffe", "\ud800"])
def test_characters_that_are_not_allowed(char: str, at: int) -> None:
    good = f"sourcingId: s_1\nblueprints: {{a: {{name: A, steps: [{{id: 'é', {STEP}, content: x}}]}}}}\n"
    text = good[:at] + char + good[at:]
    line = text[:at].count("\n") + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    assert [(f.code, f.line, f.column) for f in parse(text).faults] == [("KAL003", line, column)]


@pytest.mark.parametrize("text", ["<<<<<<< HEAD\n", "a: b\n>>>>>>> x\n", "a: |\n  x\n<<<<<<< HEAD\r\n  y\n"])
def test_merge_conflicts(text: str) -> None:
    assert ["merge conflict" in fault.message for fault in parse(text).faults] == [True]


def test_what_only_looks_like_a_merge_conflict() -> None:
    parsed = parse("a: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> x\nb: '<<<<<<<'\n")
    assert parsed.faults == []


def test_a_byte_order_mark_is_no_character() -> None:
    assert parse("\ufeffa: b\n").data == {"a": "b"}
