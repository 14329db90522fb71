"""Where this kalentops comes from: what the workflows of a user's repository name as their action.

Nobody types a commit. It is taken from what pip has recorded of the installation (PEP 610), or from the clone that
was installed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from kalentops import __version__
from kalentops.errors import UsageError
from kalentops.git.worktree import looking
from kalentops.support.text import clip

_NAME: Final = r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}"
_ACTION: Final = re.compile(rf"({_NAME})@([0-9a-f]{{40}})")
_REMOTE: Final = re.compile(
    rf"(?:https://(?:[^/@]+@)?github\.com/|(?:ssh://)?git@github\.com[:/])({_NAME}?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository on GitHub, as OWNER/NAME, and a commit of it."""

    repository: str
    commit: str

    @property
    def action(self) -> str:
        """What stands behind `uses:`."""
        return f"{self.repository}@{self.commit} # {__version__}"

    @property
    def url(self) -> str:
        return f"https://github.com/{self.repository}"


def parse_action(text: str) -> Origin:
    """OWNER/NAME@COMMIT. Raises UsageError: a tag can be moved, so a commit is wanted."""
    found = _ACTION.fullmatch(text)
    if not found:
        raise UsageError(
            f"{clip(text) or 'nothing'} names no commit of a repository",
            hint="write OWNER/NAME@COMMIT with all 40 digits of the commit",
        )
    return Origin(found[1], found[2])


def find_origin() -> Origin | None:
    """None where nothing says it, such as for an archive that was downloaded."""
    try:
        recorded = metadata.distribution("kalentops").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    return None if recorded is None else origin_of(recorded)


def origin_of(recorded: str) -> Origin | None:
    """The origin that a `direct_url.json` speaks of."""
    try:
        data: Any = json.loads(recorded)
        url, git = str(data["url"]), data.get("vcs_info") or {}
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    if git:
        return _origin(url, str(git.get("commit_id", "")))
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    try:
        clone = looking(Path(url2pathname(unquote(parts.path))))
    except (OSError, UsageError):
        return None
    return _origin(clone.ask("remote", "get-url", "origin") or "", clone.ask("rev-parse", "HEAD") or "")


def _origin(url: str, commit: str) -> Origin | None:
    found = _REMOTE.fullmatch(url)
    if not found or not re.fullmatch(r"[0-9a-f]{40}", commit):
        return None
    return Origin(found[1].removesuffix(".git"), commit)
