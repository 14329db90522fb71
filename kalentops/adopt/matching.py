"""Which of the files' own blueprints that are not recorded yet is it that Kalent shows? A pure function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from kalentops.blueprint.body import Canonical, content_digest, observable
from kalentops.blueprint.remote import Remote
from kalentops.project.check import Desired
from kalentops.support.text import same_name


@dataclass(frozen=True, slots=True)
class Exact:
    """What Kalent shows is what this address wants, as far as it can be seen."""

    want: Desired


@dataclass(frozen=True, slots=True)
class Alike:
    """It looks like what this address wants: the same name or steps, or one of several that are exactly that."""

    want: Desired
    by: Literal["name", "steps", "several"]


Match: TypeAlias = Exact | Alike


def body_of(want: Desired) -> Canonical:
    """What an address wants that is not recorded: the loader leaves documents out for those that are."""
    if want.canonical is None:
        raise AssertionError(f"{want.address} was loaded without its document")
    return want.canonical


def match(remotes: Iterable[Remote], wanted: Iterable[Desired]) -> dict[str, Match]:
    """The matches of one sourcing, by the id of the blueprint. `remotes` are those that are not ours, `wanted` the
    addresses that are not recorded.
    """
    wishes = {each.address: each for each in sorted(wanted, key=lambda each: each.address)}
    digests: dict[str | None, list[Desired]] = {}
    for want in wishes.values():
        digests.setdefault(observable(body_of(want).body).digest, []).append(want)
    exact: dict[str | None, list[Remote]] = {}
    others: list[Remote] = []
    for remote in sorted(remotes, key=lambda each: each.blueprint_id):
        is_exact = remote.digest in digests
        (exact.setdefault(remote.digest, []) if is_exact else others).append(remote)
    found: dict[str, Match] = {}
    for digest, same in exact.items():
        # Two that are the same to the letter can be told apart by nobody: any order is right.
        wants = digests[digest]
        for number, each in enumerate(same):
            want = wants[min(number, len(wants) - 1)]
            found[each.blueprint_id] = Exact(want) if len(same) <= len(wants) else Alike(want, "several")
        for want in wants:
            wishes.pop(want.address)
    return found | _alike(others, tuple(wishes.values()))


def _alike(remotes: Iterable[Remote], wishes: Sequence[Desired]) -> dict[str, Match]:
    names: dict[str, Desired] = {}
    steps: dict[str | None, Desired] = {}
    for want in wishes:
        names.setdefault(same_name(want.named.name), want)
        steps.setdefault(content_digest(body_of(want).body), want)
    found: dict[str, Match] = {}
    for remote in remotes:
        name = same_name(remote.name)
        if name in names:
            found[remote.blueprint_id] = Alike(names[name], "name")
        elif remote.content is not None and remote.content in steps:
            found[remote.blueprint_id] = Alike(steps[remote.content], "steps")
    return found
