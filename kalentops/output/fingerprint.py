"""Which line of a file a finding is about, wherever that line moves to: what GitHub calls `primaryLocationLineHash`.

GitHub closes and opens an alert by this value. Its upload action computes it where a report has none, and complains
about one that differs (github.com/github/codeql-action, `src/fingerprints.ts`), so this is the same: the next hundred
characters from the start of the line, blanks and tabs left out and every end of a line an LF, read as the digits of a
number to the base 37, modulo 2^64; then which of several such lines it is. Characters are UTF-16 code units, and the
end of the file is one more, 65535, after which there are zeros.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_WINDOW: Final = 100
_BASE: Final = 37
_MASK: Final = (1 << 64) - 1
_FIRST: Final = pow(_BASE, _WINDOW - 1, _MASK + 1)
"""What the first unit of a window is multiplied by."""
_END: Final = 0xFFFF
_BREAK: Final = re.compile(r"\r\n?")
_BLANK: Final = re.compile(r"[ \t]+")


def line_hashes(text: str) -> list[str]:
    """One fingerprint a line, such as `271789c17abda88f:1`."""
    lines = [_BLANK.sub("", each) for each in _BREAK.sub("\n", text).split("\n")]
    units = [*_units("\n".join(lines)), _END, *([0] * _WINDOW)]
    found = []
    seen: Counter[str] = Counter()
    value = 0
    for unit in units[:_WINDOW]:
        value = (value * _BASE + unit) & _MASK
    at = 0
    for each in lines:
        digits = f"{value:x}"
        seen[digits] += 1
        found.append(f"{digits}:{seen[digits]}")
        end = at + len(_units(each)) + 1
        # From one line's window to the next one's, a unit at a time: each is looked at twice, however short lines are.
        for old, new in zip(units[at:end], units[at + _WINDOW : end + _WINDOW], strict=False):
            value = ((value - old * _FIRST) * _BASE + new) & _MASK
        at = end
    return found


def _units(text: str) -> list[int]:
    data = text.encode("utf-16-le", errors="surrogatepass")
    return [data[at] | data[at + 1] << 8 for at in range(0, len(data), 2)]
