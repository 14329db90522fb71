"""Files that look like ours and are not read, by their names: an editor, a system or a hand has given them another."""

from __future__ import annotations

import json
import os
import re
from typing import Final

# What editors, systems and backups put behind a name, and slips of the pen in its end. One sign at a time: a group that
# repeats what repeats takes years with a name that a stranger has made long.
_BEHIND: Final = r"(?:\.(?:txt|bak|backup|old|orig|save|tmp|rtf|docx?|html?|copy)|[~_ ])+"
_MISSPELT: Final = r"\.(?:yam|ymal|yalm|yaml?s|ymls|yam1|ym1|yml?ml)"
_BLUEPRINTS: Final = re.compile(rf"(.+)(?:(\.ya?ml){_BEHIND}|{_MISSPELT}(?:{_BEHIND})?)", re.IGNORECASE)
_COPY: Final = r"(?:[ _-]*(?:\(\d+\)|copy|kopie|copie)(?:[ _-]*\(?\d+\)?)?)?"
_SETTINGS: Final = re.compile(
    rf"\.?kalent-?ops(?P<other>{_COPY})(?:\.ya?ml|\.json|\.toml|{_MISSPELT})(?P<behind>{_BEHIND})?",
    re.IGNORECASE,
)
_LARGEST: Final = 1 << 20


def meant_as(path: str) -> str | None:
    """The name that a file of blueprints ought to have, where the one that it has keeps it from being read."""
    name = os.path.basename(path)  # noqa: PTH119 - called for every file
    match = _BLUEPRINTS.fullmatch(name)
    if match:
        return match[1] + (match[2] or ".yaml").lower()
    if name.lower().endswith(".json") and _holds_blueprints(path):
        return name[: -len(".json")] + ".yaml"
    return None


def _holds_blueprints(path: str) -> bool:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - a text
            data = json.loads(stream.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(data, dict) and {"sourcingId", "blueprints"} <= data.keys()


def other_settings(names: list[str], right: str) -> str | None:
    """The first of a folder's files that may be taken for the settings. Beside the right one, a copy of it may not."""
    beside = right in names
    for name in sorted(names):
        match = _SETTINGS.fullmatch(name)
        if match and name != right and not (beside and (match["other"] or match["behind"])):
            return name
    return None
