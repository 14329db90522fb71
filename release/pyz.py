"""The single file: kalentops and what it needs, compiled libraries included, for machines without pip."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.tags import compatible_tags, cpython_tags

_GLIBC: Final = [f"manylinux_2_{minor}" for minor in range(28, 16, -1)] + ["manylinux2014"]
_MACOS: Final = [f"macosx_{version}" for version in ("11_0", "10_15", "10_13", "10_12", "10_9")]


@dataclass(frozen=True, slots=True)
class Target:
    """CPython 3.`minor` on a system: Linux with glibc 2.28 or later, or macOS (Darwin) 11 or later."""

    minor: int
    system: str
    machine: str

    @property
    def platforms(self) -> list[str]:
        """The tags of wheels that run there, the newest first."""
        return [f"{each}_{self.machine}" for each in (_GLIBC if self.system == "Linux" else _MACOS)]

    @property
    def description(self) -> str:
        """PEX's: the environment of markers, and the tags."""
        version, interpreter = (3, self.minor), f"cp3{self.minor}"
        tags = [
            *cpython_tags(version, platforms=self.platforms),
            *compatible_tags(version, interpreter=interpreter, platforms=self.platforms),
        ]
        markers = {
            "implementation_name": "cpython",
            "implementation_version": f"3.{self.minor}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": self.system,
            "platform_version": "",
            "python_full_version": f"3.{self.minor}.0",
            "python_version": f"3.{self.minor}",
            "sys_platform": self.system.lower(),
        }
        return json.dumps({"marker_environment": markers, "compatible_tags": [str(tag) for tag in tags]})


TARGETS: Final = tuple(
    Target(minor, system, machine)
    for minor in (11, 12, 13)
    for system, machine in (
        ("Linux", "x86_64"),
        ("Linux", "aarch64"),
        ("Darwin", "x86_64"),
        ("Darwin", "arm64"),
    )
)


HERE: Final = Target(sys.version_info.minor, platform.system(), platform.machine())


def download(source: Path, folder: Path, targets: Sequence[Target] = TARGETS) -> Path:
    """The wheels of requirements/run.txt for the targets, by their hashes. Returns the folder."""
    for each in targets:
        choice = [part for platform in each.platforms for part in ("--platform", platform)]
        choice += [part for abi in (f"cp3{each.minor}", "abi3", "none") for part in ("--abi", abi)]
        choice += ["--implementation", "cp", "--python-version", f"3.{each.minor}"]
        pins = source / "requirements" / "run.txt"
        locked = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(pins)]
        _run("pip", "download", "--quiet", *locked, *choice, "--dest", str(folder))
    return folder


def build(wheel: Path, wheels: Path, output: Path, targets: Sequence[Target] = TARGETS) -> None:
    """Pack the wheel with those of its dependencies. Its second start is as fast as that of an installed kalentops:
    the first one lays it out in a cache (`--venv`), which the shell then finds (`--sh-boot`).
    """
    platforms = [part for each in targets for part in ("--complete-platform", each.description)]
    packages = ["--pre-resolved-dists", str(wheels), "--pre-resolved-dist", str(wheel), "--no-build"]
    # What the message for another Python names. The Python that is found becomes a target, too: it has to be this one.
    pythons = [
        "--interpreter-constraint",
        "CPython>=3.11,<3.14",
        "--python-path",
        str(Path(sys.executable).parent),
    ]
    form = ["--venv", "--sh-boot", "--script", "kalentops", "--output-file", str(output)]
    _run("pex", "kalentops[emulator]", *packages, *platforms, *pythons, *form)


def _run(module: str, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PEX_")}
    subprocess.run([sys.executable, "-m", module, *arguments], env=environment, check=True)
