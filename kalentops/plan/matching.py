"""What in a sourcing looks like a blueprint that is about to be made, or may have been: it may be that one. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kalentops.blueprint.body import content_digest, observable
from kalentops.blueprint.remote import Remote
from kalentops.blueprint.stub import Mark, stub_mark, was_stub
from kalentops.plan.explanation import Explanation, Remedy
from kalentops.support.text import clip, same_name


@dataclass(frozen=True, slots=True)
class Alike:
    """What there is: `exact` shows just what is wanted, `others` have the same name or the same steps."""

    exact: tuple[Remote, ...] = ()
    others: tuple[Remote, ...] = ()

    @property
    def adoptable(self) -> Remote | None:
        """The one that is what is wanted, if there is just one."""
        return self.exact[0] if len(self.exact) == 1 else None

    @property
    def unclear(self) -> bool:
        """Whether a person has to look before anything is made or taken over."""
        return len(self.exact) > 1 or bool(self.others and not self.exact)


def look_alikes(remotes: Iterable[Remote], body: Mapping[str, Any]) -> Alike:
    """What of `remotes` looks like `body`, a canonical one."""
    name, content, wanted = same_name(str(body["name"])), content_digest(body), observable(body).digest
    alike = [r for r in remotes if same_name(r.name) == name or (content and r.content == content)]
    exact = tuple(remote for remote in alike if remote.digest == wanted)
    return Alike(exact, tuple(remote for remote in alike if remote.digest != wanted))


def is_there(remotes: Iterable[Remote], body: Mapping[str, Any] | None) -> bool:
    """Whether one of them is just what is wanted. Such an address has its turn first, so that it is no look-alike."""
    return body is not None and observable(body).digest in {remote.digest for remote in remotes}


def reserved(
    remotes: Iterable[Remote], address: str, nonces: Collection[str] = (), own: Collection[str] = ()
) -> Remote | str | None:
    """The stub that a new blueprint at `address` gets its id from, why a person has to look first, or None.

    `remotes` are unmanaged; `nonces` are those of earlier runs that the state knows, `own` those of this run. What this
    run has not made may have been claimed by a run whose state is lost, and its text may still be on the way: such a
    stub is used first, and of several none, because only a person can see to it that one is left. Where the state knows
    several, each run says in Kalent which one it takes before it sends a text: one that is not taken has none.
    """
    key = address.partition("/")[2]
    taken: list[Remote] = []
    others: list[Remote] = []
    free: list[Remote] = []
    for remote in remotes:
        mark, edited = stub_mark(remote), was_stub(remote)
        if edited is not None and (edited.key == key or edited.nonce in nonces):
            return _edited_stub(remote, address)
        if mark is None or (mark.key != key and mark.nonce not in nonces):
            continue
        if mark.taken:
            taken.append(remote)
        elif mark.nonce in own or is_free(mark, nonces):
            free.append(remote)
        else:
            others.append(remote)
    return _chosen(taken or others, free)


def _chosen(first: list[Remote], free: list[Remote]) -> Remote | str | None:
    """Of stubs that may have a text, the only one; else a free one. Why a person has to look where there are more."""
    if len(first) > 1:
        ids = ", ".join(remote.blueprint_id for remote in first)
        return (
            f"{ids} are empty and reserved for it by earlier runs, and the text of one of them may still arrive; "
            "delete all but one in Kalent's web app"
        )
    return min(first or free, key=lambda each: each.blueprint_id, default=None)


def is_free(mark: Mark, nonces: Collection[str]) -> bool:
    """Whether a stub of an earlier run has no text unless it is taken: each run would say so, as there are several."""
    return len(nonces) > 1 and mark.nonce in nonces


def _edited_stub(remote: Remote, address: str) -> str:
    sourcing_id, _, key = address.partition("/")
    command = f"kalentops import {sourcing_id} --key {key} --id {remote.blueprint_id}"
    said = f"{remote.blueprint_id} was reserved for it, and was edited in Kalent; delete it there, or take it over"
    return Explanation(said, Remedy("take it over", command, "plan then shows what differs"))


def why_not_made(alike: Alike, name: str, address: str) -> str:
    """Why nothing is made at `address` beside what looks like it, and what a person can do."""
    found = alike.exact or alike.others
    ids = ", ".join(remote.blueprint_id for remote in found)
    if len(found) > 1:
        return f"several are there that look like it: {ids}; delete what is not wanted in Kalent's web app"
    sourcing_id, _, key = address.partition("/")
    command = f"kalentops import {sourcing_id} --key {key} --id {ids}"
    differs = "plan then shows what differs"
    if same_name(found[0].name) != same_name(name):
        said = f"{ids} has exactly these steps, is called {clip(found[0].name)}, and is not ours"
        return Explanation(said, Remedy("take it over", command, differs))
    said = f"{ids} has this name and other content, and is not ours"
    return Explanation(said, Remedy("take it over", command, f"{differs}; or rename one of the two"))


def beside(alike: Alike) -> str:
    """What to say of the others where one is taken over."""
    ids = ", ".join(each.blueprint_id for each in alike.others)
    return f"beside it, {ids} looks like it; look at both in Kalent's web app" if ids else ""
