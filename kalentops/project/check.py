"""One file, from its bytes to its findings and its blueprints: loader, model and rules in a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.files import SourcingFile, Use
from kalentops.blueprint.model import Blueprint
from kalentops.lint.engine import check_blueprint, check_shared, check_use
from kalentops.lint.engine import check_file as check_file_rules
from kalentops.lint.finding import DataPath, Finding, Origin, merged, without_cut_texts
from kalentops.lint.project import Severities
from kalentops.lint.rule import (
    Declared,
    FileContext,
    Hides,
    Position,
    Relocation,
    Sender,
    SharedContext,
    rules,
)
from kalentops.project.document import Document, checked_document
from kalentops.project.files import Source, read_bytes, text_of
from kalentops.project.library import Library, Template
from kalentops.project.resolve import MAX_SIZE, Resolved, resolve, resolve_alone
from kalentops.project.result import PENDING, CheckOptions, FileResult, may_be_shared, may_use

MAX_RESOLVED: Final = 4 * MAX_SIZE
"""Characters of all blueprints of a file that are made from templates."""


def check_file(options: CheckOptions, source: Source) -> FileResult:
    """One file: what it holds, and what is wrong with it."""
    # What others use is read once: a file that is saved meanwhile would be found right, and its users be made from what
    # it was.
    known = (options.shared or {}).get(source.name)
    if known is not None:
        return check_text(options, source.name, known)
    data = read_bytes(source, options.root)
    if isinstance(data, Finding):
        return FileResult([data], [], [], unread=True)
    text = text_of(source, data)
    if isinstance(text, Finding):
        return FileResult([text], [], [], unread=True)
    return _check_read(options, source.name, text)._replace(content=sha256(data).hexdigest())


def _check_read(options: CheckOptions, name: str, text: str) -> FileResult:
    text = text.lstrip("\ufeff")
    if options.shared is None:
        if may_be_shared(text):
            return FileResult([], [], [], shared=text)
        if may_use(text):
            return PENDING
    return check_text(options, name, text)


def check_text(options: CheckOptions, name: str, text: str) -> FileResult:
    """The findings and blueprints of a text, and what it says of other keys; a pure function."""
    document = options.library.by_file.get(name) if options.library else None
    if document is None or document.text != text:
        document = checked_document(name, text, options.severities)
    return _check(options, document)


def _check(options: CheckOptions, document: Document) -> FileResult:
    model = document.model
    if options.library is None:
        if document.kind is not SourcingFile:
            return FileResult([], [], [], shared=document.text)
        if isinstance(model, SourcingFile) and any(
            isinstance(each, Use) for each in model.blueprints.values()
        ):
            return PENDING
    resolved = list(_resolved(document, options.library)) if options.library else []
    # A finding behind an anchor occurs once for each alias, and is reported once; in a template, once for each user.
    found = {(each, each.used_by): each for each in _findings(document, resolved, options)}
    findings = without_cut_texts(found.values())
    whole = document.has_all_keys and not any(rules()[each.code].hides is Hides.FILE for each in findings)
    by_key = {each.key: each for each in resolved}
    return FileResult(
        findings,
        list(_declared(options, document, by_key)),
        list(_relocations(options, document)),
        whole,
        tuple(positions(options, document)),
        senders=tuple(_senders(options, document, by_key)),
        uses=None if options.library is None else _uses(resolved),
    )


def _uses(resolved: Iterable[Resolved]) -> tuple[str, ...]:
    """The files of the templates and snippets in use."""
    found = {each.template.document.file for each in resolved if each.template is not None}
    for each in resolved:
        snippets = each.library.snippets
        named = (marker.name for marker in each.context.markers if marker.kind == "snippet")
        found |= {snippets[name][0].file for name in named if name in snippets}
    return tuple(sorted(found))


def check_alone(options: CheckOptions, template: Template) -> list[Finding]:
    """The findings of a template that nothing uses."""
    if options.library is None or template.file is None:
        return []
    alone = resolve_alone(template, options.library)
    return merged(each for resolved in alone for each in _of_resolved(resolved, options.severities))


def _resolved(document: Document, library: Library) -> Iterator[Resolved]:
    room = MAX_RESOLVED
    if isinstance(document.model, SourcingFile):
        for key, blueprint in document.model.blueprints.items():
            if isinstance(blueprint, Use):
                found = resolve(document, key, library, room)
                room = max(0, room - found.context.size)
                yield found


def _findings(document: Document, resolved: Sequence[Resolved], options: CheckOptions) -> Iterator[Finding]:
    """What reading the file has found, and what the rules find in its model."""
    severities, model, library = options.severities, document.model, options.library
    yield from document.findings
    if isinstance(model, SourcingFile):
        yield from _of_file(document, FileContext(model, options.readers), severities)
        for each in resolved:
            yield from _of_use(document, each, options)
    elif model is not None and library is not None:
        context = SharedContext(model, None if library.nameless else library.snippets, document.placeholders)
        for problem, severity in check_shared(context, severities):
            yield document.place(problem, severity)


def _of_file(document: Document, of: FileContext, severities: Severities) -> Iterator[Finding]:
    for problem, severity in check_file_rules(of, document.placeholders, severities):
        yield document.place(problem, severity)
    for key, blueprint in of.file.blueprints.items():
        if isinstance(blueprint, Blueprint):
            hidden = document.placeholders_below("blueprints", key)
            for problem, severity in check_blueprint(blueprint, hidden, severities):
                path = ("blueprints", key, *problem.path)
                yield document.place(replace(problem, path=path), severity)


def _of_use(document: Document, of: Resolved, options: CheckOptions) -> Iterator[Finding]:
    """The findings of a blueprint that is made from a template; those in shared files say who the user is."""
    found = [of.place_in_use(*each) for each in check_use(of.context, options.severities)]
    found += _of_resolved(of, options.severities)
    for each in merged(found):  # a value may fill several markers
        if each.file == document.file:
            yield each
        else:
            yield replace(each, users=1, used_by=(_user(options, document, of.key),))


def _user(options: CheckOptions, document: Document, key: str) -> tuple[str, Origin]:
    """The address of a blueprint, and the place of its key. In several environments, the address in the first."""
    served = options.sourcing_ids(document) or document.sourcing_ids(options.readers)
    at = Origin(document.file, *document.places.find(("blueprints", key), on_key=True))
    return next((f"{each}/{key}" for each in served.values()), key), at


def _of_resolved(of: Resolved, severities: Severities) -> Iterator[Finding]:
    if of.blueprint is not None:
        for problem in of.shape_problems:
            yield of.place(problem)
        for problem, severity in check_blueprint(of.blueprint, of.placeholders, severities):
            yield of.place(problem, severity)


_UNKNOWN: Final = frozenset[DataPath]({("name",), ("steps",)})


def _declared(
    options: CheckOptions, document: Document, resolved: Mapping[str, Resolved]
) -> Iterator[Declared]:
    model, served = document.model, options.sourcing_ids(document)
    if not served or not isinstance(model, SourcingFile):
        return
    environments: dict[str, str] = {}
    for environment, sourcing_id in served.items():
        # An id in two of them is an error, and declares nothing twice.
        environments.setdefault(sourcing_id, environment)
    for key, blueprint in model.blueprints.items():
        address = Address(next(iter(environments)), key)
        if isinstance(blueprint, Blueprint):
            hidden = document.placeholders_below("blueprints", key)
            name_at = document.places.find(("blueprints", key, "name"))
            language = blueprint.language or model.language
            made = _declare(options, document, address, blueprint, hidden)
        elif key in resolved:
            of = resolved[key]
            name = of.source(("name",))
            own = name.document is document
            name_at = document.places.find(name.path if own else ("blueprints", key), on_key=not own)
            hidden = of.placeholders if of.blueprint else _UNKNOWN
            made = _declare(options, document, address, of.blueprint or Blueprint(name=" "), hidden, of)
            language = of.context.language
        else:
            continue
        for sourcing_id, environment in environments.items():
            yield made._replace(
                address=Address(sourcing_id, key),
                name_at=name_at,
                title=model.title or "",
                language=language or "",
                environment=environment,
            )


def _declare(
    options: CheckOptions,
    document: Document,
    address: Address,
    blueprint: Blueprint,
    hidden: frozenset[DataPath],
    of: Resolved | None = None,
) -> Declared:
    """The blueprint at one of its addresses; the same is declared at the others."""
    body = Body.of_blueprint(blueprint) if options.digests else None
    made = Declared(
        address,
        "" if ("name",) in hidden else blueprint.name,
        Origin(document.file, *document.places.find(("blueprints", address.key), on_key=True)),
        (1, 1),
        "" if body is None else body.digest,
        body if options.bodies else None,
        blueprint.protect is True,
        hidden,
    )
    if of is None:
        return made
    return made._replace(
        template=of.context.use.use,
        snippets=tuple(sorted({each.name for each in of.context.markers if each.kind == "snippet"})),
        overrides=of.overrides(),
        origins=of.origins(of_new=not options.origins) if options.bodies else {},
        alike=of.alike() if options.digests else None,
    )


def positions(options: CheckOptions, document: Document) -> Iterator[Position]:
    """What a file says of its sourcing in each environment that reads it."""
    model, find = document.model, document.places.find
    if not isinstance(model, SourcingFile):
        return
    for name, sourcing_id in document.sourcing_ids(options.readers).items():
        path = ("sourcingId",) if isinstance(model.sourcingId, str) else ("sourcingId", name)
        yield Position(
            sourcing_id,
            Origin(document.file, *find(path)),
            model.title or "",
            model.sample or {},
            find(("title",)),
            name,
        )


def _relocations(options: CheckOptions, document: Document) -> Iterator[Relocation]:
    model, find = document.model, document.places.find
    if not isinstance(model, SourcingFile):
        return
    for sourcing_id in options.sourcing_ids(document).values():
        for number, move in enumerate(model.moved):
            at = find(("moved", number, "from"))
            yield Relocation(sourcing_id, move.source, move.to, document.file, at)
        for number, key in enumerate(model.removed):
            yield Relocation(sourcing_id, key, None, document.file, find(("removed", number)))


def _senders(options: CheckOptions, document: Document, resolved: Mapping[str, Resolved]) -> Iterator[Sender]:
    """Each `config.userId`, in a folder that several environments read."""
    model, names = document.model, tuple(document.sourcing_ids(options.readers))
    if len(options.readers) < 2 or not names or not isinstance(model, SourcingFile):  # noqa: PLR2004 - several
        return
    for key, each in model.blueprints.items():
        of = resolved.get(key)
        blueprint = each if isinstance(each, Blueprint) else of.blueprint if of else None
        for path in _user_ids(blueprint) if blueprint else ():
            source = of.source(path) if of else None
            file, at = (source.document, source.path) if source else (document, ("blueprints", key, *path))
            origin = Origin(file.file, *file.places.find(at, on_key=True))
            template = "" if of is None or file is document else of.context.use.use
            yield Sender(origin, at, template, names, _user(options, document, key))


def _user_ids(blueprint: Blueprint) -> Iterator[DataPath]:
    if (blueprint.config or {}).get("userId") is not None:
        yield ("config", "userId")
    for number, step in enumerate(blueprint.steps):
        if step.config is not None and step.config.userId is not None:
            yield ("steps", number, "config", "userId")


def with_shared_once(results: list[FileResult]) -> list[FileResult]:
    """The results, with the findings in shared files once, in the first of them: each of many users has the same."""
    shared = [each for result in results for each in result.findings if each.users]
    if not shared:
        return results
    own = [_without_shared(each) for each in results]
    own[0] = own[0]._replace(findings=[*own[0].findings, *merged(shared)], content="")
    return own


def _without_shared(of: FileResult) -> FileResult:
    own = [each for each in of.findings if not each.users]
    return of if len(own) == len(of.findings) else of._replace(findings=own, content="")
