"""What in a sourcing looks like a blueprint that is about to be made: it may be that one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kalentops.canonical import content_digest, observable
from kalentops.remote import Remote
from kalentops.text import clip


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


def same_name(name: str) -> str:
    """What two names have in common that people would take for one: case and white space weigh nothing."""
    return " ".join(name.split()).casefold()


def look_alikes(remotes: Iterable[Remote], body: Mapping[str, Any]) -> Alike:
    """What of `remotes` looks like `body`, a canonical one."""
    name, content, wanted = same_name(str(body["name"])), content_digest(body), observable(body).digest
    alike = [r for r in remotes if same_name(r.name) == name or (content and r.content == content)]
    exact = tuple(remote for remote in alike if remote.digest == wanted)
    return Alike(exact, tuple(remote for remote in alike if remote.digest != wanted))


def why_not_made(alike: Alike, name: str, address: str) -> str:
    """Why nothing is made at `address` beside what looks like it, and what a person can do."""
    found = alike.exact or alike.others
    ids = ", ".join(remote.blueprint_id for remote in found)
    if len(found) > 1:
        return f"several are there that look like it: {ids}; delete what is not wanted in Kalent's web app"
    sourcing_id, _, key = address.partition("/")
    take = (
        f"`kalentops import {sourcing_id} --key {key} --id {ids}` takes it over, and plan shows what differs"
    )
    if same_name(found[0].name) != same_name(name):
        return f"{ids} has exactly these steps, is called {clip(found[0].name)}, and is not ours; {take}"
    return f"{ids} has this name and other content, and is not ours; {take}; or rename one of the two"


def beside(alike: Alike) -> str:
    """What to say of the others where one is taken over."""
    ids = ", ".join(each.blueprint_id for each in alike.others)
    return f"beside it, {ids} looks like it; look at both in Kalent's web app" if ids else ""
