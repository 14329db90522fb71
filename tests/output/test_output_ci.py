"""Annotations, SARIF and JUnit: what GitHub and its like make of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import rules
from kalentops.output import Checked, junit, sarif
from kalentops.output import annotations as github
from kalentops.project.check import check_text
from kalentops.project.result import CheckOptions
from tests.output import judges
from tests.output.rich_example import CHECKED, FILE, SHARED, TEXT


def _findings(errors: int, warnings: int) -> Checked:
    found = [Finding("a.yaml", n + 1, 1, "KAL301", "m", "h", Severity.WARNING) for n in range(warnings)]
    found += [Finding("b.yaml", n + 1, 1, "KAL101", "m", "h") for n in range(errors)]
    return Checked(found, ("a.yaml", "b.yaml"), 1)


@pytest.mark.parametrize(
    ("errors", "warnings", "rest"),
    [
        (0, 0, None),
        (10, 10, None),
        (11, 2, "1 more error"),
        (3, 1_200, "1,190 more warnings"),
        (15, 11, "5 more errors and 1 more warning"),
    ],
)
def test_ten_annotations_of_a_kind_and_the_rest_counted(errors: int, warnings: int, rest: str | None) -> None:
    said = github.show_validation(_findings(errors, warnings))
    found = judges.commands(said)
    kinds = [each.name for each in found]
    assert kinds == ["error"] * min(errors, 10) + ["warning"] * min(warnings, 10) + ["notice"] * bool(rest)
    if rest:
        assert found[-1].data.startswith(f"{rest}: GitHub shows 10 of a kind")
    assert said.splitlines()[-1].startswith("not valid: " if errors else "valid: ")


def test_an_annotation_says_where_and_what() -> None:
    first = judges.commands(github.show_validation(CHECKED))[0]
    assert first.name == "error"
    assert first.properties == {
        "file": "teams/hiring/blueprints/backend.yaml",
        "line": "6",
        "col": "32",
        "title": "KAL101 unknown-variable",
    }
    assert first.data == (
        "teams/hiring/blueprints/backend.yaml:6:32: KAL101 unknown-variable: "
        "`{{fistname}}` is not a variable\ndid you mean `{{firstname}}`?"
    )


@given(st.text(), st.text())
def test_what_the_runner_reads_is_what_was_meant(message: str, file: str) -> None:
    checked = Checked((Finding(file, 1, 1, "KAL101", message, "100%0A,:"),))
    (found,) = judges.commands(github.show_validation(checked))
    assert found.data.endswith("\n100%0A,:")
    assert set(found.properties) - {"file"} == {"line", "col", "title"}
    assert found.properties["title"] == "KAL101 unknown-variable"


SEQUENCE = """\
sourcingId: s_1
blueprints:
  one:
    name: One
    steps:
      - id: a
        name: A
        type: EMAIL
        subject: About {{jobTitle}}
        temporalityType: ASAP
        content: "Grüße 👋👋 an {{fistname}}"
"""


def test_a_column_counts_utf16() -> None:
    found = check_text(CheckOptions(Path()), FILE, SEQUENCE).findings
    log = sarif.validation(
        Checked(tuple(found), (FILE,), 1, columns=sarif.utf16_columns(found, {FILE: SEQUENCE}))
    )
    assert judges.sarif_errors(log) == []
    results = log["runs"][0]["results"]
    regions = [each["locations"][0]["physicalLocation"]["region"] for each in results]
    variable = max(regions, key=lambda each: int(each["startLine"]))
    line, column = SEQUENCE.splitlines()[variable["startLine"] - 1], variable["startColumn"]
    assert line.encode("utf-16-le")[2 * (column - 1) :].decode("utf-16-le").startswith("{{fistname}}")
    assert column == line.index("{{fistname}}") + 3  # two of the characters before it are two units


def test_a_column_without_the_text_is_the_finding_s_own() -> None:
    result = sarif.validation(replace(CHECKED, columns={}))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 6, "startColumn": 32}
    beyond = Finding(FILE, 99, 7, "KAL101", "m", "h")
    assert sarif.utf16_columns([beyond], {FILE: TEXT}) == {}


def test_every_rule_is_described_in_sarif_with_its_page() -> None:
    found = tuple(Finding(FILE, 1, 1, rule.code, "m", "h", rule.severity) for rule in rules().values())
    log = sarif.validation(Checked(found))
    assert judges.sarif_errors(log) == []
    described = log["runs"][0]["tool"]["driver"]["rules"]
    assert [each["id"] for each in described] == [rule.code for rule in rules().values()]
    for each, rule in zip(described, rules().values(), strict=True):
        assert each["help"]["text"] == (rule.page or "").strip()
        assert rule.title in each["help"]["markdown"]
        assert judges.Page(each["help"]["markdown"]).tags.count("pre") >= 1, rule.code
    for result in log["runs"][0]["results"]:
        assert described[result["ruleIndex"]]["id"] == result["ruleId"]


def test_the_users_of_a_template_are_related_locations_that_the_message_links_to() -> None:
    (result,) = sarif.validation(replace(CHECKED, findings=(SHARED,)))["runs"][0]["results"]
    assert "used by 1,008: [sourcing_backend/linkedin-first](1), " in result["message"]["text"]
    assert [each["id"] for each in result["relatedLocations"]] == [1, 2, 3]
    assert result["relatedLocations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "teams/hiring/blueprints/backend.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 4},
    }
    (alone,) = sarif.validation(replace(CHECKED, findings=CHECKED.findings[:1]))["runs"][0]["results"]
    assert "relatedLocations" not in alone


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_a_path_is_a_uri_that_leads_back_to_it(name: str) -> None:
    checked = Checked((Finding(name, 1, 1, "KAL101", "m", "h"),), below="teams/hiring")
    log = sarif.validation(checked)
    where = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    parts = urlsplit(where["uri"])
    assert unquote(parts.path) == checked.path(name)
    assert parts.scheme == ("file" if checked.path(name).startswith("/") else "")
    assert ("uriBaseId" in where) == (not parts.scheme)


@pytest.mark.parametrize(
    ("below", "name", "path"),
    [
        ("", "a.yaml", "a.yaml"),
        ("teams/hiring", "blueprints/a.yaml", "teams/hiring/blueprints/a.yaml"),
        ("teams/hiring", "../other/a.yaml", "teams/other/a.yaml"),
        ("teams", "/elsewhere/a.yaml", "/elsewhere/a.yaml"),
    ],
)
def test_a_path_is_that_of_the_repository(below: str, name: str, path: str) -> None:
    assert Checked(below=below).path(name) == path


def test_junit_has_a_case_for_each_file_and_fails_those_with_errors() -> None:
    suites = judges.xml(junit.show_validation(CHECKED))
    cases = {each.attrib["name"]: each for each in suites.iter("testcase")}
    assert set(cases) == {
        f"teams/hiring/blueprints/{name}.yaml"
        for name in ("backend", "design", "sales", "templates/linkedin-first")
    }
    backend = cases["teams/hiring/blueprints/backend.yaml"]
    failure, out = backend.find("failure"), backend.find("system-out")
    assert failure is not None
    assert out is not None
    assert "KAL101" in (failure.text or "")
    assert "KAL305" in (out.text or "")
    assert len(cases["teams/hiring/blueprints/design.yaml"]) == 0
    assert suites.attrib == {
        "name": "kalentops",
        "tests": "4",
        "failures": "3",
        "errors": "0",
        "skipped": "0",
    }
