"""A blueprint as Kalent shows it, and the stub: the empty blueprint that reserves an id before any text is sent. Pure.

Kalent has no idempotency key: a create whose answer is lost may still come true, and must not be sent again with a
text. An empty blueprint may: it can't be started, because `start` wants a step (docs/reference/kalent-api.md, [docs]).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kalentops.blueprint.body import Body
from kalentops.support.text import KEY_PATTERN


class Remote(NamedTuple):
    """One row of a sourcing's list. `shown` is its observable body, None where the row can't be compared.

    `unknown` names the fields of steps that the API shows and that nothing here knows, as in `steps/2/colour`.
    """

    blueprint_id: str
    name: str
    updated_at: str | None
    shown: Body | None = None
    unknown: tuple[str, ...] = ()

    @property
    def digest(self) -> str | None:
        return None if self.shown is None else self.shown.digest

    @property
    def steps_digest(self) -> str | None:
        """The digest of its steps; None also where there are no steps."""
        return None if self.shown is None else self.shown.steps_digest


class RemoteSourcing(NamedTuple):
    """An open position as Kalent lists it."""

    sourcing_id: str
    name: str


@dataclass(frozen=True, slots=True)
class RemoteLists:
    """What the API showed of several sourcings: `lists` holds whole lists, `refused` why a sourcing has none; it is
    among the `denied` if the key may not see it.
    """

    lists: Mapping[str, tuple[Remote, ...]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()


_NAME: Final = 40
_MARK: Final = re.compile(rf"\(kalentops ({KEY_PATTERN}) ([0-9a-f]{{8}}(?:[0-9a-f]{{8}})?)( taken)?\)\s*\Z")


class Mark(NamedTuple):
    """What the name of a stub says: the key of its address, and the nonce of the attempt that made it. `taken`: a run
    has chosen it among those that earlier runs have left.
    """

    key: str
    nonce: str
    taken: bool = False


def new_nonce(lineage: str | None = None) -> str:
    """Eight hexadecimal digits that no other attempt has. With the lineage of a shared state, eight more say so."""
    nonce = os.urandom(4).hex()
    return nonce if lineage is None else nonce + _tag(nonce, lineage)


def is_of_lineage(nonce: str, lineage: str | None) -> bool:
    """Whether a run of the shared state with this lineage made the stub. It has no text unless that state says so."""
    return lineage is not None and nonce[8:] == _tag(nonce[:8], lineage)


def _tag(nonce: str, lineage: str) -> str:
    return hashlib.sha256(f"{lineage} {nonce}".encode()).hexdigest()[:8]


def stub(name: str, mark: Mark) -> Body:
    """The body that reserves an id for a blueprint of this name: `NAME (kalentops KEY NONCE)`, and no steps."""
    said = f"kalentops {mark.key} {mark.nonce}{' taken' if mark.taken else ''}"
    return Body.of({"name": f"{name[:_NAME].strip()} ({said})", "steps": []})


def mark_in(name: str) -> Mark | None:
    """The mark at the end of a name; what stands before it, a server may have changed."""
    found = _MARK.search(name)
    return Mark(found[1], found[2], found[3] is not None) if found else None


def mark_of(body: Body) -> Mark | None:
    """The mark of a body that is a stub: its name has one, and there is no step."""
    mark = mark_in(body.name)  # first: the steps may have to be read for it
    return mark if mark is not None and body.is_empty else None


def stub_mark(remote: Remote) -> Mark | None:
    """The mark of what a list shows, if that is a stub and still empty."""
    return None if remote.shown is None else mark_of(remote.shown)


def edited_stub_mark(remote: Remote) -> Mark | None:
    """The mark of a stub that is not empty any more, or whose steps are not shown: a person has edited it."""
    return mark_in(remote.name) if stub_mark(remote) is None else None


def stub_as_remote(blueprint_id: str, made: Body) -> Remote:
    """What a list will show of a stub that an answer says was made."""
    return Remote(blueprint_id, made.name, None, made.observable)


def stubs(remotes: Iterable[Remote]) -> tuple[tuple[Mark, Remote], ...]:
    """Those that are stubs, with their marks."""
    marked = ((stub_mark(each), each) for each in remotes)
    return tuple((mark, each) for mark, each in marked if mark is not None)
