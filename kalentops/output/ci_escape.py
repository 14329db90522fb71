"""Text that does nothing to a CI system that reads along.

A runner of GitHub Actions takes a line for a command where `::` stands at its start, after any white space, and,
in an older form, where `##[` stands anywhere in it. Azure Pipelines (`##vso[`) and TeamCity (`##teamcity[`) look for
the same anywhere in a line. The runner compares by culture, to which the joiners and variation selectors that
`text.visible` leaves in emoji weigh nothing, so they weigh nothing here.
"""

from __future__ import annotations

import re
from typing import Final

_ANYWHERE: Final = re.compile(r"(#[\ufe0e\ufe0f\u200d]*#[\ufe0e\ufe0f\u200d]*\w{0,20})\[")
_AT_START: Final = re.compile(r"^([^\S\n]*)::", re.MULTILINE)


def inert(text: str) -> str:
    r"""Lines for a log, a backslash before what would make it a command: `\::` and `##\[`."""
    return _AT_START.sub(r"\1\\::", inert_part(text))


def inert_part(text: str) -> str:
    """The same for what stands within a line of ours."""
    return _ANYWHERE.sub(r"\1\\[", text)


def inert_xml(text: str) -> str:
    """The same for lines of XML, where a character reference changes nothing."""
    return _AT_START.sub(r"\1&#58;:", _ANYWHERE.sub(r"\1&#91;", text))


def inert_json(text: str) -> str:
    """The same for JSON that is indented: no line of it begins with a colon, and a bracket in a string may be
    written as its escape.
    """
    return _ANYWHERE.sub(r"\1\\u005b", text)
