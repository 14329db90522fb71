"""docs/reference/rules.md, made from the docstrings of the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kalentops.lint.rule import Rule, rules

_INTRODUCTION = """\
# Rules

An error is what the API refuses, or what can't work. A warning, KAL3xx, is advice: `kalentops.yaml` can turn it off or
make it an error (`rules: {KAL301: error, KAL305: off}`). Only the API can answer KAL023 and KAL311: use
`kalentops validate --online`.

`kalentops rule CODE` prints the same pages in a terminal.

| code | severity | about |
|---|---|---|
"""
_EXAMPLE = re.compile(r"^(Wrong|Right):\n((?:(?: {4}.*)?(?:\n|\Z))+)", re.MULTILINE)


def page() -> str:
    """The text of the whole page."""
    rows = (
        f"| [{each.code}](#{each.code.lower()}) | {each.severity} | {each.title} |"
        for each in rules().values()
    )
    return _INTRODUCTION + "\n".join(rows) + "\n" + "".join(map(_section, rules().values()))


def _section(rule: Rule) -> str:
    return (
        f"\n## {rule.code}\n\n`{rule.name}`: {_EXAMPLE.sub(_block, (rule.page or '').rstrip())}".rstrip()
        + "\n"
    )


def _block(example: re.Match[str]) -> str:
    lines = "\n".join(_unindented(example[2].rstrip()))
    language = "yaml" if re.search(r"^ *(- )?\{?[\w-]+:|^ *- |^[%&*]", lines, re.MULTILINE) else "text"
    return f"{example[1]}:\n\n```{language}\n{lines}\n```\n\n"


def _unindented(text: str) -> Iterator[str]:
    return (line.removeprefix("    ") for line in text.split("\n"))
