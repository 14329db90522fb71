"""The types of results in JSON: of each command's `--format json`. Those of a plan are in `plan/json_types.py`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from kalentops.adopt.plan import ImportAction
from kalentops.apply.result import Outcome
from kalentops.plan.build import Action
from kalentops.plan.json_types import (
    AddressText,
    ExplanationJson,
    FieldChangeJson,
    FindingJson,
    FormatVersion,
    IdOrNull,
    InEnvironment,
    PlanJson,
)
from kalentops.state.json_types import EntryJson, IntentJson
from kalentops.support.shape import TypedDict, described


class PlansJson(TypedDict):
    """The plans of several environments."""

    format_version: FormatVersion
    environments: Annotated[
        Mapping[str, PlanJson | None],
        described("The plan of each environment; null where there is none because of an error."),
    ]


class InEnvironments(InEnvironment, total=False):
    environments: Annotated[list[str], described("The environments, of a run for several.")]


class ValidationJson(InEnvironments):
    """The findings in all files."""

    format_version: FormatVersion
    valid: Annotated[bool, described("Whether there is no error.")]
    online: Annotated[bool, described("Whether Kalent was asked which sourcings exist, and answered.")]
    findings: list[FindingJson]


class ResultJson(ExplanationJson):
    """The outcome of one change. `code`, `parameters` and `also` explain `error` and `note`."""

    address: AddressText
    action: Action
    outcome: Outcome
    blueprint_id: IdOrNull
    error: Annotated[str | None, described("Why it was not done, in words.")]
    note: Annotated[str | None, described("What to know although it was done, in words.")]


class ApplyJson(InEnvironment):
    """The results of a run."""

    format_version: FormatVersion
    summary: Annotated[Mapping[str, int], described("The number of results by outcome.")]
    interrupted: Annotated[bool, described("Whether a signal ended the run early.")]
    left_out: Annotated[list[str], described("The addresses with changes outside the selection.")]
    results: Annotated[list[ResultJson], described("One for each change, by address.")]


class SourcingJson(TypedDict):
    """An open position in Kalent."""

    sourcing_id: str
    name: str
    files: Annotated[list[str], described("The files that serve it.")]


class SourcingsJson(InEnvironment):
    """The sourcings that the key can see."""

    format_version: FormatVersion
    sourcings: list[SourcingJson]


class RecordedJson(TypedDict):
    """A managed blueprint."""

    address: AddressText
    blueprint_id: str
    name: str
    digest: Annotated[str, described("Of what was sent.")]
    reserved: Annotated[bool, described("Whether it is an empty blueprint whose text was not sent yet.")]


class OpenJson(TypedDict):
    """What an interrupted run has left open."""

    address: AddressText
    action: Literal["create", "update"]
    at: Annotated[str, described("When it was about to be sent (ISO 8601).")]
    run: Annotated[str | None, described("The run; null in a state file.")]
    host: Annotated[str | None, described("The machine of the run.")]


class StateListJson(InEnvironment):
    """The content of the state, without the texts."""

    format_version: FormatVersion
    location: Annotated[str, described("Where the state is, without credentials.")]
    lineage: Annotated[str | None, described("Identifies the state; null before its first write.")]
    serial: Annotated[int, described("Counts the writes.")]
    blueprints: Annotated[list[RecordedJson], described("By address.")]
    open: Annotated[list[OpenJson], described("By address.")]


class StateShowJson(InEnvironment):
    """What the state records of one address."""

    format_version: FormatVersion
    address: AddressText
    blueprint: Annotated[EntryJson | None, described("As in the state file; null for a create that is open.")]
    open: Annotated[IntentJson | None, described("As in the state file; null where nothing is open.")]


class CacheJson(TypedDict):
    """Where the cache is, and how large."""

    format_version: FormatVersion
    folder: Annotated[str | None, described("Null where the system has no such folder.")]
    entries: int
    bytes: int
    limit_bytes: Annotated[int, described("Beyond it, the least recently used entries are removed.")]
    oldest: Annotated[str | None, described("When the oldest entry was used last (ISO 8601).")]
    not_used: Annotated[str | None, described("Why the cache is not used in this folder; null if it is.")]


class ImportedJson(TypedDict):
    """The outcome of one unmanaged blueprint; without a `blueprint_id`, of a whole sourcing."""

    sourcing_id: str
    blueprint_id: str | None
    name: str | None
    outcome: ImportAction
    address: str | None
    key: str | None
    file: Annotated[str | None, described("The file that declares it.")]
    reason: Annotated[str, described("Why, in words; may be empty.")]


class ImportJson(InEnvironment):
    """The result of an import."""

    format_version: FormatVersion
    dry_run: Annotated[bool, described("Whether nothing was written.")]
    summary: Annotated[
        Mapping[str, int],
        described(
            "The number of results by outcome; `files` that are written; `recorded_before` the import."
        ),
    ]
    valid: Annotated[bool, described("Whether all files are valid, with the new ones.")]
    files: Annotated[list[str], described("The files that are written.")]
    results: list[ImportedJson]
    unknown_fields: Annotated[
        Mapping[str, int],
        described("Fields of steps that no file can hold, each with the number of blueprints that have it."),
    ]
    findings: list[FindingJson]


class TakenJson(TypedDict):
    """An edit in Kalent that is taken into the files."""

    address: AddressText
    blueprint_id: str
    file: str
    changes: list[FieldChangeJson]


class NotTakenJson(TypedDict):
    """An edit in Kalent that is not taken into the files."""

    address: AddressText
    blueprint_id: str
    conflict: Annotated[bool, described("Whether the file was changed at the same place.")]
    reason: str


class ImportUpdateJson(InEnvironment):
    """The edits in Kalent that are taken into the files."""

    format_version: FormatVersion
    dry_run: Annotated[bool, described("Whether nothing was written.")]
    taken: list[TakenJson]
    not_taken: list[NotTakenJson]
    files: Annotated[list[str], described("The files that are changed.")]
    users: Annotated[
        list[str], described("The addresses of others that change with a template or a snippet.")
    ]
