"""A new blueprint that is made from a template, in the file of its position."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kalentops.adopt.naming import file_destination, folder_destination, stem_of
from kalentops.adopt.plain import plain_blueprints
from kalentops.adopt.position import FileChange, PositionFile, ProjectFiles, UnreadableFiles, main_file
from kalentops.blueprint.files import SourcingFile, TemplateFile
from kalentops.errors import UsageError
from kalentops.lint.finding import Severity
from kalentops.project.config import Config
from kalentops.project.document import read_document
from kalentops.project.environments import check_no_other_has
from kalentops.project.library import Library
from kalentops.project.resolve import Resolved, resolve_alone
from kalentops.project.result import CheckOptions
from kalentops.support.text import clip, is_key, is_safe_id, nearest, same_name
from kalentops.yamlfile.build import document_text
from kalentops.yamlfile.edit_file import ParameterLine, add_use


@dataclass(frozen=True, slots=True)
class NewBlueprint:
    """A blueprint that is to be made from a template. `key` is the template's name, and `to` the position's file or a
    new one, where they are not given.
    """

    sourcing_id: str
    template: str
    key: str | None = None
    title: str | None = None
    language: str | None = None
    to: Path | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """The file of a new blueprint. `unfilled` are the parameters that it lacks, each with its line."""

    change: FileChange
    key: str
    unfilled: tuple[tuple[str, int], ...]


def template_named(name: str, library: Library) -> TemplateFile:
    """Raises UsageError, UnreadableFiles."""
    template = library.templates.get(name)
    if template is None:
        meant = nearest(name, library.templates)
        hint = f"did you mean {meant}?" if meant else templates_told(library)
        raise UsageError(f"there is no template {clip(name)}", hint=hint)
    errors = [each for each in template.document.findings if each.severity is Severity.ERROR]
    if template.file is None or errors:
        raise UnreadableFiles(f"the template {name} has errors", errors)
    return template.file


def templates_told(library: Library) -> str:
    """A hint with the names of all templates and their languages."""
    told = [
        f"{name} ({', '.join(each.file.languages)})" if each.file and each.file.languages else name
        for name, each in sorted(library.templates.items())
    ]
    if told:
        return f"templates: {', '.join(told)}"
    return "there is no template yet; docs/how-to/share-a-sequence.md shows how to write one"


def open_position(request: NewBlueprint, files: ProjectFiles, config: Config) -> Opening:
    """A file of the position with one more blueprint, whose parameters have yet to be filled in. Raises UsageError,
    UnreadableFiles, CannotEdit, StoreFailure.
    """
    if not is_safe_id(request.sourcing_id):
        raise UsageError(
            f"{clip(request.sourcing_id)} is not the id of a sourcing",
            hint="`kalentops sourcings` lists the ids",
        )
    template = template_named(request.template, files.library)
    there = files.of(request.sourcing_id)
    check_no_other_has(config, [request.sourcing_id])
    key = _free_key(request, there)
    into = _into(request, there)
    position = into.document.model if into else None
    language = _language(request, template, position.language if isinstance(position, SourcingFile) else None)
    use = {"use": template.template}
    lines = [*_parameter_lines(template, language, files.library)]
    name = _name(files.library, template, language)
    if name and same_name(name) in _names(there, files.library):
        use["name"] = f"{name} ({key})"
    if into is None:
        path, text = _new_file(request, config, language)
        shown, before = Path(os.path.relpath(path, config.root)).as_posix(), None
    else:
        path, text, shown, before = into.path, into.text, into.document.file, into.text
        if language and language != getattr(position, "language", None):
            use["language"] = language
    after = add_use(shown, text, key, use, lines)
    places = read_document(shown, after).places
    unfilled = [each.name for each in lines if each.value is not None]
    at = [places.find(("blueprints", key, "with", each))[0] for each in unfilled]
    return Opening(FileChange(path, shown, before, after), key, tuple(zip(unfilled, at, strict=True)))


def _free_key(request: NewBlueprint, there: Sequence[PositionFile]) -> str:
    key = request.key or request.template
    if not is_key(key):
        raise UsageError(
            f"{clip(key)} is not a key", hint="a key has only a-z, 0-9 and -, as in first-contact"
        )
    for file in there:
        for field, said in (("blueprints", "has a blueprint"), ("removed", "lists a removed key")):
            if key in file.keys(field):
                raise UsageError(f"{file.document.file} {said} {key}", hint="pass --key KEY with another key")
    return key


def _into(request: NewBlueprint, there: Sequence[PositionFile]) -> PositionFile | None:
    """The file that gets the blueprint, None for a new one. In a file that other environments use, they would get it,
    too: it has to be named.
    """
    own = [each for each in there if not each.others]
    named = next((each for each in there if request.to and each.path.resolve() == request.to.resolve()), None)
    into = named or (main_file(own) if own and request.to is None else None)
    if into is not None and request.title is not None and request.title != into.title:
        raise UsageError(
            f"--title is for a new file, and {into.document.file} is of this sourcing",
            hint="leave --title out, and write `title:` into that file",
        )
    return into


def _language(request: NewBlueprint, template: TemplateFile, of_position: str | None) -> str | None:
    known = template.languages
    asked = request.language or (of_position if of_position in known else None)
    if not known or (asked is None and len(known) == 1):
        return request.language
    if asked is None:
        raise UsageError(
            f"the template {template.template} has several languages",
            hint=f"pass --language {' or --language '.join(known)}",
        )
    if asked not in known:
        meant = nearest(asked, known)
        raise UsageError(
            f"the template {template.template} lacks the language {clip(asked)}",
            hint=f"did you mean {meant}?" if meant else f"it has {', '.join(known)}",
        )
    return asked


def _alone(library: Library, template: TemplateFile, language: str | None) -> Resolved:
    found = [*resolve_alone(library.templates[template.template], library)]
    return next((each for each in found if each.context.language == language), found[0])


def _parameter_lines(
    template: TemplateFile, language: str | None, library: Library
) -> Iterator[ParameterLine]:
    """The parameters that the template's texts in this language use."""
    markers = _alone(library, template, language).context.markers
    used = {each.name for each in markers if each.kind == "param"}
    for name, each in template.parameters.items():
        if name in used:
            default = each.default
            if isinstance(default, Mapping):
                default = default.get(language or (template.languages[0] if template.languages else ""))
            yield ParameterLine(name, each.about or "", None if default else f"[{name}]", default or "")


def _name(library: Library, template: TemplateFile, language: str | None) -> str:
    """The name that blueprints of a template have; empty where parameters are in it."""
    alone = _alone(library, template, language)
    known = alone.blueprint is not None and ("name",) not in alone.placeholders
    return alone.blueprint.name if alone.blueprint and known else ""


def _names(there: Sequence[PositionFile], library: Library) -> set[str]:
    return {same_name(each.name) for file in there for _, each in plain_blueprints(file.document, library)}


def _new_file(request: NewBlueprint, config: Config, language: str | None) -> tuple[Path, str]:
    """The path of a new file, and its text without blueprints."""
    if request.to is not None:
        place = file_destination(config.root, config.blueprints, request.to)
    else:
        place = folder_destination(config.root, config.blueprints)
    path = place.take(stem_of(request.title or "", request.sourcing_id))
    served = {"sourcingId": CheckOptions.of(config).written(request.sourcing_id)}
    title = {"title": request.title} if request.title else {}
    spoken = {"language": language} if language else {}
    return path, document_text({**served, **title, **spoken, "blueprints": {}})
