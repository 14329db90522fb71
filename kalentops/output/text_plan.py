"""A plan as text: by sourcing, what happens to each blueprint, and which steps and texts change."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from kalentops.blueprint.body import Body
from kalentops.blueprint.labels import LabelledChange, StepChange, days, kind, schedule, step_changes
from kalentops.output import explanations
from kalentops.output.change_groups import ChangeGroup, Marks
from kalentops.output.explanations import (
    STATE_EDITS,
    WHY_STATE_EDITS,
    import_command,
    in_environment,
    state_edit,
)
from kalentops.output.folded import FoldedPlan, fold
from kalentops.output.terminal import WIDTH, Line, Piece, Style, columns, cut, line, padded
from kalentops.plan.build import Action, Change, Drift, Plan, RefreshReport
from kalentops.plan.explanation import leftover
from kalentops.support import text_diff
from kalentops.support.text import clip, count, some, visible, with_times
from kalentops.support.text_diff import Piece as Compared
from kalentops.support.text_diff import hidden_difference, reveal, side_by_side

_SHORTEST: Final = 24
_SOME: Final = 3


def outline(body: Mapping[str, Any], indent: str, *, full: bool, width: int = WIDTH) -> Iterator[Line]:
    """The steps of a new blueprint; with `full`, whole texts, else as much of each as the width has room for."""
    steps = body.get("steps") or ()
    if not steps:
        yield line((f"{indent}no steps yet", "dim"))
    for number, (step, when) in enumerate(zip(steps, schedule(body).values(), strict=True), 1):
        yield line(f"{indent}{number}. {kind(step)}, {when}: ", (clip(str(step.get("name", ""))), "bold"))
        subject, content = step.get("subject"), str(step.get("content", ""))
        if subject:
            yield line((f"{indent}   subject: ", "dim"), visible(str(subject)))
        if full:
            yield from (line(f"{indent}   ", (visible(each), "")) for each in content.split("\n") if content)
        elif content:
            yield line((f"{indent}   {glance(content, width - len(indent) - 3)}", "dim"))


def changed(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    indent: str,
    width: int = WIDTH,
    *,
    dated: bool = True,
) -> Iterator[Line]:
    """What turns one body into the other, each change as one or a few lines; if `dated`, with the days that move."""
    found, times = step_changes(before, after), (schedule(before), schedule(after))
    for each in found:
        where = f"{indent}step {visible(each.step)}: " if each.step is not None else f"{indent}blueprint: "
        if each.before is None and each.after is not None:
            yield from _whole(f"{where}added, ", each.after, times[1][each.step or ""], "new", width)
        elif each.after is None and each.before is not None:
            yield from _whole(f"{where}removed, ", each.before, times[0][each.step or ""], "old", width)
        else:
            yield from _within(each, where, indent, width, dated=dated)
    yield from _twins(found, indent)
    if dated:
        yield from _shifted(found, before, after, indent)


def _within(each: StepChange, where: str, indent: str, width: int, *, dated: bool) -> Iterator[Line]:
    if each.moved is not None:
        yield line(f"{where}moved from position {each.moved[0]} to {each.moved[1]}")
    for said in each.fields:
        if said.is_text:
            yield line(f"{where}{said.field}")
            yield from _words(said.before, said.after, indent + "    ")
        else:
            yield from _value(said if dated else said._replace(days=None), where, indent + "    ", width)


def _value(said: LabelledChange, where: str, indent: str, width: int) -> Iterator[Line]:
    old, new, hidden_difference = side_by_side(said.before, said.after, max(width - len(indent), _SHORTEST))
    on = f" ({said.days[0]} → {said.days[1]})" if said.days else ""
    yield line(f"{where}{visible(said.field)} ", (old, "old"), " → ", (new, "new"), on)
    yield from _looks_alike(hidden_difference, indent)


def _looks_alike(said: str, indent: str) -> Iterator[Line]:
    if said:
        yield line((f"{indent}they look alike: {said}", "warn"))


def _twins(found: Sequence[StepChange], indent: str) -> Iterator[Line]:
    """Added and removed steps whose ids look alike."""
    gone = [each.step for each in found if each.step is not None and each.after is None]
    for each in found:
        if each.step is None or each.before is not None:
            continue
        alike = ((old, told.said) for old in gone[:_SOME] if (told := hidden_difference(old, each.step)))
        for old, said in alike:
            yield from _looks_alike(f"the ids {visible(old)} and {visible(each.step)}: {said}", indent)


def _shifted(
    found: Sequence[StepChange], before: Mapping[str, Any], after: Mapping[str, Any], indent: str
) -> Iterator[Line]:
    """The steps that move to another day although their own delay did not change."""
    told = {each.step for each in found for said in each.fields if said.days or said.field == "when"}
    old, new = days(before), days(after)
    shifted = [
        f"{visible(step)} {old[step]} → {on}"
        for step, on in new.items()
        if step not in told and old.get(step, on) != on
    ]
    if shifted:
        yield line(
            (f"{indent}other days, because of the delays before them: {some(shifted, _SOME, '; ')}", "dim")
        )


def glance(text: str, width: int) -> str:
    """The beginning of a text on one line."""
    width = max(width, _SHORTEST)
    return cut(visible(" ".join(text.lstrip()[: 4 * width].split())), width)


def _whole(where: str, step: Mapping[str, Any], when: str, style: Style, width: int) -> Iterator[Line]:
    yield line(where, (f"{kind(step)}, {when}", style))
    indent = " " * (len(where) - len(where.lstrip()) + 4)
    text = glance(str(step.get("content", "")), width - len(indent))
    if text:
        yield line(indent, (text, style))


def _words(before: str, after: str, indent: str) -> Iterator[Line]:
    """The lines in which something changed, with `[-old-]` and `{+new+}` around what did; `↵` is an end of line
    that was added or removed. Look-alike characters are named below.
    """
    current: list[Piece] = []
    touched = False
    pieces, hidden_difference = reveal(list(_tidied(text_diff.compare(before, after))))
    for tag, text in pieces:
        for part in _lines(text):
            shown = part.removesuffix("\n") + ("↵" if tag != "same" and part.endswith("\n") else "")
            if shown:
                current.append(_marked(tag, shown))
                touched = touched or tag != "same"
            if part.endswith("\n"):
                if touched:
                    yield line(indent, *current)
                current, touched = [], False
    if touched:
        yield line(indent, *current)
    yield from _looks_alike(hidden_difference, indent)


def _tidied(pieces: Sequence[Compared]) -> Iterator[Compared]:
    """The same text; spaces that the old and the new word share stand outside the marks."""
    for index, (tag, text) in enumerate(pieces):
        before, after = (
            pieces[at] if 0 <= at < len(pieces) else ("same", "") for at in (index - 1, index + 1)
        )
        if tag == "old" and after[0] == "new":
            yield "old", text.removesuffix(_shared(text, after[1]))
        elif tag == "new" and before[0] == "old":
            shared = _shared(before[1], text)
            yield from (("new", text.removesuffix(shared)), ("same", shared))
        else:
            yield tag, text


def _shared(one: str, other: str) -> str:
    """The spaces at the end of both; none if one of them is only spaces."""
    shared = min((text[len(text.rstrip(" ")) :] for text in (one, other)), key=len)
    return "" if shared in {one, other} else shared


def _lines(text: str) -> list[str]:
    """The lines with their line feeds; `splitlines` would also break at others."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _marked(tag: str, text: str) -> Piece:
    if tag == "old":
        return f"[-{text}-]", "old"
    return (f"{{+{text}+}}", "new") if tag == "new" else (text, "")


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
# What a person has to read before anything happens to it.
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
    ("changed", "edited in Kalent"),
    ("gone", "missing in Kalent"),
    ("unreadable", "unreadable in Kalent"),
)

_EDITS: Final = 20
_MARKS: Final = Marks(lambda text: f'"{visible(text)}"', visible, visible)
_POSITIONS: Final = 10
"""Of a group that are listed without --verbose."""
_TITLE: Final = 60
PLAN: Final = "kalentops plan"


def plan(
    of: Plan, *, verbose: bool = False, reasons: bool = True, width: int = WIDTH, command: str = PLAN
) -> Iterator[Line]:
    """What changes alike, then all other changes but no-ops, then, of a large plan, what is folded; drift, and the
    summary. With `verbose`, new and adopted blueprints with their whole texts, all positions of a group, and nothing
    folded; without it, texts are cut to `width` columns, and `command` shows everything with -v. Without
    `reasons`, those of conflicts are left to the result.
    """
    folded = fold(of, whole=verbose)
    command = in_environment(command, of.environment)
    whole = f"{command} -v"
    for each in folded.groups:
        yield from _group(each, verbose=verbose, width=width, whole=whole)
        yield line()
    above: dict[str, str] = {}
    for sourcing_id, together in groupby(folded.alone, key=lambda each: each.address.sourcing_id):
        changes = list(together)
        title = next((f"  {clip(each.title, _TITLE)}" for each in changes if each.title), "")
        yield line((visible(sourcing_id), "bold"), title)
        for change in changes:
            yield from _change(change, above, of.environment, verbose=verbose, reasons=reasons, width=width)
            yield from (_note(each, "      ") for each in folded.notes.get(change.address, ()))
        yield line()
    if folded.folded:
        yield from _folded(folded, of, command)
        yield line()
    if of.refresh_report is not None:
        yield from _refresh_report(of, {each.address: each for each in folded.alone}, width)
    yield from _state_edits(of)
    if of.summary["update"]:
        yield line((enrolled(of.summary["update"]), "warn"))
    yield plan_summary(of)


def _folded(of: FoldedPlan, plan: Plan, command: str) -> Iterator[Line]:
    """A line for each position or folder, and how to see the blueprints."""
    places, by_position = list(of.places()), of.by_position
    heads = [visible(each.name) or "in no file" for each in places]
    notes = [
        clip(each.title, _TITLE) if by_position else count(each.positions, "position") for each in places
    ]
    rooms = [max(map(columns, each)) for each in (heads, notes)]
    yield line((f"Not shown one by one: {count(len(of.folded), 'blueprint')}", "bold"))
    for each, head, note in zip(places, heads, notes, strict=True):
        known = "".join(
            f"  {padded(text, room)}" for text, room in zip((head, note), rooms, strict=True) if room
        )
        yield line(f"{known}  {counted(each.counts)}")
    updates = sum(each.action is Action.UPDATE for each in of.folded)
    if updates:
        among = f"{updates:,} of {count(plan.summary['update'], 'update')}"
        yield line(("  ! ", "warn"), f"{among} are among them: read what they change before you apply")
    named = [each.name for each in places if each.name]
    some_of_them = named[0] if command.startswith(PLAN) and len(named) > 1 else ""
    option = "--sourcing " if by_position else ""
    part = f", `{command} {option}{visible(shlex.quote(some_of_them))}` a part" if some_of_them else ""
    yield line(f"  `{command} -v` shows all of them{part}")


def _group(of: ChangeGroup, *, verbose: bool, width: int, whole: str) -> Iterator[Line]:
    """Changes that are alike: one of them, then the positions by title."""
    first = of.first
    sign, style = _SIGNS[first.action]
    yield line((f"{sign} {first.action} ", style), (of.scope, "bold"), f": {of.heading(_MARKS)}")
    if of.example:
        yield line((f"    {visible(of.example)}", "dim"))
    if first.before is not None and first.after is not None:
        # Edits of texts move no step to another day.
        dated = all(each.is_text for each in of.group.edits) or of.same_days
        yield from changed(first.before.data, first.after.data, "    ", width, dated=dated)
    elif first.after is not None:
        yield from outline(first.after.data, "    ", full=verbose, width=width)
    shown = of.changes if verbose else of.changes[:_POSITIONS]
    names = [clip(each.title or each.address.sourcing_id, _TITLE) for each in shown]
    room = max(map(columns, names))
    for each, name in zip(shown, names, strict=True):
        ident = f" ({visible(each.blueprint_id)})" if each.blueprint_id else ""
        own = of.own_words(each)
        words = f": {own if verbose else glance(own, width)}" if own else ""
        yield line(f"    {padded(name, room)}  ", (visible(each.address), "dim"), f"{ident}{visible(words)}")
    if len(shown) < len(of.changes):
        yield line((f"    and {len(of.changes) - len(shown):,} more; `{visible(whole)}` lists all", "dim"))
    yield from (_note(each, "    ") for each in of.notes())


def _note(said: str, indent: str) -> Line:
    return line((f"{indent}! ", "warn"), visible(said))


def _state_edits(of: Plan) -> Iterator[Line]:
    if of.state_edits:
        yield line((STATE_EDITS, "bold"))
        for each in of.state_edits[:_EDITS]:
            yield line(("  ! ", "warn"), visible(f"{each.address}: {state_edit(each)}"))
        if len(of.state_edits) > _EDITS:
            yield line(f"    and {len(of.state_edits) - _EDITS:,} more")
        yield line((f"  {WHY_STATE_EDITS}.", "warn"))
        yield line()


def enrolled(updates: int) -> str:
    """What is unknown about an update."""
    what, them = ("this blueprint", "it") if updates == 1 else (f"these {updates:,} blueprints", "them")
    return f"Kalent does not say whether candidates are already enrolled in {what}, or how an update affects {them}."


def _change(
    each: Change,
    above: dict[str, str],
    environment: str | None,
    *,
    verbose: bool,
    reasons: bool,
    width: int,
) -> Iterator[Line]:
    """`above` are the reasons that were shown, with the address: one interrupted run is that of many changes."""
    sign, style = _SIGNS[each.action]
    where = f"  {visible(each.file)}:{each.line}" if each.file else ""
    ident = f" ({visible(each.blueprint_id)})" if each.blueprint_id else ""
    old = f" (was {visible(each.moved_from.key)})" if each.moved_from else ""
    yield line(
        (f"  {sign} {each.action} ", style),
        (visible(each.address.key), "bold"),
        f'{old} "{clip(each.name)}"{ident}',
        (where, "dim"),
    )
    conflict = each.action is Action.CONFLICT
    if each.reason and (reasons or not conflict):
        first = above.setdefault(with_times(explanations.text(each.reason)), each.address)
        if each.action is Action.RESUME and first != each.address:
            yield line((f"      as for {visible(first)}", "dim"))
        else:
            style = _REASONS.get(each.action, "dim")
            yield from explanations.lines(each.reason, "      ", style, environment)
    if each.theirs is not None:
        yield from _both_sides(each, each.theirs, width)
    elif each.before is not None and each.after is not None:
        yield from changed(each.before.data, each.after.data, "      ", width)
    elif each.after is not None and (verbose or each.action is not Action.ADOPT) and not conflict:
        yield from outline(each.after.data, "      ", full=verbose, width=width)


def _both_sides(each: Change, theirs: Body, width: int) -> Iterator[Line]:
    """Three-way: what the file changes, and the remote edit, both since it was last applied."""
    base, after = each.before, each.after
    if base is None:  # never applied: Kalent's against the file's
        yield line(("      from Kalent to the file:", "dim"))
        yield from changed(theirs.data, after.observable.data if after else {}, "        ", width)
        return
    mine = list(changed(base.data, after.data, "        ", width)) if after is not None else []
    if mine:
        yield line(("      your change:", "dim"))
        yield from mine
    yield line(("      edited in Kalent:", "warn"))
    yield from changed(base.observable.data, theirs.data, "        ", width)


def _refresh_report(plan: Plan, shown: Mapping[str, Change], width: int) -> Iterator[Line]:
    """What `--refresh` adds: drift, look-alikes, leftovers, unmanaged blueprints. `shown`: changes by address."""
    of = plan.refresh_report or RefreshReport()
    if of.drift:
        yield line(("Drift: Kalent differs from what is recorded", "bold"))
        for each in of.drift:
            yield from _drift(each, shown.get(each.address), plan.environment, width)
        yield line()
    if of.look_alikes:
        yield line(("Unmanaged, and looks like a managed one", "bold"))
        for other in of.look_alikes:
            yield line(
                ("  ! ", "warn"),
                f'{visible(other.blueprint_id)} "{clip(other.name)}" looks like {visible(other.of)} '
                f"({visible(other.of_id)}): compare both in Kalent's web app, and delete there what you don't need",
            )
        yield line()
    for left in of.leftovers:
        said = f"{left.sourcing_id}: {explanations.text(leftover(left.blueprint_id, left.name))}"
        yield line(("note: ", "warn"), visible(said))
    number = sum(of.unmanaged.values())
    if number:
        where = some([visible(each) for each in sorted(of.unmanaged)], _SOME)
        said = f"{count(number, 'unmanaged blueprint')} in Kalent ({where}): "
        yield line(
            (said, "dim"), f"`{visible(import_command(of.unmanaged, plan.environment))}` {taken(number)}"
        )


def taken(number: int) -> str:
    """What `import` does with them."""
    return "imports it" if number == 1 else "imports them"


def _drift(each: Drift, above: Change | None, environment: str | None, width: int) -> Iterator[Line]:
    yield line(
        (f"  ≠ {each.kind} ", "warn"),
        (visible(each.address), "bold"),
        f' "{clip(each.name)}" ({visible(each.blueprint_id)})',
    )
    later = f"; edited in Kalent {visible(with_times(each.updated_at))}" if each.updated_at else ""
    yield line((f"      recorded {visible(with_times(each.applied_at))}{later}", "dim"))
    if each.reason and (above is None or above.reason != each.reason):
        yield from explanations.lines(each.reason, "      ", environment=environment)
    if each.kind != "changed" or (above is not None and above.theirs is not None):
        return  # the change above says what differs and what to type
    before, after = (side.data if side else {} for side in (each.before, each.after))
    yield from changed(before, after, "      ", width)
    yield from explanations.remedy_lines(explanations.of_drift(each.address, environment), "      ")


def left_out(addresses: Sequence[str]) -> str:
    """`2 changes outside the selection: …`"""
    shown = some([visible(each) for each in addresses], _SOME)
    return f"{count(len(addresses), 'change')} outside the selection: {shown}"


def plan_summary(of: Plan) -> Line:
    """The last line: `Plan: 2 to create, 1 unchanged.`"""
    done = counted(of.summary)
    kinds: Counter[str] = Counter(each.kind for each in of.drift)
    drifted = [f"{kinds[kind]:,} {words}" for kind, words in _DRIFT if kinds[kind]]
    left = [left_out(of.left_out)] if of.left_out else []
    left += (
        [f"{count(len(of.state_edits), 'record')} of the state changed on this branch"]
        if of.state_edits
        else []
    )
    said = ", ".join([*filter(None, [done]), *drifted, *left])
    if of.to_do or of.drift:
        return line(("Plan: ", "bold"), said + ".")
    return _nothing(said, drift=of.refresh_report is not None and not of.changes)


def no_changes(unchanged: int) -> Line:
    """The only line where all blueprints are unchanged."""
    return _nothing(counted({"no_op": unchanged}))


def _nothing(said: str, *, drift: bool = False) -> Line:
    return line(("No drift." if drift else "No changes.", "good"), f" {said}." if said else "")


def counted(counts: Mapping[str, int]) -> str:
    """`2 to create, 1 unchanged, 1 orphan`; the keys are those of `Plan.summary`."""
    parts = [f"{counts[key]:,} {words}" for key, words in _WORDS if counts.get(key)]
    orphans = [count(counts["orphan"], "orphan")] if counts.get("orphan") else []
    return ", ".join([*parts, *orphans])
