"""Results as Markdown, for comments on pull requests and for summaries of jobs on GitHub.

Errors come first and open, the rest can be unfolded. What does not fit is left out in whole blocks and counted. A
section is a function that gives one, or None where it has nothing to say; `_PLAN` is their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.finding import Finding, Severity
from kalentops.plan import Action, Change, Plan
from kalentops.reports import findings as findings_text
from kalentops.reports import plans as plans_text
from kalentops.reports import results as results_text
from kalentops.reports.checked import Checked
from kalentops.reports.cutting import COMMENT, Block, Measure, Section, fit, utf16_units
from kalentops.reports.lines import count, plain
from kalentops.reports.marks import code, details, html_code, html_prose, prose, row, table
from kalentops.reports.sequences import changed, extent, new, tally
from kalentops.text import clip

POINTER: Final = "`kalentops plan -v` shows all of it."
_NAME: Final = 80
_ORDER: Final = (
    Action.CONFLICT,
    Action.UPDATE,
    Action.CREATE,
    Action.RESUME,
    Action.ADOPT,
    Action.ORPHAN,
)
_WORDS: Final = {
    Action.CONFLICT: "in conflict",
    Action.UPDATE: "changed",
    Action.CREATE: "new",
    Action.RESUME: "to settle",
    Action.ADOPT: "adopted",
    Action.ORPHAN: "orphan",
    Action.NO_OP: "unchanged",
}


def show_validation(of: Checked) -> str:
    return f"{validation(of)}\n"


def show_plan(of: Plan, checked: Checked) -> str:  # noqa: ARG001 - the plan has its findings
    return f"{plan(of)}\n"


def plan(of: Plan, *, limit: int = COMMENT, measure: Measure = utf16_units, pointer: str = POINTER) -> str:
    """What a plan does, for somebody who reviews it: at most `limit` long, as `measure` counts.

    `pointer` is the sentence, in Markdown, that says where the whole report is; it stands where something was left
    out. A plan without changes is one line.
    """
    sections = [section for make in _PLAN if (section := make(of)) is not None]
    summary = plain(plans_text.summary(of))
    if not sections:
        return f"{summary} {_warned(of.findings)}".rstrip()
    return fit(_bold(summary), sections, limit, measure, pointer)


def validation(
    of: Checked,
    *,
    limit: int = COMMENT,
    measure: Measure = utf16_units,
    pointer: str = "`kalentops validate` shows all of it.",
) -> str:
    """What is wrong with the files: errors open, warnings folded."""
    found = of.findings
    summary = plain(findings_text.summary(found, of.files, of.blueprints))
    errors, warnings = (
        [each for each in found if each.severity is severity]
        for severity in (Severity.ERROR, Severity.WARNING)
    )
    sections = [_errors(errors)] if errors else []
    sections += [_warnings(warnings)] if warnings else []
    return fit(_bold(summary), sections, limit, measure, pointer)


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
    sections = [_results(rest_of, "", "")] if rest_of else []
    sections += [_results(done, *_fold(f"{count(len(done), 'blueprint')} done"))] if done else []
    opening = "\n\n".join([_bold(plain(results_text.summary(of))), *advice])
    return fit(opening, sections, limit, measure, pointer)


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


def _ordered(of: Plan) -> list[Change]:
    """What a reader has to know of, what needs somebody first."""
    return sorted(
        (each for each in of.changes if each.action in _ORDER),
        key=lambda each: (_ORDER.index(each.action), each.address),
    )


def _conflicts(of: Plan) -> Section | None:
    blocks = [
        Block(f"- {code(each.address)}: {prose(each.reason)}")
        for each in _ordered(of)
        if each.action is Action.CONFLICT
    ]
    head = "**In conflict.** `apply` leaves these alone until somebody has decided:\n\n"
    return Section(blocks, "conflict", "conflicts", head, between="\n") if blocks else None


def _overview(of: Plan) -> Section | None:
    rows = [Block(_overview_row(each)) for each in _ordered(of)]
    if not of.to_do or not rows:
        return None
    head = table(["blueprint", "what happens", "address", "file"]) + "\n"
    return Section(rows, "row of the table", "rows of the table", head, between="\n", share=0.5)


def _overview_row(each: Change) -> str:
    where = code(f"{each.file}:{each.line}") if each.file else ""
    return row([prose(clip(each.name, _NAME)), _happens(each), code(each.address), where])


def _happens(each: Change) -> str:
    said = f"**{_WORDS[each.action]}**"
    if each.action is Action.UPDATE and each.before is not None and each.after is not None:
        return f"{said}: {tally(each.before, each.after)}"
    if each.action is Action.CREATE and each.after is not None:
        return f"{said}: {extent(each.after)}"
    if each.reason and each.action is not Action.CONFLICT:
        return f"{said}: {prose(each.reason)}"
    return said


def _sequences(of: Plan) -> Section | None:
    blocks = [block for each in _ordered(of) if (block := _sequence(each)) is not None]
    texts = "the texts of {}"
    return Section(blocks, "blueprint in detail", "blueprints in detail", texts=texts) if blocks else None


def _sequence(each: Change) -> Block | None:
    """What a folded block shows of one blueprint; None where there is nothing beyond the table."""
    if each.after is None or each.action is Action.CONFLICT:
        return None
    if each.before is None:
        inner, said = new(each.after), extent(each.after)
    elif each.before != each.after:
        inner, said = changed(each.before, each.after), tally(each.before, each.after)
    else:
        return None
    head = f"<b>{_WORDS[each.action]}</b> {html_prose(clip(each.name, _NAME))} ({html_code(each.address)}): {said}"
    return Block(details(head, inner.full), details(head, inner.brief) if inner.brief else "")


def _findings(of: Plan) -> Section | None:
    return _warnings(of.findings) if of.findings and of.to_do else None


def _warned(found: Sequence[Finding]) -> str:
    return f"{count(len(found), 'warning')}." if found else ""


_PLAN: Final[tuple[Callable[[Plan], Section | None], ...]] = (_conflicts, _overview, _sequences, _findings)


def _errors(found: Iterable[Finding]) -> Section:
    head = table(["where", "what", "what to do"]) + "\n"
    return Section(list(map(_finding, found)), "error", "errors", head, between="\n")


def _warnings(found: Sequence[Finding]) -> Section:
    head, tail = _fold(count(len(found), "warning"))
    blocks = list(map(_finding, found))
    return Section(
        blocks, "warning", "warnings", head + table(["where", "what", "what to do"]) + "\n", tail, "\n"
    )


def _fold(summary: str) -> tuple[str, str]:
    """What stands before and after the rows of a table that is folded."""
    head, _, tail = details(summary, "\0").partition("\0")
    return head, tail


def _finding(of: Finding) -> Block:
    where = code(f"{of.file}:{of.line}:{of.column}")
    return Block(row([where, f"**{of.code}** {prose(of.message)}", prose(of.hint)]))


def _results(of: Sequence[Result], head: str, tail: str) -> Section:
    blocks = [Block(_result(each)) for each in of]
    return Section(
        blocks, "result", "results", head + table(["what", "address", "id", ""]) + "\n", tail, "\n"
    )


def _result(of: Result) -> str:
    said = ". ".join(prose(each) for each in (of.error, of.note) if each)
    ident = code(of.blueprint_id) if of.blueprint_id else ""
    return row([f"**{results_text.word(of)}**", code(of.address), ident, said])
