"""The stages that `plan` and `apply` have in common: files → checked → plan."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from kalentops import planfile
from kalentops.apply.result import ApplyResult
from kalentops.commands.options import Limits
from kalentops.config import Config
from kalentops.errors import GuardRefused, InvalidFiles, UsageError
from kalentops.plan import Action, Plan, make_plan
from kalentops.reports import findings, machine, plans, results
from kalentops.reports.console import show
from kalentops.reports.lines import count
from kalentops.reports.notes import tell
from kalentops.repository import Repository, load
from kalentops.state import State
from kalentops.text import clip, nearest


def read_files(config: Config, state: State) -> Repository:
    """The repository's files. Bodies that the state holds already are left out. Raises UsageError."""
    return load(config.root, [config.blueprints], severities=config.severities, known=state.digests())


def refuse_invalid(repository: Repository) -> None:
    """Show the findings on stderr. Raises InvalidFiles where one of them is an error."""
    show(findings.findings(repository.findings), sys.stderr)
    if not repository.valid:
        show([findings.summary(repository.findings, repository.files, len(repository.desired))], sys.stderr)
        raise InvalidFiles("the blueprints are not valid; nothing was planned")


def plan_of(repository: Repository, state: State) -> Plan:
    """What would be done. Raises StateDamaged."""
    return make_plan(repository.desired, state, repository.findings)


def check_saved(plan: Plan, path: Path | None) -> None:
    """Raises StalePlan where the saved plan does not say what would be done now."""
    if path is not None:
        planfile.check(path, plan)


def check_overwrite(plan: Plan, addresses: Iterable[str]) -> None:
    """Raises UsageError for an address that is not there to be overwritten, with the nearest one that is."""
    known = {change.address: change.action for change in plan.changes}
    for address in addresses:
        if address not in known:
            meant = nearest(address, known)
            raise UsageError(
                f"there is no {clip(address)} to overwrite", hint=f"did you mean {meant}?" if meant else None
            )
        if known[address] not in {Action.UPDATE, Action.RESUME}:
            raise UsageError(
                f"nothing is to be updated at {clip(address)}",
                hint="--overwrite lets an update through although somebody changed the blueprint in Kalent",
            )


def check_guards(plan: Plan, config: Config, limits: Limits) -> None:
    """Raises GuardRefused, with the counts and the options that permit them."""
    counts = plan.summary
    asked = (
        ("creates", counts["create"], limits.max_creates, config.guards.max_creates),
        ("updates", counts["update"], limits.max_updates, config.guards.max_updates),
    )
    over = [
        (name, number, default if limit is None else limit)
        for name, number, limit, default in asked
        if number > (default if limit is None else limit)
    ]
    if over:
        said = " and ".join(
            f"{count(number, name[:-1])}, {limit:,} permitted" for name, number, limit in over
        )
        flags = " ".join(f"--max-{name} {number}" for name, number, _ in over)
        raise GuardRefused(
            f"the plan has more than the guards permit: {said}",
            hint=f"look at the plan; if it is meant, run `kalentops apply {flags}`",
        )


def show_plan(plan: Plan, *, notes: Iterable[str], verbose: bool, brief: bool) -> None:
    """The plan on stderr, for whoever is about to answer: stdout is for the result."""
    tell(notes)
    show([plans.summary(plan)] if brief else plans.plan(plan, verbose=verbose), sys.stderr)


def show_result(result: ApplyResult, form: str) -> None:
    """What became of it, on stdout."""
    tell(result.notes)
    if form == "json":
        sys.stdout.write(machine.dump(machine.apply(result)) + "\n")
    else:
        show(results.results(result))
