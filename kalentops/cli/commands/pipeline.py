"""The stages that `plan` and `apply` have in common: files → checked → plan."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kalentops.adopt.match import let_go
from kalentops.blueprint.remote import RemoteLists
from kalentops.cli.commands.options import NO_LIMITS, Limits
from kalentops.errors import GuardRefused, KalentopsError, StateError, UsageError
from kalentops.git.history import before_branch, is_in_head, is_uncommitted, standing
from kalentops.plan.build import ASKS, Action, Plan, RefreshReport, Scope, make_plan, narrowed
from kalentops.plan.moves import HEAD, Relocated, StateEdit, edits_between, relocate
from kalentops.plan.moves import narrowed as kept_to
from kalentops.plan.refresh import refresh
from kalentops.plan.saved import PlanOptions
from kalentops.plan.workspace import check_workspace, looked_at
from kalentops.project.config import Config
from kalentops.project.files import find
from kalentops.project.load import Repository, load
from kalentops.state.codec import load_state
from kalentops.state.model import State
from kalentops.support.text import clip, count, nearest, some

if TYPE_CHECKING:
    from kalentops.cli.commands.connection import ApiConfig


_UNKNOWN: Final = frozenset({Action.CREATE, Action.ADOPT, Action.CONFLICT})
"""What can be in a plan because nothing is recorded."""


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The full plan, the selection, and the state before and after `moved` and `removed`. `observed` is what Kalent
    showed, None without --refresh.
    """

    whole: Plan
    asked: PlanOptions
    state: State
    relocated: Relocated
    observed: RemoteLists | None = None

    @property
    def plan(self) -> Plan:
        """What was asked for."""
        return self.whole if self.asked.scope.everything else narrowed(self.whole, self.asked.scope.covers)

    @property
    def known(self) -> State:
        """What the state becomes before anything is done: with what was asked for moved and forgotten."""
        return kept_to(self.state, self.relocated, self.asked.scope.covers)

    @property
    def sourcings(self) -> set[str]:
        """Those that the plan is about."""
        return {each.sourcing_id for each in self.plan.changes}

    def refreshed(self, observed: RemoteLists) -> PlanContext:
        """The same, held against what Kalent shows."""
        known = {each.address for each in self.whole.changes}
        others = let_go(observed, self.relocated, known)
        whole = refresh(self.whole, self.relocated.state, observed, self.asked.overwrite, others)
        return replace(self, whole=whole, observed=observed)


def read_files(config: Config, state: State) -> Repository:
    """The repository's files. Bodies that the state holds already are left out. Raises UsageError."""
    return load(config.root, [config.blueprints], severities=config.severities, known=state.digests())


def asked_for(
    scope: Scope, overwrite: Iterable[str], repository: Repository, config: Config, paths: Sequence[Path]
) -> PlanOptions:
    """What the command line asks for. With paths, only what these files declare, move or remove: an address that no
    file declares any more may be another file's, and is left alone. Raises UsageError.
    """
    if paths:
        names = {each.name for each in find(config.root, paths)}
        for name in sorted(names.difference(repository.names)):
            where = config.blueprints
            raise UsageError(
                f"{name} is not one of the files below {where}", hint="`blueprints:` in kalentops.yaml"
            )
        declared = {each.address for each in repository.desired if each.named.file in names}
        said = (each for each in repository.relocations if each.file in names)
        scope = replace(
            scope, addresses=frozenset(declared | {f"{each.sourcing_id}/{each.source}" for each in said})
        )
    return PlanOptions(scope, tuple(overwrite))


def plan_of(repository: Repository, state: State, asked: PlanOptions) -> PlanContext:
    """What would be done. Raises UsageError for what was asked for and is not there, StateDamaged."""
    wanted = {each.address for each in repository.desired}
    asked.scope.check(wanted | state.entries.keys() | state.intents.keys())
    plan = make_plan(
        repository.desired,
        state,
        repository.findings,
        relocations=repository.relocations,
        overwrite=asked.overwrite,
    )
    planned = PlanContext(plan, asked, state, relocate(state, repository.relocations))
    _check_overwrite(planned)
    return planned


def _check_overwrite(planned: PlanContext) -> None:
    """Raises UsageError for an address that is not there to be overwritten, with the nearest one that is."""
    changes = {each.address: each for each in planned.whole.changes}
    for address in planned.asked.overwrite:
        change = changes.get(address)
        if change is None:
            raise UsageError(f"there is no {clip(address)} to overwrite", hint=_whole(address, changes))
        why = (
            "in no file" if change.file is None else "not in the state" if change.blueprint_id is None else ""
        )
        if why:
            raise UsageError(
                f"there is nothing to overwrite at {clip(address)}: it is {why}",
                hint="--overwrite puts the file's version of what was applied in place of what Kalent shows",
            )
        if not change.asked_for(planned.asked.scope.covers):
            raise UsageError(
                f"{clip(address)} can't be overwritten: it is outside the selection",
                hint="paths, --sourcing and --target must cover it",
            )


def _whole(address: str, addresses: Collection[str]) -> str:
    """`--target` takes a key alone and `--overwrite` does not: what is replaced has to be named one by one."""
    same_key = [each for each in addresses if each.partition("/")[2] == address]
    if len(same_key) > 1:
        return f"several addresses have this key; name one: {some(sorted(same_key), 3)}"
    meant = same_key[0] if same_key else nearest(address, addresses)
    if meant:
        return f"did you mean {clip(meant)}?"
    return "an address is SOURCING_ID/KEY; `kalentops state list` lists them"


def look(planned: PlanContext, target: ApiConfig, parallelism: int, *, quiet: bool) -> PlanContext:
    """The plan, held against what Kalent shows, which is read through a client that can only GET.

    Raises what `Line.observe` raises, and Forbidden where the key may see none of the sourcings.
    """
    from kalentops.kalent.lists import check_permitted

    observed = observe(planned.sourcings, target, parallelism, quiet=quiet)
    check_permitted(observed)
    return planned.refreshed(observed)


def observe(sourcings: Collection[str], target: ApiConfig, parallelism: int, *, quiet: bool) -> RemoteLists:
    from kalentops.cli.commands.connection import connected

    with connected(target, quiet=quiet, farewell="stopped; nothing was changed") as line:
        return line.observe(sourcings, parallelism)


def only_drift(plan: Plan) -> Plan:
    """The plan with its drift alone."""
    drift = RefreshReport(plan.drift, fingerprint=plan.remotely.fingerprint if plan.remotely else "")
    return replace(plan, changes=(), remotely=drift, left_out=())


def check_guards(plan: Plan, config: Config, limits: Limits = NO_LIMITS) -> None:
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
        hint = f"check the plan; if it is right, run apply with {flags}"
        if plan.remotely is None and over[0][0] == "creates":
            hint += "; what is in Kalent already does not count in a plan of `kalentops plan --refresh --out FILE`"
        raise GuardRefused(f"the plan exceeds the guards: {said}", hint=hint)


def unseen(planned: PlanContext, state_file: Path) -> Iterator[str]:
    """A note for a plan without a state: after a lost state, everything looks new or unmanaged."""
    if not planned.state.entries and any(each.action in _UNKNOWN for each in planned.plan.changes):
        yield from no_state(state_file, looked=planned.observed is not None)


def would_stop(planned: PlanContext, observed: RemoteLists | None, config: Config) -> Iterator[str]:
    """Why `apply` would refuse this plan, as far as one can tell from here."""
    checks: list[Callable[[], None]] = [lambda: check_guards(planned.plan, config)]
    asks = any(each.action in ASKS for each in planned.plan.changes)
    if observed is not None and asks and planned.asked.scope.everything:
        checks.append(lambda: check_workspace(planned.known, looked_at(observed)))
    for check in checks:
        try:
            check()
        except KalentopsError as error:
            yield f"apply would stop: {error}; {error.hint}"


def to_commit(state_file: Path) -> Iterator[str]:
    """What is left to do after a run; nothing where git has the state as it is, ignores it, or is not used."""
    file = state_file.resolve()
    if is_uncommitted(file):
        git = _git_in(file.parent)
        yield f'commit the state: `{git} add {shlex.quote(file.name)} && {git} commit -m "Record the ids"`'


def no_state(state_file: Path, *, looked: bool) -> Iterator[str]:
    """What it means that nothing is recorded although something is wanted: it was lost, or it is the first time.
    `looked`: the plan has seen what Kalent has already.
    """
    file = state_file.resolve()
    if not file.exists() and is_in_head(file):
        git = _git_in(file.parent)
        yield (
            f"{file.name} is missing here, and git has it: `{git} checkout HEAD -- {shlex.quote(file.name)}` brings it "
            "back"
        )
    elif not looked:
        yield (
            "nothing is recorded yet. If Kalent has an identical blueprint, `apply` adopts it and creates no second "
            "one; `kalentops plan --refresh` shows which"
        )


def to_know_before(root: Path, state_file: Path, state: State) -> Iterator[str]:
    """What makes an `apply` from this checkout risky; nothing in CI, which checks out what it means to."""
    if os.environ.get("CI") or os.environ.get("GITHUB_ACTIONS"):
        return
    at = standing(root)
    if at is None:
        return
    if at.main is not None and at.branch != at.main:
        yield (
            f"the branch {clip(at.branch, 80)} is checked out, not {clip(at.main, 80)}: the ids that Kalent gives out "
            f"are known on {clip(at.main, 80)} only when this branch is merged. Apply from there"
        )
    if at.behind:
        yield (
            f"{clip(at.upstream, 80)} has {count(at.behind, 'commit')} for this folder that are not here: "
            f"`{_git_in(root)} pull` first, or older texts replace newer ones"
        )
    edits = state_edits(state_file, state)
    if edits:
        yield f"{HEAD[0].lower()}{HEAD[1:]} ({count(len(edits), 'record')}): `kalentops plan` shows them"


def state_edits(state_file: Path, state: State) -> tuple[StateEdit, ...]:
    """What the branch, or the pull request, has changed in the state, as far as git and files can tell."""
    file = state_file.resolve()
    merge = os.environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request")
    found = before_branch(file.parent, [file.name, f"{file.name}.journal"], merge=merge)
    if found is None:
        return ()
    try:
        before = State() if found[0] is None else load_state(found[0])
    except StateError:
        return ()
    return tuple(edits_between(before, state))


def _git_in(folder: Path) -> str:
    """How to call git for a folder from where the user is."""
    try:
        there = os.path.relpath(folder)
    except ValueError:  # another drive of Windows
        there = str(folder)
    return "git" if there == os.curdir else f"git -C {shlex.quote(there)}"
