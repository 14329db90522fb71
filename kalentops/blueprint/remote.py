"""A blueprint as Kalent shows it: pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kalentops.blueprint.body import Canonical


@dataclass(frozen=True, slots=True)
class Remote:
    """One row of a sourcing's list. `shown` is its observable form and `digest` the digest of that, `content` that of
    its steps alone; None where they can't be compared, `content` also where there are no steps.

    `unknown` names the fields of steps that the API shows and that nothing here knows, as in `steps/2/colour`.
    """

    blueprint_id: str
    name: str
    digest: str | None
    content: str | None
    updated_at: str | None
    shown: Canonical | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteSourcing:
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
