"""What libyaml's complaints mean for somebody who writes sequences."""

from __future__ import annotations

import re

from kalentops.text import clip

_BRACES = re.compile(r"^\s*(?:- )?(?:[\w-]+:\s+|- )\{\{")
_CONFLICT = re.compile(r"^(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)( |$)")

# (part of libyaml's problem or context, message, hint); the first that fits is taken.
_HINTS: tuple[tuple[str, str, str], ...] = (
    ("'\\t'", "a tab where spaces belong", "indent with spaces"),
    ("'@'", "a text may not begin with @ here", "quote the text"),
    ("'`'", "a text may not begin with ` here", "quote the text"),
    ("'%'", "a text may not begin with % here", "quote the text"),
    (
        "mapping values are not allowed",
        "a second `:` in one line, or an indentation that does not fit",
        'quote a text that holds `: `, or put it below a `|-`: subject: "Re: our call"',
    ),
    (
        "quoted scalar",
        "a quote is opened and never closed",
        "close it, or double a quote inside: \"…\" or 'it''s'",
    ),
    (
        "could not find expected ':'",
        "a key without `:`",
        "write `key: value`; texts of several lines go below a `|-`",
    ),
    (
        "block scalar",
        "the text below `|` is indented less than it has to be",
        "indent it deeper than its key",
    ),
    (
        "block mapping",
        "the indentation does not fit",
        "give the keys of one mapping the same number of spaces",
    ),
    (
        "block collection",
        "the indentation does not fit",
        "give the items of one list the same number of spaces",
    ),
    (
        "flow",
        "a { or [ that is not closed, or text after one that is",
        "quote a text that begins with { or [",
    ),
    ("undefined tag", "a tag that is not known", "quote a text that begins with !"),
    ("anchor", "& and * have a meaning in YAML", "quote a text that begins with one of them"),
    ("alias", "& and * have a meaning in YAML", "quote a text that begins with one of them"),
    ("control characters", "a control character", "remove it"),
)


def unquoted_braces(text: str) -> tuple[str, str, str]:
    """(code, message, hint) for a text that begins with a variable and is not quoted."""
    quoted = '"' + clip(text.replace('"', "'")) + '"'
    return (
        "KAL004",
        "a text that begins with {{ has to be quoted",
        f"put the whole text in double quotes: {quoted}, or below a `|-`",
    )


def explain(text: str, at: tuple[int, int], problem: str, context: str) -> tuple[str, int, int, str, str]:
    """A syntax error as (code, line, column, message, hint); `at` counts from 0, the answer from 1."""
    lines = text.split("\n")
    line, column = min(at[0], len(lines) - 1), at[1]
    for near in range(line, max(-1, line - 3), -1):
        if _BRACES.match(lines[near]):
            start = lines[near].index("{{")
            code, message, hint = unquoted_braces(lines[near][start:].strip())
            return code, near + 1, start + 1, message, hint
    for near in range(len(lines)):
        if _CONFLICT.match(lines[near]):
            return (
                "KAL003",
                near + 1,
                1,
                "a merge conflict is not resolved",
                "take one side, remove the markers",
            )
    said = f"{problem} {context} {lines[line][column : column + 1]!r}"
    for part, message, hint in _HINTS:
        if part in said:
            return "KAL003", line + 1, column + 1, f"not valid YAML: {message}", hint
    return (
        "KAL003",
        line + 1,
        column + 1,
        f"not valid YAML: {clip(problem)}",
        "look at this line and the one before",
    )
