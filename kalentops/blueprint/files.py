"""The three kinds of files: the blueprints of a sourcing, a template that several of them share, and snippets.

A resolved blueprint is a plain one (`project/resolve.py`): nothing behind the check of files knows of templates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from kalentops.blueprint.model import (
    Blueprint,
    Channel,
    ContentSource,
    Delay,
    LinkedInType,
    Policy,
    Step,
    StepConfig,
    Temporality,
)
from kalentops.support.shape import (
    FrozenList,
    JsonValue,
    KeyStr,
    LanguageStr,
    NonEmpty,
    Shape,
    ShapeError,
    Violation,
    called,
    either,
    tagged,
)
from kalentops.support.text import nearest


def _by_type(value: Any) -> str:
    return "texts" if isinstance(value, dict) else "text"


Translated: TypeAlias = Annotated[
    Annotated[NonEmpty, tagged("text")] | Annotated[dict[LanguageStr, NonEmpty], tagged("texts")],
    either(_by_type),
]
"""One text for all languages, or one for each: `{en: …, fr: …}`."""
TranslatedContent: TypeAlias = Annotated[
    Annotated[str, tagged("text")] | Annotated[dict[LanguageStr, str], tagged("texts")], either(_by_type)
]


class Parameter(Shape):
    """What a template leaves open. Without a default, each user has to say it."""

    noun: ClassVar[str] = "parameter"
    about: NonEmpty | None = None
    default: Translated | None = None


class TemplateStep(Shape):
    """A step whose texts may be there in several languages."""

    noun: ClassVar[str] = "step"
    id: NonEmpty
    name: Translated
    type: Channel
    linkedInType: LinkedInType | None = None
    subject: TranslatedContent | None = None
    content: TranslatedContent
    temporalityType: Temporality
    delay: Delay | None = None
    contentSource: ContentSource | None = None
    config: StepConfig | None = None
    policy: Policy | None = None


class TemplateFile(Shape):
    """A template: one whole blueprint, with parameters and languages."""

    noun: ClassVar[str] = "template"
    template: KeyStr
    parameters: dict[KeyStr, Parameter] = {}  # noqa: RUF012 - a model copies its defaults
    languages: FrozenList[LanguageStr] = ()
    name: Translated
    steps: FrozenList[TemplateStep] = ()
    config: dict[str, JsonValue] | None = None


class SnippetsFile(Shape):
    """Named texts, which templates, `change` and `add` use."""

    noun: ClassVar[str] = "file of snippets"
    snippets: dict[KeyStr, TranslatedContent]


class StepChange(Shape):
    """The fields of a step that differ in one position. With null, an optional field goes away."""

    noun: ClassVar[str] = "change of a step"
    id: NonEmpty | None = None
    name: NonEmpty | None = None
    type: Channel | None = None
    linkedInType: LinkedInType | None = None
    subject: str | None = None
    content: str | None = None
    temporalityType: Temporality | None = None
    delay: Delay | None = None
    contentSource: ContentSource | None = None
    config: StepConfig | None = None
    policy: Policy | None = None


class AddedStep(Step):
    """A step of one position's own, and the step that it comes after or before."""

    noun: ClassVar[str] = "added step"
    after: NonEmpty | None = None
    before: NonEmpty | None = None


class Use(Shape):
    """A blueprint that is made from a template: what fills the parameters, and how this position differs.

    `name`, `language` and `config` take the place of the template's, or of the position's, as a whole.
    """

    noun: ClassVar[str] = "blueprint"
    use: KeyStr
    name: NonEmpty | None = None
    language: LanguageStr | None = None
    values: dict[KeyStr, str] = called("with", default={})
    change: dict[NonEmpty, StepChange] = {}  # noqa: RUF012 - a model copies its defaults
    remove: FrozenList[NonEmpty] = ()
    add: FrozenList[AddedStep] = ()
    config: dict[str, JsonValue] | None = None
    protect: bool | None = None


class Move(Shape):
    """A blueprint has got another key: the one that it had, and the one that it has now."""

    source: KeyStr = called("from")
    to: KeyStr


def _by_use(value: Any) -> str:
    return "use" if is_use(value) else "plain"


def is_use(value: Any) -> bool:
    """Whether a blueprint is meant to be made from a template."""
    if not isinstance(value, dict) or "use" in value:
        return isinstance(value, dict)
    keys = list(islice(value, _FIRST))
    meant = {nearest(key, ("steps", "use")) for key in keys}
    if "steps" in value or "steps" in meant:
        return False
    return "use" in meant or not _USE_ALONE.isdisjoint(keys)


_FIRST: Final = 12
_USE_ALONE: Final = frozenset({"template", "extends", "with", "change", "remove", "add"})


class SourcingFile(Shape):
    """One file: some or all blueprints of one sourcing, by key. `moved` and `removed` are about keys that the state
    may know and that are no longer declared; a file may hold them alone.

    `title` is for people, `language` that of its texts, `sample` has values of variables for the preview.
    """

    noun: ClassVar[str] = "file"
    sourcingId: Annotated[
        Annotated[NonEmpty, tagged("text")] | Annotated[dict[str, NonEmpty], tagged("texts")],
        either(_by_type),
    ]
    title: NonEmpty | None = None
    language: LanguageStr | None = None
    sample: dict[str, str] | None = None
    blueprints: dict[
        KeyStr,
        Annotated[Annotated[Blueprint, tagged("plain")] | Annotated[Use, tagged("use")], either(_by_use)],
    ] = {}  # noqa: RUF012 - a model copies its defaults
    moved: FrozenList[Move] = ()
    removed: FrozenList[KeyStr] = ()

    def ids(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each id with its path in the file: one, or one for each environment."""
        if isinstance(self.sourcingId, str):
            yield ("sourcingId",), self.sourcingId
        else:
            yield from ((("sourcingId", name), each) for name, each in self.sourcingId.items())

    @classmethod
    def read(cls, data: Any) -> Self:
        """The same; a file that says nothing of keys that moved or were removed has to hold blueprints."""
        says = isinstance(data, dict) and ("blueprints" in data or data.get("moved") or data.get("removed"))
        missing = Violation("missing", ("blueprints",), data, {}, "Field required")
        absent = [missing] if isinstance(data, dict) and not says else []
        try:
            found = super().read(data)
        except ShapeError as error:
            raise ShapeError([*absent, *error.violations]) from None
        if absent:
            raise ShapeError(absent)
        return found


AnyFile: TypeAlias = SourcingFile | TemplateFile | SnippetsFile
KINDS: Final[Mapping[str, type[AnyFile]]] = {
    "sourcingId": SourcingFile,
    "template": TemplateFile,
    "snippets": SnippetsFile,
}
"""The key that decides the kind of a file."""

_SHAPES: Final = (
    SourcingFile,
    TemplateFile,
    SnippetsFile,
    Parameter,
    Use,
    AddedStep,
    Blueprint,
    Delay,
    Policy,
    StepConfig,
    Move,
)
FIELDS: Final = frozenset(name for shape in _SHAPES for name in shape.names())
"""The names of all fields that a file may have."""
