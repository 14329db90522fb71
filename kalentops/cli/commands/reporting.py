"""What a command shows: the result in the chosen format, and on GitHub Actions the job's summary as well.

GitHub gives each step a file for its summary (docs.github.com, "Adding a job summary"). If that can't be written, a
note says so and nothing else changes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import click

from kalentops.blueprint.body import Address
from kalentops.errors import InvalidFiles, KalentopsError, UsageError
from kalentops.github.context import target_name
from kalentops.lint.finding import MOST_USERS, Finding, Severity
from kalentops.output import Checked, heading, report, text_findings, text_plan
from kalentops.output.explanations import with_environment
from kalentops.output.terminal import Line, line, notice, show, width
from kalentops.plan.build import Plan
from kalentops.project.config import Config
from kalentops.project.load import Repository, texts_of
from kalentops.support.text import some, visible

if TYPE_CHECKING:  # it needs pydantic
    from kalentops.plan.json_types import ReportJson

Make: TypeAlias = Callable[..., str]
"""Takes the module of Markdown, and `limit` and `measure`, and makes a text of at most that many bytes."""
_GAP: Final = "\n\n"
_SELECT_OTHERS: Final = "fix the errors above, or select other blueprints: by files, --sourcing or --target"
# The reader of these results is not the reader of the findings, so findings go to stderr.
FINDINGS_ON_STDERR: Final = frozenset({"text", "json"})


class Reporting(NamedTuple):
    """How the results of one run are shown. `environments` are those of a run for several."""

    command: str
    form: str
    config: Config
    verbose: bool = False
    quiet: bool = False
    environments: tuple[str, ...] = ()

    def show_findings(
        self, repository: Repository, *, online: bool = False, statistics: bool = False
    ) -> None:
        """The result of `validate`, on stdout. `online`: the API was asked too, and answered. `statistics`: only the
        number of findings by rule.
        """
        checked = self._checked(repository, online=online)
        if self.form == "text":
            if not self.quiet or repository.findings:
                show_environment(*checked.environments)
            show(
                (text_findings.statistics if statistics else text_findings.findings)(
                    shown_findings(repository.findings, quiet=self.quiet)
                )
            )
            if not self.quiet:
                show(
                    [*(() if statistics else text_findings.by_rule(checked.findings)), self._counted(checked)]
                )
        else:
            sys.stdout.write(report(self.form).show_validation(checked))
        self._summarise_findings(checked)

    def refuse_invalid(
        self,
        repository: Repository,
        undone: str = "planned",
        covers: Callable[[Address], bool] = lambda _: True,
    ) -> None:
        """Show the findings. Raises InvalidFiles if an error stops the selected blueprints; then they are the whole
        result.
        """
        if self.form in FINDINGS_ON_STDERR:
            show(text_findings.findings(shown_findings(repository.findings, quiet=self.quiet)), sys.stderr)
        blocked = repository.blocked()
        said = f"errors in templates and snippets block {some(blocked, MOST_USERS)}" if blocked else ""
        if not repository.stopping(covers):
            notice([f"{said}; the selection holds none of them"] if said else [])
            return
        checked = self._checked(repository)
        if self.form in FINDINGS_ON_STDERR:
            rules = () if self.quiet else text_findings.by_rule(checked.findings)
            show([*rules, self._counted(checked)], sys.stderr)
        else:
            sys.stdout.write(report(self.form).show_validation(checked))
        self._summarise_findings(checked)
        raise InvalidFiles(
            f"the blueprints are not valid; nothing was {undone}{said and f'; {said}'}",
            hint=_SELECT_OTHERS if said and undone == "planned" else None,
        )

    def show_plan(self, plan: Plan, repository: Repository) -> None:
        """The result of `plan`, on stdout."""
        print_plan(plan, self._checked(repository), self.form, verbose=self.verbose, quiet=self.quiet)
        self.summarise(lambda markdown, **size: markdown.plan(plan, repository.earlier, **size))

    def for_saved_plan(self, repository: Repository) -> ReportJson:
        """What `show` needs beyond the plan to print every format."""
        return replace(self._checked(repository), columns=self._columns(repository)).to_json()

    def _columns(self, repository: Repository) -> dict[Finding, int]:
        from kalentops.output.sarif import utf16_columns  # for SARIF and a saved plan alone

        found = repository.findings
        return utf16_columns(found, texts_of(self.config.root, found)) if found else {}

    def _checked(self, repository: Repository, *, online: bool = False) -> Checked:
        return Checked(
            repository.findings,
            repository.names,
            repository.blueprints,
            self._below(),
            online=online,
            columns=self._columns(repository) if self.form == "sarif" else {},
            earlier=repository.earlier,
            environments=self.environments or tuple(filter(None, [self.config.environment])),
        )

    def _below(self) -> str:
        place = target_name(self.config.root)
        return "" if place == "." else place

    def _counted(self, checked: Checked) -> Line:
        return text_findings.findings_summary(
            checked.findings, checked.files, checked.blueprints, checked.earlier
        )

    def _summarise_findings(self, checked: Checked) -> None:
        self.summarise(lambda markdown, **size: markdown.validation(checked, **size))

    def summarise(self, make: Make) -> None:
        """Append to the job's summary, if there is one, as much as fits."""
        name = os.environ.get("GITHUB_STEP_SUMMARY")
        if os.environ.get("GITHUB_ACTIONS") != "true" or not name:
            return
        from kalentops.output import markdown  # for a summary alone
        from kalentops.output.markdown_blocks import SUMMARY, code, utf8_bytes

        below = self._below()
        heading = f"### kalentops {self.command}" + (f" in {code(below)}" if below else "") + _GAP
        try:
            path = Path(name)
            taken = path.stat().st_size if path.exists() else 0
            room = SUMMARY - taken - utf8_bytes(heading) - 2 * len(_GAP)
            text = make(markdown, limit=room, measure=utf8_bytes)
            if not text:
                notice(["the job's summary is full: GitHub takes 1 MiB a step"])
                return
            with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
                stream.write((_GAP if taken else "") + heading + text + "\n")
        except OSError as error:
            notice([f"the job's summary can't be written: {error.strerror or error}"])


def print_plan(plan: Plan, checked: Checked, form: str, *, verbose: bool, quiet: bool) -> None:
    """The result of `plan` and of `show`, on stdout."""
    if form == "text":
        show_environment(plan.environment)
        whole = text_plan.plan(plan, verbose=verbose, width=width(sys.stdout))
        show([text_plan.plan_summary(plan)] if quiet else whole)
    elif form == "json":
        from kalentops.output import json  # for this format alone

        # All before the first is written: an error leaves no half of a document.
        sys.stdout.writelines([*json.plan_pieces(plan)])
    else:
        sys.stdout.write(report(form).show_plan(plan, checked))


def show_up_to_date(unchanged: int, environment: str | None) -> None:
    """The result of `plan` with nothing to do."""
    show_environment(environment)
    show([text_plan.no_changes(unchanged)])


def show_environment(*environments: str | None, stream: IO[str] | None = None) -> None:
    """The first line of a result, of a project with environments; on stdout by default."""
    said = heading(*environments)
    if said:
        show([line(said)], stream)


def show_failure(error: KalentopsError, environment: str) -> None:
    """An error of one environment, on stderr: the others go on."""
    error.complete(lambda said: with_environment(said, environment))
    lines = [line(("error: ", "bad"), f"{environment}: ", visible(str(error), keep="\n"))]
    lines += [line(("hint: ", "dim"), visible(error.hint, keep="\n"))] if error.hint else []
    show(lines, sys.stderr)


@contextmanager
def unreadable_shown() -> Iterator[None]:
    """Show the findings of files that can't be read, before the error."""
    from kalentops.adopt.position import UnreadableFiles  # for commands that edit files alone

    try:
        yield
    except UnreadableFiles as error:
        show(text_findings.findings(error.findings), sys.stderr)
        raise


def shown_findings(findings: Iterable[Finding], *, quiet: bool) -> list[Finding]:
    """The findings that a person reads: with `quiet`, errors only."""
    return [each for each in findings if not quiet or each.severity is Severity.ERROR]


class SeverityOptions(NamedTuple):
    """`against` is the commit whose findings are not new."""

    errors_only: bool
    strict: bool
    against: str | None

    def apply(self, repository: Repository, config: Config, places: Sequence[Path]) -> None:
        """Raises UsageError for a commit that git does not know."""
        if self.against is not None:
            repository.earlier = _earlier(repository, config, places, self.against)
        repository.results = {}  # for the comparison alone: not held for the rest of the run
        repository.weigh(errors_only=self.errors_only, strict=self.strict)


def severity_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options, as `severity`. Raises UsageError for two that contradict each other."""

    @click.option("--errors-only", is_flag=True, help="Show errors only.")
    @click.option("--strict", is_flag=True, help="Treat warnings as errors: exit code 3.")
    @click.option(
        "--against", metavar="REV", help="Mark findings that are new since this commit, branch or tag."
    )
    @wraps(command)
    def checked(*args: Any, errors_only: bool, strict: bool, against: str | None, **values: Any) -> Any:
        if errors_only and strict:
            raise UsageError("--errors-only and --strict exclude each other", hint="give one of them")
        return command(*args, severity=SeverityOptions(errors_only, strict, against), **values)

    return checked


def _earlier(
    repository: Repository, config: Config, places: Sequence[Path], rev: str
) -> frozenset[Finding] | None:
    from kalentops.git.history import commit_of  # for --against alone
    from kalentops.project.commit import known_findings

    try:
        return known_findings(config, places, rev, repository)
    except UsageError as error:
        commit_of(config.root, rev)  # one that is not there is a mistake; what a partial clone lacks is none
        notice([f"the findings are not compared with {rev}: {error}"])
        return None
