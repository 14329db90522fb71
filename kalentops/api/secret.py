"""The API key: where it comes from, and that it goes nowhere else."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from kalentops.errors import NoKey

VARIABLE: Final = "KALENT_API_KEY"
FILE_VARIABLE: Final = "KALENT_API_KEY_FILE"
_MASK: Final = "***"
_USABLE: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_MAX_FILE: Final = 8192


class ApiKey:
    """The key. Shown as `***` wherever it is printed, formatted, copied or pickled."""

    __slots__ = ("_value", "_variants")

    def __init__(self, value: str) -> None:
        self._value = value
        raw = value.encode()
        # Part of a base64 text depends on what stands before it, so the three alignments are looked for.
        shifted = (
            base64.b64encode(b"\0" * shift + raw)[4 * (shift > 0) :].rstrip(b"=")[:-1] for shift in range(3)
        )
        forms = {value, quote(value, safe=""), json.dumps(value)[1:-1], *(each.decode() for each in shifted)}
        self._variants = sorted((form for form in forms if len(form) > 3), key=len, reverse=True)  # noqa: PLR2004

    def reveal(self) -> str:
        """The key itself, for the header of a request and for nothing else."""
        return self._value

    def scrub(self, text: str) -> str:
        """`text` without the key, in whatever form a server may echo it."""
        for variant in self._variants:
            if variant in text:
                text = text.replace(variant, _MASK)
        return text

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _MASK

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")


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
    if not _USABLE.fullmatch(value):
        raise NoKey(f"what {source} holds is no key: it has spaces, line ends or letters beyond ASCII in it")
    return ApiKey(value)


def _from_file(name: str) -> str:
    try:
        with Path(name).open(encoding="ascii") as stream:
            return stream.read(_MAX_FILE).strip()
    except OSError as error:
        raise NoKey(f"the file that {FILE_VARIABLE} names can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NoKey(f"the file that {FILE_VARIABLE} names holds no key") from None
