"""The `console` blocks of the documents, run against the emulator (`python -m tests.structure.console` writes them).

A `yaml` block that begins with `# blueprints/NAME.yaml` is written to that file. Three comments act without being seen:
`<!-- run: kalentops … -->`, `<!-- edit FILE: 'OLD' to 'NEW' -->`, and `<!-- in Kalent: rename "OLD" to "NEW" -->`, a
colleague's edit in the web app.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent
from typing import Final

import httpx

from kalentops.emulator.server import BackgroundEmulator
from tests.harness import Project

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = (
    "README.md",
    "docs/tutorial/first-position.md",
    "docs/how-to/positions.md",
    "docs/how-to/share-a-sequence.md",
    "docs/how-to/import-and-drift.md",
)
_PART: Final = re.compile(
    r"^(?P<indent> *)```(?P<kind>yaml|console)\n(?P<text>.*?)^ *```$"
    r"|<!-- run: (?P<command>[^\n]+) -->"
    r"|<!-- edit (?P<file>\S+): '(?P<words>[^'\n]+)' to '(?P<others>[^'\n]+)' -->"
    r'|<!-- in Kalent: rename "(?P<old>[^"]+)" to "(?P<new>[^"]+)" -->',
    re.MULTILINE | re.DOTALL,
)
_FILE: Final = re.compile(r"# (blueprints/\S+\.yaml)\n")
_ID: Final = re.compile(r"bp_[a-z0-9]{20}")
_TIME: Final = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC")


def run_blocks(document: str, folder: Path) -> str:
    """The document with the output that its commands have today; ids and times are the same in each run."""
    text = (ROOT / document).read_text(encoding="utf-8")
    with BackgroundEmulator(example=True) as emulator:
        project = Project(folder, emulator.url, environment={"COLUMNS": "80", "NO_COLOR": "1"})
        done = _PART.sub(lambda part: _play(part, project), text)
    ids: dict[str, str] = {}
    for found in _ID.findall(done):
        ids.setdefault(found, _stable_id(len(ids)))
    return _TIME.sub("2026-01-15 09:30 UTC", _ID.sub(lambda found: ids[found[0]], done))


def _play(part: re.Match[str], project: Project) -> str:
    if part["command"]:
        _run(part["command"], project)
    elif part["file"]:
        path = project.folder / part["file"]
        text = path.read_text(encoding="utf-8")
        assert part["words"] in text
        path.write_text(text.replace(part["words"], part["others"]), encoding="utf-8")
    elif part["old"]:
        _rename(project, part["old"], part["new"])
    elif part["kind"] == "console":
        said = "\n".join(("```console", *_outputs(dedent(part["text"]), project), "```"))
        return indent(said, part["indent"])
    elif file := _FILE.match(text := dedent(part["text"])):
        path = project.folder / file[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return part[0]


def _outputs(lines: str, project: Project) -> Iterator[str]:
    for line in lines.splitlines():
        if line.startswith("$ "):
            yield f"{line}\n{_run(line[2:], project)}".rstrip()


def _run(command: str, project: Project) -> str:
    program, *args = shlex.split(command)
    assert program == "kalentops", command
    return project.run(*args).out


def _rename(project: Project, old: str, new: str) -> None:
    """What a colleague does in the web app."""
    entries = project.state["blueprints"].values()
    blueprint_id = next(each["blueprintId"] for each in entries if each["sent"]["name"] == old)
    url = f"{project.url}/v1/sequence-blueprints/{blueprint_id}"
    httpx.patch(url, json={"name": new}, headers={"x-api-key": "any"}).raise_for_status()


def _stable_id(number: int) -> str:
    return f"bp_{int(hashlib.sha256(str(number).encode()).hexdigest(), 16):x}"[:23]


if __name__ == "__main__":
    for name in DOCUMENTS:
        with tempfile.TemporaryDirectory() as scratch:
            (ROOT / name).write_text(run_blocks(name, Path(scratch)), encoding="utf-8")
