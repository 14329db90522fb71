"""What a file said, as JSON: how a worker process gives it back, and how the cache keeps it. Bodies are left out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from kalentops.blueprint.body import Address
from kalentops.lint.finding import DataPath, Finding, Origin, Severity
from kalentops.lint.rule import Alike, Declared, Position, Relocation, Sender
from kalentops.project.result import FileResult

Json: TypeAlias = list[Any]
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode
_ORDINARY: Final = Declared(Address("", ""), "", Origin("", 1, 1), (1, 1))
_NO_PATHS: Final[frozenset[DataPath]] = frozenset()


def to_line(name: str, of: FileResult) -> str:
    """One line of JSON, which `from_lines` reads."""
    own = [_finding(name, each) for each in of.findings]
    record = [
        name,
        of.content,
        None if of.uses is None else list(of.uses),
        (of.whole, of.pending, of.unread),
        of.shared,
        own,
        [_declared(each) for each in of.declared],
        [(each.sourcing_id, each.source, each.target, each.at) for each in of.relocations],
        [_position(each) for each in of.positions],
        [_sender(each) for each in of.senders],
    ]
    return _encode(record)


def from_lines(lines: Iterable[str]) -> list[Json]:
    """The records of the lines; each begins with name, digest of the content, and the shared files in use."""
    return list(json.loads(f"[{','.join(lines)}]"))


def to_result(record: Json) -> FileResult:
    """The result that a record keeps. Raises TypeError, ValueError, KeyError or IndexError for what is none."""
    name, content, uses, (whole, pending, unread), shared, findings, declared, moved, positions, senders = (
        record
    )
    return FileResult(
        [_to_finding(name, each) for each in findings] if findings else [],
        [_to_declared(name, each) for each in declared],
        [Relocation(each[0], each[1], each[2], name, tuple(each[3])) for each in moved] if moved else [],
        whole,
        tuple(
            Position(each[0], Origin(name, each[1], each[2]), each[3], each[4], (each[5], each[6]), each[7])
            for each in positions
        ),
        shared,
        pending,
        unread,
        tuple(map(_to_sender, senders)),
        content,
        None if uses is None else tuple(uses),
    )


def _finding(name: str, of: Finding) -> Json:
    made = [of.line, of.column, of.code, of.message, of.hint, of.severity.value, of.path]
    if of.file != name or of.users:
        made += [of.file, of.users, [(address, _origin(at)) for address, at in of.used_by]]
    return made


def _to_finding(name: str, record: Json) -> Finding:
    line, column, code, message, hint, severity, path, *more = record
    file, users, used_by = more or (name, 0, ())
    first = tuple((address, Origin(*at)) for address, at in used_by)
    return Finding(file, line, column, code, message, hint, Severity(severity), tuple(path), users, first)


def _declared(of: Declared) -> Json:
    made: Json = [
        *(of.address.sourcing_id, of.address.key, of.name),
        *(of.origin.line, of.origin.column, *of.name_at, of.digest),
    ]
    if of[6:] != _ORDINARY[6:]:
        made += [
            *(of.protect, [*of.placeholders], of.title, of.language, of.template, of.snippets),
            *([*of.overrides], of.environment, of.alike),
        ]
    return made


def _to_declared(name: str, record: Json) -> Declared:
    sourcing_id, key, title, line, column, name_line, name_column, digest = record[:8]
    address, origin, name_at = Address(sourcing_id, key), Origin(name, line, column), (name_line, name_column)
    if len(record) == 8:  # noqa: PLR2004 - what most have
        return Declared(address, title, origin, name_at, digest)
    protect, placeholders, position, language, template, snippets, overrides, environment, alike = record[8:]
    return Declared(
        address,
        title,
        origin,
        name_at,
        digest,
        None,
        protect,
        frozenset(map(tuple, placeholders)) if placeholders else _NO_PATHS,
        position,
        language,
        template,
        tuple(snippets),
        {},
        frozenset((step, field) for step, field in overrides),
        environment,
        Alike(alike[0], tuple(alike[1])) if alike else None,
    )


def _position(of: Position) -> Json:
    at = of.origin.line, of.origin.column
    return [of.sourcing_id, *at, of.title, dict(of.sample), *of.title_at, of.environment]


def _sender(of: Sender) -> Json:
    address, at = of.user
    return [_origin(of.origin), of.path, of.template, of.environments, address, _origin(at)]


def _to_sender(record: Json) -> Sender:
    origin, path, template, environments, address, at = record
    return Sender(Origin(*origin), tuple(path), template, tuple(environments), (address, Origin(*at)))


def _origin(of: Origin) -> Json:
    return [of.file, of.line, of.column]
