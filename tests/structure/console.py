"""The `console` blocks of the documents, run against the emulator (`python -m tests.structure.console` writes them).

A `yaml` block that begins with `# NAME.yaml` is written to that file. Three comments act without being seen:
`<!-- run: COMMAND -->`, `<!-- edit FILE: 'OLD' to 'NEW' -->`, and `<!-- in Kalent: rename "OLD" to "NEW" -->`, a
colleague's edit in the web app. Commands that are not of kalentops are run by bash. The tutorial shows what a terminal
shows; other pages show results only, without what goes to stderr.
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
    r"|<!-- run: (?P<command>[^\n]+) -->"
    r"|<!-- edit (?P<file>\S+): '(?P<words>[^'\n]+)' to '(?P<others>[^'\n]+)' -->"
    r'|<!-- in Kalent: rename "(?P<old>[^"]+)" to "(?P<new>[^"]+)" -->',
    re.MULTILINE | re.DOTALL,
)
_COMMAND: Final = re.compile(r"^\$ (?P<line>.*)\n(?P<shown>(?:(?!\$ ).*\n)*)", re.MULTILINE)
_FILE: Final = re.compile(r"# (\S+\.yaml)\n")
_ID: Final = re.compile(r"bp_[a-z0-9]{20}")
_TIME: Final = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC")
_GIT: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.com" for who in ("AUTHOR", "COMMITTER")},
}


def documents() -> list[str]:
    """Those with a `console` block."""
    paths = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
    shown = [path for path in paths if re.search(r"^ *```console$", path.read_text("utf-8"), re.MULTILINE)]
    return [name for path in shown if (name := path.relative_to(ROOT).as_posix()) not in _OF_ACCEPTANCE]


def run_blocks(document: str, folder: Path) -> str:
    """The document with the output that its commands have today; ids and times are the same in each run."""
    with BackgroundEmulator(example=True) as emulator:
        return play(document, Terminal(folder, emulator.url, notes=document.startswith("docs/tutorial/")))


@dataclass
class Terminal:
    """A folder and variables, which commands may change. `url` is that of the emulator. With `notes`, stderr shows."""

    folder: Path
    url: str
    notes: bool = True
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("KALENT", "GIT_"))}
        programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        given = {"KALENT_API_URL": self.url, "KALENT_API_KEY": "any", "KALENTOPS_SETTLE": "0.4"}
        self.variables = (
            own | _GIT | given | {"COLUMNS": "80", "NO_COLOR": "1", "PATH": programs} | self.variables
        )

    def run(self, line: str, shown: str = "") -> str:
        """What the terminal shows of a command; `shown` is what the page has."""
        line = line.replace(SHOWN_URL, self.url)
        match shlex.split(line, comments=True):
            case ["cd", folder]:
                self.folder /= folder
                said = ""
            case ["export", *given]:
                self.variables |= dict(each.split("=", 1) for each in given)
                said = ""
            case ["kalentops", "emulator", *_]:
                said = self.emulator(line, shown)
            case ["kalentops", *args] if not re.search("[|<>;&$]", line):
                said = self.kalentops(line, args)
            case _:
                said = self.shell(line)
        return said.replace(self.url, SHOWN_URL)

    def emulator(self, line: str, shown: str) -> str:
        """It runs already."""
        return shown

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

    def rename(self, old: str, new: str) -> None:
        """What a colleague does in the web app."""
        with httpx.Client(base_url=self.url, headers={"x-api-key": "any"}) as kalent:
            (found,) = (each for each in blueprints(kalent) if each["name"] == old)
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
    """With ids and times that are the same in each run."""
    ids: dict[str, str] = {}
    for found in _ID.findall(text):
        ids.setdefault(found, f"bp_{hashlib.sha256(str(len(ids)).encode()).hexdigest():.20}")
    return _TIME.sub("2026-01-15 09:30 UTC", _ID.sub(lambda found: ids[found[0]], text))


def _play(part: re.Match[str], terminal: Terminal) -> str:
    if part["command"]:
        terminal.run(part["command"])
    elif part["file"]:
        terminal.edit(part["file"], part["words"], part["others"])
    elif part["old"]:
        terminal.rename(part["old"], part["new"])
    elif part["kind"] == "console":
        said = "\n".join(("```console", *_outputs(dedent(part["text"]), terminal), "```"))
        return indent(said, part["indent"])
    elif file := _FILE.match(text := dedent(part["text"])):
        terminal.write(file[1], text)
    return part[0]


def _outputs(text: str, terminal: Terminal) -> Iterator[str]:
    for command in _COMMAND.finditer(text):
        yield f"$ {command['line']}\n{terminal.run(command['line'], command['shown'])}".rstrip()


if __name__ == "__main__":
    for name in sys.argv[1:] or documents():
        with tempfile.TemporaryDirectory() as scratch:
            (ROOT / name).write_text(run_blocks(name, Path(scratch)), encoding="utf-8")
