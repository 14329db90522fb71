"""What a person should know beside the result: on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from kalentops.reports.console import show
from kalentops.reports.lines import line
from kalentops.text import visible


def tell(notes: Iterable[str]) -> None:
    show((line(("note: ", "warn"), visible(note)) for note in notes), sys.stderr)
