"""Real git repositories: a bare one, and clones of it that race."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NAMES = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


def git(folder: Path, *args: str) -> str:
    """Run git as a user would; what it prints. Raises CalledProcessError."""
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *args],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _NAMES,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@dataclass(frozen=True)
class Remote:
    """A bare repository, and the folder that its clones go to."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Remote:
        (folder / "remote.git").mkdir(parents=True)
        git(folder / "remote.git", "init", "--bare", "--quiet")
        return cls(folder)

    def copy(self, folder: Path, *clones: str) -> Remote:
        """The same repository in another folder, and some of the clones."""
        made = Remote(folder)
        for name in ("remote.git", *clones):
            shutil.copytree(self.folder / name, folder / name, symlinks=True)
            git(folder / name, "update-index", "-q", "--refresh") if name in clones else None
        for name in clones:
            config = folder / name / ".git" / "config"
            config.write_text(config.read_text().replace(str(self.bare), str(made.bare)))
        return made

    @property
    def bare(self) -> Path:
        return self.folder / "remote.git"

    def clone(self, name: str, *options: str) -> Path:
        """A clone, as `actions/checkout` leaves it: no name of a committer."""
        git(self.folder, "clone", "--quiet", *options, f"file://{self.bare}", name)
        return self.folder / name

    def hook(self, name: str, script: str) -> None:
        path = self.bare / "hooks" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def log(self) -> list[str]:
        """The subjects of the main branch, the newest first."""
        return git(self.bare, "log", "--format=%s", "main").splitlines()

    def show(self, name: str, ref: str = "main") -> str:
        return git(self.bare, "show", f"{ref}:{name}")


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", message)
