"""The `console` blocks of the documents, run against the emulator (`python -m tests.structure.console` writes them).

A `yaml` block that begins with `# NAME.yaml` is written to that file. Three comments act without being seen:
`<!-- run: COMMAND -->`, `<!-- edit FILE: 'OLD' to 'NEW' -->`, and `<!-- in Kalent: rename "OLD" to "NEW" -->`, a
colleague's edit in the web app. `tests.acceptance` has more; what one of them shows is in the `text` or `markdown`
block below it. Commands that are not of kalentops are run by bash. The tutorial shows what a terminal shows; other
pages show results only, without what goes to stderr.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, Final

import httpx

from kalentops.cli.main import run as run_cli
from kalentops.emulator.server import BackgroundEmulator
from tests.harness import within

ROOT: Final = Path(__file__).parents[2]
# The URL that `kalentops emulator` has by default, and that the pages show.
SHOWN_URL: Final = "http://127.0.0.1:8080/api"
# Run from the built wheel, by `make acceptance`.
_OF_ACCEPTANCE: Final = {"docs/tutorial/team-in-a-day.md", "docs/tutorial/transcript.md"}
_PART: Final = re.compile(
    r"^(?P<indent> *)```(?P<kind>yaml|console)\n(?P<text>.*?)^ *```$"
    r"|<!-- (?P<verb>run|edit|in Kalent|next command|job|only with)\b:? ?(?P<what>[^\n]*?) -->"
    r"(?:\n(?P<fence>```+)(?P<language>text|markdown)\n.*?^(?P=fence)$)?"
    r"|^##+ (?P<heading>[^\n]+)$",
    re.MULTILINE | re.DOTALL,
)
_EDIT: Final = re.compile(r"(\S+): '([^']+)' to '([^']+)'")
_RENAME: Final = re.compile(r'rename "([^"]+)" to "([^"]+)"(?: of (\S+))?')
_COMMAND: Final = re.compile(r"^\$ (?P<line>.*)\n(?P<before>(?:(?!\$ ).*\n)*)", re.MULTILINE)
_FILE: Final = re.compile(r"# (\S+\.yaml)\n")
_ID: Final = re.compile(r"bp_[a-z0-9]{20}")
_TIME: Final = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC")
_RUN: Final = re.compile(r"\brun [0-9a-f]{16} on \S+")
# Sourcings are worked on at the same time, and end in any order.
_RESULTS: Final = re.compile(r"(?:^ +(?:created|updated) +sourcing_.*\n){2,}", re.MULTILINE)
# A terminal has a bar there, which is gone at the end.
_PROGRESS: Final = re.compile(r"^reading \d+ sourcings?\n", re.MULTILINE)
# What a reader's machine has, too: a name for commits, a terminal of this width.
SETTINGS: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.com" for who in ("AUTHOR", "COMMITTER")},
    "COLUMNS": "80",
    "NO_COLOR": "1",
}


def documents() -> list[str]:
    """Those with a `console` block."""
    paths = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
    shown = [path for path in paths if re.search(r"^ *```console$", path.read_text("utf-8"), re.MULTILINE)]
    return [name for path in shown if (name := path.relative_to(ROOT).as_posix()) not in _OF_ACCEPTANCE]


def run_blocks(document: str, folder: Path) -> str:
    """The document with the output that its commands have today; ids and times are the same in each run."""
    with BackgroundEmulator(example=True) as emulator:
        terminal = Terminal(
            folder,
            emulator.url,
            variables(emulator.url),
            notes=document.startswith("docs/tutorial/"),
            shown={emulator.url: SHOWN_URL},
        )
        return play(document, terminal)


def variables(url: str) -> dict[str, str]:
    """Those of a reader whose API is an emulator."""
    others = ("KALENT", "GIT", "PG", "AWS_", "AZURE_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    kalent = {"KALENT_API_URL": url, "KALENT_API_KEY": "any", "KALENTOPS_SETTLE": "0.4"}
    return own | SETTINGS | kalent


@dataclass
class Terminal:
    """A folder and variables, which commands may change. With `notes`, stderr shows. `shown` has what stands on the
    page for a name that is another one in each run, such as the emulator's URL.
    """

    folder: Path
    url: str
    variables: dict[str, str]
    notes: bool = True
    shown: dict[str, str] = field(default_factory=dict)

    def run(self, line: str, before: str = "") -> str:
        """What the terminal shows of a command; `before` is what the page has."""
        for real, shown in self.shown.items():
            line = line.replace(shown, real)
        match shlex.split(line, comments=True):
            case ["cd", folder]:
                self.folder = (self.folder / folder).resolve()
                said = ""
            case ["export", *given]:
                self.variables |= dict(each.split("=", 1) for each in given)
                said = ""
            case ["kalentops", "emulator", *_]:
                said = self.emulator(line, before)
            case ["kalentops", *args] if not re.search("[|<>;&$]", line):
                said = self.kalentops(line, args)
            case _:
                said = self.shell(line)
        for real, shown in self.shown.items():
            said = said.replace(real, shown)
        return _PROGRESS.sub("", said)

    def act(self, verb: str, what: str) -> str | None:
        """What a comment asks for; what it shows."""
        if verb == "run":
            self.run(what)
        elif verb == "edit" and (edit := _EDIT.fullmatch(what)):
            self.edit(*edit.groups())
        elif verb == "in Kalent" and (rename := _RENAME.fullmatch(what)):
            self.rename(*rename.groups())
        else:
            raise AssertionError(f"{verb}: {what}")
        return None

    def heading(self, text: str) -> None:
        """A section begins."""

    def emulator(self, line: str, before: str) -> str:
        """It runs already."""
        return before

    def kalentops(self, line: str, args: list[str]) -> str:
        """In this process: starting one is most of its price."""
        return within(self.folder, self.variables, lambda: run_cli(args), together=self.notes).out

    def shell(self, line: str) -> str:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if self.notes else subprocess.DEVNULL,
            text=True,
            check=False,
        ).stdout

    def edit(self, file: str, words: str, others: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert words in text, f"{file} does not have {words}"
        path.write_text(text.replace(words, others), encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def rename(self, old: str, new: str, sourcing: str | None) -> None:
        """What a colleague does in the web app."""
        with httpx.Client(base_url=self.url, headers={"x-api-key": "any"}) as kalent:
            named = [each for each in blueprints(kalent) if each["name"] == old]
            (found,) = (each for each in named if sourcing in {None, each["sourcingId"]})
            url = f"v1/sequence-blueprints/{found['blueprintId']}"
            kalent.patch(url, json={"name": new}).raise_for_status()


def blueprints(kalent: httpx.Client) -> Iterator[dict[str, Any]]:
    """Those of all sourcings, which are few."""
    for sourcing in kalent.get("v1/sourcings", params={"pageSize": 50}).json()["data"]["sourcings"]:
        url = f"v1/sourcings/{sourcing['sourcingId']}/sequence-blueprints"
        yield from kalent.get(url, params={"pageSize": 50}).json()["data"]["sequenceBlueprints"]


def play(document: str, terminal: Terminal) -> str:
    """The document with the output that its commands have in the terminal."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return stable(_PART.sub(lambda part: _play(part, terminal), text))


def stable(text: str) -> str:
    """With ids, times and an order of results that are the same in each run."""
    text = _RESULTS.sub(lambda lines: "".join(sorted(lines[0].splitlines(keepends=True))), text)
    ids: dict[str, str] = {}
    for found in _ID.findall(text):
        ids.setdefault(found, f"bp_{hashlib.sha256(str(len(ids)).encode()).hexdigest():.20}")
    text = _RUN.sub("run 4f1d0c2b9a7e6853 on laptop", _ID.sub(lambda found: ids[found[0]], text))
    return _TIME.sub("2026-01-15 09:30 UTC", text)


def _play(part: re.Match[str], terminal: Terminal) -> str:
    if part["heading"]:
        terminal.heading(part["heading"])
    elif part["verb"]:
        said = terminal.act(part["verb"], part["what"])
        if part["fence"] and said is not None:
            head = part[0].partition("\n")[0]
            return f"{head}\n{part['fence']}{part['language']}\n{said.rstrip()}\n{part['fence']}"
    elif part["kind"] == "console":
        said = "\n".join(("```console", *_outputs(dedent(part["text"]), terminal), "```"))
        return indent(said, part["indent"])
    elif file := _FILE.match(text := dedent(part["text"])):
        terminal.write(file[1], text)
    return part[0]


def _outputs(text: str, terminal: Terminal) -> Iterator[str]:
    for command in _COMMAND.finditer(text):
        yield f"$ {command['line']}\n{terminal.run(command['line'], command['before'])}".rstrip()


if __name__ == "__main__":
    for name in sys.argv[1:] or documents():
        with tempfile.TemporaryDirectory() as scratch:
            (ROOT / name).write_text(run_blocks(name, Path(scratch)), encoding="utf-8")
