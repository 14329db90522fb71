"""Findings as annotations of GitHub Actions: workflow commands, which its runner reads from the log.

The escapes are those of the runner (`ActionCommand` in github.com/actions/runner): `%`, CR and LF in the message, `:`
and `,` as well in a property. GitHub shows at most ten errors and ten warnings of a step
(docs.github.com, "Troubleshooting required status checks"), so the rest is counted in one notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from kalentops.lint.finding import Finding
from kalentops.lint.rule import rules
from kalentops.output import Checked, heading, text_findings
from kalentops.output import text_plan as plans_text
from kalentops.output.explanations import text
from kalentops.output.terminal import Line, plain
from kalentops.plan.build import Action, Plan
from kalentops.support.text import count, escape_line, escape_part, visible

LIMIT: Final = 10
"""Annotations of a kind that GitHub shows for one step."""
_DRIFT: Final = {
    "changed": "edited in Kalent",
    "gone": "missing in Kalent",
    "unreadable": "unreadable in Kalent",
}
_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = {**_DATA, ":": "%3A", ",": "%2C"}


class _Annotation(NamedTuple):
    kind: Literal["error", "warning"]
    title: str
    message: str
    file: str | None = None
    line: int = 1
    column: int = 1


def show_validation(of: Checked) -> str:
    """One line a finding; the rest counted; then the summary, which is no command."""
    found = [_of_finding(of, each) for each in of.ordered()]
    summary = text_findings.findings_summary(of.findings, of.files, of.blueprints, of.earlier)
    return _lines(found, summary, *of.environments)


def show_plan(of: Plan, checked: Checked) -> str:
    """The findings; as warnings, conflicts, because `plan` succeeds and `apply` skips them, and drift."""
    found = [_of_finding(checked, each) for each in checked.ordered()]
    for change in of.changes:
        if change.action is Action.CONFLICT and change.file is not None:
            title, where = f"{change.address} is in conflict", checked.path(change.file)
            found.append(
                _Annotation("warning", title, text(change.reason, of.environment), where, change.line or 1)
            )
    for each in of.drift:
        said = text(each.reason, of.environment) or (
            f"{each.blueprint_id} differs from what was recorded {each.applied_at}"
        )
        found.append(_Annotation("warning", f"{each.address}: {_DRIFT[each.kind]}", said))
    return _lines(found, plans_text.plan_summary(of), of.environment)


def _of_finding(checked: Checked, of: Finding) -> _Annotation:
    rule = rules().get(of.code)
    title = f"{of.code} {rule.name}" if rule else of.code
    users = f"\n{text_findings.used_by(of)}" if of.users else ""
    said = f"{of.message}\n{of.hint}{users}"
    return _Annotation(of.severity.value, title, said, checked.path(of.file), of.line, of.column)


def _lines(found: Sequence[_Annotation], summary: Line, *environments: str | None) -> str:
    errors = [each for each in found if each.kind == "error"]
    warnings = [each for each in found if each.kind == "warning"]
    shown = [*errors[:LIMIT], *warnings[:LIMIT]]
    commands = [*map(_command, shown), *_rest(len(errors), len(warnings))]
    first = filter(None, [heading(*environments)])
    return "".join(f"{each}\n" for each in [*first, *commands, escape_line(plain(summary))])


def _rest(errors: int, warnings: int) -> Iterator[str]:
    left = [
        f"{count(number - LIMIT, 'more ' + kind)}"
        for number, kind in ((errors, "error"), (warnings, "warning"))
        if number > LIMIT
    ]
    if left:
        said = f"{' and '.join(left)}: GitHub shows {LIMIT} of a kind; the summary of the job has all of them"
        yield f"::notice title=kalentops::{_escaped(said, _DATA)}"


def _command(of: _Annotation) -> str:
    title, message = visible(of.title), visible(of.message, keep="\n")
    properties = {"title": title}
    place = ""
    if of.file is not None:
        properties = {"file": visible(of.file), "line": str(of.line), "col": str(of.column), **properties}
        # In the log the runner shows the message alone, so the place stands in it too.
        place = f"{visible(of.file)}:{of.line}:{of.column}: "
    said = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    return f"::{of.kind} {said}::{_escaped(f'{place}{title}: {message}', _DATA)}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(each, each) for each in escape_part(text))
