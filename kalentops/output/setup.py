"""What `init` has done, and what is next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from kalentops.init.contents import NO_ACTION, Setup
from kalentops.init.write import DRIVER, Driver, Placed, What
from kalentops.output.lines import Line, Style, line
from kalentops.support.text import visible

_STYLES: Final[dict[What, Style]] = {
    "created": "good",
    "added to": "good",
    "there already": "dim",
    "kept": "warn",
    "failed": "bad",
}


def setup(placed: Sequence[Placed], driver: Driver, *, dry_run: bool, brief: bool = False) -> Iterator[Line]:
    """One line a file, and what to do by hand where one was kept; `brief` is about these alone."""
    for each in placed:
        if brief and each.what != "kept":
            continue
        what = each.what
        said = f"would be {what}" if dry_run and what in {"created", "added to"} else what
        why = f"  {visible(each.why)}" if each.why else ""
        yield line(
            (f"  {said:<{18 if dry_run else 14}}", _STYLES[what]), visible(each.wanted.name), (why, "dim")
        )
        if what == "kept":
            yield from _by_hand(each)
    if driver == "set" and not brief:
        word = "would be set" if dry_run else "set"
        yield line(
            (f"  {word:<{18 if dry_run else 14}}", "good"), "git's merge driver for states, in this clone"
        )


def _by_hand(kept: Placed) -> Iterator[Line]:
    if kept.wanted.advice:
        first, *rest = kept.wanted.advice.splitlines()
        yield line((f"      {first}", "dim"))
        for each in rest:
            yield line((f"        {each}", "dim"))
    else:
        yield line((f"      `kalentops init --show {kept.wanted.name}` prints what init would write", "dim"))


def next_steps(
    of: Setup, driver: Driver, *, github: bool, example: bool, hooks: bool, folder: str = ""
) -> Iterator[Line]:
    """What a person has to do: nothing here can be done, or known, by a program. `folder` is the project's, from where
    the user is, empty for the same one.
    """
    command = f"kalentops -C {shlex.quote(folder)}" if folder else "kalentops"
    yield line(("Next:", "bold"))
    if example:
        file = f"{folder}/{of.under}example.yaml" if folder else f"{of.under}example.yaml"
        yield line(f"  - put the id of a sourcing into {visible(file)}: `kalentops sourcings` lists them;")
        yield line(
            "    or remove it, and take what is in Kalent already: ", visible(f"`{command} import --all`")
        )
    yield line("  - ", visible(f"`{command} validate`"), ", then commit what init has written")
    if driver == "no git":
        yield line("  - `git init`, then once in each clone:")
    else:
        yield line("  - once in each further clone, for states to be merged by address:")
    yield line(f"      git config merge.kalentops-state.driver '{DRIVER}'")
    if driver == "other":
        yield line("      (this clone has another command there, which was kept)")
    if hooks:
        yield line("  - `pre-commit install`, once in each clone")
    if github:
        yield from _github(of)


def _github(of: Setup) -> Iterator[Line]:
    if not of.origin and not of.action:
        yield line(
            (f"  - in the workflows, replace {NO_ACTION[:26]}… by the repository and the commit", "warn")
        )
        yield line(("    of kalentops that you use; or remove them and run init with --action", "warn"))
    yield line("  - on GitHub, under Settings, Environments, make two, each with a secret ", of.secret, ":")
    yield line("      ", of.environment, "  (branch rule: ", of.branch, " only; reviewers, if you like)")
    yield line("      ", of.reading, "  (the same branch, no reviewers)")
    if of.below:
        yield line(
            "    They belong to ",
            of.below,
            "/ alone: each folder has its own, so that no key gets to another",
        )
    yield line(
        "  - let the workflow `kalentops apply` push the state: if a rule protects ",
        of.branch,
        ", it needs an",
    )
    yield line("    exception for it; a run finds out before it creates anything")
    yield line("  - have changes reviewed by who answers for the messages, in .github/CODEOWNERS:")
    yield line(f"      /{of.prefix}{of.under} @YOUR-ORGANISATION/recruiting")
    yield line("    and what decides where they go and which are yours, by who maintains the repository:")
    for name in (f"{of.prefix}{of.state}", f"{of.prefix}{of.state}.journal", f"{of.prefix}kalentops.yaml"):
        yield line(f"      /{name} @YOUR-ORGANISATION/maintainers")
    yield line("      /.github/ @YOUR-ORGANISATION/maintainers")
