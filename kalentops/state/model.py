"""What kalentops has created in Kalent: pure data.

An entry says which blueprint an address has and what was sent. An intent says what was about to be sent, while the
outcome is unknown; it stays until a run settles it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Mark, Remote, mark_of, stub_mark
from kalentops.errors import StateDamaged

if TYPE_CHECKING:
    from kalentops.state.content import Piece

FORMAT_VERSION: Final = "2.0"
READABLE: Final = frozenset({"1", "2"})
"""The major versions of the format that can be read; what is written has FORMAT_VERSION."""
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A blueprint that exists, and the body that was sent. A claim is the entry of a stub: its id is reserved, and its
    text was not sent yet.

    `applied_at` is when it was recorded: applied, adopted or imported. `remote_digest` is what a list showed after
    that, None if none was read. `updated_at` is the latest that a list showed, also before that.
    """

    address: Address
    blueprint_id: str
    sent: Body
    applied_at: str
    remote_digest: str | None = None
    updated_at: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    # Where it was read, in the form in which it is written. `replace` makes an entry without it.
    piece: Piece | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def digest(self) -> str:
        return self.sent.digest

    @property
    def name(self) -> str:
        return self.sent.name

    @property
    def mark(self) -> Mark | None:
        """The mark of a claimed stub, until its text is known to have arrived; else None."""
        return mark_of(self.sent)

    @property
    def baseline(self) -> str:
        """The digest that a list shows as long as there is no remote edit."""
        return self.remote_digest or self.sent.observable.digest

    def outdates(self, updated_at: str | None) -> bool:
        """Whether a list with this time shows the state before the last write: a list may be behind. Both times are the
        server's, so no clocks are compared.
        """
        if self.updated_at is None or updated_at is None:
            return False
        shown, seen = moment(updated_at), moment(self.updated_at)
        return shown < seen or (shown == seen and self.remote_digest is None)

    def not_arrived(self, remote: Remote) -> bool:
        """Whether a list shows what was there before the last write: the write is late, or the list is behind."""
        return stub_mark(remote) is not None or self.outdates(remote.updated_at)

    def verified(self) -> Body:
        """What was sent. Raises StateDamaged where it does not fit its digest."""
        return _verified(self.sent, self.address)


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that was about to be sent. The text of a new blueprint goes out as an update of its claimed stub. In a
    store that machines share, `run` and `host` say who began it.

    A create with `nonces`: stubs of these nonces may come to exist; no text was sent. One without was sent whole, by
    format 1.0 or with `create: whole`, and it must not be sent again.
    """

    address: Address
    action: Literal["create", "update"]
    sent: Body
    at: str
    blueprint_id: str | None = None
    nonces: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    run: str | None = None
    host: str | None = None

    @property
    def digest(self) -> str:
        return self.sent.digest

    @property
    def only_reserves(self) -> bool:
        """Whether it can create stubs only."""
        return bool(self.nonces)

    def verified(self) -> Body:
        """What was to be sent. Raises StateDamaged where it does not fit its digest."""
        return _verified(self.sent, self.address)


def moment(text: str | None) -> datetime:
    """A time of the API or the state; the earliest possible one for a text that is no time."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _verified(sent: Body, address: str) -> Body:
    if not sent.is_intact:
        raise StateDamaged(f"in the state, what was sent for {address} does not fit its digest")
    return sent


@dataclass(frozen=True, slots=True)
class State:
    """Entries and intents, by address. `lineage` is None until the state is written first. `moved_to` is the location
    that the state was moved to: what is stored under this one is out of use. `environment` is the one of kalentops.yaml
    that it belongs to.
    """

    lineage: str | None = None
    serial: int = 0
    tenant: str | None = None
    last_run: str | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict)
    intents: Mapping[str, Intent] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    moved_to: str | None = None
    environment: str | None = None

    def digests(self) -> dict[str, str]:
        """The digest of what was sent, by address."""
        return {address: entry.digest for address, entry in self.entries.items()}

    def ids(self) -> dict[str, str]:
        """The address of each managed blueprint, by its id."""
        return {entry.blueprint_id: address for address, entry in self.entries.items()}


class Intended(NamedTuple):
    """Recorded before something is sent."""

    intent: Intent


class Completed(NamedTuple):
    """The open intent of this address was carried out: it is this blueprint."""

    address: Address
    blueprint_id: str
    at: str


class Adopted(NamedTuple):
    """An existing blueprint is managed from now on, or what is recorded of a managed one changes."""

    entry: Entry


class Observed(NamedTuple):
    """What a list showed of a managed blueprint."""

    address: Address
    remote_digest: str
    updated_at: str | None


class Abandoned(NamedTuple):
    """The open intent of this address has no effect."""

    address: Address
    reason: str


Record: TypeAlias = Intended | Completed | Adopted | Observed | Abandoned


def address_of(record: Record) -> str:
    match record:
        case Intended(intent):
            return intent.address
        case Adopted(entry):
            return entry.address
        case _:
            return record.address


def replay(state: State, records: Iterable[Record]) -> State:
    """The state after the records, which are those of one run from its beginning.

    Once only: an outcome belongs to the intent that is open then. `last_run` says which run's are in already.
    Raises StateDamaged where a record gives an id that could not be kept.
    """
    records = tuple(records)
    entries, intents = dict(state.entries), dict(state.intents)
    for record in records:
        _apply_record(record, entries, intents)
    _check_ids_kept(records, entries)
    return replace(state, entries=entries, intents=intents)


def _apply_record(record: Record, entries: dict[str, Entry], intents: dict[str, Intent]) -> None:
    match record:
        case Intended(intent):
            intents[intent.address] = intent
        case Completed(address, blueprint_id, at):
            if address in intents:
                meant = intents.pop(address)
                made = Entry(address, blueprint_id, meant.sent, at)
                was = entries.get(address, made)
                seen = was.updated_at if meant.action == "update" else None
                entries[address] = replace(made, updated_at=seen, extra=was.extra)
        case Adopted(entry):
            intents.pop(entry.address, None)
            entries[entry.address] = entry
        case Observed(address, remote_digest, updated_at):
            if address in entries:
                entries[address] = replace(
                    entries[address], remote_digest=remote_digest, updated_at=updated_at
                )
        case Abandoned(address):
            intents.pop(address, None)


def _check_ids_kept(records: Iterable[Record], entries: Mapping[str, Entry]) -> None:
    for record in records:
        if isinstance(record, Completed) and record.address not in entries:
            raise StateDamaged(
                f"the journal says that {record.address} became {record.blueprint_id}, but not what was sent",
                hint="restore the state that the run of the journal began with; git has it",
            )


def merge_records(state: State, records: Iterable[Record]) -> State:
    """The state with the records of a run that started from another serial of the same lineage.

    Nothing in `state` is overwritten: it may be newer. Raises StateDamaged where the two hold different
    blueprints for one address, or an id could not be kept.
    """
    records = tuple(records)
    found: dict[str, Entry] = {}
    opened = dict(state.intents)
    for record in records:
        _apply_record(record, found, opened)
    claims: dict[str, str] = {
        record.address: record.blueprint_id for record in records if isinstance(record, Completed)
    }
    claims |= {address: entry.blueprint_id for address, entry in found.items()}
    entries, ids = dict(state.entries), state.ids()
    for address, blueprint_id in claims.items():
        if blueprint_id in ids:  # perhaps under another address by now
            continue
        if address in state.entries:
            raise _two_blueprints(state.entries[address], blueprint_id)
        if address in found:
            entries[address] = found[address]
    _check_ids_kept((r for r in records if isinstance(r, Completed) and r.blueprint_id not in ids), entries)
    still = {at: each for at, each in state.intents.items() if _is_open(each, entries)}
    intents = {at: each for at, each in {**opened, **still}.items() if _is_open(each, entries)}
    return replace(state, entries=entries, intents=intents)


def _is_open(intent: Intent, entries: Mapping[str, Entry]) -> bool:  # a create is settled by its entry
    return (intent.action == "update") is (intent.address in entries)


def _two_blueprints(entry: Entry, blueprint_id: str) -> StateDamaged:
    return StateDamaged(
        f"{entry.address} is {entry.blueprint_id} in the state and {blueprint_id} in its journal",
        hint="look at both in Kalent's web app and delete the one that is not wanted there; then take its entry out of "
        "the state, or move the journal away",
    )


def check_consistent(state: State) -> None:
    """Raises StateDamaged where the parts of the state contradict each other."""
    owners: dict[str, str] = {}
    for address, entry in state.entries.items():
        other = owners.setdefault(entry.blueprint_id, address)
        if other != address:
            raise StateDamaged(
                f"the state gives {entry.blueprint_id} to {other} and to {address}",
                hint="one blueprint belongs to one address: take the other entry out, or restore the file from git",
            )
    for address, intent in state.intents.items():
        if (intent.action == "update") is not (address in state.entries):
            known = "is recorded" if address in state.entries else "is not recorded"
            raise StateDamaged(
                f"the state says that {address} was about to be {intent.action}d, and it {known}",
                hint="see in Kalent's web app what there is, then restore the entry from git, or take the intent out",
            )
