"""What `plan` and `apply` have in common: files and state → selection → plan; and the notes on a state in git."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from kalentops.blueprint.body import Address
from kalentops.blueprint.remote import RemoteLists
from kalentops.cache import Cache, in_ci
from kalentops.cli.commands.options import NO_LIMITS, Limits
from kalentops.errors import GuardRefused, KalentopsError, StateError, UsageError
from kalentops.git.history import checkout_status, contents_at_merge_base, is_in_head, is_uncommitted
from kalentops.plan.build import ASKS, Action, Change, Plan, RefreshReport, Scope, make_plan, narrowed
from kalentops.plan.moves import StateEdit, edits_between
from kalentops.plan.moves import narrowed as kept_to
from kalentops.plan.saved import PlanOptions
from kalentops.project.config import Config
from kalentops.project.environments import add_ids_of_others, positions_elsewhere
from kalentops.project.files import find
from kalentops.project.load import Repository, Survey, load_surveyed, survey_project
from kalentops.state.codec import load_state
from kalentops.state.model import State
from kalentops.state.store.backend import Stored
from kalentops.state.store.session import Store
from kalentops.support.text import clip, count, nearest, some

_WITHOUT_STATE: Final = frozenset({Action.CREATE, Action.ADOPT, Action.CONFLICT})
"""The actions that a missing state can cause."""


class PlanContext(NamedTuple):
    """The full plan, the selection, and the state before and after `moved` and `removed`. `observed` is what Kalent
    showed, None without --refresh.
    """

    whole: Plan
    plan_options: PlanOptions
    state: State
    observed: RemoteLists | None = None

    @property
    def plan(self) -> Plan:
        """The plan of the selection."""
        return (
            self.whole
            if self.plan_options.scope.everything
            else narrowed(self.whole, self.plan_options.scope.covers)
        )

    @property
    def known(self) -> State:
        """The state that `apply` starts from: after `moved` and `removed` of the selection."""
        return kept_to(self.state, self.whole.relocated, self.plan_options.scope.covers)

    @property
    def sourcings(self) -> set[str]:
        """The ids of the sourcings in the plan."""
        return {each.address.sourcing_id for each in self.plan.changes}

    def refreshed(self, observed: RemoteLists) -> PlanContext:
        """The plan compared with what Kalent shows."""
        # An offline plan needs neither of these.
        from kalentops.adopt.match import removed_ids
        from kalentops.plan.refresh import refresh

        known = {each.address for each in self.whole.changes}
        others = removed_ids(observed, self.whole.relocated, known)
        whole = refresh(self.whole, observed, self.plan_options.overwrite, others)
        return self._replace(whole=whole, observed=observed)


def load_files(config: Config, state: State, found: Survey | None = None) -> Repository:
    """Bodies that are equal to those in the state are left out; the others are read when they are asked for. Raises
    UsageError.
    """
    repository = load_surveyed(found or survey_project(config), known=state.digests())
    ids = {each.sourcing_id for each in repository.positions}
    cached = found is not None and found.cached is not None
    add_ids_of_others(repository, positions_elsewhere(config, ids, cached=cached))
    return repository


def select(
    scope: Scope, overwrite: Iterable[str], repository: Repository, config: Config, paths: Sequence[Path]
) -> PlanOptions:
    """The selection. With paths, what these files declare, move or remove, and what uses their templates and
    snippets; an address that no file declares any more may belong to another file and is left out. Raises UsageError.
    """
    if paths:
        names = {each.name for each in find(config.root, paths)}
        for name in sorted(names.difference(repository.names)):
            raise UsageError(
                f"{name} is not one of the files below {config.blueprints}",
                hint="`blueprints:` in kalentops.yaml",
            )
        declared = {each.address for each in repository.declared if each.origin.file in names}
        declared |= {each.address for each in repository.using(names)}
        said = (each for each in repository.relocations if each.file in names)
        scope = scope._replace(
            addresses=frozenset(declared | {Address(each.sourcing_id, each.source) for each in said})
        )
    return PlanOptions(scope, tuple(overwrite))


def build_plan(repository: Repository, state: State, plan_options: PlanOptions) -> PlanContext:
    """Raises UsageError for a selection or --overwrite of something that does not exist, StateDamaged."""
    known = (repository.declared, state.entries.values(), state.intents.values())
    plan_options.scope.check(each.address for part in known for each in part)
    plan = make_plan(
        repository.declared,
        state,
        repository.findings,
        relocations=repository.relocations,
        overwrite=plan_options.overwrite,
        covers=plan_options.scope.covers,
    )
    context = PlanContext(plan, plan_options, state)
    _check_overwrite(context)
    return context


def _check_overwrite(context: PlanContext) -> None:
    """Raises UsageError for an address of --overwrite that can't be overwritten."""
    overwrite = context.plan_options.overwrite
    changes: dict[str, Change] = {each.address: each for each in context.whole.changes if overwrite}
    for address in overwrite:
        change = changes.get(address)
        if change is None:
            raise UsageError(
                f"there is no {clip(address)} to overwrite",
                hint=_address_meant(address, [each.address for each in changes.values()]),
            )
        why = (
            "in no file" if change.file is None else "not in the state" if change.blueprint_id is None else ""
        )
        if why:
            raise UsageError(
                f"there is nothing to overwrite at {clip(address)}: it is {why}",
                hint="--overwrite replaces an edited blueprint in Kalent with what the file declares",
            )
        if not change.asked_for(context.plan_options.scope.covers):
            raise UsageError(
                f"{clip(address)} can't be overwritten: it is outside the selection",
                hint="paths, --sourcing and --target must cover it",
            )


def _address_meant(address: str, addresses: Collection[Address]) -> str:
    """`--target` accepts a key alone, `--overwrite` does not: each blueprint to replace is named on its own."""
    same_key = [each for each in addresses if each.key == address]
    if len(same_key) > 1:
        return f"several addresses have this key; name one: {some(sorted(same_key), 3)}"
    meant = same_key[0] if same_key else nearest(address, addresses)
    if meant:
        return f"did you mean {clip(meant)}?"
    return "an address is SOURCING_ID/KEY; `kalentops state list` lists them"


def only_drift(plan: Plan) -> Plan:
    """The plan with its drift alone."""
    drift = RefreshReport(
        plan.drift, fingerprint=plan.refresh_report.fingerprint if plan.refresh_report else ""
    )
    return replace(plan, changes=(), refresh_report=drift, left_out=())


def check_guards(plan: Plan, config: Config, limits: Limits = NO_LIMITS) -> None:
    """Raises GuardRefused, with the counts and the options that permit them."""
    counts, guards = plan.summary, config.guards
    permitted = (
        ("creates", guards.max_creates if limits.max_creates is None else limits.max_creates),
        ("updates", guards.max_updates if limits.max_updates is None else limits.max_updates),
    )
    over = [(name, counts[name[:-1]], limit) for name, limit in permitted if counts[name[:-1]] > limit]
    if over:
        said = " and ".join(
            f"{count(number, name[:-1])}, {limit:,} permitted" for name, number, limit in over
        )
        flags = " ".join(f"--max-{name} {number}" for name, number, _ in over)
        hint = f"check the plan; if it is right, run apply with {flags}"
        if plan.refresh_report is None and over[0][0] == "creates":
            hint += "; if Kalent already has some of them, `kalentops plan --refresh --out FILE` counts only the rest"
        raise GuardRefused(f"the plan exceeds the guards: {said}", hint=hint)


def check_branch(config: Config) -> None:
    """Raises GuardRefused unless the environment's branch is checked out, and is not behind its remote as git knows it.
    Against accidents: variables and clones can be made to say anything.
    """
    if config.branch is None:
        return
    ref = os.environ.get("GITHUB_REF", "")
    job = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None
    at = checkout_status(config.root, job)
    hint = f"check out {config.branch} and pull, or pass --any-branch"
    if at is None or at.branch != config.branch:
        found = f"{clip(at.branch, 80)} is checked out" if at is not None else "no branch is checked out"
        raise GuardRefused(
            f"{config.environment} is applied from the branch {config.branch}, and {found}", hint=hint
        )
    if at.behind:
        raise GuardRefused(
            f"{clip(at.upstream, 80)} has {count(at.behind, 'commit')} for this folder that this checkout lacks",
            hint=hint,
        )


def notes_without_state(context: PlanContext, store: Store, *, applies: bool = False) -> Iterator[str]:
    """A note for a plan without a state: after a lost state, everything looks new or unmanaged. `applies`: as for
    `no_state`.
    """
    if not context.state.entries and any(each.action in _WITHOUT_STATE for each in context.plan.changes):
        yield from no_state(store, refreshed=context.observed is not None, applies=applies)


def apply_refusals(context: PlanContext, observed: RemoteLists | None, config: Config) -> Iterator[str]:
    """Why `apply` would refuse this plan, as far as that is known without it."""
    checks: list[Callable[[], None]] = [lambda: check_guards(context.plan, config)]
    if observed is not None and any(each.action in ASKS for each in context.plan.changes):
        from kalentops.plan.refresh import check_listed, check_workspace, looked_at

        if context.plan_options.scope.everything:
            checks.append(lambda: check_workspace(context.known, looked_at(observed)))
        checks.append(lambda: check_listed(context.known, observed.refused))
    for check in checks:
        try:
            check()
        except KalentopsError as error:
            yield f"apply would stop: {error}; {error.hint}"


def commit_hint(store: Store) -> Iterator[str]:
    """The command that commits the state; nothing if it is no file, or committed, ignored or outside of git."""
    for file in store.files[:1]:
        if not is_uncommitted(file):
            continue
        git = _git_in(file.parent)
        yield f'commit the state: `{git} add {shlex.quote(file.name)} && {git} commit -m "Record the ids"`'


def no_state(store: Store, *, refreshed: bool, applies: bool = False) -> Iterator[str]:
    """Whether the state was lost, or this is the first run. `refreshed`: the plan knows what Kalent has. `applies`: the
    command is `apply`, which reads Kalent itself, so the note names no other plan.
    """
    file = store.files[0] if store.files else None
    if file is not None and not file.exists() and is_in_head(file):
        git = _git_in(file.parent)
        yield (
            f"{file.name} is missing, but git has it: `{git} checkout HEAD -- {shlex.quote(file.name)}` restores it"
        )
    elif not refreshed:
        which = "" if applies else "; `kalentops plan --refresh` shows which"
        yield (
            "nothing is recorded yet. If Kalent has an identical blueprint, `apply` adopts it and creates no second "
            f"one{which}"
        )


def checkout_warnings(config: Config, store: Store, state: State) -> Iterator[str]:
    """Why an `apply` from this checkout is risky; nothing in CI, where the workflow chooses the checkout."""
    if in_ci():
        return
    at = checkout_status(config.root)
    if at is None:
        return
    as_intended = config.any_branch and not store.files  # a state in a file is that of its branch
    if at.main is not None and at.branch not in {at.main, config.branch} and not as_intended:
        main = clip(at.main, 80)
        yield f"the branch {clip(at.branch, 80)} is checked out, not {main}: " + (
            f"{main} does not know the new ids until this branch is merged. Apply from {main}"
            if store.files
            else f"until this branch is merged, the next apply from {main} undoes its changes. Apply from {main}"
        )
    if at.behind:
        yield (
            f"{clip(at.upstream, 80)} has {count(at.behind, 'commit')} for this folder that this checkout lacks: "
            f"`{_git_in(config.root)} pull` first, or older texts replace newer ones"
        )
    edits = state_edits(store, state)
    if edits:
        yield f"the state was changed on this branch ({count(len(edits), 'record')}): `kalentops plan` shows them"


class UpToDate:
    """Whether a plan has nothing to do, from the cache: it follows from the contents of all files, and of the state."""

    _KIND: Final = "plans"

    def __init__(self, cache: Cache | None, store: Store, stored: Stored | None) -> None:
        """Of a state in a file, without a journal. Others are read anyway."""
        self._cache = None if store.shared else cache
        self._store = store
        self._version = stored.version if stored is not None and stored.left is None else ""

    def unchanged(self, fingerprint: str) -> int | None:
        """The number of blueprints, if nothing is to be done, nor said about files and state."""
        if self._cache is None or not fingerprint or not self._version:
            return None
        said = self._cache.get(self._KIND, self._key(fingerprint))
        known = said is not None and said.isdigit() and _state_before(self._store) is None
        return int(said) if said is not None and known else None

    def keep(self, plan: Plan, fingerprint: str) -> None:
        """Keep that a plan of everything is one of those."""
        said = plan.findings or plan.state_edits or plan.drift
        nothing = not said and all(each.action is Action.NO_OP for each in plan.changes)
        if self._cache is not None and fingerprint and self._version and nothing:
            self._cache.put(self._KIND, self._key(fingerprint), str(len(plan.changes)).encode())

    def _key(self, fingerprint: str) -> str:
        return sha256(f"{fingerprint} {self._version}".encode()).hexdigest()


def _state_before(store: Store) -> tuple[bytes | None, ...] | None:
    """State and journal before the branch, or the pull request, changed them; None if it did not."""
    if not store.files:
        return None
    file = store.files[0]
    merge = os.environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request")
    return contents_at_merge_base(file.parent, [file.name, f"{file.name}.journal"], merge=merge)


def state_edits(store: Store, state: State) -> tuple[StateEdit, ...]:
    """What the branch, or the pull request, changes in the state; nothing if it is no file or git can't tell."""
    found = _state_before(store)
    if found is None:
        return ()
    try:
        before = State() if found[0] is None else load_state(found[0])
    except StateError:
        return ()
    if before.moved_to is not None:  # out of use there: with this branch, every record comes back into use
        before = State()
    return tuple(edits_between(before, state))


def _git_in(folder: Path) -> str:
    """`git` for a folder, as typed in the current one."""
    try:
        there = os.path.relpath(folder)
    except ValueError:  # another drive of Windows
        there = str(folder)
    return "git" if there == os.curdir else f"git -C {shlex.quote(there)}"
