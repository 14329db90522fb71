"""Results as Markdown, for comments on pull requests and for summaries of jobs on GitHub.

Errors come first and open, the rest can be unfolded. What does not fit is left out in whole blocks and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.lint.finding import Finding
from kalentops.output import findings as findings_text
from kalentops.output import plans as plans_text
from kalentops.output import results as results_text
from kalentops.output.lines import plain
from kalentops.output.markdown_escape import code, fold, prose, row, table
from kalentops.output.markdown_plan import sections, told_findings
from kalentops.output.truncate import COMMENT, Block, Measure, Section, fit, utf16_units
from kalentops.output.validation import Checked
from kalentops.plan.build import Plan
from kalentops.support.text import count, with_times

# Who puts it on a pull request adds a marker and a title.
_PIPED: Final = COMMENT - 2_048
POINTER: Final = "`kalentops plan -v` shows all of it."


def show_validation(of: Checked) -> str:
    return f"{validation(of, limit=_PIPED)}\n"


def show_plan(of: Plan, checked: Checked) -> str:
    return f"{plan(of, checked.earlier, limit=_PIPED)}\n"


def plan(
    of: Plan,
    earlier: frozenset[Finding] | None = None,
    *,
    limit: int = COMMENT,
    measure: Measure = utf16_units,
    pointer: str = POINTER,
) -> str:
    """What a plan does, for somebody who reviews it: at most `limit` long, as `measure` counts. `earlier` are the
    findings that are not new, None where nobody has looked.

    `pointer` is the sentence, in Markdown, that says where the whole report is; it stands where something was left
    out. A plan without changes is one line.
    """
    found = [*sections(of), *(told_findings(of.findings, earlier) if of.to_do else ())]
    # Addresses are part of it, where something was left out.
    summary = prose(plain(plans_text.summary(of)))
    if not found:
        said = f"{summary} {count(len(of.findings), 'warning')}." if of.findings else summary
        return fit(said, (), limit, measure, pointer)
    return fit(_bold(summary), found, limit, measure, pointer)


def validation(
    of: Checked,
    *,
    limit: int = COMMENT,
    measure: Measure = utf16_units,
    pointer: str = "`kalentops validate` shows all of it.",
) -> str:
    """What is wrong with the files: errors and what is new open, the rest folded."""
    summary = plain(findings_text.summary(of.findings, of.files, of.blueprints, of.earlier))
    return fit(_bold(summary), told_findings(of.findings, of.earlier), limit, measure, pointer)


def results(
    of: ApplyResult,
    *,
    limit: int = COMMENT,
    measure: Measure = utf16_units,
    pointer: str = "The log of the run has all of it.",
) -> str:
    """What became of a plan: what was not done first and open."""
    done = [each for each in of.results if each.outcome is Outcome.DONE]
    rest_of = sorted(
        (each for each in of.results if each.outcome is not Outcome.DONE),
        key=lambda each: (_OUTCOMES.index(each.outcome), each.address),
    )
    advice = [plain(each) for each in results_text.advice(of)]
    parts = [_results(rest_of, "", "")] if rest_of else []
    parts += [_results(done, *fold(f"{count(len(done), 'blueprint')} done"))] if done else []
    opening = "\n\n".join([_bold(plain(results_text.summary(of))), *advice])
    return fit(opening, parts, limit, measure, pointer)


_OUTCOMES: Final = (
    Outcome.UNKNOWN,
    Outcome.CONFLICT,
    Outcome.REFUSED,
    Outcome.NOT_ATTEMPTED,
    Outcome.DONE,
)


def _bold(summary: str) -> str:
    """A line of counts, with its first word set off."""
    head, colon, rest = summary.partition(": ")
    return f"**{head}:** {rest}" if colon else summary


def _results(of: Sequence[Result], head: str, tail: str) -> Section:
    blocks = [Block(_result(each)) for each in of]
    return Section(
        blocks, "result", "results", head + table(["what", "address", "id", ""]) + "\n", tail, "\n"
    )


def _result(of: Result) -> str:
    said = ". ".join(prose(with_times(each)) for each in (of.error, of.note) if each)
    ident = code(of.blueprint_id) if of.blueprint_id else ""
    return row([f"**{results_text.word(of)}**", code(of.address), ident, said])
