"""The types of a plan in JSON: of `plan --format json` and of the file that `plan --out` writes."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired

from kalentops.lint.finding import Severity
from kalentops.plan.build import Action
from kalentops.support.shape import TypedDict, described

FormatVersion = Annotated[
    str,
    described("The version of this format. Refuse another major version; ignore fields that you don't know."),
]
ProgramVersion = Annotated[str, described("The version of kalentops that made the plan.")]
EnvironmentName = Annotated[
    str, described("The environment of kalentops.yaml; absent in a project without environments.")
]
AddressText = Annotated[str, described("SOURCING_ID/KEY.")]
IdOrNull = Annotated[str | None, described("The id in Kalent; null where there is none yet.")]
BodyData = Annotated[
    Mapping[str, Any] | None,
    described("A blueprint as a request holds it: `name`, `steps` and, if it was declared, `config`."),
]


class OriginJson(TypedDict):
    """A place in a file."""

    file: Annotated[str, described("Relative to the project's folder, with forward slashes.")]
    line: Annotated[int, described("From 1.")]
    column: Annotated[int, described("From 1.")]


class UserJson(OriginJson):
    """A blueprint that uses a template or a snippet, and the place of its key."""

    address: AddressText


class UsersJson(TypedDict):
    """The blueprints that a finding in a template or a snippet concerns."""

    count: Annotated[int, described("Their number.")]
    first: Annotated[list[UserJson], described("The first three.")]


class FindingJson(OriginJson):
    """A problem of a file."""

    code: Annotated[str, described("The rule: `kalentops rule CODE` explains it.")]
    severity: Annotated[Severity, described("An error stops `plan` and `apply`; a warning stops nothing.")]
    message: Annotated[str, described("What is wrong.")]
    hint: Annotated[str, described("What to do.")]
    used_by: NotRequired[
        Annotated[UsersJson, described("Only for a finding in a template or a snippet that is used.")]
    ]
    new: NotRequired[
        Annotated[
            bool, described("With `--against`: whether the finding is not in that version of the files.")
        ]
    ]


class ExplanationJson(TypedDict):
    """The reason for something, for programs."""

    code: Annotated[
        str | None, described("Names the reason; null where there is none. New codes may be added.")
    ]
    parameters: Annotated[
        Mapping[str, Any], described("What the reason is about; the keys depend on `code`.")
    ]
    also: Annotated[list["ExplanationJson"], described("Further reasons for the same.")]


class FieldChangeJson(TypedDict):
    """What changes at one place of a blueprint."""

    kind: Literal["added", "removed", "moved", "changed"]
    step: Annotated[str | None, described("The id of the step; null for the blueprint itself.")]
    field: Annotated[str, described("The name of the field; empty where the whole step is meant.")]
    before: Annotated[Any, described("The value before; of a move, the position from 1.")]
    after: Annotated[Any, described("The value after; of a move, the position from 1.")]


class PieceJson(OriginJson):
    """Where a part of a text stands in the files."""

    at: Annotated[int, described("Where the part begins in the text: an index from 0.")]


class OriginsJson(TypedDict):
    """Where the value of a changed field stands in the files."""

    step: Annotated[str | None, described("As in `changes`.")]
    field: Annotated[str, described("As in `changes`.")]
    pieces: Annotated[
        list[PieceJson], described("One for each file or place that the value is put together from.")
    ]


class ChangeJson(ExplanationJson):
    """What a plan does at one address."""

    address: AddressText
    sourcing_id: str
    key: str
    name: Annotated[str, described("The name of the blueprint in Kalent.")]
    title: Annotated[str, described("The `title` of its file; empty where there is none.")]
    template: Annotated[str, described("The name of its template; empty where it uses none.")]
    action: Annotated[
        Action,
        described("`move` and `forget` change the state only; `no-op` and `orphan` change nothing."),
    ]
    blueprint_id: IdOrNull
    file: Annotated[str | None, described("The file that declares it.")]
    line: Annotated[int | None, described("The line of its key.")]
    before: Annotated[BodyData, described("What was sent last; null for a create and a no-op.")]
    after: Annotated[BodyData, described("What is declared; null for a no-op and an orphan.")]
    after_digest: Annotated[str | None, described("The digest of `after`.")]
    changes: Annotated[list[FieldChangeJson], described("From `before` to `after`.")]
    origins: Annotated[list[OriginsJson], described("Where the changed values stand in the files.")]
    reason: Annotated[str, described("`code` in words; may be empty. The words may change in any version.")]
    theirs: Annotated[BodyData, described("What Kalent shows, where it is neither `before` nor `after`.")]
    moved_from: Annotated[str | None, described("The address in the state, where that is another one.")]
    protected: Annotated[bool, described("Whether an update needs `--overwrite`.")]
    recorded: Annotated[
        str, described("A fingerprint of what the state records; empty where it records nothing.")
    ]


class EditJson(FieldChangeJson):
    """A change that the blueprints of a group share; of a text, `before` and `after` hold the words that differ."""

    origin: Annotated[OriginJson | None, described("Where it stands, if that is one place for all.")]


class GroupJson(TypedDict):
    """Blueprints that change alike, or new ones that are alike."""

    addresses: list[str]
    edits: Annotated[list[EditJson], described("What changes in all of them; empty for new ones.")]
    origin: Annotated[OriginJson | None, described("The place of the first edit that has one.")]
    values: Annotated[
        Mapping[str, Iterable[str]], described("By address: the words in which it differs from the others.")
    ]
    unchanged: Annotated[list[str], described("Copies that hold the same words and do not change alike.")]
    own_text: Annotated[list[str], described("Users of the template whose overrides hide the change.")]


class DriftJson(ExplanationJson):
    """A managed blueprint that Kalent shows otherwise than it was last seen."""

    address: AddressText
    kind: Annotated[
        Literal["changed", "gone", "unreadable"],
        described("`unreadable`: Kalent does not show it, or not completely."),
    ]
    name: str
    blueprint_id: str
    applied_at: Annotated[str, described("When it was applied (ISO 8601).")]
    updated_at: Annotated[str | None, described("When it was edited, as Kalent says.")]
    before: Annotated[BodyData, described("What was sent, as a list shows it.")]
    after: Annotated[BodyData, described("What Kalent shows.")]
    changes: list[FieldChangeJson]
    reason: str


class LookAlikeJson(TypedDict):
    """An unmanaged blueprint that looks like a managed one."""

    sourcing_id: str
    blueprint_id: str
    name: str
    updated_at: str | None
    of: Annotated[str, described("The address of the managed one.")]
    of_id: Annotated[str, described("The id of the managed one.")]


class LeftoverJson(TypedDict):
    """An empty blueprint that reserved an id and that no address uses."""

    sourcing_id: str
    blueprint_id: str
    name: str


class StateEditJson(TypedDict):
    """A record of the state that the branch has changed, compared with the branch that it is merged into."""

    address: AddressText
    kind: Literal["added", "other id", "removed", "edited"]
    blueprint_id: Annotated[str | None, described("The id now.")]
    before_id: Annotated[str | None, described("The id before.")]


class StateVersionJson(TypedDict):
    """The state that a plan was made against."""

    lineage: Annotated[str | None, described("Identifies the state; null before its first write.")]
    serial: Annotated[int, described("Counts the writes of the state.")]


class BoundJson(TypedDict):
    """Fingerprints of what a plan was made from."""

    files: str
    remote: Annotated[str | None, described("Of the lists of Kalent; null without `--refresh`.")]


class InEnvironment(TypedDict, total=False):
    environment: EnvironmentName


class PlanJson(InEnvironment):
    """A plan."""

    format_version: FormatVersion
    kalentops_version: ProgramVersion
    state: StateVersionJson
    summary: Annotated[
        Mapping[str, int], described("The number of addresses by action; in the keys `no-op` is `no_op`.")
    ]
    changes: Annotated[Iterable[ChangeJson], described("By address, also those with nothing to do.")]
    groups: Annotated[list[GroupJson], described("What several blueprints have in common.")]
    drift: Annotated[list[DriftJson], described("With `--refresh`; else empty.")]
    look_alikes: Annotated[list[LookAlikeJson], described("With `--refresh`; else empty.")]
    leftovers: Annotated[list[LeftoverJson], described("With `--refresh`; else empty.")]
    unmanaged: Annotated[
        Mapping[str, int],
        described("With `--refresh`: the number of other unmanaged blueprints by sourcing id."),
    ]
    left_out: Annotated[list[str], described("The addresses with changes outside the selection.")]
    state_edits: list[StateEditJson]
    bound: BoundJson
    findings: list[FindingJson]


class SelectionJson(TypedDict):
    """What the saved plan was asked for."""

    sourcings: Annotated[Iterable[str], described("The values of `--sourcing`.")]
    targets: Annotated[Iterable[str], described("The values of `--target`.")]
    addresses: Annotated[list[str] | None, described("What the named files declare; null without PATHS.")]
    overwrite: Annotated[list[str], described("The values of `--overwrite`.")]


class ReportJson(TypedDict, total=False):
    """What `show` needs beyond the plan."""

    below: Annotated[str, described("The project's folder in its git repository.")]
    files: Annotated[list[str], described("The files that were checked.")]
    new: Annotated[
        list[bool] | None, described("For each finding, whether it is new; null without `--against`.")
    ]
    columns: Annotated[list[int], described("For each finding, its column in UTF-16 units.")]


class SavedPlanJson(PlanJson):
    """The file that `plan --out` writes: the plan, and what `apply` and `show` need beyond it."""

    asked: SelectionJson
    report: ReportJson
