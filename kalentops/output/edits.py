"""What was taken from Kalent into the files, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from kalentops.adopt.pull import Edits, Taken
from kalentops.blueprint.diff import changes
from kalentops.output.json import FORMAT_VERSION
from kalentops.output.lines import WIDTH, Line, Piece, line
from kalentops.output.reasons import reason
from kalentops.output.steps import changed
from kalentops.support.text import clip, count, visible


def edits(of: Edits, *, dry_run: bool, width: int = WIDTH) -> Iterator[Line]:
    """Each blueprint with what has changed in it, then what was not taken, then the counts."""
    for each in of.taken:
        yield from _taken(each, width)
    for other in of.kept:
        sign: Piece = ("  ! ", "bad") if other.conflict else ("  ? ", "dim")
        yield line(sign, (visible(other.address), "bold"), f" ({visible(other.blueprint_id)}) not taken")
        yield from reason(other.reason, "      ")
    yield summary(of, dry_run=dry_run)


def _taken(each: Taken, width: int) -> Iterator[Line]:
    yield line(
        ("  ~ ", "warn"),
        (visible(each.address), "bold"),
        f' "{clip(each.name)}"',
        (f"  {visible(each.file)}", "dim"),
    )
    found = list(changed(each.before, each.after, "      ", width))
    yield from found or [line(("      the file says so already; it is only recorded", "dim"))]


def summary(of: Edits, *, dry_run: bool) -> Line:
    """The last line: `Taken: 2 blueprints into 1 file, 1 in conflict.`"""
    conflicts = sum(each.conflict for each in of.kept)
    others = len(of.kept) - conflicts
    parts = [f"{count(len(of.taken), 'blueprint')} into {count(len(of.files), 'file')}"] if of.taken else []
    parts += [f"{conflicts:,} in conflict"] if conflicts else []
    parts += [f"{others:,} left alone"] if others else []
    if not parts:
        return line(("Nothing to take.", "good"), " Kalent shows what was last recorded.")
    if not of.taken:
        return line(("Nothing taken: ", "bold"), ", ".join(parts) + ".")
    head = "Would take: " if dry_run else "Taken: "
    look = " Look at it with `git diff`." if of.files and not dry_run else ""
    return line((head, "bold"), ", ".join(parts) + "." + look)


def data(of: Edits, *, dry_run: bool) -> dict[str, Any]:
    """`import --update --format json`."""
    return {
        "format_version": FORMAT_VERSION,
        "dry_run": dry_run,
        "taken": [
            {
                "address": each.address,
                "blueprint_id": each.entry.blueprint_id,
                "file": each.file,
                "changes": [asdict(one) for one in changes(each.before, each.after)],
            }
            for each in of.taken
        ],
        "not_taken": [
            {
                "address": each.address,
                "blueprint_id": each.blueprint_id,
                "conflict": each.conflict,
                "reason": each.reason,
            }
            for each in of.kept
        ],
        "files": [each.name for each in of.files],
    }
