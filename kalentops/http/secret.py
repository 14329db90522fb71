"""The API key: where it comes from, and that it goes nowhere else."""

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
    """The key. Shown as `***` wherever it is printed, formatted, copied or pickled."""

    __slots__ = ("_pattern", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        # Looked for ahead of each place, so that what overlaps is found as well.
        self._pattern = re.compile(f"(?=({'|'.join(_forms(value))}))")

    def surely_in(self, text: str) -> bool:
        """Whether a text holds the key itself, and not by chance, as it may with a key such as `local`."""
        return len(self._value) >= _LONG and self._value in text

    def reveal(self) -> str:
        """The key itself, for the header of a request and for nothing else."""
        return self._value

    def scrub(self, text: str) -> str:
        """`text` without the key, in whatever form a server may echo it."""
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
        raise TypeError("a key is not pickled")


def _forms(value: str) -> Iterator[str]:
    """Patterns of the forms in which a text may hold the key."""
    yield "".join(_character(char) for char in value)
    yield f"(?i:{value.encode().hex()})"
    # The ends of a base64 text depend on what stands beside it, and its middle on how that is aligned.
    for shift, unsure in enumerate((0, 2, 3)):
        data = b"\0" * shift + value.encode()
        form = base64.b64encode(data).rstrip(b"=").decode()[unsure : -1 if len(data) % 3 else None]
        if len(form) > 5:  # noqa: PLR2004 - shorter ones stand in any text
            yield form.replace("+", "(?:[+-]|%2[bB])").replace("/", "(?:[/_]|%2[fF])")


def _character(char: str) -> str:
    """As it is, percent-encoded (perhaps twice), and as JSON or HTML write it."""
    code = f"{ord(char):02x}"
    raw = f"\\\\{{0,3}}{re.escape(char)}" if char in '"\\/' else re.escape(char)
    entity = f"#0*{ord(char)}|#[xX]0*(?i:{code})" + (f"|{_NAMED[char]}" if char in _NAMED else "")
    return f"(?:%(?:25)*(?i:{code})|\\\\(?:u00|x)(?i:{code})|&(?:{entity});|{raw})"


def read_key(environment: Mapping[str, str]) -> ApiKey:
    """The key from the environment, or from the file that the environment names.

    Raises NoKey where there is none, or where it can't be sent in a header. The message never holds it.
    """
    value = environment.get(VARIABLE, "").strip()
    source = VARIABLE
    if not value and environment.get(FILE_VARIABLE):
        source = FILE_VARIABLE
        value = _from_file(environment[FILE_VARIABLE])
    if not value:
        raise NoKey(
            f"{VARIABLE} is not set" if source == VARIABLE else f"the file that {source} names is empty"
        )
    return usable(value, source)


def exposed(environment: Mapping[str, str]) -> Iterator[str]:
    """A warning where others on this machine can read the file that the key comes from. Windows has no such modes."""
    name = environment.get(FILE_VARIABLE)
    if not name or environment.get(VARIABLE, "").strip() or sys.platform == "win32":
        return
    with suppress(OSError):
        mode = Path(name).stat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
            yield (
                f"others can read the file that {FILE_VARIABLE} names (mode {mode & 0o777:04o}): "
                f"`chmod 600 {shlex.quote(name)}`"
            )


def usable(value: str, source: str, *, hint: str | None = None) -> ApiKey:
    """Raises NoKey for what can't be sent in a header; `source` is where it comes from."""
    if not _USABLE.fullmatch(value):
        raise NoKey(
            f"what {source} holds is no key: it is too long, or has spaces or letters beyond ASCII in it",
            hint=hint,
        )
    return ApiKey(value)


def _from_file(name: str) -> str:
    try:
        with Path(name).open(encoding="ascii") as stream:
            return stream.read(_MAX_FILE).strip()
    except OSError as error:
        raise NoKey(f"the file that {FILE_VARIABLE} names can't be read: {error.strerror}") from None
    except ValueError:
        raise NoKey(
            f"the file that {FILE_VARIABLE} names holds no key: there is something beyond ASCII in it"
        ) from None
