"""A plan as text: by sourcing, what happens to which blueprint, and what of it a candidate will notice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from kalentops.diff import changes
from kalentops.plan import Action, Change, Plan
from kalentops.reports.lines import Line, Style, count, line
from kalentops.reports.steps import change as change_lines
from kalentops.reports.steps import outline
from kalentops.text import clip, visible

_SIGNS: Final[dict[Action, tuple[str, Style]]] = {
    Action.CREATE: ("+", "good"),
    Action.UPDATE: ("~", "warn"),
    Action.RESUME: (">", "warn"),
    Action.ADOPT: ("=", "good"),
    Action.CONFLICT: ("!", "bad"),
    Action.ORPHAN: ("?", "dim"),
}
_WORDS: Final = (
    ("create", "to create"),
    ("update", "to update"),
    ("resume", "to resume"),
    ("adopt", "to adopt"),
    ("conflict", "in conflict"),
    ("no_op", "unchanged"),
)


def plan(of: Plan, *, verbose: bool = False) -> Iterator[Line]:
    """Everything but the no-ops, then the summary. With `verbose`, new blueprints with their whole texts."""
    shown = [each for each in of.changes if each.action is not Action.NO_OP]
    for sourcing_id, group in groupby(shown, key=lambda each: each.sourcing_id):
        yield line((visible(sourcing_id), "bold"))
        for each in group:
            yield from _change(each, verbose=verbose)
        yield line()
    yield summary(of)


def _change(each: Change, *, verbose: bool) -> Iterator[Line]:
    sign, style = _SIGNS[each.action]
    where = f"  {visible(each.file)}:{each.line}" if each.file else ""
    ident = f" ({visible(each.blueprint_id)})" if each.blueprint_id else ""
    yield line(
        (f"  {sign} {each.action} ", style),
        (visible(each.key), "bold"),
        f' "{clip(each.name)}"{ident}',
        (where, "dim"),
    )
    if each.reason:
        yield line((f"      {visible(each.reason)}", "dim"))
    if each.before is not None and each.after is not None:
        for one in changes(each.before, each.after):
            yield from change_lines(one, "      ")
    elif each.after is not None and each.action is not Action.CONFLICT:
        yield from outline(each.after, "      ", full=verbose)


def summary(of: Plan) -> Line:
    """The last line: `Plan: 2 to create, 1 unchanged.`"""
    counts = of.summary
    parts = [f"{counts[key]:,} {words}" for key, words in _WORDS if counts[key]]
    orphans = [count(counts["orphan"], "orphan")] if counts["orphan"] else []
    if not of.to_do:
        return line(
            ("No changes.", "good"), *([f" {', '.join([*parts, *orphans])}."] if parts or orphans else [])
        )
    return line(("Plan: ", "bold"), ", ".join([*parts, *orphans]) + ".")
