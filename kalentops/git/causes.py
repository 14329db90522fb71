"""Why git refused, in its own words, and what helps."""

from __future__ import annotations

import re
from typing import Final

from kalentops.support.text import clip

_MARKED: Final = ("fatal:", "error:", "remote: error:")
# Hints of git are about its own commands, such as how to turn the hint off; the rest is for programs.
_NOISE: Final = ("hint:", "[GNUPG:]")

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
        "git can't ask here: set up an SSH agent or a credential helper, until `git fetch` asks nothing",
    ),
    (r"certificate", "git has certificates of its own: `git config http.sslCAInfo FILE`"),
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
    """What git says of its refusal: the lines up to the last that it marks as an error, as one."""
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
    return clip(text or f"exit code {code}", 500)


def remedy(err: str) -> str | None:
    """What helps, None where nobody knows."""
    owned = re.search(r"--add safe\.directory (.+)$", err, re.MULTILINE)
    if owned:
        return (
            "it belongs to another user, and git reads no settings of a stranger. If you trust it: "
            f"`git config --global --add safe.directory {clip(owned[1], 500)}`"
        )
    # Hints count as well: git names the cause in them now and then.
    return next((hint for pattern, hint in _REMEDIES if re.search(pattern, err, re.IGNORECASE)), None)
