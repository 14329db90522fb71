"""Variables and placeholders in `content` and `subject` (docs/kalent-api.md, "Text")."""

import re
from collections.abc import Iterator

from kalentops.emulator.errors import Issue

VARIABLES = (
    "firstname",
    "lastname",
    "candidateJobTitle",
    "candidateCompanyName",
    "candidateLocation",
    "sourcingJobTitle",
    "sourcingLocation",
    "recruiterFirstname",
    "recruiterLastname",
)
_KNOWN = frozenset(VARIABLES)

# Markdown's `[text](url)` is a link, and what starts with punctuation (`[...]`, `[ ]`) names nothing.
_PLACEHOLDER = re.compile(r"\[(?=[^\W_])[^\[\]\r\n]{1,80}\](?!\()")
_SHOWN = 80


def text_issues(text: str, path: str) -> list[Issue]:
    unknown = [f"unknown variable {{{{{_short(name)}}}}}" for name in _variables(text) if name not in _KNOWN]
    unresolved = [f"unresolved placeholder {found}" for found in _PLACEHOLDER.findall(text)]
    return [Issue(path, message) for message in dict.fromkeys(unknown + unresolved)]


def _variables(text: str) -> Iterator[str]:
    # Not a regular expression: on a body of nothing but "{{" its time would grow with the square.
    end = 0
    while (start := text.find("{{", end)) >= 0:
        close = text.find("}}", start + 2)
        if close < 0:
            return
        yield text[start + 2 : close]
        end = close + 2


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
