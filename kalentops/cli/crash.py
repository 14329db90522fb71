"""A bug: a report file for an issue, and one line that says where it is."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from kalentops import __version__
from kalentops.output.ci_escape import inert, inert_part
from kalentops.support.text import visible


def report(error: Exception, args: Sequence[str]) -> int:
    """Write what is needed to find the bug, without the key and without values of variables; exit code 1."""
    text = _scrubbed(_text(error, args))
    where = _write(text)
    kind = f"{type(error).__name__}: {error}"
    sys.stderr.write(f"error: a bug in kalentops: {inert_part(visible(_scrubbed(kind))[:300])}\n")
    sys.stderr.write(f"hint: please open an issue with {where}; it holds no key, but look it over first\n")
    sys.stderr.write("      if it happened during apply, run `kalentops apply` again: it looks first\n")
    return 1


def _text(error: Exception, args: Sequence[str]) -> str:
    return "\n".join(
        (
            f"kalentops {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"at {datetime.now(UTC).isoformat(timespec='seconds')}",
            f"arguments: {' '.join(args)}",
            "",
            "".join(traceback.format_exception(error)),
        )
    )


def _scrubbed(text: str) -> str:
    from kalentops.errors import NoKey
    from kalentops.github.context import read_token
    from kalentops.http.secret import read_key

    text = re.sub(r"://[^/\s]+@", "://***@", text)  # a proxy's password, say
    for read in (read_key, read_token):
        with suppress(NoKey):
            text = read(os.environ).scrub(text)
    return text


def _write(text: str) -> str:
    name = f"kalentops-crash-{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{os.getpid()}.txt"
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        try:
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
        except OSError:
            continue
        return str(folder / name)
    sys.stderr.write(inert(visible(text, keep="\n")))
    return "the text above"
