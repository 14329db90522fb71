"""Those who read the reports, as they really read: parsers of GitHub's Markdown, of its runner's log, of XML and SARIF,
and a terminal. Each gives what it would do; a test says what it may.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import cmarkgfm  # type: ignore[import-untyped]
import pyte
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from markdown_it import MarkdownIt

# The schema of SARIF 2.1.0 as published, byte for byte; the copy is from github.com/microsoft/sarif-js-sdk (MIT).
SCHEMA: Final = Path(__file__).parent / "sarif-2.1.0-rtm.5.json"

# --- GitHub's runner -------------------------------------------------------------------------------------------------

# What .NET's comparison by culture passes over: the runner compares so (`IndexOf(string)`, `StartsWith(string)`).
_IGNORABLE: Final = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
# StreamReader.ReadLine ends a line at these.
_LINE: Final = re.compile(r"\r\n|\r|\n")
_OTHER_SYSTEMS: Final = re.compile(r"##(?:vso|teamcity)\[")


@dataclass(frozen=True)
class Command:
    """What the runner would carry out."""

    name: str
    properties: dict[str, str]
    data: str


def commands(output: str) -> list[Command]:
    """The commands in what a step writes, each line read as it is and as .NET's comparison sees it.

    A port of what ActionCommand.cs of the runner documents by doing it: first `::name key=value,…::data` after white
    space, then the older `##[name key=value;…]data` anywhere. Any name counts, not only those that are registered.
    """
    found = []
    for line in _LINE.split(output):
        readings = (_IGNORABLE.sub("", line), line)
        command = next((each for seen in readings if (each := _second(seen) or _first(seen))), None)
        found += [command] if command else []
    assert not _OTHER_SYSTEMS.search(_IGNORABLE.sub("", output))
    return found


def _second(line: str) -> Command | None:
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, said = line[2:end].partition(" ")
    pairs = (each.split("=", 1) for each in said.strip().split(",") if each)
    escapes = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}
    properties = {each[0]: _unescaped(each[1], escapes) for each in pairs if len(each) == 2}
    return Command(name, properties, _unescaped(line[end + 2 :], {"%0D": "\r", "%0A": "\n", "%25": "%"}))


def _first(line: str) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start) if start >= 0 else -1
    if end < 0:
        return None
    name, _, said = line[start + 3 : end].partition(" ")
    pairs = (each.split("=", 1) for each in said.split(";") if each)
    return Command(name, {each[0]: each[1] for each in pairs if len(each) == 2}, line[end + 1 :])


def _unescaped(text: str, escapes: dict[str, str]) -> str:
    for code, char in escapes.items():
        text = text.replace(code, char)
    return text


# --- GitHub's Markdown -----------------------------------------------------------------------------------------------

# What the reports themselves are made of; no link, no image, no heading but ours.
OURS: Final = frozenset(
    re.findall(r"\w+", "p strong del code pre table thead tbody tr th td ul li details summary b h3")
)
_QUOTED: Final = frozenset({"code", "pre"})
# What GitHub looks for in text that is not code: its filters run over the HTML that its parser has made.
_LIVE: Final = {
    "mention": r"(?<![\w/])@[a-zA-Z0-9]",
    "issue": r"#\d",
    "GH-issue": r"(?i)\bgh-\d",
    "commit": r"\b[0-9a-fA-F]{7,64}\b",
    "address": r"(?i)\bwww\.\w|://|\w@[\w-]+\.\w",
    "emoji": r":[a-z0-9_+-]+:",
    "formula": r"\$",
    "footnote": r"\[\^",
    "key": r"\b[A-Z]{2,}-\d",
    "template": r"\{\{|\{%",
    "scheme": r"(?i)(?:javascript|vbscript|data|mailto|xmpp):\S",
}


@dataclass
class Page(HTMLParser):
    """What a browser gets of GitHub's rendering. `live` is the text that is not code."""

    markdown: str
    tags: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    live: str = ""
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        html = cmarkgfm.github_flavored_markdown_to_html(self.markdown, options=Options.CMARK_OPT_UNSAFE)
        self.feed(html)
        self.close()
        self.problems += [f"<{each}> is never closed" for each in self._open]
        self.problems += [
            f"{kind}: {found[0]!r}" for kind, what in _LIVE.items() if (found := re.search(what, self.live))
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in OURS:
            self.problems.append(f"<{tag}>")
        allowed = {("open", None), ("open", ""), ("lang", "text"), ("lang", "diff")}
        self.problems += [f"<{tag} {each}>" for each in attrs if each not in allowed]
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        quoted = bool(_QUOTED.intersection(self._open))
        self.live += "\n" if quoted else data

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.problems.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.problems.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.problems.append(f"<![{data}]>")


_OWN_HTML: Final = re.compile(
    r"(?:<details(?: open)?>\n<summary>(?:<b>[a-zA-Z ]+</b> )?(?:[^<>]|</?code>)*</summary>|</details>)\n?"
)


def other_reading(markdown: str) -> list[str]:
    """What a second parser of the same language sees in a text that the reports never make themselves."""
    problems = []
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    for token in parser.parse(markdown):
        if token.type == "html_block" and not _OWN_HTML.fullmatch(token.content):
            problems.append(f"html_block {token.content[:80]!r}")
        if token.type in {"heading_open", "blockquote_open", "hr", "code_block", "ordered_list_open"} and (
            token.tag != "h3"
        ):
            problems.append(f"{token.type} {token.content[:40]!r}")
        problems += [
            f"{child.type} {child.content[:40]!r}"
            for child in token.children or ()
            if child.type in {"link_open", "image", "html_inline", "em_open", "hardbreak"}
        ]
    return problems


# --- A terminal ------------------------------------------------------------------------------------------------------


class _Recorder:
    """A terminal that notes every order it is given."""

    def __init__(self) -> None:
        self.orders: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def order(*args: Any, **_: Any) -> None:
            if name not in _HARMLESS:
                self.orders.append(f"{name} {args}")

        return order


_HARMLESS: Final = frozenset({"draw", "linefeed", "carriage_return", "select_graphic_rendition"})
# The styles of `output.terminal`: bold, faint, italics are not among them, struck through is.
_STYLES: Final = {"0", "1", "2", "9", "31", "32", "33"}
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_SGR: Final = re.compile(r"\x1b\[([\d;]*)m")


def terminal_orders(output: str) -> list[str]:
    """What makes a terminal do more than print lines in our few styles."""
    styles = [style for each in _SGR.findall(output) for style in each.split(";") if style not in _STYLES]
    terminal = _Recorder()
    # Our lines end with LF alone, which the terminal's driver makes CR LF of; any other CR would be an order.
    controls = [f"{char!r}" for char in _CONTROL.findall(_SGR.sub("", output))]
    stream = pyte.Stream(terminal)  # type: ignore[arg-type]  # any listener will do
    stream.feed(output.replace("\n", "\r\n"))
    return [*styles, *controls, *terminal.orders]


# --- XML and SARIF ---------------------------------------------------------------------------------------------------


def xml(text: str) -> ET.Element:
    """Raises ParseError where it is not well-formed."""
    return ET.fromstring(text.encode())


@cache
def _sarif() -> Draft4Validator:
    return Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def sarif_errors(data: Any) -> list[str]:
    return [f"{each.json_path}: {each.message[:200]}" for each in _sarif().iter_errors(data)]
