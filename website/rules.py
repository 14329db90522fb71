"""docs/reference/rules.md, made from the docstrings of the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kalentops.lint.rule import Rule, rules
from website.parts import fill, table

_EXAMPLE: Final = re.compile(r"^(Wrong|Right):\n((?:(?: {4}.*)?(?:\n|\Z))+)", re.MULTILINE)


def page() -> str:
    """The text of the whole page."""
    found = rules().values()
    return fill(
        "rules.md",
        {
            "INDEX": table(
                ("code", "severity", "about"),
                ((f"[{each.code}](#{each.code.lower()})", each.severity, each.title) for each in found),
            ),
            "RULES": "\n\n".join(map(_section, found)),
        },
    )


def _section(rule: Rule) -> str:
    return f"## {rule.code}\n\n`{rule.name}`: {_EXAMPLE.sub(_block, (rule.page or '').rstrip())}".rstrip()


def _block(example: re.Match[str]) -> str:
    lines = "\n".join(_unindented(example[2].rstrip()))
    language = "yaml" if re.search(r"^ *(- )?\{?[\w-]+:|^ *- |^[%&*]", lines, re.MULTILINE) else "text"
    return f"{example[1]}:\n\n```{language}\n{lines}\n```\n\n"


def _unindented(text: str) -> Iterator[str]:
    return (line.removeprefix("    ") for line in text.split("\n"))
