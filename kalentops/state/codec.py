"""The state and the records of its journal as JSON, both ways. Fields that are not known survive."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

from kalentops.blueprint.body import Address, Body
from kalentops.errors import StateDamaged, StateTooNew
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
from kalentops.support.shape import gc_paused
from kalentops.support.text import clip

_T = TypeVar("_T")
_LARGEST: Final = 2**53  # a whole number that every reader of JSON knows
_LONGEST_REASON: Final = 200  # characters: the value in it may be of any length
# It stands in a command that people copy.
_RUN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_HOST: Final = 255


def load_state(data: bytes) -> State:
    """The state that the bytes of its file hold.

    Raises StateTooNew for a format of a later major version, StateDamaged for anything that is not a whole
    state.
    """
    text = _text(data)
    del data  # with the text and what it says there are two more copies
    check_merged(text)
    with gc_paused():
        raw = parse(text, "the state")
        check_version(raw, "the state")
        state = build(lambda: _state(raw), "the state")
    check_consistent(state)
    return state


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise StateDamaged(f"the state is not UTF-8, at byte {error.start + 1}") from None


def parse(text: str, what: str) -> dict[str, Any]:
    """A JSON object in which no key stands twice. Raises StateDamaged."""
    if not text.strip():
        raise StateDamaged(f"{what} can't be parsed: it is empty")
    try:
        raw = json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise StateDamaged(f"{what} can't be parsed: {clip(str(error), _LONGEST_REASON)}") from None
    if not isinstance(raw, dict):
        raise StateDamaged(f"{what} can't be parsed: not an object")
    return raw


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # it would be written back as Infinity, which is not JSON
        raise ValueError(f"{text[:20]} is too large")
    return number


def check_version(raw: Mapping[str, Any], what: str) -> None:
    """Raises StateTooNew where `format_version` has a major that can't be read, StateDamaged where there is none."""
    version = raw.get("format_version")
    if not isinstance(version, str) or not version.partition(".")[0].isdigit():
        raise StateDamaged(f"{what} has no format_version")
    if version.partition(".")[0] not in READABLE:
        raise StateTooNew(f"{what} has format {clip(version, 20)}, this kalentops knows {FORMAT_VERSION}")


def build(make: Callable[[], _T], what: str) -> _T:
    try:
        return make()
    except KeyError as error:
        raise StateDamaged(f"{what} is not whole: {clip(str(error), _LONGEST_REASON)} is missing") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise StateDamaged(f"{what} is not whole: {clip(str(error), _LONGEST_REASON)}") from None


def _state(raw: dict[str, Any]) -> State:
    known = {"format_version", "lineage", "serial", "tenant", "last_run", "blueprints", "intents"}
    known |= {"environment", "moved_to"}
    return State(
        lineage=as_text(raw["lineage"]),
        serial=as_number(raw["serial"]),
        tenant=as_optional(raw.get("tenant")),
        environment=as_optional(raw.get("environment")),
        last_run=as_optional(raw.get("last_run")),
        entries={address: _entry(address, entry) for address, entry in raw["blueprints"].items()},
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
    raw = {
        **state.extra,
        "format_version": FORMAT_VERSION,
        "lineage": state.lineage,
        "serial": state.serial,
        "tenant": state.tenant,
        **_given(environment=state.environment, last_run=state.last_run, moved_to=state.moved_to),
        "blueprints": {address: entry_to_json(entry) for address, entry in state.entries.items()},
        "intents": {address: intent_to_json(intent) for address, intent in state.intents.items()},
    }
    try:
        return _indented(raw, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair in an unknown field
        return _indented(raw, ensure_ascii=True).encode()


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _indented(raw: dict[str, Any], *, ensure_ascii: bool) -> str:
    try:
        return json.dumps(raw, ensure_ascii=ensure_ascii, allow_nan=False, indent=2, sort_keys=True) + "\n"
    except RecursionError:
        raise StateDamaged("a field of the state that is not known is nested too deeply") from None


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """The entry as it stands in the file, and as `state show` prints it."""
    raw: dict[str, Any] = {
        **entry.extra,
        "applied_at": entry.applied_at,
        "blueprintId": entry.blueprint_id,
        "digest": entry.digest,
        "sent": entry.sent.stored,
        "sourcingId": entry.address.sourcing_id,
        "key": entry.address.key,
    }
    if entry.remote_digest is not None or entry.updated_at is not None:
        unknown = entry.extra.get("remote", {})
        raw["remote"] = {**unknown, "digest": entry.remote_digest, "updatedAt": entry.updated_at}
    return raw


def intent_to_json(intent: Intent) -> dict[str, Any]:
    return {
        **intent.extra,
        "action": intent.action,
        "sent": intent.sent.stored,
        "digest": intent.digest,
        "at": intent.at,
        "blueprintId": intent.blueprint_id,
        "nonces": list(intent.nonces),
        **_given(run=intent.run, host=intent.host),
        "sourcingId": intent.address.sourcing_id,
        "key": intent.address.key,
    }


def record_to_json(record: Record) -> dict[str, Any]:
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


def record_from_json(raw: dict[str, Any]) -> Record:
    """Raises StateDamaged; StateTooNew for a type of record that is not known."""
    return build(lambda: _record(raw), "a record of the journal")


def _record(raw: dict[str, Any]) -> Record:
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


_SIGNS: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
# A line feed in a JSON text is escaped, so these can't be part of one.
_CONFLICT: Final = re.compile(r"^(<{7}|\|{7}|={7}|>{7})", re.MULTILINE)
# What our merge driver leaves has been merged already, as far as that can be done.
_OURS: Final = re.compile(r"^<{7} ours$", re.MULTILINE)
_DECIDE: Final = (
    "keep the entries of both sides, one for each address, and remove the markers; or take one side, as in `git "
    "checkout --ours kalentops.state.json`: the next apply adopts what the other has recorded, if it was not edited "
    "in Kalent"
)
_AGAIN: Final = (
    "git merged it line by line, because this clone has no merge driver for it: run `kalentops init`, then "
    "`git checkout --merge kalentops.state.json`, which merges it again, by address"
)


def check_merged(text: str) -> None:
    """Raises StateDamaged for a file that was not merged to its end."""
    if any(sign in text for sign in _SIGNS) and _CONFLICT.search(text):
        hint = _DECIDE if _OURS.search(text) else _AGAIN
        raise StateDamaged("the state holds the markers of a merge conflict", hint=hint)
