"""Every rule on real files: cases/CODE.yaml holds what passes and what fails.

A case is a whole `file` (a.yaml), several `files`, one `step`, or `steps`; the fields of a step that a case does
not name are filled in, and `field: -` leaves one out. A mark `▸` stands before each place that a finding has to
point at; `says` and `hint` are parts of its message and of its hint. Findings of no other code may come, bar those
of `also`. `readers` are the environments that read the files. `in_progress` and `closed` are sourcings, as id: name,
that the API showed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalentops.blueprint.remote import RemoteSourcing
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.project import Severities, check_online
from kalentops.lint.rule import Sourcings, rules
from kalentops.project.load import load

CASES = Path(__file__).parent / "cases"
MARK = "▸"
_FIRST = {"temporalityType": "ASAP"}
_LATER = {"temporalityType": "DELAYED", "delay": "{value: 1, unit: day}"}
_FIELDS = {"name": "Step", "type": "LINKEDIN", "content": "Hi"}


def _read(code: str) -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = yaml.safe_load((CASES / f"{code}.yaml").read_text("utf-8"))
    return loaded


def _step(number: int, text: str) -> Iterator[str]:
    lines = text.rstrip("\n").split("\n")
    given = {re.sub(r"\W", "", line.split(":")[0]): line for line in lines if not line.startswith(" ")}
    kind = re.sub(r"[▸\s]", "", given.get("type", "type: LINKEDIN").split(":", 1)[1])
    fields = {"id": f"s{number}"} | _FIELDS
    if "temporalityType" not in given:
        fields |= _LATER if number else _FIRST
    if kind == "LINKEDIN" and "linkedinType" not in given:
        fields["linkedInType"] = "LINKEDIN_MESSAGE"
    if kind == "EMAIL":
        fields["subject"] = "Hello"
    yield from (f"{key}: {value}" for key, value in fields.items() if key not in given)
    yield from (line for line in lines if not line.endswith(": -"))


def _framed(steps: list[str]) -> str:
    lines = ["sourcingId: s_1", "blueprints:", "  key:", "    name: Name", "    steps:"]
    for number, text in enumerate(steps):
        first, *rest = _step(number, text)
        lines += [f"      - {first}", *(f"        {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def _files(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if "files" in case:
        files: dict[str, dict[str, Any]] = case["files"]
        return files
    if "file" in case:
        return {"a.yaml": {"text": case["file"]}}
    return {"a.yaml": {"text": _framed(case.get("steps") or [case["step"]])}}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if "text" in content:
        path.write_bytes(content["text"].replace(MARK, "").encode())
    elif "hex" in content:
        path.write_bytes(bytes.fromhex(content["hex"]))
    elif "folder" in content:
        path.mkdir()
    elif sys.platform == "win32":
        pytest.skip("Windows has no pipes that are files, and lets few users make links")
    elif "link" in content:
        path.symlink_to(content["link"])
    else:
        os.mkfifo(path)


def _marks(name: str, text: str) -> Iterator[tuple[str, int, int]]:
    clean = ""
    for part in text.split(MARK)[:-1]:
        clean += part
        yield name, clean.count("\n") + 1, len(clean) - (clean.rfind("\n") + 1) + 1


def _all_cases(kind: str) -> list[Any]:
    return [
        pytest.param(rule.code, case, id=f"{rule.code}-{number}")
        for rule in rules().values()
        for number, case in enumerate(_read(rule.code)[kind], 1)
    ]


# Cases of other rules are short: blueprints without steps, and an SMS, which has the fewest fields.
_IN_SHORT_CASES: Severities = {"KAL316": None, "KAL317": None}


def _findings(case: dict[str, Any], folder: Path, code: str) -> list[Finding]:
    for name, content in _files(case).items():
        _write(folder / name, content)
    severities = {} if code in _IN_SHORT_CASES else _IN_SHORT_CASES
    readers = tuple(case.get("readers", ()))
    repository = load(folder, [folder], severities=severities, readers=readers)
    if not case.keys() & {"in_progress", "closed"}:
        return repository.findings
    in_progress, closed = (
        [RemoteSourcing(*each) for each in case.get(kind, {}).items()] for kind in ("in_progress", "closed")
    )
    return [*repository.findings, *check_online(Sourcings(repository.positions, in_progress, closed))]


@pytest.mark.parametrize(("code", "case"), _all_cases("pass"))
def test_passes(code: str, case: dict[str, Any], tmp_path: Path) -> None:
    assert _findings(case, tmp_path, code) == []


@pytest.mark.parametrize(("code", "case"), _all_cases("fail"))
def test_fails(code: str, case: dict[str, Any], tmp_path: Path) -> None:
    findings = _findings(case, tmp_path, code)
    own = [finding for finding in findings if finding.code == code]
    wanted = [
        mark
        for name, content in _files(case).items()
        for mark in _marks(
            name, content.get("text", MARK if content.keys() & {"hex", "link", "fifo"} else "")
        )
    ]
    if "at" in case:
        wanted = [("a.yaml", *case["at"])]
    assert [(f.file, f.line, f.column) for f in own] == sorted(wanted)
    assert {f.code for f in findings} - {code} == set(case.get("also", ()))
    for finding in own:
        assert case.get("says", "") in finding.message
        assert case.get("hint", "") in finding.hint
        assert finding.severity is rules()[code].severity


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_has_cases_that_say_enough(rule: Any) -> None:
    cases = _read(rule.code)
    assert cases["pass"]
    assert any("says" in case and "hint" in case for case in cases["fail"])


def test_no_case_file_is_left_over() -> None:
    assert {path.stem for path in CASES.iterdir()} == set(rules())


def test_advice_is_a_warning_and_the_rest_an_error() -> None:
    for rule in rules().values():
        expected = Severity.WARNING if rule.code.startswith("KAL3") else Severity.ERROR
        assert rule.severity is expected, rule.code
