"""`python -m release try`: the built files, on this machine, as a user gets them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

from release import pyz
from release.build import SUMS, digest, packages
from release.versions import ROOT, ReleaseError

_TOUR = (("--version",), ("init", "--no-example", "--quiet"), ("validate",), ("plan",))


def trial(dist: Path) -> None:
    """Check the sums, make the wheel from the sdist again, and start wheel and .pyz with an empty home.

    Raises ReleaseError for a file that is not what it should be, and CalledProcessError for a program that fails.
    """
    for line in (dist / SUMS).read_text(encoding="utf-8").splitlines():
        value, _, name = line.partition("  ")
        if digest(dist / name) != value:
            raise ReleaseError(f"{name} is not the file that {SUMS} names: build or download it again")
    (wheel,), (sdist,), (single,) = (
        dist.glob(f"kalentops-*{suffix}") for suffix in (".whl", ".tar.gz", ".pyz")
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(sdist) as opened:
            opened.extractall(folder / "sdist", filter="data")
        (source,) = (folder / "sdist").iterdir()
        made = packages(source, folder / "dist", "--target", "wheel")
        # Not the bytes: another system may have another zlib.
        if _contents(made) != _contents(wheel):
            raise ReleaseError(f"{sdist.name} makes another wheel than {wheel.name}")
        tour(source, folder / "wheel", str(install(wheel, folder / "venv") / "kalentops"))
        if pyz.HERE in pyz.TARGETS:
            tour(source, folder / "pyz", sys.executable, str(single))


def tour(source: Path, folder: Path, *program: str) -> None:
    """Plan the blueprints of `source` in a new project, with an empty home."""
    (folder / "home").mkdir(parents=True)
    shutil.copytree(source / "blueprints", folder / "project" / "blueprints")
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "SYSTEMROOT", "TEMP"}}
    for arguments in _TOUR:
        subprocess.run(
            [*program, *arguments],
            cwd=folder / "project",
            env=kept | {"HOME": str(folder / "home")},
            check=True,
        )


def install(wheel: Path, folder: Path, pins: str = "run") -> Path:
    """Install the wheel into a new environment, with the packages of requirements/PINS.txt. Returns the folder of its
    programs.
    """
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip = ["-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    requirements = str(ROOT / "requirements" / f"{pins}.txt")
    locked = ["--require-hashes", "--only-binary", ":all:", "--requirement", requirements]
    for arguments in (locked, ["--no-index", str(wheel)]):
        subprocess.run([str(programs / "python"), *pip, *arguments], check=True)
    return programs


def _contents(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as opened:
        return {each.filename: each.CRC for each in opened.infolist()}
