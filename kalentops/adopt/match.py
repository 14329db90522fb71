"""What files and state know of a sourcing, and which declared blueprint Kalent shows. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from kalentops.adopt.naming import former_key
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Remote, RemoteLists
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import Declared, Hides, Relocation, rules
from kalentops.plan.matching import Index
from kalentops.plan.moves import Relocated, relocate
from kalentops.project.load import Repository
from kalentops.state.model import Entry, Intent, State
from kalentops.support.text import same_name

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Known:
    """What files and state know of one sourcing. `unrecorded` are the declared blueprints without an entry, `keys` all
    keys in use. Of these, `relocated` are in `moved` or `removed` of a file; `removed` has those that were removed,
    with the line that says so. `open_create` is the address of a create with text whose outcome is unknown.
    """

    unrecorded: tuple[Declared, ...] = ()
    keys: frozenset[str] = field(default_factory=frozenset)
    relocated: frozenset[str] = field(default_factory=frozenset)
    removed: Mapping[str, Relocation] = field(default_factory=dict)
    open_create: str | None = None

    @property
    def others(self) -> frozenset[str]:
        """The keys in use, without those that were removed."""
        return self.keys - self.removed.keys()


def recorded_entries(files: Repository, state: State) -> dict[str, Entry]:
    """The entry of each address, old and new where a file moves it and no `apply` has done so yet."""
    return {**state.entries, **relocate(state, files.relocations).state.entries}


def known_by_sourcing(sourcing_ids: Iterable[str], files: Repository, state: State) -> dict[str, Known]:
    relocated = relocate(state, files.relocations)
    entries = {**state.entries, **relocated.state.entries}
    by_file = _grouped((each.address.sourcing_id, each) for each in files.declared)
    at = {each.address for each in entries.values()} | {each.address for each in state.intents.values()}
    keys = _grouped((each.sourcing_id, each.key) for each in at)
    intents = _grouped((each.address.sourcing_id, each) for each in state.intents.values())
    said = _grouped((each.sourcing_id, each) for each in files.relocations)
    found = {}
    for sourcing_id in sourcing_ids:
        wants, moves = by_file.get(sourcing_id, []), said.get(sourcing_id, [])
        taken = {each.address.key for each in wants} | {
            each.target for each in moves if each.target is not None
        }
        left = frozenset(each.source for each in moves)
        found[sourcing_id] = Known(
            tuple(each for each in wants if each.address not in entries),
            left.union(taken, keys.get(sourcing_id, ())),
            left,
            {key: _end(key, moves) for key in left if Address(sourcing_id, key) in relocated.gone},
            next((e.address for e in intents.get(sourcing_id, ()) if _made_whole(e)), None),
        )
    return found


def _made_whole(intent: Intent) -> bool:
    return intent.action == "create" and not intent.only_reserves


def _end(key: str, said: Iterable[Relocation]) -> Relocation:
    """The entry of `removed` at the end of a key's moves."""
    by_source = {each.source: each for each in said}
    end = by_source[key]
    while end.target is not None:
        end = by_source[end.target]
    return end


def removed_ids(observed: RemoteLists, relocated: Relocated, known: Collection[Address]) -> frozenset[str]:
    """The ids of the blueprints that files remove, as far as they can be known: the state forgets an id, and a name
    leads to its key only if the key was made from it. `known` are the addresses of files and state.
    """
    keys, gone = (_grouped((at.sourcing_id, at.key) for at in each) for each in (known, relocated.gone))
    found = {each.blueprint_id for each in relocated.forgotten.values()}
    for sourcing_id, theirs in gone.items():
        others = set(keys.get(sourcing_id, ())).difference(theirs)
        for each in observed.lists.get(sourcing_id, ()):
            if former_key(each.name, theirs, others) is not None:
                found.add(each.blueprint_id)
    return frozenset(found)


def _grouped(pairs: Iterable[tuple[str, _T]]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def unreadable_declarations(repository: Repository, state: State) -> list[Finding]:
    """The errors that hide which blueprints the files declare.

    Errors in texts are left out, and so are unknown values in a file whose blueprints are all recorded: a blueprint
    that was imported with such a value does not block the next import.
    """
    known = recorded_entries(repository, state)
    whole: dict[str, bool] = {}
    for each in repository.declared:
        whole[each.origin.file] = whole.get(each.origin.file, True) and each.address in known
    return [
        finding
        for finding in repository.findings
        if finding.severity is Severity.ERROR
        and rules()[finding.code].hides >= (Hides.BLUEPRINT if whole.get(finding.file) else Hides.VALUE)
    ]


class Exact(NamedTuple):
    """A blueprint in Kalent is identical to what `want` declares, as far as a list shows it."""

    want: Declared


class NearMatch(NamedTuple):
    """A blueprint in Kalent has the name or the steps of `want`, or is one of several that are identical to it."""

    want: Declared
    by: Literal["name", "steps", "several"]


Match: TypeAlias = Exact | NearMatch


def body_of(want: Declared) -> Body:
    """The body of a blueprint that is not recorded: the loader leaves out only those that the state holds."""
    if want.body is None:
        raise AssertionError(f"{want.address} was loaded without its body")
    return want.body


def match(remotes: Iterable[Remote], wanted: Iterable[Declared]) -> dict[str, Match]:
    """The matches of one sourcing, by the id of the blueprint. `remotes` are unmanaged, `wanted` not recorded."""
    left = {each.address: each for each in sorted(wanted, key=lambda each: each.address)}
    digests: dict[str | None, list[Declared]] = {}
    for want in left.values():
        digests.setdefault(body_of(want).observable.digest, []).append(want)
    exact: dict[str | None, list[Remote]] = {}
    others: list[Remote] = []
    for remote in sorted(remotes, key=lambda each: each.blueprint_id):
        is_exact = remote.digest in digests
        (exact.setdefault(remote.digest, []) if is_exact else others).append(remote)
    found: dict[str, Match] = {}
    for digest, same in exact.items():
        # Two identical ones can't be told apart: any order is right.
        wants = digests[digest]
        for number, each in enumerate(same):
            want = wants[min(number, len(wants) - 1)]
            found[each.blueprint_id] = Exact(want) if len(same) <= len(wants) else NearMatch(want, "several")
        for want in wants:
            left.pop(want.address)
    return found | _alike(others, tuple(left.values()))


def _alike(remotes: Iterable[Remote], left: Sequence[Declared]) -> dict[str, Match]:
    index = Index((each.name, body_of(each).steps_digest, each) for each in left)
    found: dict[str, Match] = {}
    for remote in remotes:
        want = index.first(remote.name, remote.steps_digest)
        if want is not None:
            by_name = same_name(want.name) == same_name(remote.name)
            found[remote.blueprint_id] = NearMatch(want, "name" if by_name else "steps")
    return found
