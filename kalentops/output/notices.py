"""What a person should know beside the result: on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from kalentops.output.console import show
from kalentops.output.lines import line
from kalentops.support.text import visible


def tell(notes: Iterable[str]) -> None:
    show((line(("note: ", "warn"), visible(note)) for note in notes), sys.stderr)
