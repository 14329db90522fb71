"""Run git in the repository of a project. No other module starts git.

The files of a project may be a stranger's, such as those of a pull request, and files named `HEAD`, `config`, `objects`
and `refs` make any folder look like a repository to git, whose settings name programs. So the repository is found from
here: by an entry `.git`, which git lets no commit contain. git itself is asked whether it may be used, with its check
of who owns it, and every other call names it.

The settings are the user's own. No hook runs and no monitor of files; a filter runs only where the work tree is
updated, as in `git pull`. A hook's variables, which may speak of another repository, are left out, and nothing is
asked: a password that is missing is an error.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from kalentops.errors import UsageError
from kalentops.support.text import clip

_SECONDS: Final = 300
# GitHub gives a cancelled job 7.5 seconds before it asks again.
_GRACE: Final = 5
_KEYS: Final = ("KALENT_API_KEY", "KALENTOPS_STATE", "PGPASSWORD", "INPUT_API_KEY", "INPUT_STATE")
# The environment decides who commits and how git connects.
_KEPT: Final = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_SSL_", "GIT_ASKPASS")
# A git that is too old for one of them passes over it.
_SETTINGS: Final = (
    "safe.bareRepository=explicit",
    "protocol.ext.allow=never",
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "maintenance.auto=false",
    "gc.auto=0",
)
_ENTRY: Final = ".git"


class GitResult(NamedTuple):
    """The exit code and the output of a git command."""

    code: int
    out: str
    err: str
    data: bytes = b""
    """What it printed, byte by byte."""

    @property
    def cause(self) -> str:
        """Why it refused, in git's words."""
        return cause(self.err, self.code)

    @property
    def remedy(self) -> str | None:
        return remedy(self.err)

    def check(self, refusal: str) -> str:
        """The output without its last line feed. Raises UsageError with `refusal` if git refused."""
        if self.code:
            raise UsageError(f"{refusal}: {self.cause}", hint=self.remedy)
        return self.out.rstrip("\n")


@dataclass(frozen=True, slots=True)
class Worktree:
    """A checked-out repository. `folder` is the one in it that names are relative to, `top` its root, `git_dir` where
    git keeps what is its own.
    """

    folder: Path
    top: Path
    git_dir: Path
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)  # they may hold credentials
    seconds: int = _SECONDS

    def git(self, *args: str, environment: Mapping[str, str] | None = None, data: bytes = b"") -> GitResult:
        """Run git; a refusal is no error here. Raises UsageError without git, and if it does not end."""
        return _run(
            (f"--git-dir={self.git_dir}", f"--work-tree={self.top}", *args),
            self.folder,
            {**self.variables, **(environment or {})},
            data,
            self.seconds,
        )

    def ask(self, *args: str) -> str | None:
        """The output without its last line feed; None if git refuses or does not end."""
        try:
            return self.git(*args).check("git refused")
        except UsageError:
            return None


def open_repository(folder: Path, variables: Mapping[str, str] | None = None) -> Worktree:
    """The repository around a folder. Raises UsageError without one or without git, and if git refuses it."""
    whole = folder.resolve()
    top = repository_root(whole)
    if top is None:
        raise UsageError(
            f"not a git repository: {clip(str(whole), 200)}",
            hint="run it inside of a git repository",
        )
    # git must find the same repository, not one further up.
    ceiling = {"GIT_CEILING_DIRECTORIES": str(top.parent)}
    said = _run(("rev-parse", "--absolute-git-dir"), top, ceiling, b"")
    found = Path(os.fsdecode(said.data.rstrip(b"\n")))
    if said.code or not _is_named_by(top / _ENTRY, found):
        raise UsageError(
            f"git refuses the repository {clip(str(top), 200)}: {said.cause if said.code else f'it takes {found}'}",
            hint=said.remedy or "`git status` there says more",
        )
    return Worktree(whole, top, found, variables or {})


def open_read_only(folder: Path) -> Worktree:
    """The same, read-only: no index is refreshed, nothing is fetched. Raises what `open_repository` raises."""
    return open_repository(folder, {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"})


def repository_root(folder: Path) -> Path | None:
    """The root of the git repository around a folder, found without git. A bare repository counts as none."""
    for each in (folder, *folder.parents):
        entry = each / _ENTRY
        if entry.is_file() or os.path.lexists(entry / "HEAD"):
            return each
    return None


def _is_named_by(entry: Path, found: Path) -> bool:
    """Whether `.git` is the folder that git has found, or the file that names it: a linked worktree, a submodule."""
    try:
        if entry.is_file():
            named = os.fsdecode(entry.read_bytes()).removeprefix("gitdir:").strip()
            entry = entry.parent / named
        return entry.samefile(found)
    except (OSError, ValueError):
        return False


def _run(
    args: Sequence[str], folder: Path, variables: Mapping[str, str], data: bytes, seconds: int = _SECONDS
) -> GitResult:
    program, settings = _program(), [part for each in _SETTINGS for part in ("-c", each)]
    if program is None:
        raise UsageError(
            "git was not found", hint="install git, or leave out the options that need it, such as --against"
        )
    try:
        with subprocess.Popen(  # noqa: S603 - fixed subcommands; names stand behind `--` or were checked
            [program, "--no-pager", *settings, *args],
            cwd=folder,
            env={**_environment(), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            out, err = _until_its_end(process, data, seconds)
    except subprocess.TimeoutExpired:
        command = next(each for each in args if not each.startswith("-"))
        raise UsageError(f"git {command} gave no answer within {seconds} s", hint="try it again") from None
    return GitResult(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), out)


def list_remote(url: str, *refs: str) -> dict[str, str]:
    """The ids of refs in another repository, which is asked. Raises UsageError if it does not answer."""
    said = _run(("ls-remote", "--quiet", "--", url, *refs), Path.cwd(), {}, b"")
    lines = said.check(f"{url} does not answer").splitlines()
    return {name: found for found, _, name in (line.partition("\t") for line in lines)}


def has_git() -> bool:
    """Whether git is installed."""
    return _program() is not None


def _program() -> str | None:
    """The user's git, never one in the folder that it is started in: Windows, and a PATH with `.`, look there first."""
    name = "git.exe" if sys.platform == "win32" else "git"
    for place in os.get_exec_path():
        path = Path(place, name)
        if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return None


def _until_its_end(process: subprocess.Popen[bytes], data: bytes, seconds: int) -> tuple[bytes, bytes]:
    """Its output. An interrupt waits for it to end: a killed git leaves locks and half a checkout."""
    try:
        return process.communicate(data, timeout=seconds)
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_GRACE)
        raise
    finally:
        process.kill()  # has no effect on one that has ended


def _environment() -> dict[str, str]:
    """Without the key to Kalent and the password of a store: helpers, filters and signers of git get this from it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", *_KEYS)) or name.startswith(_KEPT)
    }
    # A name is literal: no pattern and no magic pathspec.
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "true",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
    }


_MARKED: Final = ("fatal:", "error:", "remote: error:")
# Hints of git are about its own commands, such as how to turn the hint off; the rest is for programs.
_NOISE: Final = ("hint:", "[GNUPG:]")
# A password may hold every character but a space.
_CREDENTIALS: Final = re.compile(r"://\S*@")
_QUERY: Final = re.compile(r"(://[^\s?'\"]*)\?[^\s'\"]*")

_REMEDIES: Final = (
    (
        r"gpg|failed to sign|signing|ssh-keygen|user\.signingkey",
        "commits are signed here: `git config user.signingKey KEY`, or in this clone `git config commit.gpgSign false`",
    ),
    (
        r"\.lock': File exists|Another git process",
        "another git is at work there, or one was killed: if none is running, remove the file",
    ),
    (
        r"sparse-checkout|sparse index",
        "the file is outside of your sparse checkout: `git sparse-checkout add FOLDER`, or `… disable`",
    ),
    (
        r"shallow",
        "this clone is shallow: `git fetch --unshallow`; in a workflow, `fetch-depth: 0` for actions/checkout",
    ),
    (
        r"tell me who you are|empty ident|auto-detect email",
        "git config user.name NAME; git config user.email ADDRESS",
    ),
    (
        r"publickey|Host key verification|could not read (Username|Password)|Authentication failed|terminal prompts",
        "git can't ask for a password here: set up an SSH agent or a credential helper, then try `git fetch`",
    ),
    (r"certificate", "git has its own certificates: `git config http.sslCAInfo FILE`"),
    (
        r"Could not resolve|Failed to connect|Connection (refused|timed out)",
        "check the network, and `http.proxy` of git",
    ),
    (r"promisor|lazy fetch", "this clone is partial: clone the repository whole, without `--filter`"),
    (
        r"corrupt|bad object|unable to read (tree|sha1 file)",
        "`git fsck` says what is damaged; a new clone has it whole",
    ),
    (r"No space left|Disk quota", "make room on the disk, then run it again"),
)


def cause(err: str, code: int) -> str:
    """The reason in git's words, as one line: up to the last line that it marks as an error."""
    lines = [line.strip() for line in err.splitlines()]
    said = [line for line in lines if line and not line.startswith(_NOISE)]
    said = [line for line in said if not line.startswith("warning:")] or said
    marked = [number for number, line in enumerate(said) if line.startswith(_MARKED)]
    if marked:
        said = said[: marked[-1] + 1]
    text = ""
    for line in said:
        bare = line.removeprefix("remote: ").removeprefix("fatal: ").removeprefix("error: ")
        text += f"{' ' if text.endswith(':') else '; ' if text else ''}{bare}"
    return clip(without_credentials(text) or f"exit code {code}", 500)


def without_credentials(text: str) -> str:
    """Without user, password and parameters in addresses."""
    return _QUERY.sub(r"\1", _CREDENTIALS.sub("://", text))


def remedy(err: str) -> str | None:
    """The remedy, None if unknown."""
    owned = re.search(r"--add safe\.directory (.+)$", err, re.MULTILINE)
    if owned:
        return (
            "it belongs to another user, so git refuses to read it. If you trust it: "
            f"`git config --global --add safe.directory {clip(owned[1], 500)}`"
        )
    # Hints count as well: git names the cause in them now and then.
    return next((hint for pattern, hint in _REMEDIES if re.search(pattern, err, re.IGNORECASE)), None)
