"""The version of a release: where it stands, what has to agree with it, and the commit that makes one."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
RELEASED: Final = "requirements/released.txt"
MODULE: Final = "kalentops/__init__.py"
CHANGELOG: Final = "CHANGELOG.md"
EARLIEST: Final = 1580601600
"""2020-02-02, what hatchling takes by itself."""
_VERSION: Final = re.compile(r"^__version__ = \"([^\"]+)\"$", re.MULTILINE)
_HEADING: Final = re.compile(r"^## (\S+) \((\d{4}-\d{2}-\d{2}|unreleased)\)$", re.MULTILINE)
_NUMBER: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class ReleaseError(Exception):
    """What is wrong, with its remedy."""


@dataclass(frozen=True, slots=True)
class Section:
    """The first section of the changelog. `date` is None as long as it is not released."""

    version: str
    date: date | None
    text: str


def read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


def version_of(root: Path) -> str:
    found = _VERSION.search(read(root, MODULE))
    if not found:
        raise ReleaseError(f'{MODULE} has no line __version__ = "…"')
    return found[1]


def section_of(root: Path) -> Section:
    text = read(root, CHANGELOG)
    found = _heading(text)
    end = re.compile(r"^## ", re.MULTILINE).search(text, found.end())
    day = None if found[2] == "unreleased" else date.fromisoformat(found[2])
    return Section(found[1], day, text[found.end() : end.start() if end else None].strip())


def _heading(text: str) -> re.Match[str]:
    found = _HEADING.search(text)
    if not found:
        raise ReleaseError(f"{CHANGELOG} has no heading `## VERSION (YYYY-MM-DD)`")
    return found


def epoch_of(root: Path) -> int:
    """The day of the release as seconds since 1970. Not the commit's time: the commit holds the hash of the wheel."""
    day = section_of(root).date
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) if day else EARLIEST


def check(root: Path, tag: str, main: str = "origin/main") -> None:
    """Raise ReleaseError unless the commit that is checked out is the release `tag`, and a part of `main`."""
    problems = [*_problems(root, tag, main)]
    if problems:
        raise ReleaseError("\n".join(problems))


def _problems(root: Path, tag: str, main: str) -> Iterator[str]:
    version, section = version_of(root), section_of(root)
    if tag != f"v{version}":
        yield f"the tag is {tag}, and {MODULE} says {version}: tag the commit that `make release` made as v{version}"
    if section.version != version or section.date is None:
        yield f"the first heading of {CHANGELOG} is not `## {version} (YYYY-MM-DD)`: run `make release`"
    released = root / RELEASED
    if not released.is_file() or not released.read_text(encoding="utf-8").startswith(
        f"kalentops=={version} "
    ):
        yield f"{RELEASED} does not name {version}: run `make release`"
    urls = tomllib.loads(read(root, "pyproject.toml"))["project"].get("urls", {})
    if not urls.get("Repository", "").startswith("https://github.com/"):
        yield "pyproject.toml has no `Repository` below [project.urls]: add the one on GitHub, `init` pins its action"
    if _git(root, "merge-base", "--is-ancestor", "HEAD", main).returncode:
        yield f"{main} does not contain this commit: merge it without squashing, and tag the commit that was merged"


def notes(root: Path) -> str:
    """The text of the release on GitHub."""
    text = section_of(root).text
    return f"{text}\n\nTo check where these files come from, see `docs/how-to/check-a-release.md`.\n"


def set_version(root: Path, version: str, day: date | None) -> None:
    """Write the version and the heading of the changelog; a new section if the first one is released."""
    if not _NUMBER.fullmatch(version):
        raise ReleaseError(f"{version} is no version: write three numbers, such as 1.2.0")
    text = read(root, CHANGELOG)
    old = _heading(text)
    heading = f"## {version} ({day or 'unreleased'})"
    rest = text[old.end() :] if old[2] == "unreleased" else f"\n\n{text[old.start() :]}"
    _write(root, CHANGELOG, f"{text[: old.start()]}{heading}{rest}")
    _write(root, MODULE, _VERSION.sub(f'__version__ = "{version}"', read(root, MODULE)))


def next_version(version: str) -> str:
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + 1}.0"


def commit(root: Path, subject: str, *names: str) -> None:
    for arguments in (("add", "--all", "--", *names), ("commit", "--quiet", "--message", subject)):
        done = _git(root, *arguments)
        if done.returncode:
            raise ReleaseError(done.stderr.strip())


def is_clean(root: Path) -> bool:
    return not _git(root, "status", "--porcelain").stdout.strip()


def _write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text, encoding="utf-8", newline="\n")


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
