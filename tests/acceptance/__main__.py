"""`make acceptance`: the day that the tutorial describes, with the built wheel on an empty machine.

Builds the wheel, installs it with the hashed pins, runs the blocks of both pages as real processes, and counts what
Kalent and the state then have. The pages and the transcript must be what they were; with `--page` they are written.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Final

from kalentops.support.clock import on_stop_signal
from release.build import packages
from release.trial import install
from tests.acceptance import counts
from tests.acceptance.machine import Machine
from tests.structure.console import ROOT, play, stable

_PAGES: Final = ("docs/tutorial/first-position.md", "docs/tutorial/team-in-a-day.md")
_TRANSCRIPT: Final = "docs/tutorial/transcript.md"
_DONE: Final = "The built wheel does what the tutorial shows, and Kalent, states and files agree at its end."


def main(given: Sequence[str] | None = None) -> int:
    """1 where a page is not what the wheel does, or a count does not hold."""
    parser = argparse.ArgumentParser(prog="make acceptance")
    parser.add_argument("--page", action="store_true", help="write the pages and the transcript")
    parser.add_argument("--wheel", type=Path, help="the folder of a wheel that is built already")
    arguments = parser.parse_args(given)
    # A cancelled job gets SIGTERM, which would leave the emulator, PostgreSQL and the folder.
    with (
        on_stop_signal(lambda: sys.exit(130)),
        tempfile.TemporaryDirectory(prefix="kalentops-acceptance-") as name,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        (folder / "home").mkdir()
        built = arguments.wheel or packages(ROOT, folder / "dist", "--target", "wheel").parent
        (wheel,) = built.resolve().glob("*.whl")
        programs = install(wheel, folder / "venv", "stores")
        made = {}
        sections = [_HEAD]
        problems: list[str] = []
        not_run: list[str] = []
        for page in _PAGES:
            with Machine.at(folder / Path(page).stem, programs, folder / "home") as machine:
                made[page] = play(page, machine)
                found, counted = counts.check(machine)
                problems += found
                not_run += machine.not_run
                sections.append(_section(made[page], machine, counted))
    made[_TRANSCRIPT] = stable("\n".join(sections))
    for page, text in made.items():
        path = ROOT / page
        if arguments.page:
            path.write_text(text, encoding="utf-8")
        elif (before := path.read_text(encoding="utf-8")) != text:
            problems += unified_diff(before.splitlines(), text.splitlines(), page, "the wheel", lineterm="")
            problems.append(f"{page} is not what the wheel does: `make acceptance ARGS=--page` writes it")
    print(*not_run, *(problems or [_DONE]), sep="\n")  # noqa: T201 - the result
    return bool(problems)


_HEAD: Final = """\
# Transcript

You want to see that the tutorial works. Below is everything that was typed and shown when its pages were run from the
built wheel, in an empty environment, with the emulator as Kalent. `make acceptance` repeats it in CI and compares. Ids,
times and ports are made equal in each run.
"""


def _section(page: str, machine: Machine, counted: list[str]) -> str:
    title = page.partition("\n")[0].removeprefix("# ")
    parts = [f"## {title}\n"]
    for heading, said in machine.said:
        if said:
            parts.append(f"### {heading}\n\n````console\n" + "\n".join(said) + "\n````\n")
    parts.append("### What holds afterwards\n")
    parts += [f"- {each}" for each in counted]
    return "\n".join([*parts, ""])


if __name__ == "__main__":
    sys.exit(main())
