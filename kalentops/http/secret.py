"""The API key: read it, and keep it out of every output."""

from __future__ import annotations

import base64
import re
import shlex
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from kalentops.errors import NoKey

VARIABLE: Final = "KALENT_API_KEY"
FILE_VARIABLE: Final = "KALENT_API_KEY_FILE"
_MASK: Final = "***"
_USABLE: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_MAX_FILE: Final = 8192
_LONG: Final = 16
_NAMED: Final = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


class ApiKey:
    """The key. It is shown as `***` wherever it is printed or formatted."""

    __slots__ = ("_pattern", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        # A lookahead, to find forms that overlap.
        self._pattern = re.compile(f"(?=({'|'.join(_forms(value))}))")

    def is_surely_in(self, text: str) -> bool:
        """Whether a text contains the key, and not by chance, as with a key such as `local`."""
        return len(self._value) >= _LONG and self._value in text

    def reveal(self) -> str:
        """The key itself. Only for the header of a request."""
        return self._value

    def scrub(self, text: str) -> str:
        """`text` without the key, in every form in which a server may echo it."""
        kept: list[str] = []
        end = 0
        for found in self._pattern.finditer(text):
            if found.start() > end or not kept:
                kept.append(text[end : found.start()])
            end = max(end, found.end(1))
        return _MASK.join([*kept, text[end:]]) if kept else text

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _MASK

    def __reduce__(self) -> str:
        raise TypeError("an ApiKey can't be pickled")


def _forms(value: str) -> Iterator[str]:
    """Patterns for the key in plain text, JSON, HTML, URLs, hexadecimal and base64."""
    yield "".join(_character(char) for char in value)
    yield f"(?i:{value.encode().hex()})"
    # The ends of a base64 text depend on its neighbours, and its middle on their length.
    for shift, unsure in enumerate((0, 2, 3)):
        data = b"\0" * shift + value.encode()
        form = base64.b64encode(data).rstrip(b"=").decode()[unsure : -1 if len(data) % 3 else None]
        if len(form) > 5:  # noqa: PLR2004 - shorter ones occur in any text
            yield form.replace("+", "(?:[+-]|%2[bB])").replace("/", "(?:[/_]|%2[fF])")


def _character(char: str) -> str:
    """Plain, percent-encoded (perhaps several times), and as JSON or HTML write it."""
    code = f"{ord(char):02x}"
    raw = f"\\\\{{0,3}}{re.escape(char)}" if char in '"\\/' else re.escape(char)
    entity = f"#0*{ord(char)}|#[xX]0*(?i:{code})" + (f"|{_NAMED[char]}" if char in _NAMED else "")
    return f"(?:%(?:25)*(?i:{code})|\\\\(?:u00|x)(?i:{code})|&(?:{entity});|{raw})"


def read_key(environment: Mapping[str, str]) -> ApiKey:
    """The key in KALENT_API_KEY, or in the file named by KALENT_API_KEY_FILE. Raises NoKey, without the key in it."""
    value = environment.get(VARIABLE, "").strip()
    source = VARIABLE
    if not value and environment.get(FILE_VARIABLE):
        source = FILE_VARIABLE
        value = _from_file(environment[FILE_VARIABLE])
    if not value:
        raise NoKey(
            f"{VARIABLE} is not set" if source == VARIABLE else f"the file named by {source} is empty"
        )
    return as_key(value, source)


def permission_warnings(environment: Mapping[str, str]) -> Iterator[str]:
    """A warning if other users can read the key's file. Windows has no such modes."""
    name = environment.get(FILE_VARIABLE)
    if not name or environment.get(VARIABLE, "").strip() or sys.platform == "win32":
        return
    with suppress(OSError):
        mode = Path(name).stat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
            yield (
                f"other users can read the file named by {FILE_VARIABLE} (mode {mode & 0o777:04o}): "
                f"`chmod 600 {shlex.quote(name)}`"
            )


def as_key(value: str, source: str, *, hint: str | None = None) -> ApiKey:
    """Raises NoKey for a value that a header can't carry; `source` names its origin in the message."""
    if not _USABLE.fullmatch(value):
        raise NoKey(
            f"the value of {source} is not a key: it is too long, or contains spaces or non-ASCII characters",
            hint=hint,
        )
    return ApiKey(value)


def _from_file(name: str) -> str:
    try:
        with Path(name).open(encoding="ascii") as stream:
            return stream.read(_MAX_FILE).strip()
    except OSError as error:
        raise NoKey(f"the file named by {FILE_VARIABLE} can't be read: {error.strerror}") from None
    except ValueError:
        raise NoKey(
            f"the file named by {FILE_VARIABLE} is not a key: it contains non-ASCII characters"
        ) from None
