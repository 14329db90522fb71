"""A release of this checkout, built twice on machines that differ, without a network."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from release import pyz
from release.build import copy_sources
from release.versions import ROOT
from tests.repositories import commit, git
from tests.structure.test_pins import pins_of


@dataclass(frozen=True)
class Built:
    """The sources, and the folder with the files."""

    source: Path
    dist: Path

    def file(self, suffix: str) -> Path:
        (found,) = self.dist.glob(f"kalentops-*{suffix}")
        return found


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Built:
    """Built in a clone, where files lie about that git does not know."""
    source = tmp_path_factory.mktemp("one") / "clone"
    copy_sources(ROOT, source)
    git(source, "init", "--quiet", "--initial-branch=main")
    commit(source, "Begin")
    (source / "kalentops" / "stray.py").write_text("raise SystemExit")
    return _build(source, wheels, umask=0o077, TZ="Asia/Kathmandu", LANG="C", LC_ALL="C", PYTHONHASHSEED="1")


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory, clone: Built, wheels: Path) -> Built:
    """Built in an export without git, of another age, in another place."""
    source = tmp_path_factory.mktemp("two") / "a longer folder" / "é"
    copy_sources(clone.source, source)
    for path in sorted(source.rglob("*"), reverse=True):
        os.utime(path, (1e9, 1e9))
    return _build(
        source, wheels, umask=0o002, TZ="UTC", LANG="C.UTF-8", PYTHONHASHSEED="2", SOURCE_DATE_EPOCH="1"
    )


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed packages of requirements/run.txt, packed again as wheels."""
    if pyz.HERE not in pyz.TARGETS:
        pytest.skip(f"the .pyz is not for {platform.system()} on {platform.machine()}")
    folder = tmp_path_factory.mktemp("wheels")
    for name in pins_of("run"):
        try:
            _pack(name, folder)
        except PackageNotFoundError:
            continue  # for another platform
    return folder


def _pack(name: str, folder: Path) -> None:
    installed = distribution(name)
    tag = next(line for line in (installed.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: "))
    path = folder / f"{name.replace('-', '_')}-{installed.version}-{tag[5:]}.whl"
    with zipfile.ZipFile(path, "w") as made:
        lines = []
        for file in installed.files or ():
            if (
                ".." in file.parts
                or file.suffix == ".pyc"
                or file.name in {"INSTALLER", "REQUESTED", "RECORD"}
            ):
                continue
            made.write(file.locate(), file.as_posix())
            lines.append(f"{file.as_posix()},,\n")
        record = next(file for file in installed.files or () if file.name == "RECORD")
        made.writestr(record.as_posix(), "".join(lines) + f"{record.as_posix()},,\n")


def _build(source: Path, wheels: Path, *, umask: int, **environment: str) -> Built:
    dist = source.parent / "dist"
    subprocess.run(
        [sys.executable, "-m", "release", "build", "--here", "--wheels", str(wheels), "--output", str(dist)],
        cwd=source,
        env=os.environ | environment,
        umask=umask,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return Built(source, dist)
