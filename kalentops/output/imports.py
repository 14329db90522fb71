"""What became of an import, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from kalentops.adopt.plan import ImportAction, Item
from kalentops.adopt.write import Imported
from kalentops.output.json import FORMAT_VERSION, finding
from kalentops.output.lines import Line, Style, line
from kalentops.support.text import clip, count, some, visible

_WORDS: Final[dict[ImportAction, tuple[str, str, Style]]] = {
    ImportAction.WRITE: ("written", "would write", "good"),
    ImportAction.RECORD: ("recorded", "would record", "good"),
    ImportAction.LEFT_OUT: ("left out", "left out", "dim"),
    ImportAction.CONFLICT: ("in conflict", "in conflict", "bad"),
    ImportAction.REFUSED: ("refused", "refused", "bad"),
}
_FIELDS: Final = 8


def imported(of: Imported, *, quiet: bool = False) -> Iterator[Line]:
    """By sourcing, what became of each blueprint. With `quiet`, only what needs somebody's eye."""
    items = [
        item for item in of.plan.items if not (quiet and (item.done or item.fate is ImportAction.LEFT_OUT))
    ]
    for sourcing_id, group in groupby(items, key=lambda item: item.sourcing_id):
        name = of.names.get(sourcing_id)
        yield line((visible(sourcing_id), "bold"), f' "{clip(name)}"' if name else "")
        for item in group:
            yield from _item(item, dry_run=of.dry_run)
        yield line()


def _item(of: Item, *, dry_run: bool) -> Iterator[Line]:
    done, would, style = _WORDS[of.fate]
    what = f' "{clip(of.name)}" ({visible(of.blueprint_id)})' if of.blueprint_id else ""
    file = f"  {visible(of.file)}" if of.file else ""
    key = visible(of.key) if of.key and of.done else ""
    yield line((f"  {would if dry_run else done:<12}", style), f" {key}".rstrip(), (what, ""), (file, "dim"))
    if of.reason:
        yield line((f"      {visible(of.reason)}", "dim" if of.done else style))


def summary(of: Imported) -> Iterator[Line]:
    """The last lines: `Imported 3 blueprints from 2 sourcings into 2 files.`, and what to do next."""
    counts = of.summary
    if not of.plan.items:
        yield line(("Nothing to import: ", "good"), _nothing(of) + ".")
        return
    said = [part for part in (_written(of), _recorded(of), _left_out(of), _left(of)) if part]
    yield line((" ".join(said), "bold"), " Nothing was written." if of.dry_run else "")
    if not of.valid:
        yield line((f"The files {'would not be' if of.dry_run else 'are not'} valid: {_INVALID}", "bad"))
    elif counts["write"] and not of.dry_run:
        yield line(
            "Next: look at the new files, run `kalentops plan`, and commit them together with the state."
        )
    elif counts["record"] and not of.dry_run:
        yield line("Next: run `kalentops plan`, and commit the state.")


_INVALID: Final = (
    "mend the errors above before the next plan. What can't be mended can be taken out of its file again: it stays in "
    "Kalent and in the state, and plans list it as an orphan."
)


def _nothing(of: Imported) -> str:
    sourcings = len(of.plan.sourcings)
    if not sourcings:
        return "the key sees no sourcing in progress"
    where = visible(of.plan.sourcings[0]) if sourcings == 1 else count(sourcings, "sourcing")
    if not of.plan.recorded:
        return f"there are no blueprints in {where}"
    return f"{count(of.plan.recorded, 'blueprint')} in {where}, recorded already"


def _written(of: Imported) -> str:
    counts = of.summary
    if not counts["write"]:
        return ""
    sourcings = len({item.sourcing_id for item in of.plan.items if item.fate is ImportAction.WRITE})
    return (
        f"{'Would import' if of.dry_run else 'Imported'} {count(counts['write'], 'blueprint')} "
        f"from {count(sourcings, 'sourcing')} into {count(counts['files'], 'file')}."
    )


def _recorded(of: Imported) -> str:
    number = of.summary["record"]
    verb = "Would record" if of.dry_run else "Recorded"
    return f"{verb} {count(number, 'blueprint')} that the files hold already." if number else ""


def _left_out(of: Imported) -> str:
    number = of.summary["left_out"]
    was = "its key was" if number == 1 else "their keys were"
    return f"Left out {count(number, 'blueprint')}: files say that {was} removed." if number else ""


def _left(of: Imported) -> str:
    counts = of.summary
    parts = [f"{counts['conflict']:,} in conflict"] if counts["conflict"] else []
    parts += [f"{counts['refused']:,} refused"] if counts["refused"] else []
    return f"{', '.join(parts)}." if parts else ""


def notes(of: Imported) -> Iterator[str]:
    """What nobody can see in the files: once, however many blueprints there are."""
    if not any(item.done for item in of.plan.items):
        return
    yield (
        "Kalent never shows `config` and `config.userId` (who sends a step), so the files don't have them. As long as "
        "nothing is updated they stay as they are; an update of steps replaces them all, so set `config.userId` in "
        "the file before, where somebody else is to send"
    )
    fields = of.unknown
    if fields:
        shown = [f"`{clip(name, 40)}` ({count(number, 'blueprint')})" for name, number in fields.items()]
        yield (
            f"Kalent shows fields of steps that kalentops does not know: {some(shown, _FIELDS)}; the files "
            "don't have them, and an update of steps would leave them out"
        )


def data(of: Imported) -> dict[str, Any]:
    """`import --format json`."""
    return {
        "format_version": FORMAT_VERSION,
        "dry_run": of.dry_run,
        "summary": of.summary,
        "valid": of.valid,
        "files": [file.name for file in of.files],
        "results": [_result(item) for item in of.plan.items],
        "unknown_fields": of.unknown,
        "findings": [finding(each) for each in of.findings],
    }


def _result(of: Item) -> dict[str, Any]:
    return {
        "sourcing_id": of.sourcing_id,
        "blueprint_id": of.blueprint_id,
        "name": of.name if of.blueprint_id else None,
        "outcome": of.fate.value,
        "address": of.address,
        "key": of.key,
        "file": of.file,
        "reason": of.reason,
    }
