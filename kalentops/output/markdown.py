"""Results as Markdown, for comments on pull requests and for summaries of jobs on GitHub.

Errors come first and open, the rest can be unfolded. What does not fit is left out in whole blocks and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.blueprint.body import Body
from kalentops.lint.finding import Finding, Severity, errors_first
from kalentops.output import Checked, heading, text_findings
from kalentops.output import text_plan as plans_text
from kalentops.output import text_results as results_text
from kalentops.output.change_groups import ChangeGroup, Marks, change_groups
from kalentops.output.explanations import (
    STATE_EDITS,
    WHY_STATE_EDITS,
    Remedy,
    import_command,
    in_environment,
    of_drift,
    remedies,
    sentence,
    state_edit,
    text,
)
from kalentops.output.folded import Place
from kalentops.output.folded import fold as fold_plan
from kalentops.output.markdown_blocks import (
    COMMENT,
    Block,
    LazyBlocks,
    Measure,
    Section,
    code,
    details,
    fit,
    fold,
    html_code,
    html_prose,
    prose,
    row,
    table,
    utf16_units,
)
from kalentops.output.markdown_sequences import brief, changed, extent, new, tally
from kalentops.output.terminal import plain
from kalentops.output.text_plan import counted, enrolled, taken
from kalentops.plan.build import Action, Change, Drift, LookAlike, Plan
from kalentops.plan.explanation import Explanation, leftover
from kalentops.support.text import clip, count, some, with_times


def show_validation(of: Checked) -> str:
    return f"{validation(of)}\n"


def show_plan(of: Plan, checked: Checked) -> str:
    return f"{plan(of, checked.earlier)}\n"


def plan(
    of: Plan,
    earlier: frozenset[Finding] | None = None,
    *,
    limit: int = COMMENT,
    measure: Measure = utf16_units,
    pointer: str | None = None,
) -> str:
    """What a plan does, for a review: at most `limit` long, as `measure` counts. `earlier` are the findings that are
    not new, None without --against.

    `pointer` is the sentence, in Markdown, that says where the whole report is; it ends a report that was cut. A plan
    without changes is one line.
    """
    found = [*sections(of), *(told_findings(of.findings, earlier) if of.to_do else ())]
    if pointer is None:
        pointer = f"{code(f'{in_environment(plans_text.PLAN, of.environment)} -v')} shows all of it."
    # Addresses are part of it, where something was left out.
    summary = prose(plain(plans_text.plan_summary(of)))
    if not found:
        said = f"{summary} {count(len(of.findings), 'warning')}." if of.findings else summary
        return fit(_headed(said, of.environment), (), limit, measure, pointer)
    return fit(_headed(_bold(summary), of.environment), found, limit, measure, pointer)


def _headed(opening: str, *environments: str | None) -> str:
    return "\n\n".join(filter(None, (heading(*environments), opening)))


def validation(
    of: Checked,
    *,
    limit: int = COMMENT,
    measure: Measure = utf16_units,
    pointer: str = "`kalentops validate` shows all of it.",
) -> str:
    """What is wrong with the files: errors and what is new open, the rest folded."""
    summary = plain(text_findings.findings_summary(of.findings, of.files, of.blueprints, of.earlier))
    opening = _headed(_bold(summary), *of.environments)
    return fit(opening, told_findings(of.findings, of.earlier), limit, measure, pointer)


def results(
    of: ApplyResult,
    environment: str | None = None,
    *,
    limit: int = COMMENT,
    measure: Measure = utf16_units,
    pointer: str = "The log of the run has all of it.",
) -> str:
    """The results of a plan: first and open what was not done."""
    done = [each for each in of.results if each.outcome is Outcome.DONE]
    rest_of = sorted(
        (each for each in of.results if each.outcome is not Outcome.DONE),
        key=lambda each: (_OUTCOMES.index(each.outcome), each.address),
    )
    advice = [plain(each) for each in results_text.apply_next_steps(of, environment)]
    parts = [_results(rest_of, environment, "", "")] if rest_of else []
    parts += [_results(done, environment, *fold(f"{count(len(done), 'blueprint')} done"))] if done else []
    opening = "\n\n".join([_headed(_bold(plain(results_text.apply_summary(of))), environment), *advice])
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


def _results(of: Sequence[Result], environment: str | None, head: str, tail: str) -> Section:
    blocks = [Block(_result(each, environment)) for each in of]
    return Section(
        blocks, "result", "results", head + table(["what", "address", "id", ""]) + "\n", tail, "\n"
    )


def _result(of: Result, environment: str | None) -> str:
    said = ". ".join(prose(with_times(text(each, environment))) for each in (of.error, of.note) if each)
    ident = code(of.blueprint_id) if of.blueprint_id else ""
    return row([f"**{results_text.outcome_word(of)}**", code(of.address), ident, said])


_NAME: Final = 80
_SOME: Final = 3
_MARKS: Final = Marks(html_code, html_code, html_prose)
_POSITIONS: Final = 50
"""Of a group that are listed."""
_OWN: Final = 200
_OPEN: Final = 3
"""Number of blueprints whose texts are not folded: a short plan is read without a click."""
_WORDS: Final = {
    Action.CONFLICT: "in conflict",
    Action.UPDATE: "changed",
    Action.CREATE: "new",
    Action.RESUME: "to resume",
    Action.ADOPT: "adopted",
    Action.MOVE: "moved",
    Action.FORGET: "forgotten",
    Action.ORPHAN: "orphan",
}
"""In the order in which they are shown: what needs a decision, then what candidates will notice, then the rest."""
_ORDER: Final = tuple(_WORDS)


def sections(of: Plan) -> list[Section]:
    """Everything below the summary."""
    return [section for make in SECTIONS if (section := make(of)) is not None]


def _ordered(of: Plan) -> list[Change]:
    shown = (each for each in of.changes if each.action in _WORDS)
    return sorted(shown, key=lambda each: (_ORDER.index(each.action), each.address))


def _conflicts(of: Plan) -> Section | None:
    blocks = [
        Block(
            f"- {prose(clip(each.name, _NAME))} ({code(each.address)}{_file(each)}): "
            + marked(each.reason or "", of.environment)
        )
        for each in _ordered(of)
        if each.action is Action.CONFLICT
    ]
    head = "**In conflict.** `apply` skips these until a person decides:\n\n"
    return Section(blocks, "conflict", "conflicts", head, between="\n") if blocks else None


def marked(of: Explanation | str | None, environment: str | None = None) -> str:
    """As the rest of an item of a list, with a list of its own."""
    listed = (f"  - {_remedy(each)}" for each in remedies(of, environment))
    return "\n".join([prose(with_times(sentence(of, environment))), *listed])


def _remedy(of: Remedy) -> str:
    note = f" ({prose(of.note)})" if of.note else ""
    return f"{prose(of.label)}: {code(of.code)}{note}"


def _drift(of: Plan) -> Section | None:
    if not of.drift:
        return None
    both = {each.address for each in of.changes if each.theirs is not None}  # their two sides stand below
    blocks = [_drifted(each, of.environment, told=each.address in both) for each in of.drift]
    head = "**Drift: Kalent differs from what is recorded.**\n\n"
    return Section(blocks, "case of drift", "cases of drift", head)


def _drifted(of: Drift, environment: str | None, *, told: bool) -> Block:
    later = f", edited in Kalent {code(with_times(of.updated_at))}" if of.updated_at else ""
    name = prose(clip(of.name, _NAME))
    parts = [
        f"- **{of.kind}** {name} ({code(of.address)}): recorded {code(with_times(of.applied_at))}{later}"
    ]
    parts += [prose(with_times(text(of.reason, environment)))] if of.reason else []
    if of.kind == "changed":
        parts += [prose(str(each)) for each in of_drift(of.address, environment)]
    brief = "; ".join(parts)
    if of.kind != "changed" or told or of.before is None or of.after is None:
        return Block(brief)
    before, after = of.before.data, of.after.data
    inner, said = changed(before, after), tally(before, after)
    head = f"<b>in Kalent</b> {html_prose(clip(of.name, _NAME))} ({html_code(of.address)}): {said}"
    return Block(f"{brief}\n\n{details(head, inner.full)}", brief)


def _look_alikes(of: Plan) -> Section | None:
    found = of.refresh_report.look_alikes if of.refresh_report else ()
    head = "**Unmanaged, and looks like a managed one.** Compare both in Kalent, and delete what you don't need:\n\n"
    blocks = [Block(_look_alike(each)) for each in found]
    return Section(blocks, "look-alike", "look-alikes", head, between="\n") if blocks else None


def _look_alike(of: LookAlike) -> str:
    changed_at = f", changed {code(with_times(of.updated_at))}" if of.updated_at else ""
    name = prose(clip(of.name, _NAME))
    return f"- {code(of.blueprint_id)} {name}{changed_at}, looks like {code(of.of)} ({code(of.of_id)})"


def _overview(of: Plan) -> Section | None:
    folded = fold_plan(of)
    hidden = {each.address for each in folded.folded}
    # What is in conflict stands above, with its reason.
    rows = [
        partial(_overview_row, first, group, of.environment)
        for first, group in _parted(of)
        if first.action is not Action.CONFLICT and first.address not in hidden
    ]
    by_position = folded.by_position
    rows += [partial(_folded_row, each, by_position=by_position) for each in folded.places()]
    if not of.to_do or not rows:
        return None
    head = table(["blueprint", "what happens", "address", "file"]) + "\n"
    updates = of.summary["update"]
    tail = f"\n\n{enrolled(updates)}" if updates else ""
    blocks = LazyBlocks(rows)
    return Section(blocks, "row of the table", "rows of the table", head, tail, "\n", share=0.5)


def _folded_row(of: Place, *, by_position: bool) -> Block:
    """The changes of a position or a folder that have no rows of their own."""
    number = sum(of.counts.values())
    where = code(of.name) if of.name else "in no file"
    title = f" {prose(clip(of.title, _NAME))}" if of.title else ""
    places = (where + title, "") if by_position else (count(of.positions, "position"), where)
    return Block(row([count(number, "blueprint"), counted(of.counts), *places]))


def _parted(of: Plan) -> Iterator[tuple[Change, ChangeGroup | None]]:
    """The changes in their order; of those that are alike, the first one with its group."""
    groups = change_groups(of)
    firsts: dict[str, ChangeGroup] = {each.first.address: each for each in groups}
    others = {change.address for each in groups for change in each.changes[1:]}
    for change in _ordered(of):
        if change.address not in others:
            yield change, firsts.get(change.address)


def _overview_row(each: Change, group: ChangeGroup | None, environment: str | None) -> Block:
    where = code(f"{each.file}:{each.line}") if each.file else ""
    happens = _happens(each, group, environment)
    notes = "".join(f"; {prose(said)}" for said in group.notes()) if group else ""
    if group is None or len(group.changes) == 1:
        return Block(row([prose(clip(each.name, _NAME)), happens + notes, _address(each), where]))
    origin = group.group.origin
    where = code(f"{origin.file}:{origin.line}") if origin else ""
    names = dict.fromkeys(change.name for change in group.changes)
    name = some([prose(clip(each, _NAME)) for each in names], _SOME, "; ")
    titles = some([_title(change) or code(change.address) for change in group.changes], _SOME, "; ")
    return Block(row([name, happens + notes, titles, where]))


def _address(of: Change) -> str:
    return " ".join(filter(None, (code(of.address), _title(of))))


def _title(of: Change) -> str:
    return prose(clip(of.title, _NAME)) if of.title else ""


def _file(of: Change) -> str:
    return f", {code(f'{of.file}:{of.line}')}" if of.file else ""


def _happens(each: Change, group: ChangeGroup | None, environment: str | None) -> str:
    said = f"**{_WORDS[each.action]}**"
    if group is not None and len(group.changes) > 1:
        said += f" in {group.extent}"
    if each.moved_from:
        said += f", was {code(each.moved_from)}"
    if each.action is Action.UPDATE and each.before is not None and each.after is not None:
        said += f": {brief(each.before.data, each.after.data, dated=group is None or group.same_days)}"
    elif each.action is Action.CREATE and each.after is not None:
        said += f": {extent(each.after.data)}"
    return f"{said}; {prose(with_times(text(each.reason, environment)))}" if each.reason else said


def _sequences(of: Plan) -> Section | None:
    hidden = {each.address for each in fold_plan(of).folded}
    # Those that only count in the table come last.
    parted = sorted(_parted(of), key=lambda each: each[0].address in hidden)
    detailed = [each for each in parted if _has_detail(*each)]
    blocks = LazyBlocks(
        partial(_sequence, *each, is_open=number < _OPEN) for number, each in enumerate(detailed)
    )
    said = "blueprint in detail", "blueprints in detail"
    return Section(blocks, *said, texts="the texts of {}") if blocks else None


def _has_detail(each: Change, group: ChangeGroup | None) -> bool:
    """Whether there is something beyond the table."""
    if each.theirs is not None or (group is not None and len(group.changes) > 1):
        return True
    if each.after is None or each.action is Action.CONFLICT:
        return False
    return each.before is None or each.before.digest != each.after.digest


def _group(of: ChangeGroup, *, is_open: bool) -> Block:
    """Changes that are alike: one of them, then the positions by title."""
    first = of.first
    after = first.body.data
    head = f"<b>{_WORDS[first.action]}</b> {of.scope}: {of.heading(_MARKS)}"
    inner = new(after) if first.before is None else changed(first.before.data, after, dated=of.same_days)
    above = [prose(of.example)] if of.example else []
    shown = "\n".join(map(_member, of.changes[:_POSITIONS], [of] * _POSITIONS))
    more = len(of.changes) - _POSITIONS
    listed = details(of.extent, f"{shown}\n- and {more:,} more" if more > 0 else shown)
    below = [*(f"**{prose(said)}**" for said in of.notes()), listed]
    full, short = (
        details(head, "\n\n".join([*above, *([text] if text else []), *below]), is_open=is_open)
        for text in (inner.full, inner.brief)
    )
    return Block(full, short)


def _member(each: Change, of: ChangeGroup) -> str:
    title = prose(clip(each.title or each.address.sourcing_id, _NAME))
    own = of.own_words(each)
    return f"- {title} ({code(each.address)})" + (f": {code(clip(own, _OWN))}" if own else "")


def _sequence(each: Change, group: ChangeGroup | None, *, is_open: bool) -> Block:
    """What a folded block shows of one blueprint, or of those that are alike."""
    if group is not None and len(group.changes) > 1:
        return _group(group, is_open=is_open)
    if each.theirs is not None:
        return _both_sides(each, each.theirs, is_open=is_open)
    after = each.body.data
    inner = new(after) if each.before is None else changed(each.before.data, after)
    return _folded(each, inner, is_open=is_open)


def _both_sides(each: Change, theirs: Body, *, is_open: bool) -> Block:
    """What the file changes, and the remote edit, both since it was last applied."""
    brief = (
        "The differences are not shown here."
        if each.before is None
        else f"In Kalent: {_theirs(each.before, theirs)}."
    )
    inner = Block("\n\n".join(_sides(each.before, each.after, theirs)), brief)
    return _folded(each, inner, ": your change, and the edit in Kalent", is_open=is_open)


def _theirs(base: Body, theirs: Body) -> str:
    return tally(base.observable.data, theirs.data)


def _sides(base: Body | None, ours: Body | None, theirs: Body) -> Iterator[str]:
    if base is None:  # never applied: Kalent's against the file's
        yield "**From Kalent to the file:**"
        yield changed(theirs.data, ours.observable.data).full if ours else ""
        return
    if ours is not None:
        yield "**Your change:**"
        yield changed(base.data, ours.data).full
    yield "**Edited in Kalent:**"
    yield changed(base.observable.data, theirs.data).full


def _folded(each: Change, inner: Block, said: str = "", *, is_open: bool) -> Block:
    name = html_prose(clip(each.name, _NAME))
    title = f", {html_prose(clip(each.title, _NAME))}" if each.title else ""
    head = f"<b>{_WORDS[each.action]}</b> {name} ({html_code(each.address)}{title}){said}"
    brief = details(head, inner.brief, is_open=is_open) if inner.brief else ""
    return Block(details(head, inner.full, is_open=is_open), brief)


def _state_edits(of: Plan) -> Section | None:
    blocks = [Block(f"- {code(each.address)}: {prose(state_edit(each))}") for each in of.state_edits]
    head = f"**{STATE_EDITS}.** {WHY_STATE_EDITS}:\n\n"
    return Section(blocks, "record", "records", head, between="\n", share=0.3) if blocks else None


def _unmanaged(of: Plan) -> Section | None:
    counts = of.refresh_report.unmanaged if of.refresh_report else {}
    number = sum(counts.values())
    if not number or not (of.to_do or of.drift):
        return None
    where = some([code(each) for each in sorted(counts)], _SOME)
    said = f"{count(number, 'unmanaged blueprint')} in Kalent ({where})"
    return Section(
        [Block(f"{said}: {code(import_command(counts, of.environment))} {taken(number)}.")], "note", "notes"
    )


def _leftovers(of: Plan) -> Section | None:
    found = of.refresh_report.leftovers if of.refresh_report else ()
    if not found or not (of.to_do or of.drift):
        return None
    blocks = [
        Block(f"{code(each.sourcing_id)}: {prose(text(leftover(each.blueprint_id, each.name)))}.")
        for each in found
    ]
    return Section(blocks, "note", "notes")


def told_findings(found: Iterable[Finding], earlier: frozenset[Finding] | None) -> list[Section]:
    """Findings in tables. New ones are open; without --against, errors are."""
    new: list[Finding] = []
    old: list[Finding] = []
    for each in errors_first(found):
        is_open = each.severity is Severity.ERROR if earlier is None else each not in earlier
        (new if is_open else old).append(each)
    kind, rest = ("error", "warning") if earlier is None else ("new finding", "finding from before")
    many = "warnings" if earlier is None else "findings from before"
    head = "" if earlier is None else f"**{count(len(new), kind)}:**\n\n"
    parts = [Section(list(map(finding, new)), kind, f"{kind}s", head + FINDINGS, between="\n")] if new else []
    if old:
        before, after = fold(count(len(old), rest, many))
        parts.append(Section(list(map(finding, old)), rest, many, before + FINDINGS, after, "\n"))
    return parts


FINDINGS: Final = table(["where", "what", "what to do"]) + "\n"


def finding(of: Finding) -> Block:
    """A row of a table of findings."""
    where = code(f"{of.file}:{of.line}:{of.column}")
    users = f" ({text_findings.used_by(of, code)})" if of.users else ""
    return Block(row([where, f"**{of.code}** {prose(of.message)}{users}", prose(of.hint)]))


SECTIONS: Final[tuple[Callable[[Plan], Section | None], ...]] = (
    _state_edits,
    _conflicts,
    _drift,
    _look_alikes,
    _overview,
    _sequences,
    _leftovers,
    _unmanaged,
)
