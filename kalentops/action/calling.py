"""The commands of kalentops, called in this process."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Final

from kalentops.cli.main import run as run_command

INTERRUPTED: Final = 130
_SUMMARY: Final = "GITHUB_STEP_SUMMARY"


class CommandInterrupted(Exception):
    """A command of the step was interrupted: none of the next is begun."""


def call(*args: str, summary: bool = False) -> int:
    """A command whose words are for the log. Only one of them writes the job's summary. Raises CommandInterrupted."""
    with _summary(keep=summary):
        code = run_command(args)
    sys.stdout.flush()
    return _unless_interrupted(code)


def capture(*args: str, aloud: bool = False) -> tuple[int, str]:
    """A command whose result is for this program. Unless `aloud`, it has told its notes and the job's summary already.
    Raises CommandInterrupted.
    """
    out, err = io.StringIO(), sys.stderr
    with _summary(keep=aloud), redirect_stdout(out):
        sys.stderr = err if aloud else io.StringIO()
        try:
            code = run_command(args)
        finally:
            sys.stderr = err
    return _unless_interrupted(code), out.getvalue()


def _unless_interrupted(code: int) -> int:
    if code == INTERRUPTED:
        raise CommandInterrupted
    return code


@contextmanager
def _summary(*, keep: bool) -> Iterator[None]:
    place = None if keep else os.environ.pop(_SUMMARY, None)
    try:
        yield
    finally:
        if place is not None:
            os.environ[_SUMMARY] = place
