"""The state and the records of its journal as JSON, both ways. Fields that are not known survive."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from kalentops.blueprint.body import Address, Body
from kalentops.errors import StateDamaged, StateTooNew
from kalentops.state.content import (
    LONGEST_REASON,
    Content,
    InMemory,
    OtherForm,
    check_merged,
    parse,
    parse_piece,
    sha256_of,
)
from kalentops.state.index import Index
from kalentops.state.model import (
    DIGEST,
    FORMAT_VERSION,
    READABLE,
    Abandoned,
    Adopted,
    Completed,
    Entry,
    Intended,
    Intent,
    Observed,
    Record,
    State,
    check_consistent,
)
from kalentops.support.collector import gc_paused
from kalentops.support.text import clip

if TYPE_CHECKING:
    from kalentops.cache import Cache
    from kalentops.state.json_types import EntryJson, IntentJson, RecordJson, StateJson

_T = TypeVar("_T")
_LARGEST: Final = 2**53  # a whole number that every reader of JSON knows
# It stands in a command that people copy.
_RUN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_HOST: Final = 255
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}\.[0-9]{1,9}")
_CHUNK: Final = 1 << 20


def load_state(data: bytes | Content, cache: Cache | None = None) -> State:
    """The state that the bytes of its file hold. The bodies are not held: they are read again when they are asked for,
    from `data`, unless it was edited by hand.

    Raises StateTooNew for a format of a later major version, StateDamaged for anything that is not a whole
    state; StateMoved, StoreFailure for a file.
    """
    content = InMemory(data) if isinstance(data, bytes) else data
    del data
    with gc_paused():
        state = _by_entry(content, cache)
        if state is None:
            state = _whole(b"".join(content.chunks()))
    check_consistent(state)
    return state


def _by_entry(content: Content, cache: Cache | None) -> State | None:
    """None for what is not laid out as `dump_state` does it, or no state."""
    if cache is not None:
        known = Index.get(cache, content)
        state = None if known is None else _of_index(known, content)
        if state is not None:
            return state
    try:
        index = Index.of(content, _entry_alone)
    except (OtherForm, *_DAMAGE):
        return None
    state = _of_index(index, content)
    if state is not None and cache is not None:
        index.put(cache, content)
    return state


def _of_index(index: Index, content: Content) -> State | None:
    try:
        raw = parse(index.rest, "the state")
        check_version(raw, "the state")
        return _state(raw, index.entries(content)) if raw.get("blueprints") == index.token else None
    except _DAMAGE:
        return None


_DAMAGE: Final = (StateDamaged, StateTooNew, KeyError, TypeError, ValueError, AttributeError)


def _entry_alone(data: bytes) -> Entry:
    [(address, raw)] = parse_piece(data).items()
    return _entry(address, raw)


def _whole(data: bytes) -> State:
    text = _text(data)
    del data  # with the text and what it says there are two more copies
    check_merged(text)
    raw = parse(text, "the state")
    check_version(raw, "the state")
    return build(
        lambda: _state(
            raw, {address: _entry(address, entry) for address, entry in raw["blueprints"].items()}
        ),
        "the state",
    )


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise StateDamaged(f"the state is not UTF-8, at byte {error.start + 1}") from None


def check_version(raw: Mapping[str, Any], what: str) -> None:
    """Raises StateTooNew for a later major version, StateDamaged for what is no version: no update reads it."""
    version = raw.get("format_version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise StateDamaged(f"{what} has no format_version such as {FORMAT_VERSION}")
    if version.partition(".")[0] not in READABLE:
        raise StateTooNew(f"{what} has format {clip(version, 20)}, this kalentops knows {FORMAT_VERSION}")


def build(make: Callable[[], _T], what: str) -> _T:
    try:
        return make()
    except KeyError as error:
        raise StateDamaged(f"{what} is not whole: {clip(str(error), LONGEST_REASON)} is missing") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise StateDamaged(f"{what} is not whole: {clip(str(error), LONGEST_REASON)}") from None


def _state(raw: dict[str, Any], entries: dict[str, Entry]) -> State:
    known = {"format_version", "lineage", "serial", "tenant", "last_run", "blueprints", "intents"}
    known |= {"environment", "moved_to"}
    return State(
        lineage=as_text(raw["lineage"]),
        serial=as_number(raw["serial"]),
        tenant=as_optional(raw.get("tenant")),
        environment=as_optional(raw.get("environment")),
        last_run=as_optional(raw.get("last_run")),
        entries=entries,
        intents={address: _intent(address, intent) for address, intent in raw.get("intents", {}).items()},
        extra={key: value for key, value in raw.items() if key not in known},
        moved_to=as_optional(raw.get("moved_to")),
    )


def _entry(address: str, raw: dict[str, Any]) -> Entry:
    at = _address(address, raw)
    remote = as_object(raw.get("remote", {}))
    known = {"applied_at", "blueprintId", "digest", "sent", "sourcingId", "key", "remote"}
    extra = {key: value for key, value in raw.items() if key not in known}
    unknown = {key: value for key, value in remote.items() if key not in {"digest", "updatedAt"}}
    return Entry(
        address=at,
        blueprint_id=as_text(raw["blueprintId"]),
        sent=Body.recorded(as_object(raw["sent"]), _digest(raw["digest"])),
        applied_at=as_text(raw["applied_at"]),
        remote_digest=None if remote.get("digest") is None else _digest(remote["digest"]),
        updated_at=as_optional(remote.get("updatedAt")),
        extra={**extra, "remote": unknown} if unknown else extra,
    )


def _intent(address: str, raw: dict[str, Any]) -> Intent:
    at = _address(address, raw)
    known = {"action", "sent", "digest", "at", "nonces", "run", "host", "blueprintId", "sourcingId", "key"}
    known |= {"known_ids", "attempt"}  # of format 1.0, which guessed by them
    if raw["action"] not in {"create", "update"}:
        raise ValueError(f"the action of {address} is not known")
    return Intent(
        address=at,
        action=raw["action"],
        sent=Body.recorded(as_object(raw["sent"]), _digest(raw["digest"])),
        at=as_text(raw["at"]),
        blueprint_id=as_optional(raw.get("blueprintId")),
        nonces=tuple(as_text(each) for each in _list(raw.get("nonces", []))),
        run=_run(raw.get("run")),
        host=_host(raw.get("host")),
        extra={key: value for key, value in raw.items() if key not in known},
    )


def _address(address: str, raw: dict[str, Any]) -> Address:
    found = Address(as_text(raw["sourcingId"]), as_text(raw["key"]))
    if found != address or "/" in found.sourcing_id:
        raise ValueError(f"{address} belongs to sourcing {found.sourcing_id}, key {found.key}")
    return found


def as_text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} stands where a text belongs")
    return value


def as_optional(value: Any) -> str | None:
    return None if value is None else as_text(value)


def _run(value: Any) -> str | None:
    if value is not None and not _RUN.fullmatch(as_text(value)):
        raise ValueError(f"{value!r} is not a run")
    return cast("str | None", value)


def _host(value: Any) -> str | None:
    host = as_optional(value)
    if host is not None and len(host) > _LONGEST_HOST:
        raise ValueError(f"{host!r} is not a host")
    return host


def as_number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST:
        raise ValueError(f"{value!r} stands where a whole number belongs")
    return value


def as_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} stands where an object belongs")  # noqa: TRY004
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{type(value).__name__} stands where a list belongs")  # noqa: TRY004
    return value


def _digest(value: Any) -> str:
    if not DIGEST.fullmatch(as_text(value)):
        raise ValueError(f"{value!r} is not a digest")
    return cast("str", value)


def dump_state(state: State) -> bytes:
    """The bytes of the state's file: sorted, indented, one field a line."""
    return bytes(Dump(state))


class Dump:
    """The bytes that `dump_state` gives, in chunks: an entry that was read and not changed is copied.

    Each pass raises StateDamaged for a field that is not known and nested too deeply, ValueError for what is no JSON;
    StateMoved, StoreFailure where the content that entries come from can't be read.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._sha256: str | None = None

    @property
    def sha256(self) -> str:
        """Of the bytes, in hexadecimal digits."""
        if self._sha256 is None:
            self._sha256 = sha256_of(self)
        return self._sha256

    def __bytes__(self) -> bytes:
        return b"".join(self)

    def __iter__(self) -> Iterator[bytes]:
        digest, chunk = hashlib.sha256(), bytearray()
        for each in self._parts():
            chunk += each
            if len(chunk) >= _CHUNK:
                digest.update(chunk)
                yield bytes(chunk)
                chunk.clear()
        digest.update(chunk)
        yield bytes(chunk)
        self._sha256 = digest.hexdigest()

    def _parts(self) -> Iterator[bytes]:
        state = self._state
        known: StateJson = {
            "format_version": FORMAT_VERSION,
            "lineage": state.lineage,
            "serial": state.serial,
            "tenant": state.tenant,
            "blueprints": {},
            "intents": {},
        }
        if state.environment is not None:
            known["environment"] = state.environment
        if state.last_run is not None:
            known["last_run"] = state.last_run
        if state.moved_to is not None:
            known["moved_to"] = state.moved_to
        raw: dict[str, Any] = {**state.extra, **known}
        escape = not self._is_utf_8(raw)
        for number, name in enumerate(sorted(raw)):
            yield b",\n" if number else b"{\n"
            if name == "blueprints" and state.entries:
                yield from _section(name, state.entries, lambda entry: _entry_lines(entry, escape=escape))
            elif name == "intents" and state.intents:
                yield from _section(name, state.intents, lambda intent: _intent_lines(intent, escape=escape))
            else:
                yield _indented({name: raw[name]}, escape=escape)[len("{\n") : -len("\n}")].encode()
        yield b"\n}\n"

    def _is_utf_8(self, raw: Mapping[str, Any]) -> bool:
        """Whether no text holds half a surrogate pair, as an unknown field may. What was read in our form has none."""
        changed = (each for each in self._state.entries.values() if each.piece is None)
        texts = chain([raw], map(entry_to_json, changed), map(intent_to_json, self._state.intents.values()))
        try:
            for each in texts:
                json.dumps(each, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            return False
        except RecursionError:
            raise _nested_too_deeply() from None
        return True


def _section(name: str, members: Mapping[str, _T], lines: Callable[[_T], bytes]) -> Iterator[bytes]:
    yield f'  "{name}": {{\n'.encode()
    for number, address in enumerate(sorted(members)):
        if number:
            yield b",\n"
        yield lines(members[address])
    yield b"\n  }"


def _entry_lines(entry: Entry, *, escape: bool) -> bytes:
    if entry.piece is not None and not escape:
        data = entry.piece.data()
        if b"\\u" not in data:  # an edited text may escape more than the writer does
            return data
    return _member_lines(entry.address, entry_to_json(entry), escape=escape)


def _intent_lines(intent: Intent, *, escape: bool) -> bytes:
    return _member_lines(intent.address, intent_to_json(intent), escape=escape)


_AROUND: Final = '{\n  "": {\n', "\n  }\n}"


def _member_lines(address: str, raw: Mapping[str, Any], *, escape: bool) -> bytes:
    begin, end = _AROUND
    return _indented({"": {address: raw}}, escape=escape)[len(begin) : -len(end)].encode()


def _indented(raw: dict[str, Any], *, escape: bool) -> str:
    try:
        return json.dumps(raw, ensure_ascii=escape, allow_nan=False, indent=2, sort_keys=True)
    except RecursionError:
        raise _nested_too_deeply() from None


def _nested_too_deeply() -> StateDamaged:
    return StateDamaged("a field of the state that is not known is nested too deeply")


def entry_to_json(entry: Entry) -> EntryJson:
    """The entry as it stands in the file, and as `state show` prints it."""
    known: EntryJson = {
        "applied_at": entry.applied_at,
        "blueprintId": entry.blueprint_id,
        "digest": entry.digest,
        "sent": entry.sent.stored,
        "sourcingId": entry.address.sourcing_id,
        "key": entry.address.key,
    }
    if entry.remote_digest is not None or entry.updated_at is not None:
        unknown = entry.extra.get("remote", {})
        known["remote"] = {"digest": entry.remote_digest, "updatedAt": entry.updated_at, **unknown}
    return cast("EntryJson", {**entry.extra, **known})


def intent_to_json(intent: Intent) -> IntentJson:
    known: IntentJson = {
        "action": intent.action,
        "sent": intent.sent.stored,
        "digest": intent.digest,
        "at": intent.at,
        "blueprintId": intent.blueprint_id,
        "nonces": list(intent.nonces),
        "sourcingId": intent.address.sourcing_id,
        "key": intent.address.key,
    }
    if intent.run is not None:
        known["run"] = intent.run
    if intent.host is not None:
        known["host"] = intent.host
    return cast("IntentJson", {**intent.extra, **known})


def record_to_json(record: Record) -> RecordJson:
    """One line of the journal."""
    match record:
        case Intended(intent):
            return {"type": "intent", "address": intent.address, "intent": intent_to_json(intent)}
        case Completed(address, blueprint_id, at):
            return {"type": "done", "address": address, "blueprintId": blueprint_id, "at": at}
        case Adopted(entry):
            return {"type": "entry", "address": entry.address, "entry": entry_to_json(entry)}
        case Observed(address, remote_digest, updated_at):
            return {"type": "seen", "address": address, "digest": remote_digest, "updatedAt": updated_at}
        case Abandoned(address, reason):
            return {"type": "closed", "address": address, "reason": reason}


def record_from_json(raw: Mapping[str, Any]) -> Record:
    """Raises StateDamaged; StateTooNew for a type of record that is not known."""
    return build(lambda: _record(raw), "a record of the journal")


def _record(raw: Mapping[str, Any]) -> Record:
    kind, address = raw["type"], Address.parse(as_text(raw["address"]))
    match kind:
        case "intent":
            return Intended(_intent(address, raw["intent"]))
        case "done":
            return Completed(address, as_text(raw["blueprintId"]), as_text(raw["at"]))
        case "entry":
            return Adopted(_entry(address, raw["entry"]))
        case "seen":
            return Observed(address, _digest(raw["digest"]), as_optional(raw.get("updatedAt")))
        case "closed":
            return Abandoned(address, as_text(raw["reason"]))
    raise StateTooNew(f"the journal holds a record of type {kind!r}, which this kalentops does not know")
