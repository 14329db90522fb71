"""Findings as JUnit XML, as far as its readers agree on it (the schema of the Jenkins plug-in `xunit`).

A file is a test case, which fails with its errors and tells its warnings on its standard output; in a plan, an address
is one too, which fails with a conflict or drift. What XML can't
hold, control characters and half surrogate pairs, `text.visible` has replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from kalentops.lint.finding import Finding, Severity
from kalentops.output import Checked, heading, text_findings
from kalentops.output.explanations import text
from kalentops.plan.build import Action, Change, Plan
from kalentops.support.text import count, escape_xml, visible

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def show_validation(of: Checked) -> str:
    return _document([_files(of)], *of.environments)


def show_plan(of: Plan, checked: Checked) -> str:
    drift = [_drift(of)] if of.refresh_report is not None else []
    return _document([_files(checked), _changes(of), *drift], of.environment)


def combined(texts: Mapping[str, str]) -> str:
    """The suites of all environments, with their names."""
    suites = []
    for name, document in texts.items():
        for suite in ET.fromstring(document) if document else ():  # noqa: S314 - our own text
            suite.set("name", f"{name}: {suite.get('name')}")
            suites.append(suite)
    return _document(suites)


def _document(suites: Sequence[ET.Element], *environments: str | None) -> str:
    name = ", ".join(filter(None, ("kalentops", heading(*environments))))
    root = ET.Element("testsuites", {"name": name, **_sums(suites)})
    root.extend(suites)
    ET.indent(root)
    return _HEAD + escape_xml(ET.tostring(root, encoding="unicode")) + "\n"


def _files(of: Checked) -> ET.Element:
    by_file: dict[str, list[Finding]] = {name: [] for name in of.names}
    for each in of.ordered():
        by_file.setdefault(each.file, []).append(each)
    suite = ET.Element("testsuite", {"name": "validate"})
    for name, found in by_file.items():
        _file(suite, of, name, found)
    return _counted(suite)


def _file(suite: ET.Element, of: Checked, name: str, found: Sequence[Finding]) -> None:
    path = visible(of.path(name))
    case = ET.SubElement(suite, "testcase", {"name": path, "classname": "validate", "file": path})
    errors = [each for each in found if each.severity is Severity.ERROR]
    warnings = [each for each in found if each.severity is Severity.WARNING]
    if errors:
        said = {"message": count(len(errors), "error"), "type": errors[0].code}
        ET.SubElement(case, "failure", said).text = _texts(errors, path)
    if warnings:
        ET.SubElement(case, "system-out").text = _texts(warnings, path)


def _texts(found: Sequence[Finding], path: str) -> str:
    return "\n".join(
        f"{path}:{each.line}:{each.column}: {each.severity} {each.code}: {visible(each.message)}\n"
        f"    {visible(each.hint)}" + (f"\n    {text_findings.used_by(each)}" if each.users else "")
        for each in found
    )


def _changes(of: Plan) -> ET.Element:
    suite = ET.Element("testsuite", {"name": "plan"})
    for each in of.changes:
        _change(suite, each, of.environment)
    return _counted(suite)


def _change(suite: ET.Element, of: Change, environment: str | None) -> None:
    case = ET.SubElement(suite, "testcase", {"name": visible(of.address), "classname": f"plan.{of.action}"})
    if of.action is Action.CONFLICT:
        ET.SubElement(case, "failure", {"message": "in conflict", "type": "conflict"}).text = visible(
            text(of.reason, environment)
        )
    elif of.reason:
        ET.SubElement(case, "system-out").text = visible(text(of.reason, environment))


def _drift(of: Plan) -> ET.Element:
    """Drift, each as a failure."""
    suite = ET.Element("testsuite", {"name": "drift"})
    for each in of.drift:
        case = ET.SubElement(suite, "testcase", {"name": visible(each.address), "classname": "drift"})
        said = text(each.reason, of.environment) or (
            f"{each.blueprint_id} differs from what was recorded {each.applied_at}"
        )
        ET.SubElement(case, "failure", {"message": visible(each.kind), "type": "drift"}).text = visible(said)
    return _counted(suite)


def _counted(suite: ET.Element) -> ET.Element:
    suite.attrib.update(_numbers(len(suite), len(suite.findall("testcase/failure"))))
    return suite


def _sums(suites: Sequence[ET.Element]) -> Mapping[str, str]:
    tests, failures = (sum(int(each.attrib[name]) for each in suites) for name in ("tests", "failures"))
    return _numbers(tests, failures)


def _numbers(tests: int, failures: int) -> Mapping[str, str]:
    return {"tests": str(tests), "failures": str(failures), "errors": "0", "skipped": "0"}
