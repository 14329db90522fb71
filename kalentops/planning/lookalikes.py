"""What in a sourcing looks like a blueprint that is about to be made, or may have been: it may be that one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kalentops.canonical import Canonical, content_digest, observable
from kalentops.planning.reason import Reason, Way
from kalentops.remote import Remote
from kalentops.state.entries import Intent
from kalentops.text import clip, same_name


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


@dataclass(frozen=True, slots=True)
class Found:
    """The create was done, as this one."""

    remote: Remote


@dataclass(frozen=True, slots=True)
class Doubt:
    """Several may be it, or one that is not quite it, or nobody could look: nothing may be sent for this address."""

    reason: str


def look_alikes(remotes: Iterable[Remote], body: Mapping[str, Any]) -> Alike:
    """What of `remotes` looks like `body`, a canonical one."""
    name, content, wanted = same_name(str(body["name"])), content_digest(body), observable(body).digest
    alike = [r for r in remotes if same_name(r.name) == name or (content and r.content == content)]
    exact = tuple(remote for remote in alike if remote.digest == wanted)
    return Alike(exact, tuple(remote for remote in alike if remote.digest != wanted))


def is_there(remotes: Iterable[Remote], body: Mapping[str, Any] | None) -> bool:
    """Whether one of them is just what is wanted. Such an address has its turn first, so that it is no look-alike."""
    return body is not None and observable(body).digest in {remote.digest for remote in remotes}


def what_came_of(intent: Intent, foreign: Iterable[Remote]) -> Found | Doubt | None:
    """What a list shows of a create of unknown outcome; `foreign` is what is there and not ours.

    What counts is a blueprint that was not there before and is what was sent. Something that only resembles it may be
    it all the same, in a form that the server has changed: then nobody but a person can say. A server that escapes
    texts changes name and steps alike; the ids of the steps are what it leaves. None: nothing like it.
    """
    since = [each for each in foreign if each.blueprint_id not in intent.known_ids]
    alike = look_alikes(since, intent.sent)
    new = alike.exact + alike.others or _of_these_steps(since, intent.sent)
    if not new:
        return None
    if len(new) == 1 and alike.exact:
        return Found(new[0])
    ids = ", ".join(remote.blueprint_id for remote in new)
    if len(new) > 1:
        return Doubt(
            f"several may be it: {ids}; look at them in Kalent's web app and delete what is not wanted"
        )
    return Doubt(
        f"{ids} is new, looks like it, and is not quite what was sent; look at it in Kalent's web app: delete it "
        f"there, or make the file say what it says and run `kalentops state rm {intent.address}`: then it is adopted"
    )


def _of_these_steps(remotes: Iterable[Remote], body: Mapping[str, Any]) -> tuple[Remote, ...]:
    """What has steps of the same ids, in the same order, whatever they say."""
    wanted = [step["id"] for step in body["steps"]]
    return tuple(each for each in remotes if wanted and each.shown and _ids(each.shown) == wanted)


def _ids(shown: Canonical) -> list[Any]:
    return [step.get("id") for step in shown.body["steps"]]


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
        return Reason(said, Way("take it over", command, differs))
    said = f"{ids} has this name and other content, and is not ours"
    return Reason(said, Way("take it over", command, f"{differs}; or rename one of the two"))


def beside(alike: Alike) -> str:
    """What to say of the others where one is taken over."""
    ids = ", ".join(each.blueprint_id for each in alike.others)
    return f"beside it, {ids} looks like it; look at both in Kalent's web app" if ids else ""
