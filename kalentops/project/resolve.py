"""Templates, parameters, snippets and overrides → plain blueprints whose values know where they stand.

A template's step is taken in the language that is asked for; `change`, `remove` and `add` are applied to it; then the
markers in its texts are filled, once. Nothing is reported here: rules look at the same data (`lint/rule.py`,
`UseContext`), and what can't be resolved is a placeholder, so that the rest is still checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from kalentops.blueprint.body import digest_of
from kalentops.blueprint.files import SourcingFile, TemplateFile, Use
from kalentops.blueprint.model import Blueprint, Step
from kalentops.blueprint.variables import MARKED_FIELDS, MARKER
from kalentops.lint.finding import DataPath, Finding, Origin, Origins, Problem, Severity
from kalentops.lint.rule import Alike, Marker, UseContext, rules
from kalentops.project.document import Document, salvage
from kalentops.project.library import Library, Template
from kalentops.project.violations import to_problems
from kalentops.support.shape import Shape, ShapeError, schema_of
from kalentops.yamlfile import MAX_BYTES
from kalentops.yamlfile.positions import Places

MAX_SIZE: Final = MAX_BYTES
"""Characters of one resolved blueprint."""
_TEXT_SIZE: Final = 32
"""What a text counts beside its characters: many empty steps are large as well."""
_MASK: Final = "\0"
"""Stands for a position's own words in a text of a template."""
_SORTED_FIELDS: Final = sorted(MARKED_FIELDS)
_PARTS: Final = ("policy", "config")
_REQUIRED: Final = frozenset(name for name, each in Step.model_fields.items() if each.is_required())


class Piece(NamedTuple):
    """A part of a text: from `start` on it is the value at `path` of `document`, from its character `offset` on.

    `marker` is what it fills: `param.pitch` or `snippet.closing`; empty for the text around it.
    """

    start: int
    document: Document
    path: DataPath
    offset: int = 0
    marker: str = ""


class Source(NamedTuple):
    """Where a value stands; a text that was put together, in pieces."""

    document: Document
    path: DataPath
    pieces: tuple[Piece, ...] = ()


@dataclass(slots=True)
class Resolved:
    """A plain blueprint. `placeholders` are the paths in it that are unknown, `sources` says where values come from;
    `blueprint` is None where nothing of it is known. `context` is what rules look at.
    """

    key: str
    blueprint: Blueprint | None
    context: UseContext
    placeholders: frozenset[DataPath]
    sources: Mapping[DataPath, Source]
    document: Document
    template: Template | None
    library: Library
    shape_problems: Sequence[Problem] = ()
    """What the filled texts don't allow: a name that is empty."""

    def source(self, path: DataPath) -> Source:
        """Where the value at a path of the blueprint stands; of what does not, the value that would hold it."""
        for length in range(len(path), -1, -1):
            found = self.sources.get(path[:length])
            if found is not None:
                return found if length == len(path) else Source(found.document, found.path + path[length:])
        return Source(self.document, ("blueprints", self.key))

    def place(self, problem: Problem, severity: Severity = Severity.ERROR) -> Finding:
        """A problem of the resolved blueprint as a finding where the words stand."""
        source = self._source_of(problem)
        at = problem.at
        if source.pieces and at is not None:
            piece = [each for each in source.pieces if each.start <= at][-1]
            source, at = Source(piece.document, piece.path), at - piece.start + piece.offset
        return source.document.place(replace(problem, path=source.path, at=at), severity)

    def _source_of(self, problem: Problem) -> Source:
        """Where a problem stands: what is missing in a step that this position changes is missing there, if the rule
        looks at what was changed.
        """
        path = problem.path
        match path:
            case ("steps", int(), *_) if path not in self.sources:
                reads = rules()[problem.code].reads if problem.code in rules() else frozenset()
                own = (self.sources.get((*path[:2], name)) for name in sorted(reads))
                changed = next((each for each in own if each and each.document is self.document), None)
                if changed and self.sources[path[:2]].document is not self.document:
                    return changed
        return self.source(path)

    def place_in_use(self, problem: Problem, severity: Severity) -> Finding:
        """A problem of the use as a finding; `Problem.within` says in whose file it stands."""
        kind, _, name = problem.within.partition(" ")
        if kind == "template" and self.template is not None:
            return self.template.document.place(problem, severity)
        if kind == "snippet":
            document, _ = self.library.snippets[name]
            return document.place(replace(problem, path=("snippets", name, *problem.path)), severity)
        return self.document.place(replace(problem, path=("blueprints", self.key, *problem.path)), severity)

    def origins(self, *, of_new: bool = False) -> Origins:
        """Where each value comes from, for the review of a change; `of_new`: only of texts that parameters fill,
        and where their values begin, which is found faster.
        """
        if self.blueprint is None:
            return {}
        found: dict[tuple[str | None, str], tuple[tuple[int, Origin], ...]] = {}
        for path, source in self.sources.items():
            if of_new and not (
                source.pieces and any(each.document is self.document for each in source.pieces)
            ):
                continue
            match path:
                case ("steps", int(number)):
                    found[self.blueprint.steps[number].id, ""] = ((0, _origin(source)),)
                case ("steps", int(number), *fields):
                    name = ".".join(map(str, fields))
                    found[self.blueprint.steps[number].id, name] = tuple(_parts(source, exact=not of_new))
                case (_, *_):
                    found[None, ".".join(map(str, path))] = tuple(_parts(source, exact=not of_new))
        return found

    def alike(self) -> Alike | None:
        """What the blueprint has in common with those of other users of the template."""
        if self.blueprint is None:
            return None
        overridden, words = self.overrides(), list[str]()

        def own(step: str | None, path: DataPath, text: str) -> str:
            """The text without the position's words, which are taken out of it."""
            pieces = self.sources[path].pieces
            if not {(step, str(path[-1])), (step, "")}.isdisjoint(overridden):
                return text
            ends = [*(each.start for each in pieces[1:]), len(text)]
            found = ""
            for each, end in zip(pieces, ends, strict=True):
                part = text[each.start : end]
                mine = each.document is self.document
                found += _MASK if mine else part
                words.extend([part] if mine else ())
            return found

        def common(of: Shape, step: str | None, at: DataPath) -> dict[str, Any]:
            data = dict(vars(of))
            for name in _SORTED_FIELDS:
                path = (*at, name)
                if path in self.sources and self.sources[path].pieces:
                    data[name] = own(step, path, data[name])
            return data

        body = common(self.blueprint, None, ())
        steps = [common(step, step.id, ("steps", at)) for at, step in enumerate(self.blueprint.steps)]
        return Alike(digest_of({**body, "steps": steps}, self.context.use.use), tuple(words))

    def overrides(self) -> frozenset[tuple[str | None, str]]:
        """Where the position differs: see `Declared.overrides`."""
        use = self.context.use
        found: set[tuple[str | None, str]] = {(step.id, "") for step in use.add}
        for step, change in use.change.items():
            for name in change.model_fields_set:
                value = getattr(change, name)
                parts = value.model_fields_set if name in _PARTS and value is not None else ()
                found |= {(step, f"{name}.{part}") for part in parts} or {(step, name)}
        if use.name is not None:
            found.add((None, "name"))
        return frozenset(found)


def _is_below(path: DataPath, places: frozenset[DataPath]) -> bool:
    return any(path[:length] in places for length in range(len(path) + 1))


def _origin(source: Source | Piece, offset: int | None = None) -> Origin:
    return Origin(source.document.file, *source.document.places.find(source.path, at=offset))


def _parts(source: Source, *, exact: bool = True) -> Iterator[tuple[int, Origin]]:
    if not source.pieces:
        yield 0, _origin(source)
    for piece in source.pieces:
        yield piece.start, _origin(piece, piece.offset if exact else None)


def resolve(document: Document, key: str, library: Library, limit: int = MAX_SIZE) -> Resolved:
    """The blueprint `key` of a file, which is made from a template, as a plain one of at most `limit` characters."""
    model = document.model
    if not isinstance(model, SourcingFile):
        raise TypeError(f"{document.file} has no blueprints")
    use = model.blueprints[key]
    if not isinstance(use, Use):
        raise TypeError(f"{key} is not made from a template")
    return _Resolver(document, key, use, model.language, library, limit).run()


def resolve_alone(template: Template, library: Library) -> Iterator[Resolved]:
    """A template that nothing uses, in each of its languages; what parameters would fill is unknown."""
    languages: Sequence[str | None] = template.file.languages if template.file else ()
    for language in languages or (None,):
        use = Use.read({"use": template.name} | ({"language": language} if language else {}))
        yield _Resolver(Document("", "", Places("", None)), "", use, None, library, MAX_SIZE).run()


class _Texts(NamedTuple):
    size: int
    markers: Sequence[tuple[str, Sequence[re.Match[str]]]]


@dataclass(slots=True)
class _Slot:
    """A step on its way: its data, where its fields come from, and which are unknown. `untranslated` are the fields
    whose text lacks the language, with their paths in the template.

    One that `is_shared` is the template's, and a position changes a copy of it.
    """

    id: str
    data: dict[str, Any]
    sources: dict[DataPath, Source]
    unknown: set[DataPath]
    untranslated: dict[str, DataPath] = field(default_factory=dict)
    is_shared: bool = False
    found: _Texts | None = None
    model: Step | None = None
    places: dict[DataPath, dict[DataPath, Source]] = field(default_factory=dict)

    def texts(self) -> _Texts:
        """The size of its texts, and the markers in each that has some."""
        if self.found is None:
            size, marked = 0, []
            for name in MARKED_FIELDS:
                text = self.data.get(name)
                if isinstance(text, str) and (name,) in self.sources:
                    size += len(text) + _TEXT_SIZE
                    markers = tuple(MARKER.finditer(text))
                    marked += [(name, markers)] if markers else []
            self.found = _Texts(size, marked)
        return self.found

    def step(self) -> Step | dict[str, Any]:
        """The step's model where all positions share it, else its data."""
        if self.is_shared and self.model is None:
            with suppress(ShapeError):
                self.model = Step.read(self.data)
        return self.model or self.data

    def placed(self, at: DataPath) -> Mapping[DataPath, Source]:
        """Its sources, by their paths in a blueprint in which it stands there."""
        found = self.places.get(at)
        if found is None:
            found = {(*at, *path): source for path, source in self.sources.items() if at or path}
            if self.is_shared:
                self.places[at] = found
        return found

    def forget(self, name: str | None) -> None:
        """Take a field, or all of them, for unknown: what should stand there can't be read."""
        self.found = None
        self.unknown.add((name,) if name else ())
        for each in MARKED_FIELDS:
            if name in {each, None} and each in self.data:
                self.data[each] = ""
                self.untranslated.pop(each, None)

    def own(self) -> _Slot:
        """One that can be changed."""
        if not self.is_shared:
            return self
        data, sources, unknown = dict(self.data), dict(self.sources), set(self.unknown)
        return _Slot(self.id, data, sources, unknown, dict(self.untranslated), found=self.found)


class _Resolver:
    def __init__(
        self,
        document: Document,
        key: str,
        use: Use,
        position_language: str | None,
        library: Library,
        limit: int,
    ) -> None:
        self.limit = min(limit, MAX_SIZE)
        self.document = document
        self.key = key
        self.at: DataPath = ("blueprints", key)
        self.use = use
        self.library = library
        self.position_language = position_language
        self.template = library.templates.get(use.use)
        self.file = self.template.file if self.template else None
        self.unknown = document.placeholders_below(*self.at)
        if ("language",) in document.placeholders and use.language is None:
            self.unknown |= {("language",)}
        self.untranslated: list[tuple[str, DataPath]] = []
        self.markers: list[Marker] = []
        self.values: dict[tuple[str, str], tuple[str, Document, DataPath] | None] = {}
        self.asked = use.language or position_language
        self.language = self._language()

    def _language(self) -> str | None:
        if self.file is None or not self.file.languages:
            return self.asked
        if self.asked is None and len(self.file.languages) == 1:
            return self.file.languages[0]
        return self.asked if self.asked in self.file.languages else None

    def run(self) -> Resolved:
        if self.file is None or self.template is None:
            return self._resolved((), frozenset(), {}, 0)
        document = self.template.document
        slots = self._slots(self.template, self.file)
        if len(slots) * _TEXT_SIZE > self.limit:
            return self._resolved((), frozenset(), {}, len(slots) * _TEXT_SIZE)
        slots = self._changed(slots)
        removed = frozenset(self.use.remove)
        slots = [slot for slot in slots if slot.id not in removed]
        self._add(slots)
        head = self._head(document, self.file)
        if self.file.languages:
            self.untranslated += [
                ("template", path) for slot in (head, *slots) for path in slot.untranslated.values()
            ]
        size = self._size([head, *slots])
        if size > self.limit:
            return self._resolved((), frozenset(), {}, size)
        sources: dict[DataPath, Source] = {(): Source(self.document, self.at)}
        if not self.file.steps:
            sources["steps",] = Source(document, ("steps",))
        placeholders: set[DataPath] = set()
        if ("steps",) in document.placeholders:
            placeholders.add(("steps",))
        head = self._fill(head, sources, placeholders, ())
        slots = [
            self._fill(slot, sources, placeholders, ("steps", number)) for number, slot in enumerate(slots)
        ]
        return self._resolved((head, *slots), frozenset(placeholders), sources, size)

    def _resolved(
        self,
        slots: Sequence[_Slot],
        placeholders: frozenset[DataPath],
        sources: Mapping[DataPath, Source],
        size: int,
    ) -> Resolved:
        blueprint: Blueprint | None = None
        problems: Sequence[Problem] = ()
        if slots:
            head, *steps = slots
            try:
                blueprint = Blueprint.read({**head.data, "steps": [slot.step() for slot in steps]})
            except ShapeError as error:  # a marker was filled with nothing, and was all that a name had
                data = {**head.data, "steps": [slot.data for slot in steps]}
                found = to_problems(error.violations, schema_of(Blueprint), data)
                problems = [each for each in found if not _is_below(each.path, placeholders)]
                blueprint, more = salvage(Blueprint, data, error.violations)
                placeholders |= more
        library = self.library
        context = UseContext(
            use=self.use,
            template=self.file,
            readable=self.template is None or self.file is not None,
            language=self.language,
            position_language=self.position_language,
            templates=None if library.nameless and not self.template else library.templates,
            snippets=None if library.nameless else library.snippets,
            markers=self.markers,
            untranslated=self.untranslated,
            unknown=self.unknown,
            template_unknown=self.template.document.placeholders if self.template else frozenset(),
            size=size,
            limit=self.limit,
        )
        return Resolved(
            key=self.key,
            blueprint=blueprint,
            context=context,
            placeholders=placeholders,
            sources=sources,
            document=self.document,
            template=self.template,
            library=library,
            shape_problems=problems,
        )

    def _slots(self, template: Template, file: TemplateFile) -> list[_Slot]:
        """The template's steps, in the language."""
        known: list[_Slot] | None = self.library.slots.get((template.name, self.language))
        if known is not None:
            return known
        document = template.document
        hidden: dict[int, list[DataPath]] = {}
        for path in document.placeholders_below("steps"):
            if path and isinstance(path[0], int):
                hidden.setdefault(path[0], []).append(path[1:])
        found = []
        for number, step in enumerate(file.steps):
            at: DataPath = ("steps", number)
            data = step.model_dump(exclude_none=True)
            sources: dict[DataPath, Source] = {(): Source(document, at)}
            sources |= {(name,): Source(document, (*at, name)) for name in data}
            slot = _Slot(step.id, data, sources, set(), is_shared=True)
            for name in MARKED_FIELDS:
                if isinstance(data.get(name), dict):
                    self._translate(slot, document, name, (*at, name))
            slot.unknown |= {path[:1] if path else ("id",) for path in hidden.get(number, ())}
            found.append(slot)
        self.library.slots[template.name, self.language] = found
        return found

    def _translate(self, slot: _Slot, document: Document, name: str, path: DataPath) -> None:
        """Take the text of a field in the language."""
        text = slot.data[name].get(self.language)
        if text is None:
            slot.data[name] = ""
            slot.unknown.add((name,))
            if self.language is not None:
                slot.untranslated[name] = path
            return
        slot.data[name] = text
        slot.sources[name,] = Source(document, (*path, str(self.language)))

    def _changed(self, slots: Iterable[_Slot]) -> list[_Slot]:
        slots = list(slots)
        number = {slot.id: at for at, slot in enumerate(slots)}
        for path in self.unknown:
            if path[0] == "change":
                meant = [number[step_id] for step_id in map(str, path[1:2]) if step_id in number]
                for at in meant if path[1:] else range(len(slots)):
                    slots[at] = slots[at].own()
                    slots[at].forget(str(path[2]) if path[2:] else None)
        for step_id, change in self.use.change.items():
            if step_id in number:
                slot = slots[number[step_id]] = slots[number[step_id]].own()
                for name, value in change.model_dump(exclude_unset=True).items():
                    self._override(slot, name, value, (*self.at, "change", step_id, name))
        return slots

    def _override(self, slot: _Slot, name: str, value: Any, path: DataPath) -> None:
        if name == "id" or (value is None and name in _REQUIRED):
            return
        slot.found = None
        if value is None:
            slot.sources.pop((name,), None)
        slot.unknown = {each for each in slot.unknown if each[:1] != (name,)}
        slot.untranslated.pop(name, None)
        below = path[len(self.at) :]
        if any(each[: len(below)] == below for each in self.unknown):
            slot.unknown.add((name,))
        if value is None:
            slot.data.pop(name, None)
        elif name in _PARTS:
            merged = dict(slot.data.get(name) or {})
            for part, inner in value.items():
                merged.pop(part, None)
                if inner is not None:
                    merged[part] = inner
                    slot.sources[name, part] = Source(self.document, (*path, part))
            slot.data.pop(name, None)
            if merged:
                slot.data[name] = merged
                slot.sources.setdefault((name,), Source(self.document, path))
        else:
            slot.data[name] = value
            slot.sources[name,] = Source(self.document, path)

    def _add(self, slots: list[_Slot]) -> None:
        for number, step in enumerate(self.use.add):
            path: DataPath = (*self.at, "add", number)
            anchor = step.after if step.after is not None else step.before
            ids = [slot.id for slot in slots]
            if step.id in ids or anchor not in ids:
                continue
            data = step.model_dump(exclude_none=True, exclude={"after", "before"})
            sources: dict[DataPath, Source] = {(): Source(self.document, path)}
            sources |= {(name,): Source(self.document, (*path, name)) for name in data}
            unknown = {each[2:3] or ("id",) for each in self.unknown if each[:2] == ("add", number)}
            slots.insert(ids.index(anchor) + (step.after is not None), _Slot(step.id, data, sources, unknown))

    def _head(self, document: Document, file: TemplateFile) -> _Slot:
        """The blueprint itself."""
        slot = _Slot("", {"name": file.name}, {("name",): Source(document, ("name",))}, set())
        if document.placeholders_below("name"):
            slot.unknown.add(("name",))
        if isinstance(file.name, dict):
            self._translate(slot, document, "name", ("name",))
        if file.config:
            slot.data["config"], slot.sources["config",] = file.config, Source(document, ("config",))
        if ("name",) in self.unknown:
            slot.forget("name")
        for name in ("name", "config", "protect"):
            value = getattr(self.use, name)
            if value is not None:
                slot.data[name], slot.sources[name,] = value, Source(self.document, (*self.at, name))
                slot.unknown.discard((name,))
                slot.untranslated.pop(name, None)
            elif name in self.use.model_fields_set and name == "config":
                slot.data.pop(name, None)
                slot.sources.pop((name,), None)
        return slot

    def _size(self, slots: Iterable[_Slot]) -> int:
        """The number of characters that the filled texts will have; notes the markers on the way."""
        size = 0
        for slot in slots:
            texts = slot.texts()
            size += texts.size
            for name, markers in texts.markers:
                source = slot.sources[name,]
                if self._is_own_name(source):
                    continue
                within = "" if source.document is self.document else "template"
                path = source.path if within else source.path[len(self.at) :]
                for match in markers:
                    self.markers.append(Marker(match[1], match[2], path, match.start(2), within))
                    value = self._value(match[1], match[2])
                    size += len(value[0]) if value else 0
        return size

    def _is_own_name(self, source: Source) -> bool:
        """Whether a text is the `name` of the use, which is taken as it is."""
        return source.document is self.document and source.path == (*self.at, "name")

    def _value(self, kind: str, name: str) -> tuple[str, Document, DataPath] | None:
        """What fills a marker, and where it stands; None where nothing does."""
        known = self.values
        if (kind, name) not in known:
            known[kind, name] = self._parameter(name) if kind == "param" else self._snippet(name)
        return known[kind, name]

    def _parameter(self, name: str) -> tuple[str, Document, DataPath] | None:
        parameter = self.file.parameters.get(name) if self.file else None
        if parameter is None or self.template is None:
            return None
        path: DataPath = ("with", name)
        if name in self.use.values:
            known = path not in self.unknown
            return (self.use.values[name], self.document, (*self.at, *path)) if known else None
        document, path = self.template.document, ("parameters", name, "default")
        return self._translated(parameter.default, document, path, "template", path)

    def _snippet(self, name: str) -> tuple[str, Document, DataPath] | None:
        document, text = self.library.snippets.get(name, (self.document, None))
        return self._translated(text, document, ("snippets", name), f"snippet {name}", ())

    def _translated(
        self, text: Any, document: Document, path: DataPath, within: str, told: DataPath
    ) -> tuple[str, Document, DataPath] | None:
        if document.placeholders_below(*path):
            return None
        if isinstance(text, dict):
            path, text = (*path, str(self.language)), text.get(self.language)
            has_languages = self.file is not None and self.file.languages
            if text is None and (self.language is not None or not has_languages):
                self.untranslated.append((within, told))
        return None if text is None else (text, document, path)

    def _fill(
        self, slot: _Slot, sources: dict[DataPath, Source], placeholders: set[DataPath], at: DataPath
    ) -> _Slot:
        """Put the values in the place of the markers, once."""
        for name, markers in slot.texts().markers:
            source = slot.sources[name,]
            if not self._is_own_name(source):
                slot = slot.own()
                pieces, slot.data[name], known = self._filled(slot.data[name], source, markers)
                slot.sources[name,] = Source(source.document, source.path, pieces)
                if not known:
                    slot.unknown.add((name,))
        sources.update(slot.placed(at))
        placeholders |= {(*at, *path) for path in slot.unknown}
        return slot

    def _filled(
        self, text: str, source: Source, markers: Iterable[re.Match[str]]
    ) -> tuple[tuple[Piece, ...], str, bool]:
        pieces: list[Piece] = []
        parts: list[str] = []
        size = last = 0
        known = True

        def put(part: str, document: Document, path: DataPath, offset: int, marker: str = "") -> None:
            nonlocal size
            if part:
                pieces.append(Piece(size, document, path, offset, marker))
                parts.append(part)
                size += len(part)

        for match in markers:
            put(text[last : match.start()], source.document, source.path, last)
            value = self._value(match[1], match[2])
            if value is None:
                known = False
            else:
                put(value[0], value[1], value[2], 0, f"{match[1]}.{match[2]}")
            last = match.end()
        put(text[last:], source.document, source.path, last)
        return tuple(pieces), "".join(parts), known
