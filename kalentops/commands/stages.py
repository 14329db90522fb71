"""The stages that `plan` and `apply` have in common: files → checked → plan."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace

from kalentops.apply.result import ApplyResult
from kalentops.commands.options import Limits
from kalentops.config import Config
from kalentops.errors import GuardRefused, InvalidFiles, UsageError
from kalentops.plan import Plan, make_plan, narrowed
from kalentops.planfile import Asked, Saved
from kalentops.refreshing import refresh
from kalentops.relocation import Relocated, relocate
from kalentops.remote import Observed
from kalentops.reports import findings, machine, plans, results
from kalentops.reports.console import show
from kalentops.reports.lines import count
from kalentops.reports.notes import tell
from kalentops.repository import Repository, load
from kalentops.scope import Scope
from kalentops.state import State
from kalentops.text import clip, nearest


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the state under the addresses that it speaks of: `relocated.state`."""

    plan: Plan
    relocated: Relocated
    asked: Asked

    @property
    def sourcings(self) -> set[str]:
        """Those that the plan is about."""
        return {each.sourcing_id for each in self.plan.changes if self.asked.scope.covers(each.address)}

    def refreshed(self, observed: Observed) -> Planned:
        """The same, held against what Kalent shows."""
        return replace(self, plan=refresh(self.plan, self.relocated.state, observed, self.asked.overwrite))

    def narrowed(self) -> Plan:
        """What was asked for."""
        return self.plan if self.asked.scope.everything else narrowed(self.plan, self.asked.scope.covers)


def read_files(config: Config, state: State) -> Repository:
    """The repository's files. Bodies that the state holds already are left out. Raises UsageError."""
    return load(config.root, [config.blueprints], severities=config.severities, known=state.digests())


def refuse_invalid(repository: Repository) -> None:
    """Show the findings on stderr. Raises InvalidFiles where one of them is an error."""
    show(findings.findings(repository.findings), sys.stderr)
    if not repository.valid:
        show([findings.summary(repository.findings, repository.files, len(repository.desired))], sys.stderr)
        raise InvalidFiles("the blueprints are not valid; nothing was planned")


def asked_for(
    repository: Repository, state: State, scope: Scope, overwrite: Iterable[str], saved: Saved | None = None
) -> Asked:
    """What the command line asks for, or the saved plan. Raises UsageError where both do, or where a glob fits
    nothing.
    """
    asked = Asked(scope, tuple(overwrite))
    if saved is not None:
        if asked != Asked():
            raise UsageError(
                "a saved plan says itself what it is about",
                hint="leave --sourcing, --target and --overwrite out, or make the plan with them",
            )
        asked = saved.asked
    wanted = {each.address for each in repository.desired}
    asked.scope.check(wanted | state.entries.keys() | state.intents.keys())
    return asked


def only_drift(plan: Plan) -> Plan:
    """What somebody else has changed, and nothing else."""
    return replace(plan, changes=(), left_out=0)


def plan_of(repository: Repository, state: State, asked: Asked) -> Planned:
    """What would be done. Raises UsageError for what was asked for and is not there, StateDamaged."""
    covers = asked.scope.covers
    said = [
        each
        for each in repository.relocations
        if covers(f"{each.sourcing_id}/{each.source}") or covers(f"{each.sourcing_id}/{each.target}")
    ]
    relocated = relocate(state, said)
    plan = make_plan(
        repository.desired, state, repository.findings, relocations=said, overwrite=frozenset(asked.overwrite)
    )
    _check_overwrite(plan, relocated.state, asked.overwrite)
    return Planned(plan, relocated, asked)


def _check_overwrite(plan: Plan, state: State, addresses: Iterable[str]) -> None:
    """Raises UsageError for an address that is not there to be overwritten, with the nearest one that is."""
    files = {each.address: each.file for each in plan.changes}
    for address in addresses:
        if address not in files:
            meant = nearest(address, files)
            raise UsageError(
                f"there is no {clip(address)} to overwrite", hint=f"did you mean {meant}?" if meant else None
            )
        if files[address] is None or address not in state.entries:
            where = "in no file" if files[address] is None else "not in the state"
            raise UsageError(
                f"there is nothing to overwrite at {clip(address)}: it is {where}",
                hint="--overwrite puts the file's version of what was applied in place of what Kalent shows",
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


def show_result(result: ApplyResult, form: str, *, left_out: int = 0) -> None:
    """What became of it, on stdout."""
    tell(result.notes)
    if left_out:
        tell([f"{count(left_out, 'change')} of the plan left out: not asked for"])
    if form == "json":
        sys.stdout.write(machine.dump(machine.apply(result)) + "\n")
    else:
        show(results.results(result))
