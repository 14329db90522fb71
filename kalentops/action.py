"""The steps of the GitHub Action (`action.yml`), run as `python -m kalentops.action STEP`.

Inputs come from the environment; results go to the file that `GITHUB_OUTPUT` names: numbers, fixed words and own paths.
The commands run in this process, because a cancelled job signals only this one.

Each input has a variable `INPUT_` with its name in capitals, `_` for `-`. A flag is `true` or `false`; what an
option takes several times stands one to a line.
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kalentops.cli.main import parameters
from kalentops.cli.main import run as run_command
from kalentops.errors import EXIT_CODES, StateError, UsageError
from kalentops.git.history import is_merge
from kalentops.http.secret import ENVIRONMENT
from kalentops.state.store.location import Location
from kalentops.support.streams import finish, prepare
from kalentops.support.text import clip, count, escape_line, visible

OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "paths": ("paths", "plan_or_paths"),
    "environment": ("--environment", "--confirm"),
    "state": ("--state",),
    "sourcing": ("--sourcing",),
    "target": ("--target",),
    "errors-only": ("--errors-only",),
    "strict": ("--strict",),
    "online": ("--online",),
    "refresh": ("--refresh",),
    "overwrite": ("--overwrite",),
    "plan-file": ("--out", "plan_or_paths"),
    "resend": ("--resend",),
    "max-creates": ("--max-creates",),
    "max-updates": ("--max-updates",),
    "parallelism": ("--parallelism",),
    "settle": ("--settle",),
    "lock-timeout": ("--lock-timeout",),
    "verbose": ("--verbose",),
    "against": ("--against",),
    "author": ("--author",),
    "target-name": ("--target-name",),
    "repository": ("--repository",),
    "pull-request": ("--pull-request",),
    "timeout": ("--timeout",),
    "ca-file": ("--ca-file",),
    "proxy": ("--proxy",),
    "debug-http": ("--debug-http",),
}
"""Each input, and what it is called by the commands: options by their long names, arguments by their own."""


class Inputs:
    """The inputs of the job. An empty one leaves the value to environment and configuration."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.folder = environment.get("INPUT_FOLDER") or "."

    def get(self, name: str) -> str:
        given = self._environment.get(f"INPUT_{name.upper().replace('-', '_')}", "").strip()
        return given or (self._environment.get(ENVIRONMENT, "").strip() if name == "environment" else "")

    def flag(self, name: str) -> bool:
        """Raises UsageError."""
        given = self.get(name)
        if given not in {"", "true", "false"}:
            raise UsageError(f"the input {name} can't be `{clip(given)}`", hint="write true or false")
        return given == "true"

    def args(self, command: str, *own: str, but: Iterable[str] = ()) -> list[str]:
        """The command line: the folder, `own` arguments, and each input that the command has an option for, except
        `but`. Raises UsageError.
        """
        options: list[str] = []
        rest: list[str] = []
        for parameter in parameters(command):
            given = [name for name in OPTIONS if {*OPTIONS[name]} & {*parameter.opts} and name not in but]
            for name in given:
                if parameter.param_type_name == "argument":
                    rest += self._lines(name)
                else:
                    options += self._options(name, parameter)
        return [*command.split(), "-C", self.folder, *own, *options, *(("--", *rest) if rest else ())]

    def _options(self, name: str, parameter: Any) -> Iterator[str]:
        option = next(each for each in parameter.opts if each in OPTIONS[name])
        if parameter.is_flag:
            if self.flag(name):
                yield option
        elif parameter.multiple:
            yield from (f"{option}={line}" for line in self._lines(name))
        elif self.get(name):
            yield f"{option}={self.get(name)}"

    def _lines(self, name: str) -> list[str]:
        return [line.strip() for line in self.get(name).splitlines() if line.strip()]


def result_word(code: int) -> str:
    """An exit code in one word."""
    return EXIT_CODES[code if code in EXIT_CODES else 1].result


@dataclass(slots=True)
class StepResult:
    """The outputs of a step."""

    code: int = 0
    changed: bool = False
    numbers: dict[str, int] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)

    @property
    def outputs(self) -> Mapping[str, str]:
        return {
            "result": result_word(self.code),
            "exit-code": str(self.code),
            "changed": str(self.changed).lower(),
            **{name: str(number) for name, number in self.numbers.items()},
            **{name: str(path) for name, path in self.paths.items()},
        }


def write_outputs(outputs: Mapping[str, str]) -> None:
    """A random delimiter for each, so that no value can end another one."""
    place = os.environ.get("GITHUB_OUTPUT")
    if not place:
        return
    with Path(place).open("a", encoding="utf-8", newline="\n") as stream:
        for name, value in outputs.items():
            mark = secrets.token_hex(16)
            stream.write(f"{name}<<{mark}\n{value}\n{mark}\n")


INTERRUPTED: Final = 130
_SUMMARY: Final = "GITHUB_STEP_SUMMARY"


class CommandInterrupted(Exception):
    """A command of the step was interrupted: the next ones don't start."""


def call(*args: str, summary: bool = False) -> int:
    """Run a command for the log; its exit code. `summary`: it writes the job's summary. Raises CommandInterrupted."""
    with _summary(keep=summary):
        code = run_command(args)
    sys.stdout.flush()
    return _unless_interrupted(code)


def capture(*args: str, aloud: bool = False) -> tuple[int, str]:
    """Run a command for its output; exit code and output. Notes and summary are dropped unless `aloud`. Raises
    CommandInterrupted.
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
    if code == INTERRUPTED:
        raise CommandInterrupted
    return code


@contextmanager
def _summary(*, keep: bool) -> Iterator[None]:
    place = None if keep else os.environ.pop(_SUMMARY, None)
    try:
        yield
    finally:
        if place is not None:
            os.environ[_SUMMARY] = place


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
                f"the input command can't be `{clip(other)}`",
                hint="write validate, plan, drift, apply or install",
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
    """The plan in the log, in the job's summary and, as `report`, in a file for the comment. It is planned
    once: a second plan could differ.
    """
    outcome = _validate(inputs, summary=False)
    base, saved = _base(inputs), inputs.get("plan-file")
    own = () if saved else ("--out", saved := str(_folder() / "plan.json"))
    code = call(*inputs.args("plan", "--detailed-exitcode", *base, *own), summary=True)
    if code in {0, _CHANGES}:
        _, text = capture(*inputs.args("show", saved, "--format", "json"))
        _, report = capture(*inputs.args("show", saved, "--format", "markdown"))
    else:  # the errors in the files, which nothing was read for
        text, report = "", _invalid(inputs, base) if code == _INVALID else ""
        outcome.code = code
    planned = _json(text)
    outcome.numbers |= {name: int(planned.get("summary", {}).get(name, 0)) for name in COUNTS}
    # The comment is written then: a branch that changes the state alone has to be seen.
    outcome.changed = code == _CHANGES or bool(planned.get("state_edits"))
    if report.strip():
        outcome.paths["report"] = _folder() / "report.md"
        outcome.paths["report"].write_text(report, encoding="utf-8", errors="backslashreplace", newline="\n")
    return outcome


def _invalid(inputs: Inputs, base: Sequence[str]) -> str:
    """The findings, as a report for the comment."""
    return capture(*inputs.args("plan", "--format", "markdown", *base, but=_SAVED))[1]


def _drift(inputs: Inputs) -> StepResult:
    """Exit code 2 if a managed blueprint was edited in Kalent. Kalent is read once: a second read could differ."""
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
            f"{count(len(found), 'blueprint')} edited in Kalent: see the summary of this run",
        )
    return StepResult(code, changed=code == _CHANGES, numbers={"drift": len(found)})


def _apply(inputs: Inputs) -> StepResult:
    """Apply if the state can be pushed. Another step commits the state, whatever happens here."""
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
    """The state as text, to compare."""
    return capture(*inputs.args("state list", "--format", "json"))[1]


def _base(inputs: Inputs) -> tuple[str, ...]:
    """For a pull request without the input `against`: the first parent of the merge that GitHub makes."""
    reviewed = os.environ.get("GITHUB_EVENT_NAME") == "pull_request" and not inputs.get("against")
    return ("--against", "HEAD^1") if reviewed and is_merge(Path(inputs.folder)) else ()


def _state_name(inputs: Inputs) -> str:
    """The location of the state, without credentials; empty if it is the usual one or no location."""
    named = inputs.get("state") or os.environ.get("KALENTOPS_STATE", "")
    try:
        location = Location.parse(named, Path(inputs.folder))
    except StateError:
        return ""
    return named if location.path else location.where


def _preview(inputs: Inputs) -> dict[str, Path]:
    """The page; for a pull request, with its changes."""
    names = (inputs.get("target-name"), inputs.get("environment"), _state_name(inputs))
    target = next(filter(None, names), "")
    # Artifacts of one name are refused, and a job may run for several projects and environments.
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{inputs.folder} {target.removesuffix('.json')}").strip("-")
    page = _folder() / ("-".join(filter(None, ("kalentops-preview", name))) + ".html")
    code = call(*inputs.args("preview", "--out", str(page), *_base(inputs), but=_SAVED))
    return {"page": page} if code in {0, _INVALID} and page.is_file() else {}


def comment(inputs: Inputs) -> int:
    """Put the report on the pull request. A token that can't write, as for a fork, is a notice and no failure."""
    report = inputs.get("report")
    if report:
        _link(Path(report), inputs.get("page-url"))
        worth_it = inputs.get("changed") == "true" or inputs.get("result") != result_word(0)
        asked = [*(() if worth_it else ("--update-only",)), report]
    else:  # no plan: an earlier comment is outdated
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
    """Link the page below the summary: a long report is cut at its end."""
    if _PAGE_URL.fullmatch(url):
        paragraphs = report.read_text(encoding="utf-8").split("\n\n")
        at = 2 if paragraphs[0].startswith("environment: ") else 1
        summary, rest = ("\n\n".join(part) for part in (paragraphs[:at], paragraphs[at:]))
        text = "\n\n".join(filter(None, (summary.rstrip(), f"[See it as a candidate would]({url})", rest)))
        report.write_text(text, encoding="utf-8", newline="\n")


def _json(text: str) -> dict[str, Any]:
    """The output of a command as JSON; empty if it failed."""
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


def main(args: Sequence[str]) -> int:
    """One step of the action; its exit code."""
    outcome = _outcome(args, Inputs(os.environ))
    if args != ["run"]:
        return outcome.code
    write_outputs(outcome.outputs)
    # The last step of action.yml ends with the exit code, after the comment.
    return INTERRUPTED if outcome.code == INTERRUPTED else 0


def _outcome(args: Sequence[str], inputs: Inputs) -> StepResult:
    if inputs.get("environment"):
        os.environ[ENVIRONMENT] = inputs.get("environment")  # the key and the state of the job are this one's
    try:
        match args:
            case ["run"]:
                return run(inputs)
            case ["comment"]:
                return StepResult(comment(inputs))
            case ["record"]:
                return StepResult(call(*inputs.args("state push")))
            case _:
                sys.stderr.write("error: action.yml asks for a step that does not exist\n")
                return StepResult(1)
    except UsageError as error:
        sys.stderr.write(f"error: {escape_line(visible(str(error)))}\nhint: {error.hint}\n")
        return StepResult(1)
    except (CommandInterrupted, KeyboardInterrupt):
        return StepResult(INTERRUPTED)


if __name__ == "__main__":
    prepare()
    sys.exit(finish(main(sys.argv[1:])))
