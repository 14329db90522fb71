"""What `action.yml` does, beyond calling one command: the steps of the GitHub Action, run as `python -m
kalentops.action STEP`.

Inputs come from the environment, results go to the file `GITHUB_OUTPUT` names, as numbers and fixed words and paths
that were made here. The commands run in this process: a job that is cancelled sends its signal to it alone.
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kalentops.cli import run as run_command
from kalentops.git.worktree import Worktree
from kalentops.reports.inert import inert
from kalentops.text import count, visible

RESULTS: Final = {
    0: "ok",
    2: "changes",
    3: "invalid",
    4: "refused",
    5: "unreachable",
    6: "stopped",
    7: "stale",
    8: "state",
    9: "partial",
    10: "unknown",
    130: "interrupted",
}
"""The exit codes of the README in one word each; any other is an `error`."""
COUNTS: Final = ("create", "update", "adopt", "conflict", "resume", "orphan")
_MAY_NOT_WRITE: Final = 4
_INTERRUPTED: Final = 130
_INVALID: Final = 3
_CHANGES: Final = 2
_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_PAGE_URL: Final = re.compile(r"https://[A-Za-z0-9.:-]+/[A-Za-z0-9._/-]+")


@dataclass(slots=True)
class Outcome:
    """What a step gives to those after it."""

    code: int = 0
    changed: bool = False
    numbers: dict[str, int] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)

    @property
    def outputs(self) -> Mapping[str, str]:
        return {
            "result": RESULTS.get(self.code, "error"),
            "exit-code": str(self.code),
            "changed": str(self.changed).lower(),
            **{name: str(number) for name, number in self.numbers.items()},
            **{name: str(path) for name, path in self.paths.items()},
        }


class _Interrupted(Exception):
    """A command of the step was interrupted: none of the next is begun."""


def main(args: Sequence[str]) -> int:
    """One step of the action; its exit code."""
    try:
        return _main(args)
    except (_Interrupted, KeyboardInterrupt):
        return _INTERRUPTED


def _main(args: Sequence[str]) -> int:
    match args:
        case ["run"]:
            try:
                outcome = _run(os.environ)
            except (_Interrupted, KeyboardInterrupt):
                outcome = Outcome(_INTERRUPTED)
            _write_outputs(outcome.outputs)
            # What kalentops said is the result of the last step, after the comment has been written.
            return _INTERRUPTED if outcome.code == _INTERRUPTED else 0
        case ["comment"]:
            return _comment(os.environ)
        case _:
            sys.stderr.write("error: action.yml asks for a step that does not exist\n")
            return 1


def _run(inputs: Mapping[str, str]) -> Outcome:
    folder = inputs.get("INPUT_FOLDER") or "."
    for name, given in (("KALENT_API_KEY", "INPUT_API_KEY"), ("KALENT_API_URL", "INPUT_API_URL")):
        if inputs.get(given):  # an empty input leaves what the job has set
            os.environ[name] = inputs[given]
    match inputs.get("INPUT_COMMAND"):
        case "validate":
            outcome = _validate(folder, summary=True)
        case "plan":
            outcome = _plan(folder)
        case "drift":
            outcome = _drift(folder)
        case "apply":
            outcome = _apply(folder)
        case _:
            sys.stderr.write("error: the input command is validate, plan, drift, apply or install\n")
            return Outcome(1)
    if inputs.get("INPUT_PREVIEW") == "true":
        outcome.paths |= _preview(folder)
    return outcome


def _validate(folder: str, *, summary: bool) -> Outcome:
    """The findings as annotations of the files."""
    code = _call("validate", "-C", folder, "--format", "github", summary=summary)
    _, text = _capture("validate", "-C", folder, "--format", "json")
    findings = _json(text).get("findings", [])
    numbers = {
        f"{severity}s": sum(each["severity"] == severity for each in findings)
        for severity in ("error", "warning")
    }
    return Outcome(code, numbers=numbers)


def _plan(folder: str) -> Outcome:
    """The plan in the log, in the job's summary and, as `report`, in a file for the comment."""
    outcome = _validate(folder, summary=False)
    code = _call("plan", "-C", folder, summary=True)
    detailed, text = _capture("plan", "-C", folder, "--format", "json", "--detailed-exitcode")
    _, report = _capture("plan", "-C", folder, "--format", "markdown")
    summary = _json(text).get("summary", {})
    outcome.numbers |= {name: int(summary.get(name, 0)) for name in COUNTS}
    outcome.changed = detailed == _CHANGES
    outcome.code = code or outcome.code
    if report.strip():
        outcome.paths["report"] = _folder() / "report.md"
        outcome.paths["report"].write_text(report, encoding="utf-8", errors="backslashreplace", newline="\n")
    return outcome


def _drift(folder: str) -> Outcome:
    """Exit code 2 where somebody has changed in Kalent what stands in the files. Kalent is looked at once: what a
    second look saw could be something else.
    """
    asked = ("plan", "-C", folder, "--refresh-only", "--format", "json", "--detailed-exitcode")
    code, text = _capture(*asked, aloud=True)
    if code not in {0, _CHANGES}:
        return Outcome(code)
    found = _json(text).get("drift", [])
    for each in found:
        sys.stdout.write(inert(visible(f"{each['kind']}: {each['address']}")) + "\n")
    if code:
        _say(
            "error",
            f"{count(len(found), 'blueprint')} changed in Kalent by somebody: see the summary of this run",
        )
    return Outcome(code, changed=code == _CHANGES, numbers={"drift": len(found)})


def _apply(folder: str) -> Outcome:
    """Apply, if its state can be pushed. The commit of the state is a step of its own, which runs in any case."""
    outcome = _validate(folder, summary=False)
    _, text = _capture("plan", "-C", folder, "--format", "json")
    summary = _json(text).get("summary", {})
    outcome.numbers |= {name: int(summary.get(name, 0)) for name in COUNTS}
    outcome.code = outcome.code or _call("state", "push", "-C", folder, "--probe")
    if not outcome.code:
        before = _state(folder)
        outcome.code = _call("apply", "-C", folder, "--yes", summary=True)
        outcome.changed = _state(folder) != before
    return outcome


def _state(folder: str) -> str:
    """What the state holds, in a form that can be compared."""
    return _capture("state", "list", "-C", folder, "--format", "json")[1]


def _preview(folder: str) -> dict[str, Path]:
    """The page; for a pull request against what it is merged into, the first parent of the merge that GitHub makes."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-")
    page = _folder() / ("-".join(filter(None, ("kalentops-preview", name))) + ".html")
    reviewed = os.environ.get("GITHUB_EVENT_NAME") == "pull_request"
    merge = Worktree(Path(folder)).ask("rev-parse", "--verify", "--quiet", "HEAD^2") if reviewed else None
    against = ("--against", "HEAD^1") if merge else ()
    code = _call("preview", "-C", folder, "--out", str(page), *against)
    return {"page": page} if code in {0, _INVALID} and page.is_file() else {}


def _comment(inputs: Mapping[str, str]) -> int:
    """The report onto the pull request. A token that may not write, as for a fork, is told and no failure."""
    folder, report = inputs.get("INPUT_FOLDER") or ".", inputs.get("INPUT_REPORT")
    asked = ["comment", "-C", folder, "--if-pull-request"]
    if report:
        _link(Path(report), inputs.get("INPUT_PAGE_URL", ""))
        worth_it = inputs.get("INPUT_CHANGED") == "true" or inputs.get("INPUT_RESULT") != RESULTS[0]
        asked += [*(() if worth_it else ("--update-only",)), report]
    else:  # nothing could be planned: what stands there no longer holds
        asked.append("--outdated")
    code = _call(*asked)
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


def _call(*args: str, summary: bool = False) -> int:
    """A command whose words are for the log. Only one of them writes the job's summary. Raises _Interrupted."""
    with _summary(keep=summary):
        code = run_command(args)
    sys.stdout.flush()
    return _unless_interrupted(code)


def _capture(*args: str, aloud: bool = False) -> tuple[int, str]:
    """A command whose result is for this program. Unless `aloud`, it has told its notes and the job's summary already.
    Raises _Interrupted.
    """
    out, err = io.StringIO(), sys.stderr
    with _summary(keep=aloud), redirect_stdout(out):
        sys.stderr = err if aloud else io.StringIO()
        try:
            code = run_command(args)
        finally:
            sys.stderr = err
    return _unless_interrupted(code), out.getvalue()


def _unless_interrupted(code: int) -> int:
    if code == _INTERRUPTED:
        raise _Interrupted
    return code


@contextmanager
def _summary(*, keep: bool) -> Iterator[None]:
    place = None if keep else os.environ.pop(_SUMMARY, None)
    try:
        yield
    finally:
        if place is not None:
            os.environ[_SUMMARY] = place


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


def _write_outputs(outputs: Mapping[str, str]) -> None:
    """With a delimiter that no value can know."""
    place = os.environ.get("GITHUB_OUTPUT")
    if not place:
        return
    with Path(place).open("a", encoding="utf-8", newline="\n") as stream:
        for name, value in outputs.items():
            mark = secrets.token_hex(16)
            stream.write(f"{name}<<{mark}\n{value}\n{mark}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
