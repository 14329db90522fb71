"""Whole reports of one rich example, beside files that people can read.

`python -m tests.output.test_output_whole` writes the files again; look at their difference before you commit it.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from kalentops import __version__
from kalentops.output import FORMATS, markdown, report, text_findings, text_plan, text_results
from kalentops.output.terminal import Line, show
from tests.output import judges
from tests.output.rich_example import CHECKED, GROUPED, LARGE, PLAN, RESULT

EXPECTED: Final = Path(__file__).parent / "expected"
SUFFIXES: Final = {"json": "json", "markdown": "md", "github": "txt", "sarif": "sarif", "junit": "xml"}


def _text(lines: list[Line]) -> str:
    out = io.StringIO()
    show(lines, out)
    return out.getvalue()


def _on_a_terminal() -> str:
    """With colours, at 80 columns; the escape character as one that can be seen."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    before = dict(os.environ)
    try:
        os.environ.update(TERM="xterm-256color")
        os.environ.pop("NO_COLOR", None)
        show([*text_plan.plan(PLAN), *text_findings.findings(CHECKED.findings)], out)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return out.getvalue().replace("\x1b", "␛")


def _form(form: str, what: str) -> Callable[[], str]:
    def make() -> str:
        made = report(form)
        said = made.show_validation(CHECKED) if what == "validate" else made.show_plan(PLAN, CHECKED)
        return said.replace(f'"{__version__}"', '"VERSION"')

    return make


REPORTS: Final[dict[str, Callable[[], str]]] = {
    **{
        f"{what}-{form}.{SUFFIXES[form]}": _form(form, what)
        for form in FORMATS
        for what in ("validate", "plan")
    },
    "plan.txt": lambda: _text(list(text_plan.plan(PLAN))),
    "plan-verbose.txt": lambda: _text(list(text_plan.plan(PLAN, verbose=True))),
    "plan-terminal.txt": _on_a_terminal,
    "plan-groups.txt": lambda: _text(list(text_plan.plan(GROUPED))),
    "plan-groups.md": lambda: markdown.plan(GROUPED) + "\n",
    "plan-large.txt": lambda: _text(list(text_plan.plan(LARGE))),
    "plan-large.md": lambda: markdown.plan(LARGE, limit=6_000) + "\n",
    "plan-cut.md": lambda: markdown.plan(PLAN, limit=2_600) + "\n",
    "validate.txt": lambda: _text(
        [
            *text_findings.findings(CHECKED.findings),
            text_findings.findings_summary(CHECKED.findings, CHECKED.files, CHECKED.blueprints),
        ]
    ),
    "apply.txt": lambda: _text(list(text_results.results(RESULT))),
    "apply-markdown.md": lambda: markdown.results(RESULT) + "\n",
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_what_it_is_expected_to_be(name: str) -> None:
    assert REPORTS[name]() == (EXPECTED / name).read_text(encoding="utf-8")


def test_every_expected_file_is_looked_at() -> None:
    assert {path.name for path in EXPECTED.iterdir()} == set(REPORTS)


def test_every_form_has_its_two_reports() -> None:
    assert set(FORMATS) == set(SUFFIXES)


@pytest.mark.parametrize("name", [name for name in REPORTS if name.endswith(".md")])
def test_markdown_is_read_alike_by_two_parsers(name: str) -> None:
    text = (EXPECTED / name).read_text(encoding="utf-8")
    assert judges.Page(text).problems == []
    assert judges.other_reading(text) == []


@pytest.mark.parametrize("what", ["validate", "plan"])
def test_sarif_and_junit_are_what_they_say_they_are(what: str) -> None:
    log = json.loads((EXPECTED / f"{what}-sarif.sarif").read_text(encoding="utf-8"))
    assert judges.sarif_errors(log) == []
    suites = judges.xml((EXPECTED / f"{what}-junit.xml").read_text(encoding="utf-8"))
    assert int(suites.attrib["tests"]) == len(suites.findall("testsuite/testcase"))
    assert int(suites.attrib["failures"]) == len(suites.findall("testsuite/testcase/failure")) > 0


if __name__ == "__main__":
    EXPECTED.mkdir(exist_ok=True)
    for old in EXPECTED.iterdir():
        old.unlink()
    for name, make in REPORTS.items():
        (EXPECTED / name).write_text(make(), encoding="utf-8")
