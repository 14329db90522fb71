"""`make dist`: all files of a release, from the files of the commit, with the same bytes on each machine."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from release import pyz, sbom
from release.versions import (
    CHANGELOG,
    MODULE,
    RELEASED,
    ReleaseError,
    commit,
    epoch_of,
    is_clean,
    next_version,
    read,
    set_version,
    version_of,
)

SUMS = "SHA256SUMS"
_FILE = re.compile(r"kalentops-.+\.(?:whl|tar\.gz|pyz|cdx\.json)")
_MADE = {".venv", "dist", "site", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"}


def build(
    root: Path, out: Path, *, wheels: Path | None = None, targets: Sequence[pyz.Target] = pyz.TARGETS
) -> list[Path]:
    """Build everything into `out`, in place of an earlier release, and return its files. `wheels` is a folder with
    those of all dependencies; without it they are downloaded, with the hashes of requirements/run.txt.

    Raises ReleaseError where `out` holds anything else.
    """
    _clear(out)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        copy_sources(root, source)
        wheel = packages(source, out)
        run_time = wheels or pyz.download(source, Path(folder) / "wheels", targets)
        pyz.build(wheel, run_time, out / f"kalentops-{version_of(source)}.pyz", targets)
        text = sbom.describe(source, wheel, run_time)
    (out / f"kalentops-{version_of(root)}.cdx.json").write_text(text, encoding="utf-8", newline="\n")
    (out / SUMS).write_text("".join(_sums(out)), encoding="utf-8", newline="\n")
    return sorted(out.iterdir())


def _clear(out: Path) -> None:
    if not out.is_dir() and os.path.lexists(out):
        raise ReleaseError(f"{out} is not a folder: move it away")
    out.mkdir(parents=True, exist_ok=True)
    found = sorted(out.iterdir())
    others = [
        each.name for each in found if each.is_dir() or not (each.name == SUMS or _FILE.fullmatch(each.name))
    ]
    if others:
        raise ReleaseError(
            f"{out} holds {others[0]}, which no release has: name a folder for the release alone"
        )
    for each in found:
        each.unlink()


def packages(source: Path, out: Path, *kinds: str) -> Path:
    """Build sdist and wheel of a tree of sources, and return the wheel."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(out), *kinds],
        cwd=source,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch_of(source)), "HATCH_QUIET": "1"},
        check=True,
    )
    (wheel,) = out.glob("kalentops-*.whl")
    return wheel


def copy_sources(root: Path, target: Path) -> None:
    for name in source_files(root):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name)


def source_files(root: Path) -> list[str]:
    """The names of the files that git knows. Without git, as in an sdist, of all but what a task has made there."""
    if (root / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
        names = [name for name in listed.decode().split("\0") if name]
        return [name for name in names if (root / name).is_file()]
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return [
        path.as_posix() for path in paths if path.parts[0] not in _MADE and "__pycache__" not in path.parts
    ]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sums(folder: Path) -> Iterator[str]:
    """Lines as `sha256sum --check` reads them."""
    return (f"{digest(path)}  {path.name}\n" for path in sorted(folder.iterdir()) if path.name != SUMS)


def compare(root: Path, out: Path) -> None:
    """Raise ReleaseError unless the wheel in `out` is the one that the action installs."""
    (wheel,) = out.glob("kalentops-*.whl")
    if f"--hash=sha256:{digest(wheel)}" not in read(root, RELEASED):
        raise ReleaseError(
            f"{wheel.name} has the hash {digest(wheel)}, and {RELEASED} another one: the files have changed since"
            " `make release`, or zlib packs them in another way there. Run `make release` again, on the system and the"
            " Python that release.yml builds with, and tag that commit"
        )


def prepare(root: Path, version: str, day: date) -> None:
    """Commit a release, with the hash of its wheel for the action; then what makes the next commit no release."""
    if not is_clean(root):
        raise ReleaseError("files have changed that are not committed: commit them, and try again")
    set_version(root, version, day)
    with tempfile.TemporaryDirectory() as folder:
        copy_sources(root, Path(folder) / "source")
        wheel = packages(Path(folder) / "source", Path(folder) / "dist", "--target", "wheel")
        line = f"kalentops=={version} --hash=sha256:{digest(wheel)}\n"
    (root / RELEASED).write_text(line, encoding="utf-8", newline="\n")
    commit(root, f"Release {version}", RELEASED, MODULE, CHANGELOG)
    (root / RELEASED).unlink()
    set_version(root, next_version(version), None)
    commit(root, f"Begin {next_version(version)}", RELEASED, MODULE, CHANGELOG)
