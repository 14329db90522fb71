"""Work with a remote: the author of commits, a private repository to fetch to and push from, why a push is refused."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kalentops.errors import UsageError
from kalentops.git.worktree import GitResult, Worktree, open_repository, without_credentials
from kalentops.support.text import clip

_BOT: Final = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
# Who git is and how it connects; of the remote, what is said about its place. Nothing that changes what is fetched or
# pushed, such as `mirror`, `promisor` and `push.gpgSign`.
_CARRIED: Final = re.compile(
    r"(author|committer|credential|http|protocol|ssh|url|user)\..+|core\.(askpass|gitproxy|sshcommand)"
)
_PLACE: Final = re.compile(r"url|pushurl|proxy|proxyauthmethod|receivepack|uploadpack|vcs")
_LISTS: Final = (".extraheader", ".helper")


def identity(tree: Worktree, otherwise: tuple[str, str] | None = None) -> Mapping[str, str]:
    """Author and committer as git is configured; on GitHub Actions, else the bot; `otherwise` is a name and an address.

    Raises UsageError if there is none of them.
    """
    if not tree.git("var", "GIT_COMMITTER_IDENT").code and tree.ask("config", "user.email"):
        return {}
    if os.environ.get("GIT_COMMITTER_EMAIL") and os.environ.get("GIT_AUTHOR_EMAIL"):
        return {}
    known = _BOT if os.environ.get("GITHUB_ACTIONS") == "true" else otherwise
    if known is None:
        raise UsageError(
            "git does not know who commits", hint="git config user.name NAME; git config user.email ADDRESS"
        )
    roles = ("AUTHOR", "COMMITTER")
    return {
        f"GIT_{role}_{what}": value
        for role in roles
        for what, value in zip(("NAME", "EMAIL"), known, strict=True)
    }


def workflow_run() -> str:
    """The URL of the run on GitHub Actions; empty elsewhere. For the message of a commit."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (clip(os.environ.get(name, ""), 200) for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def push_status(said: GitResult) -> str:
    """The line of `push --porcelain` that says why a ref was not updated; empty if there is none."""
    return next((line for line in said.out.splitlines() if line.startswith("!")), "")


def refusal(said: GitResult) -> str:
    """GitHub names the rule in lines of its own, such as `remote: error: GH006: Protected branch update failed`."""
    remote = [
        line.removeprefix("remote:").strip() for line in said.err.splitlines() if line.startswith("remote:")
    ]
    text = " ".join(filter(None, remote)) or push_status(said).rpartition("\t")[2] or said.cause
    return clip(without_credentials(text), 500)


def may_have_arrived(trace: Path) -> bool:
    """Whether a push that failed may have taken effect. `trace` is what GIT_TRACE2_EVENT names.

    No remote moves a ref to a commit that it does not have, so it did not if git never came to pack the commit.
    """
    try:
        events = [json.loads(line) for line in trace.read_bytes().splitlines()]
    except (OSError, ValueError):
        return True
    ended = any(each["event"] == "exit" and "/" not in each["sid"] for each in events)
    return not ended or any("pack-objects" in each.get("argv", ()) for each in events)


def private_repository(folder: Path, place: Path, seconds: int) -> Worktree:
    """A repository in the empty folder `place`, whose `origin` is the remote of the repository around `folder`: its
    `origin`, or the one that `kalentops.remote` names. What is fetched and made there changes nothing of the user's.

    It connects as the user's would: git is asked for the settings there, because some hold for one folder alone. Each
    command may take `seconds`. Raises UsageError, OSError.
    """
    home = open_repository(folder)
    listed = home.git("config", "--list", "-z")
    listed.check("git can't read its settings")
    settings = [
        (name, value if has_value else "true")
        for name, has_value, value in (
            os.fsdecode(each).partition("\n") for each in listed.data.split(b"\0") if each
        )
    ]
    last = dict(settings)
    (place / "objects").mkdir()
    (place / "refs").mkdir()
    (place / "HEAD").write_text("ref: refs/heads/none\n")
    kind = last.get("extensions.objectformat", "sha1")
    (place / "config").write_text(
        f"[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\nobjectformat = {kind}\n"
    )
    carried = _carried(settings, last.get("kalentops.remote", "origin"))
    variables = {"GIT_CONFIG_PARAMETERS": "", "GIT_CONFIG_COUNT": str(len(carried))}
    for number, (name, value) in enumerate(carried):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return Worktree(home.top, home.top, place, variables, seconds)


def _carried(settings: list[tuple[str, str]], remote: str) -> list[tuple[str, str]]:
    carried: list[tuple[str, str]] = []
    seen: set[str] = set()
    for name, value in settings:
        own = name.removeprefix(f"remote.{remote}.")
        if own != name and _PLACE.fullmatch(own):
            if own not in seen:  # the first address: git pushes to all of them
                carried.append((f"remote.origin.{own}", value))
            seen.add(own)
        elif _CARRIED.fullmatch(name):
            if name not in seen and name.endswith(_LISTS):
                # git reads the user's own files as well: an empty value empties the list.
                carried.append((name, ""))
            seen.add(name)
            carried.append((name, value))
    if "url" not in seen:
        raise UsageError(
            f"there is no remote {clip(remote)}",
            hint="`git remote add origin URL`, or name another one: `git config kalentops.remote NAME`",
        )
    return carried
