"""The code of a document: its fenced blocks, its inline code, and the commands in both."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt

_PARSER: Final = MarkdownIt("gfm-like", {"linkify": False})
_KEYWORDS: Final = {
    "if",
    "then",
    "else",
    "while",
    "until",
    "do",
    "!",
    "{",
    "exec",
    "sudo",
    "env",
    "time",
    "nohup",
}
_RUNNERS: Final = (["uvx"], ["pipx", "run"], ["uv", "run"], ["uv", "tool", "run"])
_ASSIGNMENT: Final = re.compile(r"\w+=")
_HEREDOC: Final = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")


class Block(NamedTuple):
    """A fenced block. `language` is empty for an indented one; `before` is the line of text above it."""

    line: int
    language: str
    text: str
    before: str


def read_blocks(text: str) -> list[Block]:
    """The blocks of a document, also those in lists and quotes."""
    lines = text.splitlines()
    found = []
    for token in _PARSER.parse(text):
        if token.type in {"fence", "code_block"} and token.map:
            above = next((line.strip() for line in reversed(lines[: token.map[0]]) if line.strip()), "")
            found.append(Block(token.map[0] + 1, token.info.strip(), token.content, above))
    return found


def texts_of(text: str, language: str) -> list[str]:
    """The texts of a document's blocks in a language."""
    return [each.text for each in read_blocks(text) if each.language == language]


def read_inline_code(text: str) -> Iterator[tuple[int, str]]:
    """The line of the paragraph, and the text, of each inline code."""
    for token in _PARSER.parse(text):
        for child in token.children or ():
            if child.type == "code_inline" and token.map:
                yield token.map[0] + 1, child.content


def script_of(block: Block) -> str:
    """What a reader types of a `sh` or `console` block."""
    if block.language != "console":
        return block.text
    return "".join(f"{line[2:]}\n" for line in block.text.splitlines() if re.match(r"[$>] ", line))


def commands(script: str) -> Iterator[list[str]]:
    """The words of each simple command, also of those in `$(…)` and of scripts in quotes.

    :raises ValueError: a quotation has no end
    """
    open_, heredoc = "", None
    for line in script.replace("\\\n", " ").splitlines():
        if heredoc:
            heredoc = None if line.strip() == heredoc else heredoc
            continue
        open_ += line
        try:
            words = _words(open_)
        except ValueError:
            open_ += "\n"
            continue
        found = _HEREDOC.search(open_)
        heredoc = found[1] if found else None
        open_ = ""
        yield from _simple(words)
    if open_:
        raise ValueError(f"a quotation has no end: {open_.strip()}")


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


def _simple(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    skipped = False
    for word in [*words, ";"]:
        if set(word) <= set("<>&|;()") and set(word) & set("<>"):
            skipped = True
        elif set(word) <= set("&|;()"):
            yield from _unwrapped(command)
            command = []
        elif skipped:
            skipped = False
        else:
            command.append(word)


def _unwrapped(words: list[str]) -> Iterator[list[str]]:
    for word in words:
        for inner in re.findall(r"\$\(([^()]*)\)", word):
            yield from commands(inner)
        if word.startswith("kalentops ") or (words[:2] in (["sh", "-c"], ["bash", "-c"]) and " " in word):
            yield from commands(word)
    while words and (words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0])):
        words = words[1:]
    for runner in _RUNNERS:
        if words[: len(runner)] == runner:
            words = words[len(runner) :]
    if words:
        yield [Path(words[0]).name, *words[1:]]
