"""What a command has to tell, in the form that was asked for, and on GitHub Actions in the job's summary as well."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from kalentops.apply.result import ApplyResult, Result
from kalentops.errors import InvalidFiles
from kalentops.github.context import target_name
from kalentops.lint.finding import Finding, Severity
from kalentops.output import Checked, json, markdown, report, text_files, text_plan, text_results
from kalentops.output.markdown_blocks import SUMMARY, code, utf8_bytes
from kalentops.output.terminal import Line, notice, show, width
from kalentops.plan.build import Plan
from kalentops.project.config import Config
from kalentops.project.load import Repository, texts_of
from kalentops.support.text import dump_json

# The reader of these results is not the reader of the findings, so findings go to stderr.
APART: Final = frozenset({"text", "json"})


@dataclass(frozen=True, slots=True)
class Reporting:
    """How one run tells what it found and did."""

    command: str
    form: str
    config: Config
    verbose: bool = False
    quiet: bool = False

    def show_findings(
        self, repository: Repository, *, online: bool = False, statistics: bool = False
    ) -> None:
        """The result of `validate`, on stdout; `online`: the API was asked too, and answered. With `statistics`, the
        findings are counted by rule instead.
        """
        checked = self._checked(repository, online=online)
        if self.form == "text":
            lines = text_files.statistics if statistics else text_files.findings
            show(lines(shown_findings(repository.findings, quiet=self.quiet)))
            if not self.quiet:
                show([*(() if statistics else text_files.by_rule(checked.findings)), self._counted(checked)])
        else:
            sys.stdout.write(report(self.form).show_validation(checked))
        self._summarise_findings(checked)

    def refuse_invalid(self, repository: Repository) -> None:
        """Show the findings. Raises InvalidFiles where one of them is an error: then they are all there is to tell."""
        if self.form in APART:
            show(text_files.findings(shown_findings(repository.findings, quiet=self.quiet)), sys.stderr)
        if repository.valid:
            return
        checked = self._checked(repository)
        if self.form in APART:
            rules = () if self.quiet else text_files.by_rule(checked.findings)
            show([*rules, self._counted(checked)], sys.stderr)
        else:
            sys.stdout.write(report(self.form).show_validation(checked))
        self._summarise_findings(checked)
        raise InvalidFiles("the blueprints are not valid; nothing was planned")

    def show_plan(self, plan: Plan, repository: Repository) -> None:
        """The result of `plan`, on stdout."""
        checked = self._checked(repository)
        print_plan(plan, checked, self.form, verbose=self.verbose, quiet=self.quiet)
        known = repository.earlier
        self._summarise(lambda limit: markdown.plan(plan, known, limit=limit, measure=utf8_bytes))

    def show_result(
        self, result: ApplyResult, told: Mapping[str, Result], *, left_out: Sequence[str]
    ) -> None:
        """What was not `told` yet of the result of `apply`, on stdout, and what was not asked for."""
        notice(result.notes)
        if left_out:
            notice([text_plan.left_out(left_out)])
        if self.form == "json":
            sys.stdout.write(dump_json(json.apply(result, left_out=left_out)) + "\n")
        else:
            show(text_results.results(result, told))
        self._summarise(lambda limit: markdown.results(result, limit=limit, measure=utf8_bytes))

    def for_saved_plan(self, repository: Repository) -> dict[str, Any]:
        """What `show` needs beyond the plan to print every format."""
        return replace(self._checked(repository), columns=self._columns(repository)).to_json()

    def _columns(self, repository: Repository) -> dict[Finding, int]:
        from kalentops.output.sarif import utf16_columns

        found = repository.findings
        return utf16_columns(found, texts_of(self.config.root, found)) if found else {}

    def _checked(self, repository: Repository, *, online: bool = False) -> Checked:
        return Checked(
            repository.findings,
            repository.names,
            len(repository.desired),
            self._below(),
            online=online,
            columns=self._columns(repository) if self.form == "sarif" else {},
            earlier=repository.earlier,
        )

    def _below(self) -> str:
        place = target_name(self.config.root)
        return "" if place == "." else place

    def _counted(self, checked: Checked) -> Line:
        return text_files.findings_summary(
            checked.findings, checked.files, checked.blueprints, checked.earlier
        )

    def _summarise_findings(self, checked: Checked) -> None:
        self._summarise(lambda limit: markdown.validation(checked, limit=limit, measure=utf8_bytes))

    def _summarise(self, make: Make) -> None:
        where = self._below()
        heading = f"### kalentops {self.command}" + (f" in {code(where)}" if where else "")
        append(headed(heading, make))


def print_plan(plan: Plan, checked: Checked, form: str, *, verbose: bool, quiet: bool) -> None:
    """The result of `plan` and of `show`, on stdout."""
    if form == "text":
        whole = text_plan.plan(plan, verbose=verbose, width=width(sys.stdout))
        show([text_plan.plan_summary(plan)] if quiet else whole)
    else:
        sys.stdout.write(report(form).show_plan(plan, checked))


def shown_findings(findings: Iterable[Finding], *, quiet: bool) -> list[Finding]:
    """The findings that a person reads: with `quiet`, errors only."""
    return [each for each in findings if not quiet or each.severity is Severity.ERROR]


Make: TypeAlias = Callable[[int], str]
"""What gives a text of at most so many bytes."""
_APART_job_summary: Final = "\n\n"


def append(make: Make, environment: Mapping[str, str] = os.environ) -> None:
    """Append what `make` gives for so many bytes, where there is a summary to append to."""
    name = environment.get("GITHUB_STEP_SUMMARY")
    if environment.get("GITHUB_ACTIONS") != "true" or not name:
        return
    path = Path(name)
    try:
        taken = path.stat().st_size if path.exists() else 0
        text = make(SUMMARY - taken - 2 * len(_APART_job_summary))
        if not text:
            notice(["the summary of the job is full: GitHub takes 1 MiB of a step"])
            return
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.write((_APART_job_summary if taken else "") + text + "\n")
    except OSError as error:
        notice([f"the summary of the job can't be written: {error.strerror or error}"])


def headed(heading: str, make: Make) -> Make:
    """The same below a heading, or nothing where there is no room for more than that."""

    def with_heading(limit: int) -> str:
        text = make(limit - utf8_bytes(heading) - len(_APART_job_summary))
        return f"{heading}{_APART_job_summary}{text}" if text else ""

    return with_heading
