"""The git repository that a project lies in: how git is called there, to look or to write.

git is the user's own, with the user's settings; but a hook's variables, which may speak of another repository, are
left out, and nothing is asked: a password that is missing is an error.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kalentops.errors import UsageError
from kalentops.text import clip

_SECONDS: Final = 300
# GitHub gives a cancelled job 7.5 seconds before it asks again.
_GRACE: Final = 5
_KEYS: Final = ("KALENT_API_KEY", "INPUT_API_KEY")
# Who commits and how git connects is the environment's to say.
_KEPT: Final = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_SSL_", "GIT_ASKPASS")


@dataclass(frozen=True, slots=True)
class Said:
    """How a git command ended, and what it said."""

    code: int
    out: str
    err: str
    data: bytes = b""
    """What it printed, byte by byte."""

    @property
    def last_words(self) -> str:
        """The line that says most: the last that git marks as an error, or the last one."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        marked = [line for line in lines if line.startswith(("fatal:", "error:", "remote: error:"))]
        found = (marked or lines or [f"exit code {self.code}"])[-1]
        return clip(found.removeprefix("fatal: ").removeprefix("error: "), 300)

    def told(self, refusal: str) -> str:
        """What git printed, without the line feed at its end. Raises UsageError with `refusal` where it refused."""
        if self.code:
            raise UsageError(f"{refusal}: {self.last_words}")
        return self.out.rstrip("\n")


@dataclass(frozen=True, slots=True)
class Worktree:
    """A checked-out repository. `folder` is any folder in it."""

    folder: Path
    settings: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def git(self, *args: str, environment: Mapping[str, str] | None = None, data: bytes = b"") -> Said:
        """Run git, whatever comes of it. Raises UsageError where there is none, or where it doesn't end."""
        options = [part for each in self.settings for part in ("-c", each)]
        command = ["git", "--no-pager", *options, *args]
        try:
            with subprocess.Popen(  # noqa: S603 - fixed subcommands; names stand behind `--` or were checked
                command,
                cwd=self.folder,
                env=_environment() | {**self.variables, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process:
                out, err = _until_its_end(process, data)
        except FileNotFoundError:
            raise UsageError(
                "there is no git here", hint="install git, or leave out what asks for it, such as --against"
            ) from None
        except subprocess.TimeoutExpired:
            raise UsageError(
                f"git {args[0]} gave no answer within {_SECONDS} s", hint="try it again"
            ) from None
        return Said(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), out)

    def ask(self, *args: str) -> str | None:
        """What git prints, without the line feed at its end; None where it refuses, or where there is none."""
        try:
            return self.git(*args).told("git refused")
        except UsageError:
            return None


def looking(folder: Path) -> Worktree:
    """One in which git only looks: no index is refreshed, nothing fetched, no program of the repository started."""
    return Worktree(folder, ("core.fsmonitor=false",), {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"})


def _until_its_end(process: subprocess.Popen[bytes], data: bytes) -> tuple[bytes, bytes]:
    """What it printed. An interrupt lets it end first: a git that is killed leaves locks and half a checkout."""
    try:
        return process.communicate(data, timeout=_SECONDS)
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_GRACE)
        raise
    finally:
        process.kill()  # has no effect on one that has ended


def top_of(folder: Path) -> Path | None:
    """The root of the git repository that a folder lies in, found without git."""
    for each in (folder, *folder.parents):
        if (each / ".git").exists():
            return each
    return None


def _environment() -> dict[str, str]:
    """Without the key to Kalent: helpers, filters and signers of git get this from it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", *_KEYS)) or name.startswith(_KEPT)
    }
    # A name is a name, whatever stands in it: no pattern, and no command to pathspecs.
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "true",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
    }
