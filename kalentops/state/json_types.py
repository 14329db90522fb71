"""The types of the state file and of its journal in JSON. Fields that are not known survive a rewrite."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from kalentops.support.shape import TypedDict, described

StateVersion = Annotated[str, described("The version of the format of state and journal.")]
Lineage = Annotated[str, described("Identifies the state, from its first write on.")]
Tenant = Annotated[
    str | None, described("A fingerprint of the API's address; null in a state that was not used.")
]
Time = Annotated[str, described("ISO 8601.")]
Digest = Annotated[str, described("`sha256:` and 64 hexadecimal digits, of `sent`.")]
SentBody = Annotated[Mapping[str, Any], described("A blueprint as a request holds it.")]


class RemoteJson(TypedDict):
    """What a list showed after the last write."""

    digest: Annotated[str | None, described("Of what the list showed; null if none was read.")]
    updatedAt: Annotated[str | None, described("As Kalent says.")]


class EntryJson(TypedDict):
    """A blueprint that exists in Kalent."""

    applied_at: Annotated[Time, described("When it was recorded (ISO 8601): applied, adopted or imported.")]
    blueprintId: Annotated[str, described("Its id in Kalent.")]
    digest: Digest
    sent: Annotated[SentBody, described("What was sent; of a reserved id, the empty blueprint.")]
    sourcingId: str
    key: str
    remote: NotRequired[RemoteJson]


class IntentJson(TypedDict):
    """What was about to be sent, while its outcome is unknown."""

    action: Literal["create", "update"]
    sent: Annotated[SentBody, described("What was to be sent.")]
    digest: Digest
    at: Annotated[Time, described("When it was about to be sent (ISO 8601).")]
    blueprintId: Annotated[str | None, described("The id, for an update.")]
    nonces: Annotated[list[str], described("Those of the empty blueprints that may have been created.")]
    run: NotRequired[Annotated[str, described("The run that began it; in a shared store only.")]]
    host: NotRequired[Annotated[str, described("The machine of that run.")]]
    sourcingId: str
    key: str


class StateJson(TypedDict):
    """The state file."""

    format_version: StateVersion
    lineage: Annotated[str | None, Lineage]
    serial: Annotated[int, described("Counts the writes.")]
    tenant: Tenant
    environment: NotRequired[
        Annotated[str, described("The environment of kalentops.yaml that it belongs to.")]
    ]
    last_run: NotRequired[Annotated[str, described("The run whose journal is in the state already.")]]
    moved_to: NotRequired[Annotated[str, described("Where the state was moved to; this one is out of use.")]]
    blueprints: Annotated[Mapping[str, EntryJson], described("By address.")]
    intents: Annotated[Mapping[str, IntentJson], described("By address; empty unless a run was interrupted.")]


class JournalHeadJson(TypedDict):
    """The first record of a journal: the state that the others belong to."""

    format_version: StateVersion
    lineage: Lineage
    serial: int
    run: Annotated[str, described("Identifies the journal.")]
    tenant: Tenant


class IntendedJson(TypedDict):
    """Recorded before something is sent."""

    type: Literal["intent"]
    address: str
    intent: IntentJson


class CompletedJson(TypedDict):
    """The open intent was carried out."""

    type: Literal["done"]
    address: str
    blueprintId: str
    at: Time


class AdoptedJson(TypedDict):
    """An existing blueprint is managed from now on, or its record changes."""

    type: Literal["entry"]
    address: str
    entry: EntryJson


class ObservedJson(TypedDict):
    """What a list showed of a managed blueprint."""

    type: Literal["seen"]
    address: str
    digest: str
    updatedAt: str | None


class AbandonedJson(TypedDict):
    """The open intent has no effect."""

    type: Literal["closed"]
    address: str
    reason: str


RecordJson = IntendedJson | CompletedJson | AdoptedJson | ObservedJson | AbandonedJson
JournalJson = JournalHeadJson | RecordJson
