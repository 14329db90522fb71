"""A plan as text: by sourcing, what happens to which blueprint, and what of it a candidate will notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from kalentops.blueprint.body import observable
from kalentops.output.lines import WIDTH, Line, Style, line
from kalentops.output.reasons import reason, ways
from kalentops.output.steps import changed, outline
from kalentops.plan import moves
from kalentops.plan.build import Action, Change, Drift, Plan, RefreshReport
from kalentops.plan.explanation import import_of, leftover, overwriting, taking
from kalentops.support.text import clip, count, some, visible, with_times

_SIGNS: Final[dict[Action, tuple[str, Style]]] = {
    Action.CREATE: ("+", "good"),
    Action.UPDATE: ("~", "warn"),
    Action.RESUME: (">", "warn"),
    Action.ADOPT: ("=", "good"),
    Action.CONFLICT: ("!", "bad"),
    Action.ORPHAN: ("?", "dim"),
    Action.MOVE: ("»", "good"),
    Action.FORGET: ("-", "warn"),
}
# What somebody has to read before anything happens to it.
_REASONS: Final[dict[Action, Style]] = {Action.CONFLICT: "", Action.RESUME: ""}
_WORDS: Final = (
    ("create", "to create"),
    ("update", "to update"),
    ("resume", "to resume"),
    ("adopt", "to adopt"),
    ("move", "to move"),
    ("forget", "to forget"),
    ("conflict", "in conflict"),
    ("no_op", "unchanged"),
)
_DRIFT: Final = (
    ("changed", "changed in Kalent by somebody else"),
    ("gone", "gone from Kalent"),
    ("unreadable", "not to be read in Kalent"),
)
_SOME: Final = 3
_EDITS: Final = 20


def plan(of: Plan, *, verbose: bool = False, reasons: bool = True, width: int = WIDTH) -> Iterator[Line]:
    """Everything but the no-ops, what somebody else has done, then the summary. With `verbose`, new blueprints with
    their whole texts, and those that are taken over as they are; without it, texts are cut to `width` columns. Without
    `reasons`, those of conflicts are left for the result to tell.
    """
    shown = [each for each in of.changes if each.action is not Action.NO_OP]
    for sourcing_id, group in groupby(shown, key=lambda each: each.sourcing_id):
        yield line((visible(sourcing_id), "bold"))
        for each in group:
            yield from _change(each, verbose=verbose, reasons=reasons, width=width)
        yield line()
    if of.remotely is not None:
        yield from _remotely(of.remotely, {each.address: each for each in shown}, width)
    yield from _state_edits(of)
    if of.summary["update"]:
        yield line((enrolled(of.summary["update"]), "warn"))
    yield summary(of)


def _state_edits(of: Plan) -> Iterator[Line]:
    if of.state_edits:
        yield line((moves.HEAD, "bold"))
        for each in of.state_edits[:_EDITS]:
            yield line(("  ! ", "warn"), visible(f"{each.address}: {moves.describe_edit(each)}"))
        if len(of.state_edits) > _EDITS:
            yield line(f"    and {len(of.state_edits) - _EDITS:,} more")
        yield line((f"  {moves.WHY}.", "warn"))
        yield line()


def enrolled(updates: int) -> str:
    """What nobody can know of an update."""
    what = "the blueprint that is" if updates == 1 else f"the {updates:,} blueprints that are"
    return (
        f"Candidates may be in {what} about to be updated: Kalent does not tell, nor what an update changes."
    )


def _change(each: Change, *, verbose: bool, reasons: bool, width: int) -> Iterator[Line]:
    sign, style = _SIGNS[each.action]
    where = f"  {visible(each.file)}:{each.line}" if each.file else ""
    ident = f" ({visible(each.blueprint_id)})" if each.blueprint_id else ""
    old = f" (was {visible(each.moved_from.partition('/')[2])})" if each.moved_from else ""
    yield line(
        (f"  {sign} {each.action} ", style),
        (visible(each.key), "bold"),
        f'{old} "{clip(each.name)}"{ident}',
        (where, "dim"),
    )
    conflict = each.action is Action.CONFLICT
    if each.reason and (reasons or not conflict):
        yield from reason(each.reason, "      ", _REASONS.get(each.action, "dim"))
    if each.theirs is not None:
        yield from _both_sides(each, width)
    elif each.before is not None and each.after is not None:
        yield from changed(each.before, each.after, "      ", width)
    elif each.after is not None and (verbose or each.action is not Action.ADOPT) and not conflict:
        yield from outline(each.after, "      ", full=verbose, width=width)


def _both_sides(each: Change, width: int) -> Iterator[Line]:
    """Three-way: what the file changes, and what somebody else has changed, both since it was last applied."""
    base, theirs = each.before, each.theirs or {}
    if base is None:  # never applied: Kalent's against the file's
        yield line(("      from what Kalent has to what the file says:", "dim"))
        yield from changed(theirs, observable(each.after or {}).body, "        ", width)
        return
    mine = list(changed(base, each.after, "        ", width)) if each.after is not None else []
    if mine:
        yield line(("      your change:", "dim"))
        yield from mine
    yield line(("      changed in Kalent:", "warn"))
    yield from changed(observable(base).body, theirs, "        ", width)


def _remotely(of: RefreshReport, shown: Mapping[str, Change], width: int) -> Iterator[Line]:
    """What a look at Kalent has shown beside the plan: drift, then what looks like ours, then what is not managed.
    `shown` is what stands in the plan already.
    """
    if of.drift:
        yield line(("Drift: Kalent does not show what was recorded", "bold"))
        for each in of.drift:
            yield from _drift(each, shown.get(each.address), width)
        yield line()
    if of.look_alikes:
        yield line(("Not ours, and looks like it", "bold"))
        for other in of.look_alikes:
            yield line(
                ("  ! ", "warn"),
                f'{visible(other.blueprint_id)} "{clip(other.name)}" looks like {visible(other.of)} '
                f"({visible(other.of_id)}): look at both in Kalent's web app; what nobody wants can be deleted there",
            )
        yield line()
    for left in of.leftovers:
        said = f"{left.sourcing_id}: {leftover(left.blueprint_id, left.name)}"
        yield line(("note: ", "warn"), visible(said))
    number = sum(of.unmanaged.values())
    if number:
        where = some([visible(each) for each in sorted(of.unmanaged)], _SOME)
        said = f"{count(number, 'blueprint')} in Kalent not managed here ({where}): "
        yield line((said, "dim"), f"`{visible(import_of(of.unmanaged))}` {taken(number)}")


def taken(number: int) -> str:
    """What importing so many does."""
    return "takes it into a file" if number == 1 else "takes them into files"


def _drift(each: Drift, above: Change | None, width: int) -> Iterator[Line]:
    yield line(
        (f"  ≠ {each.kind} ", "warn"),
        (visible(each.address), "bold"),
        f' "{clip(each.name)}" ({visible(each.blueprint_id)})',
    )
    later = f"; updated in Kalent {visible(with_times(each.updated_at))}" if each.updated_at else ""
    yield line((f"      recorded {visible(with_times(each.applied_at))}{later}", "dim"))
    if each.reason and (above is None or above.reason != each.reason):
        yield from reason(each.reason, "      ")
    if each.kind != "changed" or (above is not None and above.theirs is not None):
        return  # what stands above says what differs, and what to type
    yield from changed(each.before or {}, each.after or {}, "      ", width)
    yield from ways((taking(each.address), overwriting("put back", each.address)), "      ")


def left_out(addresses: Sequence[str]) -> str:
    """`2 changes left out, not asked for: …`"""
    shown = some([visible(each) for each in addresses], _SOME)
    return f"{count(len(addresses), 'change')} left out, not asked for: {shown}"


def summary(of: Plan) -> Line:
    """The last line: `Plan: 2 to create, 1 unchanged.`"""
    counts = of.summary
    parts = [f"{counts[key]:,} {words}" for key, words in _WORDS if counts[key]]
    orphans = [count(counts["orphan"], "orphan")] if counts["orphan"] else []
    kinds: Counter[str] = Counter(each.kind for each in of.drift)
    drifted = [f"{kinds[kind]:,} {words}" for kind, words in _DRIFT if kinds[kind]]
    left = [left_out(of.left_out)] if of.left_out else []
    left += (
        [f"{count(len(of.state_edits), 'record')} of the state changed on this branch"]
        if of.state_edits
        else []
    )
    said = ", ".join([*parts, *orphans, *drifted, *left])
    if of.to_do or of.drift:
        return line(("Plan: ", "bold"), said + ".")
    nothing = "No drift." if of.remotely is not None and not of.changes else "No changes."
    return line((nothing, "good"), f" {said}." if said else "")
