"""Lines in a pipe and on a terminal, and the progress of `apply`."""

from __future__ import annotations

import io
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.apply.result import (
    ApplyResult,
    Began,
    Finished,
    Listed,
    Looking,
    Outcome,
    Result,
    Waiting,
    Written,
)
from kalentops.output.terminal import columns, cut, line, notice, plain, show, wrapped
from kalentops.output.text_results import Progress, results
from kalentops.plan.build import Action
from tests.builders import saying

HOSTILE = "x\x1b[31m\u202e[/bold]"
DONE = Finished(Result("s1/a", Action.CREATE, Outcome.DONE, "b1"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Raw(io.RawIOBase):
    """A pipe that leads to a log."""

    def __init__(self, log: io.BytesIO) -> None:
        super().__init__()
        self._log = log

    def writable(self) -> bool:
        return True

    def write(self, given: Any, /) -> int:
        return self._log.write(given)


class Gone(io.StringIO):
    """A stream that no one reads any more."""

    def write(self, _: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


LINES = [line(("bad", "bad"), " and ", ("good", "good"), "  "), line("[/path] :smile: {x}"), line()]


def test_a_pipe() -> None:
    stream = io.StringIO()
    show(LINES, stream)
    assert stream.getvalue() == "bad and good\n[/path] :smile: {x}\n\n"


def test_a_terminal(terminal: Terminal) -> None:
    show(LINES, terminal)
    assert terminal.getvalue() == "\x1b[1;31mbad\x1b[0m and \x1b[32mgood\x1b[0m  \n[/path] :smile: {x}\n\n"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_colour(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    show(LINES, terminal)
    assert "\x1b" not in terminal.getvalue()


def test_a_long_line_is_broken_between_words_on_a_terminal_alone(terminal: Terminal) -> None:
    pipe = io.StringIO()
    long = line("  ", ("word " * 15, "bad"), "run `kalentops state rm s1/a` once more")
    show([long], pipe)
    show([long], terminal)
    assert pipe.getvalue().count("\n") == 1
    assert terminal.getvalue() == (
        "  \x1b[1;31m" + "word " * 15 + "\x1b[0mrun\n    `kalentops state rm s1/a` once more\n"
    )


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("x" * 90, ["x" * 90]),
        (f"  {'x' * 50} {'y' * 90} z", [f"  {'x' * 50}", f"    {'y' * 90}", "    z"]),
        (f"{'a ' * 40}`{'b ' * 20}` c", ["a " * 39 + "a", f"  `{'b ' * 20}` c"]),
        ("", [""]),
    ],
)
def test_where_a_line_is_broken(text: str, broken: list[str]) -> None:
    assert [plain(each) for each in wrapped(line(text), 80)] == broken
    assert [plain(each) for each in wrapped(line(text), 20)] == [text]


def test_a_piece_of_code_is_not_broken() -> None:
    command = ("kalentops state mv sourcing_a/old sourcing_a/new", "code")
    of = line(("      renamed: ", "dim"), command, ("  (and nothing else of it)", "dim"))  # type: ignore[arg-type]
    broken = ["      renamed:", f"        {command[0]}", "        (and nothing else of it)"]
    assert [plain(each) for each in wrapped(of, 58)] == broken


def test_a_line_is_broken_by_the_columns_that_it_takes() -> None:
    wide = "\u6f22\u5b57 " * 20
    assert [columns(each) for each in ("abc", "\u6f22\u5b57", "e\u0301", "\U0001f600", "")] == [3, 4, 1, 2, 0]
    broken = [plain(each) for each in wrapped(line(wide.strip()), 42)]
    assert len(broken) == 3
    assert all(columns(each) <= 42 for each in broken)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\::error::x"),
        ("   ::add-mask::e", "   \\::add-mask::e"),
        ("Hi ##[error]x ##[group]", "Hi ##\\[error]x ##\\[group]"),
        ("a::b", "a::b"),
    ],
)
def test_no_line_is_a_command_to_a_runner_of_workflows(text: str, shown: str) -> None:
    stream = io.StringIO()
    show([line(text)], stream)
    assert stream.getvalue() == f"{shown}\n"


def test_notes(capsys: pytest.CaptureFixture[str]) -> None:
    notice(["one", "two\nlines\x1b"])
    assert capsys.readouterr() == ("", "note: one\nnote: two\\nlines\\u{1b}\n")


EVENTS: list[Any] = [
    Began(2, 3),
    Listed("s1", 5),
    Waiting(7.4),
    Looking("s1/a", 30, saying(HOSTILE)),
    DONE,
]


def test_a_log_of_both_streams_has_them_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.BytesIO()
    err = io.TextIOWrapper(log, write_through=True)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BufferedWriter(Raw(log))))
    monkeypatch.setattr("sys.stderr", err)
    show([line("the plan")])
    notice(["a note"])
    assert log.getvalue().decode().split("\n") == ["the plan", "note: a note", ""]


def test_a_note_is_shown_where_stdout_has_no_reader(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout", Gone())
    notice(["a note"])
    assert capsys.readouterr().err == "note: a note\n"


def test_progress_in_a_pipe() -> None:
    stream = io.StringIO()
    progress = Progress(stream, results=io.StringIO())
    for event in EVENTS:
        progress(event)
    progress.close()
    assert stream.getvalue() == (
        "reading 2 sourcings\n"
        "rate limited; waiting 7 s\n"
        "s1/a: x\\u{1b}[31m\\u{202e}[/bold]; looking for its outcome for up to 30 s\n"
    )


def test_progress_says_something_now_and_then() -> None:
    stream = io.StringIO()
    progress = Progress(stream, results=io.StringIO())
    progress(Began(1, 2))
    progress._told -= 6  # as if six seconds had passed
    progress(DONE)
    progress(DONE)
    progress._told -= 6
    progress(Listed("s\x1b", 3))
    assert stream.getvalue() == (
        "reading 1 sourcing\n1 of 2 done, last created s1/a\nread 1 of 1 sourcing, last s\\u{1b}\n"
    )


def test_what_was_not_attempted_is_not_called_done() -> None:
    stream = io.StringIO()
    progress = Progress(stream, results=io.StringIO())
    progress(Began(1, 3))
    progress(DONE)
    progress._told -= 6
    progress(Finished(Result("s1/b", Action.CREATE, Outcome.NOT_ATTEMPTED, error=saying("no network"))))
    assert stream.getvalue() == "reading 1 sourcing\n"
    progress(DONE)
    assert stream.getvalue() == "reading 1 sourcing\n2 of 3 done, last created s1/a\n"


@pytest.mark.parametrize("quiet", [False, True])
def test_what_is_done_is_reported_at_once_and_once(*, quiet: bool, terminal: Terminal) -> None:
    for stderr in (io.StringIO(), terminal):
        out = io.StringIO()
        progress = Progress(stderr, quiet=quiet, results=out)
        progress(Began(1, 2))
        progress(Written(DONE.result))
        assert (out.getvalue(), progress.told) == ("  created         s1/a b1\n", {"s1/a": DONE.result})
        progress(DONE)
        progress.close()
        assert out.getvalue() == "  created         s1/a b1\n"


def test_what_is_done_is_reported_on_stderr_where_stdout_is_for_a_program() -> None:
    stream = io.StringIO()
    Progress(stream)(Written(DONE.result))
    assert stream.getvalue() == "  created         s1/a b1\n"
    assert list(results(ApplyResult((DONE.result,)), {"s1/a": DONE.result})) == [
        line(("Apply: ", "bold"), "1 done.")
    ]


def test_quiet_progress() -> None:
    stream = io.StringIO()
    progress = Progress(stream, quiet=True)
    for event in EVENTS:
        progress(event)
    progress.close()
    assert stream.getvalue() == ""


def test_progress_on_a_terminal(terminal: Terminal) -> None:
    progress = Progress(terminal, results=io.StringIO())
    for event in EVENTS:
        progress(event)
    progress.close()
    progress.close()
    said = terminal.getvalue()
    assert "rate limited; waiting 7 s" in said
    assert "x\\u{1b}[31m\\u{202e}[/bold]; looking for its outcome for up to 30 s" in said


def _display(terminal: Terminal) -> list[str]:
    """What is to be seen on a terminal of 60 columns."""
    screen = pyte.Screen(60, 10)
    pyte.Stream(screen).feed(terminal.getvalue().replace("\n", "\r\n"))
    return [each.rstrip() for each in screen.display if each.strip()]


def test_a_narrow_terminal_shows_what_is_done_and_what_remains_on_one_line(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    for began, event in ((Began(2, 0), Listed(f"sourcing_{'x' * 80}", 1)), (Began(2, 40), DONE)):
        progress = Progress(terminal, results=io.StringIO())
        progress(began)
        progress(event)
        assert progress._bar is not None
        progress._bar._bar.refresh()
        shown = _display(terminal)
        assert len(shown) == 1, shown
        progress.close()
        assert _display(terminal) == [], "it is gone in the end"
        assert ("1/2" if began.changes == 0 else "1/40") in shown[0]
        assert ("read 1 of" if began.changes == 0 else "1 of 40 done") in shown[0]
        terminal.truncate(0)
        terminal.seek(0)


def test_a_stderr_that_is_gone_stops_nothing() -> None:
    progress = Progress(Gone())
    for event in EVENTS:
        progress(event)
    progress.close()
    closed = io.StringIO()
    closed.close()
    progress = Progress(closed)
    for event in EVENTS:
        progress(event)


def test_texts_that_take_a_column_a_character_are_measured_like_others() -> None:
    def one_by_one(text: str) -> int:
        return sum(columns(f"\u0301{each}") for each in text)

    for code in range(0x3000):
        assert columns(chr(code) * 3) == one_by_one(chr(code) * 3), hex(code)


@given(st.text(st.sampled_from("aé\u0301漢😀\u200d\xad €"), max_size=12), st.integers(1, 10))
def test_a_text_is_cut_where_its_columns_end(text: str, width: int) -> None:
    said = cut(text, width)
    if columns(text) <= width:
        assert said == text
    else:
        kept = said.removesuffix("…")
        assert text.startswith(kept)
        assert columns(said) <= width
