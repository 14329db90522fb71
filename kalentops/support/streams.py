"""stdout and stderr in every condition: closed, full, a pipe without a reader, an encoding without our characters."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress

TYPE_CHECKING = False  # as in `typing`, which takes longer to load than all that `--version` does
if TYPE_CHECKING:
    from typing import Any, Final

_PLAIN: Final = {"→": "->", "…": "...", "↵": "\\n", "≠": "!=", "·": "."}
"""Characters of our own reports. Those of other texts are shown by their code: none may look like another."""
_READABLE: Final = "kalentops-readable"
_NOT_READ: Final = frozenset({errno.EPIPE, errno.EINVAL} if sys.platform == "win32" else {errno.EPIPE})


class _Sink(io.FileIO):
    """A descriptor to write to. After an error, in `refused`, output is dropped and the run continues."""

    refused: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            while self.refused is None:
                if (written := super().write(data)) is not None:
                    return written
                _wait_for(self)
        except OSError as error:
            self.refused = error
        return memoryview(data).nbytes


def _wait_for(sink: _Sink) -> None:
    """Wait until it accepts more: another program that shares the pipe has made it non-blocking."""
    import select

    select.select([], [sink], [])


def prepare() -> None:
    """Replace sys.stdout and sys.stderr by streams that never raise. A closed descriptor becomes the null device:
    otherwise the next file that is opened, such as the state, would get its number and what is written to it.
    """
    codecs.register_error(_READABLE, _readable)
    null = os.open(os.devnull, os.O_RDWR)
    while null <= 2:  # noqa: PLR2004 - stdin, stdout and stderr
        null = os.open(os.devnull, os.O_RDWR)
    os.close(null)
    _flush()
    sys.stdout, sys.stderr = _safe(sys.stdout, 1), _safe(sys.stderr, 2)


def utf8() -> None:
    """Make stdout UTF-8 with plain line feeds, for a program that reads it."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def finish(code: int) -> int:
    """Flush; the exit code. A closed pipe changes nothing; a result that could not be written is no success."""
    _flush()
    refused = getattr(_raw(sys.stdout), "refused", None)
    if refused is None or refused.errno in _NOT_READ:
        return code
    sys.stderr.write(
        f"error: stdout could not be written: {refused.strerror}\n"
        "hint: make room, then run the command again; what `apply` did is recorded: see `kalentops state list`\n"
    )
    _flush()
    return code if code not in {0, 2} else 1


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()


def _raw(stream: Any) -> Any:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _safe(stream: Any, descriptor: int) -> Any:
    """A stream that never raises. A console of Windows and a test's stream stay as they are."""
    if stream is not None and (type(stream) is not io.TextIOWrapper or type(_raw(stream)) is not io.FileIO):
        return stream
    sink = _Sink(descriptor, "w", closefd=False)
    encoding = "utf-8" if stream is None else stream.encoding
    at_once = stream is not None and (stream.line_buffering or stream.write_through)
    return io.TextIOWrapper(
        io.BufferedWriter(sink), encoding=encoding, errors=_READABLE, line_buffering=at_once
    )


def _readable(error: UnicodeError) -> tuple[str, int]:
    """Error handler for characters that the encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    shown = (_PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode("ascii") for each in lacking)
    return "".join(shown), error.end
