"""docs/explanation/figures.md, made from the figures in benchmarks/README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from benchmarks.page import PAGE
from website.parts import fill, table

Section: TypeAlias = Mapping[str, tuple[str, str]]

_BLOCK: Final = re.compile(
    r"<!-- figures: .*? -->\n\n(.+?)\n\n(### .*?)<!-- end of the figures -->", re.DOTALL
)
_ROW: Final = re.compile(r"^\| (.+?) +\| (.+?) +\| (.+?) +\|", re.MULTILINE)
_LEADING: Final = re.compile(r"[\d.,]+ (?:ms|s|kB)")


def page() -> str:
    """The text of the whole page. Raises ValueError for a figure that benchmarks/README.md lacks."""
    text = PAGE.read_text(encoding="utf-8")
    machine, sections = _figures(text)
    return fill(
        "figures.md",
        {
            "MACHINE": f"Measured on {machine}.",
            "SIZE": f"Each file has {_said(text, r'files of ([^,]+, [^,]+ and [^,]+ each)').removesuffix(' each')}.",
            "FILES": table(("files", "`validate`", "`plan`", "`plan` again"), _files(sections)),
            "GROWTH": _memory(sections["growth"]),
            "LATENCY": f"With an API that takes {_said(text, r'requests x ([0-9]+ ms)')} for each answer:",
            "API": table(("command", "time", "requests"), _requests(sections)),
            "WRITES": table(("place of the state", "one write", "sent"), _writes(sections["writes"])),
            "STORES": table(
                ("command, place and latency", "time", "with a file"), _stores(sections["stores"])
            ),
            "PREVIEW": _preview(sections["preview"]),
        },
    )


def _said(text: str, pattern: str) -> str:
    """What the description of the measurement says of it."""
    found = re.search(pattern, " ".join(text.split()))
    if not found:
        raise ValueError(f"benchmarks/README.md does not say {pattern}")
    return found[1]


class _Rows(dict[str, tuple[str, str]]):
    """`what` → figure and value."""

    def __missing__(self, what: str) -> tuple[str, str]:
        raise ValueError(f"benchmarks/README.md has no figure for {what}: `python -m benchmarks --write`")


def _figures(text: str) -> tuple[str, Mapping[str, Section]]:
    """The machine, and the rows of each section."""
    found = _BLOCK.search(text)
    if not found:
        raise ValueError("benchmarks/README.md has no figures: `python -m benchmarks --write`")
    _, *sections = re.split(r"^### (?=\w+\n)", found[2], flags=re.MULTILINE)
    named = (each.partition("\n") for each in sections)
    return found[1], {
        name: _Rows({what: (figure, value) for what, figure, value in _ROW.findall(rows) if what != "what"})
        for name, _, rows in named
    }


def _first(row: tuple[str, str]) -> str:
    """The time or size that a figure begins with."""
    found = _LEADING.match(row[0])
    if not found:
        raise ValueError(f"benchmarks/README.md: {row[0]} begins with no time")
    return found[0]


def _files(of: Mapping[str, Section]) -> Iterator[tuple[str, ...]]:
    start, files = of["startup"], of["files"]
    few = (
        "`validate`, 5 files, without a cache",
        "`plan`, 5 files, without a cache",
        "`plan`, 5 files, with a cache",
    )
    yield "5", *(_first(start[each]) for each in few)
    for number in ("1,000", "10,000"):
        commands = ("`validate`", "`plan`, nothing to do", "`plan` again")
        yield number, *(_first(files[f"{each}, {number} files"]) for each in commands)


def _memory(of: Section) -> str:
    """By number of files of one blueprint each."""
    row = of["`plan`, nothing to do, memory by files"][0]
    sizes = dict(each.split(": ") for each in re.findall(r"[\d,]+: [\d.,]+ \w+", row))
    said = ", ".join(f"{sizes[number]} for {number} files" for number in ("1,000", "10,000", "50,000"))
    return (
        f"Memory of the first `plan`, with one blueprint a file: {said}. Time grows with the number of files."
    )


def _requests(of: Mapping[str, Section]) -> Iterator[tuple[str, str, str]]:
    for section in ("apply", "looking"):
        for what, row in of[section].items():
            found = re.search(r"for ([\d,]+) requests", row[0])
            yield what, _first(row), found[1] if found else "not measured"


def _writes(of: Section) -> Iterator[tuple[str, str, str]]:
    for what, row in of.items():
        entries, _, place = what.removeprefix("one write, ").rpartition(", ")
        yield f"{place}, {entries}", row[1], _first(row)


def _stores(of: Section) -> Iterator[tuple[str, str, str]]:
    for what, row in of.items():
        time, _, with_file = row[0].partition(", with a file ")
        if with_file:
            yield what, time, with_file


def _preview(of: Section) -> str:
    size = of["`preview --against`, 2,000 files"][1]
    return f"`kalentops preview --against` of one changed word among 2,000 files makes a page of {size}."
