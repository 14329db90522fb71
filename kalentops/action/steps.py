"""What the steps of the action do."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from kalentops.action.calling import call, capture
from kalentops.action.inputs import Inputs
from kalentops.action.outputs import RESULTS, StepResult
from kalentops.errors import UsageError
from kalentops.git.history import is_merge
from kalentops.output.terminal import escape_line
from kalentops.support.text import clip, count, visible

COUNTS: Final = ("create", "update", "adopt", "conflict", "resume", "orphan")
_MAY_NOT_WRITE: Final = 4
_INVALID: Final = 3
_CHANGES: Final = 2
_SAVED: Final = ("plan-file",)  # one plan is saved, and none where one is read
_PAGE_URL: Final = re.compile(r"https://[A-Za-z0-9.:-]+/[A-Za-z0-9._/-]+")


def run(inputs: Inputs) -> StepResult:
    """Raises UsageError for an input that can't be."""
    for name, given in (("KALENT_API_KEY", "api-key"), ("KALENT_API_URL", "api-url")):
        if inputs.get(given):  # an empty input leaves what the job has set
            os.environ[name] = inputs.get(given)
    wants_page, _ = inputs.flag("preview"), inputs.flag("comment")
    match inputs.get("command"):
        case "validate":
            outcome = _validate(inputs, summary=True)
        case "plan":
            outcome = _plan(inputs)
        case "drift":
            outcome = _drift(inputs)
        case "apply":
            outcome = _apply(inputs)
        case other:
            raise UsageError(
                f"the input command is `{clip(other)}`", hint="it is validate, plan, drift, apply or install"
            )
    if wants_page:
        outcome.paths |= _preview(inputs)
    return outcome


def _validate(inputs: Inputs, *, summary: bool) -> StepResult:
    """The findings as annotations of the files."""
    code = call(*inputs.args("validate", "--format", "github", *_base(inputs)), summary=summary)
    _, text = capture(*inputs.args("validate", "--format", "json"))
    findings = _json(text).get("findings", [])
    numbers = {
        f"{severity}s": sum(each["severity"] == severity for each in findings)
        for severity in ("error", "warning")
    }
    return StepResult(code, numbers=numbers)


def _plan(inputs: Inputs) -> StepResult:
    """The plan in the log, in the job's summary and, as `report`, in a file for the comment."""
    outcome = _validate(inputs, summary=False)
    base = _base(inputs)
    code = call(*inputs.args("plan", *base), summary=True)
    detailed, text = capture(*inputs.args("plan", "--format", "json", "--detailed-exitcode", but=_SAVED))
    _, report = capture(*inputs.args("plan", "--format", "markdown", *base, but=_SAVED))
    summary = _json(text).get("summary", {})
    outcome.numbers |= {name: int(summary.get(name, 0)) for name in COUNTS}
    # The comment is written then: a branch that changes the state alone has to be seen.
    outcome.changed = detailed == _CHANGES or bool(_json(text).get("state_edits"))
    outcome.code = code or outcome.code
    if report.strip():
        outcome.paths["report"] = _folder() / "report.md"
        outcome.paths["report"].write_text(report, encoding="utf-8", errors="backslashreplace", newline="\n")
    return outcome


def _drift(inputs: Inputs) -> StepResult:
    """Exit code 2 where somebody has changed in Kalent what stands in the files. Kalent is looked at once: what a
    second look saw could be something else.
    """
    asked = ("--refresh-only", "--format", "json", "--detailed-exitcode")
    code, text = capture(*inputs.args("plan", *asked, but=(*_SAVED, "refresh")), aloud=True)
    if code not in {0, _CHANGES}:
        return StepResult(code)
    found = _json(text).get("drift", [])
    for each in found:
        sys.stdout.write(escape_line(visible(f"{each['kind']}: {each['address']}")) + "\n")
    if code:
        _say(
            "error",
            f"{count(len(found), 'blueprint')} changed in Kalent by somebody: see the summary of this run",
        )
    return StepResult(code, changed=code == _CHANGES, numbers={"drift": len(found)})


def _apply(inputs: Inputs) -> StepResult:
    """Apply, if its state can be pushed. The commit of the state is a step of its own, which runs in any case."""
    outcome = _validate(inputs, summary=False)
    _, text = capture(*inputs.args("plan", "--format", "json", but=(*_SAVED, "refresh")))
    summary = _json(text).get("summary", {})
    outcome.numbers |= {name: int(summary.get(name, 0)) for name in COUNTS}
    outcome.code = outcome.code or call(*inputs.args("state push", "--probe"))
    if not outcome.code:
        before = _state(inputs)
        outcome.code = call(*inputs.args("apply", "--yes"), summary=True)
        outcome.changed = _state(inputs) != before
    return outcome


def _state(inputs: Inputs) -> str:
    """What the state holds, in a form that can be compared."""
    return capture(*inputs.args("state list", "--format", "json"))[1]


def _base(inputs: Inputs) -> tuple[str, ...]:
    """What a pull request is compared with unless an input says it: the first parent of the merge that GitHub makes."""
    reviewed = os.environ.get("GITHUB_EVENT_NAME") == "pull_request" and not inputs.get("against")
    return ("--against", "HEAD^1") if reviewed and is_merge(Path(inputs.folder)) else ()


def _preview(inputs: Inputs) -> dict[str, Path]:
    """The page; for a pull request with what it changes."""
    environment = inputs.get("target-name") or inputs.get("state") or os.environ.get("KALENTOPS_STATE", "")
    # Artifacts of one name are refused, and a job may run for several projects and environments.
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{inputs.folder} {environment.removesuffix('.json')}").strip("-")
    page = _folder() / ("-".join(filter(None, ("kalentops-preview", name))) + ".html")
    code = call(*inputs.args("preview", "--out", str(page), *_base(inputs), but=_SAVED))
    return {"page": page} if code in {0, _INVALID} and page.is_file() else {}


def comment(inputs: Inputs) -> int:
    """The report onto the pull request. A token that may not write, as for a fork, is told and no failure."""
    report = inputs.get("report")
    if report:
        _link(Path(report), inputs.get("page-url"))
        worth_it = inputs.get("changed") == "true" or inputs.get("result") != RESULTS[0]
        asked = [*(() if worth_it else ("--update-only",)), report]
    else:  # nothing could be planned: what stands there no longer holds
        asked = ["--outdated"]
    code = call(*inputs.args("comment", "--if-pull-request", *asked))
    if code == _MAY_NOT_WRITE:
        _say(
            "notice",
            "no comment: the token of this job may not write one (a fork?); see the summary of the run",
        )
        return 0
    return code


def _link(report: Path, url: str) -> None:
    """The page's address below the summary, the first paragraph: a long report is cut at its end."""
    if _PAGE_URL.fullmatch(url):
        summary, _, rest = report.read_text(encoding="utf-8").partition("\n\n")
        text = "\n\n".join(filter(None, (summary.rstrip(), f"[See it as a candidate would]({url})", rest)))
        report.write_text(text, encoding="utf-8", newline="\n")


def _json(text: str) -> dict[str, Any]:
    """What a command said; nothing where it failed before it said anything."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _folder() -> Path:
    """A new folder for a file that a later step reads."""
    return Path(tempfile.mkdtemp(prefix="kalentops-", dir=os.environ.get("RUNNER_TEMP")))


def _say(kind: str, text: str) -> None:
    """An annotation of the run; `text` is ours."""
    sys.stdout.write(f"::{kind} title=kalentops::{text}\n")
