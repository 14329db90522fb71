"""What a state says of its blueprints without their bodies, and where each entry stands. A cache may hold it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeAlias

from kalentops.blueprint.body import Address, Body
from kalentops.cache import Cache, program
from kalentops.state.content import Content, Cutter, Piece
from kalentops.state.model import Entry

_KIND: Final = "state"
_NOTHING: Final[Mapping[str, Any]] = {}
Row: TypeAlias = tuple[
    str, str, str, str, str, str, str | None, str | None, int, int, Mapping[str, Any] | None
]
"""Sourcing, key, id, digest, name, when it was applied, remote digest, when it was updated; offset and length; the
unknown fields, None for an entry that has exactly the form that is written.
"""


class Index(NamedTuple):
    """`rest` is the JSON text around the entries, with the token in their place."""

    rest: str
    token: str
    rows: list[Row]

    @classmethod
    def of(cls, content: Content, parse_entry: Callable[[bytes], Entry]) -> Index:
        """Raises OtherForm, StateDamaged or ValueError where only the parser of the whole can judge; StateMoved,
        StoreFailure.
        """
        token = os.urandom(16).hex()
        cutter, shared = Cutter(content, token), _Shared()
        rows: list[Row] = []
        for found in cutter.entries():
            if not found.fields:
                rows.append(_row(parse_entry(found.data), found.offset, found.length))
                continue
            address, applied_at, blueprint_id, digest, key, remote_digest, updated_at, sourcing_id = (
                found.fields
            )
            if address != b"%b/%b" % (sourcing_id, key) or b"/" in sourcing_id:
                raise ValueError
            rows.append(
                (
                    shared[sourcing_id],
                    key.decode(),
                    blueprint_id.decode(),
                    digest.decode(),
                    found.name,
                    shared[applied_at],
                    None if remote_digest is None else remote_digest.decode(),
                    None if updated_at is None else shared[updated_at],
                    found.offset,
                    found.length,
                    None,
                )
            )
        return cls(cutter.rest, token, rows)

    def entries(self, content: Content) -> dict[str, Entry]:
        """By address. Raises ValueError for an address that stands twice."""
        found: dict[str, Entry] = {}
        for sourcing, key, ident, digest, name, applied, remote, updated, offset, length, extra in self.rows:
            piece, address = Piece(content, offset, length), Address(sourcing, key)
            seen = digest if remote == digest else remote
            sent = Body.deferred(name, digest, piece)
            made = Entry(address, ident, sent, applied, seen, updated, _NOTHING if extra is None else extra)
            if extra is None:
                object.__setattr__(made, "piece", piece)  # not a parameter: a changed entry has none
            found[address] = made
        if len(found) < len(self.rows):
            raise ValueError
        return found

    def put(self, cache: Cache, content: Content) -> None:
        cache.put(_KIND, _key(content), json.dumps(self, separators=(",", ":")).encode())

    @classmethod
    def get(cls, cache: Cache, content: Content) -> Index | None:
        """What an earlier run has put for the same bytes; None where there is nothing, or nothing that fits."""
        data = cache.get(_KIND, _key(content))
        if data is None:
            return None
        try:
            found = cls(*json.loads(data))
            inside = all(0 <= row[8] <= row[8] + row[9] <= content.size for row in found.rows)
        except (TypeError, ValueError, LookupError):
            return None
        return found if inside else None


def _row(entry: Entry, offset: int, length: int) -> Row:
    address = entry.address
    return (
        address.sourcing_id,
        address.key,
        entry.blueprint_id,
        entry.digest,
        entry.name,
        entry.applied_at,
        entry.remote_digest,
        entry.updated_at,
        offset,
        length,
        entry.extra,
    )


def _key(content: Content) -> str:
    return sha256(repr((program(), content.sha256)).encode()).hexdigest()


class _Shared(dict[bytes, str]):
    """Texts that many entries have, as one object."""

    def __missing__(self, data: bytes) -> str:
        self[data] = text = data.decode()
        return text
