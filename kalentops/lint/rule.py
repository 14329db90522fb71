"""What a rule is, what it looks at, and the table of all rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final, NamedTuple

import kalentops.lint
from kalentops.lint.finding import DataPath, Finding, Origin, Origins, Problem, Severity
from kalentops.support.text import is_key, nearest

if TYPE_CHECKING:  # a run that the cache answers needs no models and no expressions
    from kalentops.blueprint.body import Address, Body
    from kalentops.blueprint.files import AddedStep, SnippetsFile, SourcingFile, TemplateFile, Use
    from kalentops.blueprint.model import Blueprint
    from kalentops.blueprint.remote import RemoteSourcing
    from kalentops.lint.summary import StepKind, Summary
    from kalentops.lint.texts import Written


class Hides(IntEnum):
    """What else of a file can be unknown where a rule finds something."""

    NOTHING = 0
    VALUE = 1
    BLUEPRINT = 2
    FILE = 3
    """Which blueprints the file declares, or for which sourcing."""


_NO_ORIGINS: Final[Origins] = {}


class Alike(NamedTuple):
    """What a blueprint that is made from a template has in common with others: two with one `key` differ in the `words`
    of their positions only.
    """

    key: str
    words: tuple[str, ...]


class Declared(NamedTuple):
    """A blueprint as a file declares it. `origin` is its key's; `name_at` is the line and column of its name, which is
    empty where it can't be read.

    `body` is None where it is not asked for, or the state's own copy has the same digest. `placeholders` are the paths
    in it with a neutral value, because the file's can't be read. With `protect`, an update needs `--overwrite`. `title`
    is the position's, for people. `language` is that of its texts, empty where none is said. `template` is what the
    blueprint is made from, `snippets` are those in its texts, and `origins` says where its values come from; all are
    empty for a plain one, and `origins` also where there is no body.
    `overrides` are the values that stand in `change` (by step id and field, as in `origins`), and the steps of `add`
    (with an empty field): the template's own text, if it has one, is hidden there. `environment` is the one that the
    address is of, empty without environments. `alike` is None for a plain blueprint.
    """

    address: Address
    name: str
    origin: Origin
    name_at: tuple[int, int]
    digest: str = ""
    body: Body | None = None
    protect: bool = False
    placeholders: frozenset[DataPath] = frozenset()
    title: str = ""
    language: str = ""
    template: str = ""
    snippets: tuple[str, ...] = ()
    origins: Origins = _NO_ORIGINS
    overrides: frozenset[tuple[str | None, str]] = frozenset()
    environment: str = ""
    alike: Alike | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """What a file says of its sourcing; `title` and `sample` are empty where it says nothing. `origin` is that of the
    sourcing's id in this environment; without environments, the name is empty.
    """

    sourcing_id: str
    origin: Origin
    title: str = ""
    sample: Mapping[str, str] = field(default_factory=dict)
    title_at: tuple[int, int] = (1, 1)
    environment: str = ""


class Sender(NamedTuple):
    """A `config.userId` of a blueprint, in a folder that several environments read. It stands at `origin`, in the file
    of `template`, or, where that is empty, of the position. `environments` are those of the position, `user` is its
    blueprint, with the place of its key.
    """

    origin: Origin
    path: DataPath
    template: str
    environments: tuple[str, ...]
    user: tuple[str, Origin]


class Relocation(NamedTuple):
    """An entry of `moved` or `removed`: the key `source` has become `target`; with None it is removed."""

    sourcing_id: str
    source: str
    target: str | None
    file: str
    at: tuple[int, int]


def ends(targets: Mapping[str, str | None]) -> dict[str, str | None]:
    """For each key where it has ended after all moves, None where it was removed; in a circle, a key of the circle.
    Each move is followed once, however long a chain is.
    """
    found: dict[str, str | None] = {}
    for source in targets:
        path: dict[str, None] = {}
        key: str | None = source
        while key is not None and key in targets and key not in found and key not in path:
            path[key] = None
            key = targets[key]
        end = found.get(key, key) if key is not None else None
        found.update(dict.fromkeys(path, end))
    return found


class Declarations(NamedTuple):
    """What all files of a project declare. `complete`: no file can hold a key that is not in `blueprints`. `shared` are
    the templates and snippets, by kind (`template`, `snippet`) and name; `positions` what files say of each sourcing,
    also of those in environments that are not asked for.
    """

    blueprints: Sequence[Declared]
    relocations: Sequence[Relocation] = ()
    complete: bool = False
    shared: Sequence[tuple[str, str, Origin]] = ()
    positions: Sequence[Position] = ()
    senders: Sequence[Sender] = ()


class Sourcings(NamedTuple):
    """The sourcings that the files serve, and those that the API shows."""

    served: Sequence[Position]
    in_progress: Sequence[RemoteSourcing]
    closed: Sequence[RemoteSourcing]


class FileContext(NamedTuple):
    """A file of a position, and the environments that read its folder: none in a project without environments."""

    file: SourcingFile
    readers: Sequence[str]


class Marker(NamedTuple):
    """`{{param.pitch}}` or `{{snippet.closing}}`, where it is filled: its name begins at character `at` of the text at
    `path`, which leads from the blueprint, or, `within` the template, from the root of its file.
    """

    kind: str
    name: str
    path: DataPath
    at: int
    within: str = ""


class UseContext(NamedTuple):
    """A blueprint that is made from a template. The paths of its problems start at the blueprint, or, with
    `Problem.within`, at the root of the file of the template, or at the snippet.

    `template` is None if there is none of that name; `readable` is False for one that exists and can't be read.
    `templates` and `snippets` are all names, None if some can't be read. `language` is the one that the texts are taken
    in, None where the template has none of that name. `markers` are those of the resolved blueprint's texts.
    `untranslated` are the texts of the resolved blueprint, by `within` and path, that lack the language. `unknown`
    are the paths in the use that hold placeholders, `template_unknown` those in the template. `size` is the number of
    characters that the resolved blueprint has; it is not made if these are more than `limit`.
    """

    use: Use
    template: TemplateFile | None
    readable: bool
    language: str | None
    position_language: str | None
    templates: Collection[str] | None
    snippets: Collection[str] | None
    markers: Sequence[Marker]
    untranslated: Sequence[tuple[str, DataPath]]
    unknown: frozenset[DataPath]
    template_unknown: frozenset[DataPath]
    size: int
    limit: int

    @property
    def parameters(self) -> Collection[str] | None:
        """The parameters of the template; None where some names can't be read."""
        return None if self.template is None else parameters_of(self.template, self.template_unknown)

    @property
    def step_ids(self) -> tuple[str, ...] | None:
        """The ids of the template's steps; None where some can't be read."""
        if self.template is None or any(_hides_id(path) for path in self.template_unknown):
            return None
        return tuple(step.id for step in self.template.steps)

    def own_markers(self, kind: str) -> Iterator[tuple[DataPath, str, int]]:
        """The markers of a kind in the use itself, as in `texts.template_markers`."""
        for each in self.markers:
            if each.kind == kind and not each.within and is_key(each.name):
                yield each.path, each.name, each.at

    def additions(self) -> Iterator[tuple[int, AddedStep, Collection[str]]]:
        """Each added step with its index, and the ids of the steps before it; they are those until the next one."""
        if not self.use.add:
            return
        removed = frozenset(self.use.remove)
        ids = dict.fromkeys(each for each in self.step_ids or () if each not in removed)
        for number, step in enumerate(self.use.add):
            yield number, step, ids.keys()
            ids[step.id] = None


def parameters_of(file: TemplateFile, unknown: Iterable[DataPath]) -> Collection[str] | None:
    """The names of a template's parameters, of those that can't be read as well; None where a name itself is wrong."""
    hidden = [path[1:2] for path in unknown if path[0] == "parameters"]
    if not hidden:
        return file.parameters
    names = [str(name) for each in hidden for name in each if is_key(str(name))]
    return dict.fromkeys((*file.parameters, *sorted(names))) if len(names) == len(hidden) else None


def _hides_id(path: DataPath) -> bool:
    return path[:1] == ("steps",) and path[2:] in {(), ("id",)}


class SharedContext(NamedTuple):
    """A template or a file of snippets; `snippets` are the names of all, None if some can't be read. `unknown` are the
    paths that hold placeholders.
    """

    file: TemplateFile | SnippetsFile
    snippets: Collection[str] | None
    unknown: frozenset[DataPath]


class Rule(NamedTuple):
    """A rule with its page and with one check, or with none where reading the file finds the problem.

    `check` gets a resolved blueprint, `check_file` a file of a sourcing, `check_use` a blueprint that is made from a
    template, `check_shared` a template or a file of snippets; the paths of their problems start there. `check_written`
    gets each text as it stands in the file, `check_project` all files, `check_online` what the API shows as well.

    `reads` names the fields of a step that `check` reads: where one of them holds a placeholder for a value that could
    not be read, the problems of that step are left out, or, with `order`, those of that step and of all after it. With
    `each_alone` a placeholder hides the problems of its own field only. With `needs_files`, a finding goes where a file
    that was not read has what is missing.

    `check` is run only where a prefilter holds: `step_prefilter` of one step at least, or `prefilter` of the blueprint.
    `check_written` is run only on texts with one of the `signs`, which are those of `texts.Sign`.
    """

    code: str
    name: str
    page: str | None
    check: Callable[[Blueprint], Iterable[Problem]] | None = None
    reads: frozenset[str] = frozenset()
    order: bool = False
    each_alone: bool = False
    severity: Severity = Severity.ERROR
    hides: Hides = Hides.NOTHING
    needs_files: bool = False
    check_written: Callable[[Written], Iterable[Problem]] | None = None
    check_file: Callable[[FileContext], Iterable[Problem]] | None = None
    check_use: Callable[[UseContext], Iterable[Problem]] | None = None
    check_shared: Callable[[SharedContext], Iterable[Problem]] | None = None
    check_project: Callable[[Declarations], Iterable[Finding]] | None = None
    check_online: Callable[[Sourcings], Iterable[Finding]] | None = None
    step_prefilter: Callable[[StepKind], bool] | None = None
    prefilter: Callable[[Summary], bool] | None = None
    signs: int = 0

    @property
    def configurable(self) -> bool:
        """Warnings are advice; errors are what the API refuses or what can't work."""
        return self.severity is Severity.WARNING

    @property
    def title(self) -> str:
        return (self.page or "").split("\n", 1)[0]


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by code, in the order of the codes: each module `kal*` of this package holds one."""
    return {code: rule_of(code) for code in _modules()}


@cache
def rule_of(code: str) -> Rule:
    """One rule, without loading the others."""
    rule: Rule = import_module(f"kalentops.lint.{_modules()[code]}").RULE
    return rule


@cache
def _modules() -> Mapping[str, str]:
    """The names of the modules by code."""
    names = sorted(each.name for each in iter_modules(kalentops.lint.__path__) if each.name.startswith("kal"))
    return {name.partition("_")[0].upper(): name for name in names}


def rule_meant(word: str) -> str | None:
    """The rule that an unknown code or name was probably meant to be. A code of another number is another rule's,
    however much the two look alike.
    """
    digits = "".join(each for each in word if each.isdecimal())
    if digits:
        return next((code for code in rules() if code == f"KAL{digits}"), None)
    return nearest(word, (rule.name for rule in rules().values()))
