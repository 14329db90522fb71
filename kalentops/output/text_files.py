"""What was done to files, as text: `fmt`, `import` and `import --update`, `new`, `close`, `extract`, `detach`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from kalentops.adopt.plan import ImportAction, Item
from kalentops.lint.rule import Declared
from kalentops.output import explanations
from kalentops.output.terminal import WIDTH, Line, Piece, Style, line
from kalentops.output.text_findings import findings
from kalentops.output.text_plan import changed
from kalentops.support.text import clip, count, line_end_of, some, visible

if TYPE_CHECKING:  # each command loads its own
    from kalentops.adopt.extract_files import ExtractPlan
    from kalentops.adopt.new import Opening
    from kalentops.adopt.position import Closing, FileChange
    from kalentops.adopt.pull import Edits, PulledEdit
    from kalentops.adopt.write import ImportResult
    from kalentops.yamlfile.fmt import Formatted


_STYLES: Final[dict[str, Style]] = {"-": "bad", "+": "good", "@": "dim"}


def left_alone(done: Sequence[Formatted]) -> Iterator[Line]:
    """The files that could not be laid out, and why."""
    for each in done:
        yield from findings(each.findings)
        if each.problem:
            yield line((f"{visible(each.name)}: ", "bold"), ("left as it is: ", "bad"), visible(each.problem))


def formatted(done: Sequence[Formatted], *, written: bool) -> Iterator[Line]:
    """The names of the files that were changed, or would be."""
    for each in done:
        if each.changed:
            yield line("formatted: " if written else "would format: ", (visible(each.name), "bold"))


def diff(done: Sequence[Formatted]) -> Iterator[Line]:
    """What `fmt` would change, for people: blanks at the end of a line are shown as dots."""
    for each in done:
        yield from _unified(each.name, each.before, each.after, "formatted")


def change_diff(changes: Iterable[FileChange]) -> Iterator[Line]:
    """What a command would change in files, in the same form."""
    for each in changes:
        kind = "new" if each.before is None else "deleted" if each.after is None else "changed"
        yield from _unified(each.name, each.before or "", each.after or "", kind)


def _unified(name: str, before: str, after: str, kind: str) -> Iterator[Line]:
    name, crlf = visible(name), line_end_of(after or before) == "\r\n"
    lines = difflib.unified_diff(
        _lines(before, crlf=crlf), _lines(after, crlf=crlf), name, f"{name}, {kind}", n=2, lineterm=""
    )
    for number, text in enumerate(lines):
        shown = _shown(text)
        yield line((shown, "bold" if number < 2 else _STYLES.get(text[:1], "")))  # noqa: PLR2004 - both names


def _lines(text: str, *, crlf: bool) -> list[str]:
    """The lines without their ends; one that ends otherwise than those of the file says so."""
    lines = text.split("\n")
    if crlf:
        ended = [each[:-1] if each.endswith("\r") else f"{each} (a line feed alone)" for each in lines[:-1]]
        lines = [*ended, lines[-1]]
    return [*lines[:-1], *([lines[-1] + "\n"] if lines[-1] else [])]


def _shown(text: str) -> str:
    whole = text.rstrip("\n")
    ink = whole.rstrip(" ") if len(whole) > 1 else whole
    dots = "·" * (len(whole) - len(ink))
    return visible(ink) + dots + (" (no line feed at the end)" if text != whole else "")


def format_summary(done: Sequence[Formatted], *, written: bool) -> Line:
    """The last line: `1 file formatted, 4 unchanged`."""
    new = sum(each.changed for each in done)
    alone = sum(bool(each.findings or each.problem) for each in done)
    same = len(done) - new - alone
    parts = [f"{count(new, 'file')} {'formatted' if written else 'would change'}"] if new else []
    parts += [f"{count(same, 'file')} unchanged"] if same or not (new or alone) else []
    parts += [f"{count(alone, 'file')} left as {'it is' if alone == 1 else 'they are'}"] if alone else []
    return line((", ".join(parts), "bad" if alone else "good"))


def closed(sourcing_id: str, of: Closing, *, written: bool, environment: str | None = None) -> Iterator[Line]:
    """What happens to the files of a position that is closed, and what to do next."""
    would = "" if written else "would be "
    for each in of.changes:
        others = of.shared.get(each.name)
        if each.after is None:
            done = "deleted"
        elif others:
            done = f"changed; it stays as it is for {', '.join(others)}"
        else:
            verb = "written" if each.before is None else "changed"
            done = f"{verb}; removed: [{some(of.removed, _KEYS)}]"
        yield line("  ", (visible(each.name), "bold"), f" {would}{done}")
    head = "Closed: " if written else "Would close: "
    if not of.changes:
        yield line(("Closed already: ", "good"), f"{visible(sourcing_id)} has no blueprints in the files.")
    else:
        yield line(
            (head, "bold"), f"{visible(sourcing_id)}. Nothing changes in Kalent: stop its sequences there."
        )
    if of.forgotten and (written or not of.changes):
        number = count(len(of.forgotten), "blueprint")
        them = "it" if len(of.forgotten) == 1 else "them"
        said = f"Next: `kalentops plan` shows {number} to forget; `kalentops apply` forgets {them}."
        yield line(explanations.with_environment(said, environment))
    elif not of.changes:
        yield line("The state has forgotten them: delete the file whenever you like.")


_KEYS: Final = 5


def opened(of: Opening, *, written: bool, quiet: bool) -> Iterator[Line]:
    """The file of a new blueprint, and what to fill in there."""
    name, would = visible(of.change.name), "" if written else "would be "
    done = "written" if of.change.before is None else "changed"
    yield line("  ", (name, "bold"), f" {would}{done}: blueprint {of.key}")
    if written and not quiet:
        places = [f"{parameter} ({name}:{number})" for parameter, number in of.unfilled]
        fill = f"fill in {some(places, _KEYS)}, then " if places else ""
        yield line(f"Next: {fill}check it with `kalentops validate`.")


def detached(uses: Sequence[Declared], environment: str | None = None, *, written: bool) -> Iterator[Line]:
    """The blueprints that are plain ones now."""
    head = "  detached" if written else "  would detach"
    for each in uses:
        yield line(
            f"{head} ", (visible(each.address), "bold"), f" from {each.template}  {visible(each.origin.file)}"
        )
    if written:
        said = "The texts are the same: `kalentops plan` shows nothing new."
        yield line(explanations.with_environment(said, environment))


def unrecorded(of: Closing, state: str) -> str:
    """A note on blueprints that the files declare and the state does not know."""
    keys = some([f"`{key}`" for key in of.unrecorded], _KEYS)
    return f"{visible(state)} does not know {keys}: never applied, or this checkout lacks a newer state (`git pull`)"


def extracted(of: ExtractPlan, *, written: bool) -> Iterator[Line]:
    """Each template with how its blueprints differ from it; the comments that are lost; the counts."""
    for made, change in zip(of.templates, of.changes, strict=False):
        parts = [count(len(made.uses), "blueprint")]
        if parameters := made.template.get("parameters"):
            parts.append(f"parameters: {some(list(parameters), _KEYS)}")
        yield line(("  + ", "good"), (visible(change.name), "bold"), f"  {'; '.join(parts)}")
        for address, use in made.uses.items():
            if own := list(_own_parts(use)):
                yield line("      ", visible(address), (f"  {visible('; '.join(own))}", "dim"))
    for name, number, comment in of.lost:
        yield line(("  ! ", "warn"), f"{visible(name)}:{number}: comment not kept: {visible(clip(comment))}")
    for address, ids in of.renamed.items():
        told = some([f"{clip(old)} → {clip(new)}" for old, new in ids.items()], _KEYS)
        yield line(
            ("  ~ ", "warn"),
            f"{visible(address)}: steps get other ids, so an update follows: {visible(told)}",
        )
    if not of.templates:
        yield line("No near-equal blueprints: nothing to extract.")
        return
    blueprints = count(sum(len(each.uses) for each in of.templates), "blueprint")
    templates = count(len(of.templates), "new template")
    before, after = of.lines
    updates = (
        f"The plan gets {count(len(of.renamed), 'update')}." if of.renamed else "The plan does not change."
    )
    yield line(
        ("Extracted: " if written else "Would extract: ", "bold"),
        f"{templates} for {blueprints}; {count(before, 'line')} → {after:,}. {updates}",
    )


def _own_parts(use: Mapping[str, Any]) -> Iterator[str]:
    """How a blueprint differs from its template."""
    if "name" in use:
        yield f'name "{clip(use["name"])}"'
    for step, change in use.get("change", {}).items():
        yield f"changes {clip(step)}: {', '.join(change)}"
    if "remove" in use:
        yield f"removes {some(list(map(clip, use['remove'])), _KEYS)}"
    if "add" in use:
        yield f"adds {some([clip(each['id']) for each in use['add']], _KEYS)}"
    if "config" in use:
        yield "config"


def edits(of: Edits, *, dry_run: bool, width: int = WIDTH, environment: str | None = None) -> Iterator[Line]:
    """Each blueprint with what has changed in it, then what was not imported, then the counts."""
    for each in of.taken:
        yield from _taken(each, width)
    for other in of.kept:
        sign: Piece = ("  ! ", "bad") if other.conflict else ("  ? ", "dim")
        yield line(sign, (visible(other.address), "bold"), f" ({visible(other.blueprint_id)}) not imported")
        yield from explanations.lines(other.reason, "      ", environment=environment)
    done = "would be edited and formatted" if dry_run else "edited and formatted"
    for file in of.files:
        if file.formatted:
            yield line("  ", (visible(file.name), "bold"), f" {done}: `kalentops fmt` would change it anyway")
    if of.users:
        changed_too = (
            "1 other blueprint changes"
            if len(of.users) == 1
            else f"{len(of.users):,} other blueprints change"
        )
        said = f"{changed_too} with the template; the next `kalentops apply` updates:"
        yield line(explanations.with_environment(said, environment))
        for user in of.users:
            title = f' "{clip(user.title)}"' if user.title else ""
            yield line(
                "  ~ ", (visible(user.address), "bold"), title, (f"  {visible(user.origin.file)}", "dim")
            )
    yield edits_summary(of, dry_run=dry_run)


def _taken(each: PulledEdit, width: int) -> Iterator[Line]:
    yield line(
        ("  ~ ", "warn"),
        (visible(each.address), "bold"),
        f' "{clip(each.name)}"',
        (f"  {visible(each.file)}", "dim"),
    )
    found = list(changed(each.before, each.after, "      ", width))
    yield from found or [line(("      the file already has this; only the state changes", "dim"))]


def edits_summary(of: Edits, *, dry_run: bool) -> Line:
    """The last line: `Imported: 2 blueprints into 1 file, 1 in conflict.`"""
    conflicts = sum(each.conflict for each in of.kept)
    others = len(of.kept) - conflicts
    parts = [f"{count(len(of.taken), 'blueprint')} into {count(len(of.files), 'file')}"] if of.taken else []
    parts += [f"{conflicts:,} in conflict"] if conflicts else []
    parts += [f"{others:,} left alone"] if others else []
    if not parts:
        return line(("Nothing to import.", "good"), " Kalent shows what is recorded.")
    if not of.taken:
        return line(("Nothing imported: ", "bold"), ", ".join(parts) + ".")
    head = "Would import: " if dry_run else "Imported: "
    look = " Review it with `git diff`." if of.files and not dry_run else ""
    return line((head, "bold"), ", ".join(parts) + "." + look)


_WORDS: Final[dict[ImportAction, tuple[str, str, Style]]] = {
    ImportAction.WRITE: ("written", "would write", "good"),
    ImportAction.RECORD: ("recorded", "would record", "good"),
    ImportAction.LEFT_OUT: ("left out", "left out", "dim"),
    ImportAction.CONFLICT: ("in conflict", "in conflict", "bad"),
    ImportAction.REFUSED: ("refused", "refused", "bad"),
}
_FIELDS: Final = 8


def imported(of: ImportResult, environment: str | None = None, *, quiet: bool = False) -> Iterator[Line]:
    """By sourcing, the outcome for each blueprint. With `quiet`, only what needs attention."""
    items = [
        item for item in of.plan.items if not (quiet and (item.done or item.action is ImportAction.LEFT_OUT))
    ]
    for sourcing_id, group in groupby(items, key=lambda item: item.sourcing_id):
        name = of.names.get(sourcing_id)
        yield line((visible(sourcing_id), "bold"), f' "{clip(name)}"' if name else "")
        for item in group:
            yield from _item(item, environment, dry_run=of.dry_run)
        yield line()


def _item(of: Item, environment: str | None, *, dry_run: bool) -> Iterator[Line]:
    done, would, style = _WORDS[of.action]
    what = f' "{clip(of.name)}" ({visible(of.blueprint_id)})' if of.blueprint_id else ""
    file = f"  {visible(of.file)}" if of.file else ""
    key = visible(of.key) if of.key and of.done else ""
    yield line((f"  {would if dry_run else done:<12}", style), f" {key}".rstrip(), (what, ""), (file, "dim"))
    if of.reason:
        yield from explanations.lines(of.reason, "      ", "dim" if of.done else style, environment)


def import_summary(of: ImportResult, environment: str | None = None, *, shared: bool) -> Iterator[Line]:
    """The last lines: `Imported 3 blueprints from 2 sourcings into 2 files.`, and what to do next. `shared`: the state
    is no file to commit.
    """
    counts = of.summary
    plan = explanations.with_environment("`kalentops plan`", environment)
    if not of.plan.items:
        yield line(("Nothing to import: ", "good"), _nothing(of) + ".")
        return
    said = [part for part in (_written(of), _recorded(of), _left_out(of), _left(of)) if part]
    yield line((" ".join(said), "bold"), " Nothing was written." if of.dry_run else "")
    if not of.valid:
        yield line((f"The files {'would not be' if of.dry_run else 'are not'} valid: {_INVALID}", "bad"))
    elif counts["write"] and not of.dry_run:
        state = "" if shared else " together with the state"
        yield line(f"Next: review the new files, run {plan}, and commit them{state}.")
    elif counts["record"] and not of.dry_run:
        yield line(f"Next: run {plan}{'' if shared else ', and commit the state'}.")


_INVALID: Final = (
    "fix the errors above before the next plan. If you can't fix one, delete the blueprint from its file: it stays in "
    "Kalent and in the state, and plans list it as an orphan."
)


def _nothing(of: ImportResult) -> str:
    sourcings = len(of.plan.sourcings)
    if not sourcings:
        return "the key sees no sourcing in progress"
    where = visible(of.plan.sourcings[0]) if sourcings == 1 else count(sourcings, "sourcing")
    if not of.plan.recorded:
        return f"there are no blueprints in {where}"
    return f"{count(of.plan.recorded, 'blueprint')} in {where}, already recorded"


def _written(of: ImportResult) -> str:
    counts = of.summary
    if not counts["write"]:
        return ""
    sourcings = len({item.sourcing_id for item in of.plan.items if item.action is ImportAction.WRITE})
    return (
        f"{'Would import' if of.dry_run else 'Imported'} {count(counts['write'], 'blueprint')} "
        f"from {count(sourcings, 'sourcing')} into {count(counts['files'], 'file')}."
    )


def _recorded(of: ImportResult) -> str:
    number = of.summary["record"]
    verb = "Would record" if of.dry_run else "Recorded"
    return f"{verb} {count(number, 'blueprint')} that the files already declare." if number else ""


def _left_out(of: ImportResult) -> str:
    number = of.summary["left_out"]
    was = "its key was" if number == 1 else "their keys were"
    return f"Left out {count(number, 'blueprint')}: files say that {was} removed." if number else ""


def _left(of: ImportResult) -> str:
    counts = of.summary
    parts = [f"{counts['conflict']:,} in conflict"] if counts["conflict"] else []
    parts += [f"{counts['refused']:,} refused"] if counts["refused"] else []
    return f"{', '.join(parts)}." if parts else ""


def import_notes(of: ImportResult) -> Iterator[str]:
    """What the files don't show: once, however many blueprints there are."""
    if not any(item.done for item in of.plan.items):
        return
    yield (
        "Kalent never shows `config` and `config.userId` (the sender of a step), so the new files lack them. If a step "
        "has a sender of its own, write its `config.userId` into the file before you change the blueprint's steps"
    )
    fields = of.unknown
    if fields:
        shown = [f"`{clip(name, 40)}` ({count(number, 'blueprint')})" for name, number in fields.items()]
        yield (
            f"Kalent shows fields of steps that kalentops does not know: {some(shown, _FIELDS)}; the files "
            "don't have them, and an update of steps would leave them out"
        )
