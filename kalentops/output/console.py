"""Lines on a terminal, or in a pipe. The only user of rich, which is loaded for a terminal alone."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import IO, Any, Final

from kalentops.apply.result import (
    Began,
    Event,
    Filled,
    Finished,
    Listed,
    Looking,
    Outcome,
    Reserved,
    Result,
    Waiting,
    Written,
)
from kalentops.output.ci_escape import inert
from kalentops.output.lines import WIDTH, Line, line, plain, wrapped
from kalentops.output.results import result, word
from kalentops.support.text import count, visible

_BEAT: Final = 5.0
_AT_ONCE: Final = 50
_END: Final = ("\n", "")
_COLOURS: Final = {
    "bold": "bold",
    "dim": "dim",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "old": "red strike",
    "new": "green",
    "code": "",
}


def is_terminal(stream: IO[str]) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wants_colour(stream: IO[str]) -> bool:
    """Colour on a terminal only, and not where NO_COLOR is set to anything (no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def show(lines: Iterable[Line], stream: IO[str] | None = None) -> None:
    """Write the lines to a stream, stdout by default. Their texts have been made safe by who made them.

    Long ones are broken between words, on a terminal only: who reads a pipe wants each whole.
    """
    out = stream or sys.stdout
    if is_terminal(out):
        columns = width(out)
        lines = (part for each in lines for part in wrapped(each, columns))
    if not wants_colour(out):
        for each in lines:
            out.write(inert(plain(each)).rstrip() + "\n")
        return
    console, text = _console(out)
    for some in _groups(lines):
        pieces = [(piece, _COLOURS.get(style, "")) for each in some for piece, style in (*each, _END)]
        console.print(text.assemble(*pieces), soft_wrap=True, end="")


def _groups(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Some lines at a time: rich takes five times as long for each alone."""
    rest = iter(lines)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def width(stream: IO[str]) -> int:
    """How many columns a report has there: a terminal's, and `WIDTH` in a pipe, whoever runs it."""
    if not is_terminal(stream):
        return WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except (OSError, ValueError):  # no descriptor, or nobody there any more
        return WIDTH


def _console(stream: IO[str]) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.text import Text

    return Console(file=stream, markup=False, emoji=False, highlight=False), Text


class Progress:
    """What `apply` tells while it works, on stderr: a bar on a terminal, lines elsewhere, nothing with `quiet`; with
    `verbose`, both steps of each create, too. What is done is told at once on `results`, and on stderr without one: the
    log of a run that is killed has the ids. `told` is what stands there, by address.
    """

    def __init__(
        self, stream: IO[str], *, quiet: bool = False, verbose: bool = False, results: IO[str] | None = None
    ) -> None:
        self.told: dict[str, Result] = {}
        self._results = results
        self._stream = stream
        self._quiet = quiet
        self._verbose = verbose
        self._lock = threading.Lock()
        self._done = self._total = 0
        self._listed = self._sourcings = 0
        self._bar: Any = None
        self._task: Any = None
        self._told = time.monotonic()

    def __call__(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Written | Finished) and event.result.outcome is Outcome.DONE:
                self._tell(event.result)
            if self._quiet:
                return
            try:
                self._take(event)
            except (OSError, ValueError):  # nobody reads stderr any more: no reason to stop half-way
                self._quiet = True

    def _tell(self, of: Result) -> None:
        if of.address in self.told:
            return
        self.told[of.address] = of
        out = self._stream if self._results is None else self._results
        with suppress(OSError, ValueError):
            if self._bar is not None and is_terminal(out):
                self._say(result(of))
            elif out is not self._stream or not self._quiet:
                show(result(of), out)
                out.flush()

    def _take(self, event: Event) -> None:
        match event:
            case Began(sourcings, changes):
                self._sourcings, self._total = sourcings, changes
                if sourcings:
                    self._begin(f"looking at {count(sourcings, 'sourcing')}", changes or sourcings)
            case Listed(sourcing_id):
                self._listed += 1
                self._now(
                    f"looked at {self._listed:,} of {count(self._sourcings, 'sourcing')}, last {sourcing_id}"
                )
            case Looking(address, seconds, reason):
                said = f"{visible(address)}: {visible(reason)}; looking for up to {seconds:.0f} s what became of it"
                self._say([line((said, "warn"))])
            case Reserved(address, blueprint_id) if self._verbose:
                self._say([line(f"{visible(address)}: reserved {visible(blueprint_id)}, still empty")])
            case Filled(address, blueprint_id) if self._verbose:
                self._say([line(f"{visible(address)}: sent its text to {visible(blueprint_id)}")])
            case Waiting(seconds):
                self._say([line((f"the API asked to wait: {seconds:.0f} s", "warn"))])
            case Finished(finished) if finished.outcome is not Outcome.NOT_ATTEMPTED:
                self._done += 1
                self._now(f"{self._done:,} of {self._total:,} done, last {word(finished)} {finished.address}")

    def _begin(self, what: str, total: int) -> None:
        if not is_terminal(self._stream):
            self._stream.write(f"{inert(what)}\n")
            return
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        console, _ = _console(self._stream)
        # On a narrow terminal the end of what is said is left out, not broken off into a second line.
        said = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        columns = (
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            TextColumn("{task.description}", markup=False, table_column=said),
        )
        self._bar = Bar(*columns, console=console, transient=True, expand=True, redirect_stdout=False)
        self._task = self._bar.add_task(what, total=total)
        self._bar.start()

    def _now(self, what: str) -> None:
        """What has just been done, and how much of how much: at once in the bar, now and then as a line."""
        if self._bar is not None:
            done = self._done if self._total else self._listed
            self._bar.update(self._task, description=visible(what), completed=done)
        elif time.monotonic() - self._told >= _BEAT:
            self._told = time.monotonic()
            self._say([line(visible(what))])

    def _say(self, lines: Iterable[Line]) -> None:
        if self._bar is None:
            for each in lines:
                self._stream.write(inert(plain(each)).rstrip() + "\n")
            self._stream.flush()
        else:
            _, text = _console(self._stream)
            for each in lines:
                pieces = ((piece, _COLOURS.get(style, "")) for piece, style in each)
                self._bar.console.print(text.assemble(*pieces), soft_wrap=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
