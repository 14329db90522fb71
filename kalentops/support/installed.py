"""How this kalentops was installed, and the command that adds an extra to it."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname


def direct_url() -> str | None:
    """The `direct_url.json` of an installation from git or from a file (PEP 610); None for one from an index."""
    try:
        return metadata.distribution("kalentops").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None


def is_archive(recorded: str) -> bool:
    """Whether a `direct_url.json` names a wheel or an sdist, such as one that was downloaded."""
    try:
        return "archive_info" in json.loads(recorded)
    except (ValueError, TypeError):
        return False


def repository_url() -> str:
    """The repository that the package names; empty if it names none."""
    try:
        named = metadata.distribution("kalentops").metadata.get_all("Project-URL", [])
    except metadata.PackageNotFoundError:
        return ""
    urls: dict[str, str] = dict(each.split(", ", 1) for each in named)
    return urls.get("Repository", "")


def command_for(extra: str) -> str:
    """The command of the installer that was used, in the quotes that every shell reads."""
    requirement = f'"{_requirement(extra, direct_url())}"'
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx inject kalentops {requirement}"
    if (prefix / "uv-receipt.toml").is_file():
        return f"uv tool install {requirement}"
    return f"pip install {requirement}"


def _requirement(extra: str, recorded: str | None) -> str:
    """The same version with the extra; the one in the index if its origin is unknown or gone."""
    wanted = f"kalentops[{extra}]"
    try:
        data: Any = json.loads(recorded or "{}")
        url, git = str(data["url"]), data.get("vcs_info")
        if git:
            return f"{wanted} @ {git['vcs']}+{url}@{git['commit_id']}"
    except (ValueError, KeyError, AttributeError, TypeError):
        return wanted
    path = Path(url2pathname(unquote(urlsplit(url).path)))
    if urlsplit(url).scheme != "file" or not path.exists():
        return wanted
    return f"{path}[{extra}]"
