"""The form of the state on disk: what survives, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from kalentops.errors import StateDamaged, StateError, StateTooNew
from kalentops.state.codec import dump_state, load_state, record_from_json, record_to_json
from kalentops.state.model import Adopted, Entry, Intended, Intent, Record, State
from tests.state.store.samples import (
    ENTRIES,
    FEW,
    INTENTS,
    RECORDS,
    STATES,
    address,
    digest,
    entry,
    intent,
    state,
)


@FEW
@given(STATES)
def test_round_trip(before: State) -> None:
    data = dump_state(before)
    assert load_state(data) == before
    assert dump_state(load_state(data)) == data


@FEW
@given(RECORDS)
def test_records_round_trip(record: Record) -> None:
    assert record_from_json(json.loads(json.dumps(record_to_json(record)))) == record


@FEW
@given(ENTRIES, INTENTS)
def test_unknown_fields_of_records_survive(one: Entry, other: Intent) -> None:
    for record in (Adopted(one), Intended(other)):
        assert record_from_json(record_to_json(record)) == record


def test_half_a_surrogate_pair_survives() -> None:
    before = state(1, extra={"note": "\ud83d"})
    assert load_state(dump_state(before)) == before


def test_unknown_fields_of_the_remote_part_survive() -> None:
    raw = _raw()
    raw["blueprints"][address(1)]["remote"] = {"digest": digest("x"), "updatedAt": None, "later": [1]}
    data = json.dumps(raw).encode()
    assert json.loads(dump_state(load_state(data))) == raw


def test_the_file_is_sorted_with_one_field_a_line() -> None:
    text = dump_state(state(2, 1, intents={address(3): intent(3)})).decode()
    lines = text.splitlines()
    assert text.endswith("}\n")
    assert text.index(address(1)) < text.index(address(2))
    assert lines[0] == "{"
    assert all(line.count('": ') <= 1 for line in lines)
    assert json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n" == text


def test_the_order_of_entries_does_not_show() -> None:
    assert dump_state(state(1, 2, 3)) == dump_state(state(3, 1, 2))


def test_a_value_that_is_no_json_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dump_state(state(1, extra={"x": float("nan")}))


def test_a_field_that_is_nested_too_deeply_is_not_written() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(StateDamaged, match="too deeply"):
        dump_state(state(1, extra={"x": deep}))


def _raw(**more: Any) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(dump_state(state(1, intents={address(2): intent(2)})))
    return {**raw, **more}


def _with(change: Callable[[dict[str, Any]], object]) -> bytes:
    raw = _raw()
    change(raw)
    return json.dumps(raw).encode()


def _entry(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda raw: raw["blueprints"][address(1)].__setitem__(name, value)


def _intent(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda raw: raw["intents"][address(2)].__setitem__(name, value)


def _update(raw: dict[str, Any], **fields: object) -> None:
    raw.update(fields)


_WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "no lineage": lambda raw: raw.pop("lineage"),
    "lineage null": lambda raw: raw.update(lineage=None),
    "no serial": lambda raw: raw.pop("serial"),
    "serial a text": lambda raw: raw.update(serial="5"),
    "serial true": lambda raw: raw.update(serial=True),
    "serial below zero": lambda raw: raw.update(serial=-1),
    "serial broken": lambda raw: raw.update(serial=1.5),
    "no blueprints": lambda raw: raw.pop("blueprints"),
    "blueprints a list": lambda raw: raw.update(blueprints=[]),
    "blueprints null": lambda raw: raw.update(blueprints=None),
    "intents null": lambda raw: raw.update(intents=None),
    "tenant a number": lambda raw: raw.update(tenant=5),
    "no format": lambda raw: raw.pop("format_version"),
    "format a number": lambda raw: raw.update(format_version=1.0),
    **{
        f"format {each!r}": partial(_update, format_version=each)
        for each in ("new", "2", "2.", "2.x", "2.0 ", "2.0\n", "02.0", "0.9", "²0.1", "٢.0", "9" * 5000)
    },
    "entry null": lambda raw: raw["blueprints"].update({address(1): None}),
    "entry a list": lambda raw: raw["blueprints"].update({address(1): ["sourcingId", "key"]}),
    "no id": lambda raw: raw["blueprints"][address(1)].pop("blueprintId"),
    "id empty": _entry("blueprintId", ""),
    "id null": _entry("blueprintId", None),
    "id a number": _entry("blueprintId", 5),
    "digest of another kind": _entry("digest", "md5:" + "0" * 32),
    "digest with more": _entry("digest", digest("x") + "\n"),
    "sent a text": _entry("sent", "x"),
    "sent null": _entry("sent", None),
    "another sourcing": _entry("sourcingId", "src2"),
    "another key": _entry("key", "x"),
    "seen: a list": _entry("remote", []),
    "seen: no digest": _entry("remote", {"digest": "x"}),
    "address without a slash": lambda raw: raw["blueprints"].update(x=raw["blueprints"].pop(address(1))),
    "a slash in the sourcing": lambda raw: raw["blueprints"].update(
        {"a/b/c": {**raw["blueprints"].pop(address(1)), "sourcingId": "a/b", "key": "c"}}
    ),
    "sourcing a number": lambda raw: raw["blueprints"].update(
        {"5/c": {**raw["blueprints"].pop(address(1)), "sourcingId": 5, "key": "c"}}
    ),
    "no sourcing": lambda raw: raw["blueprints"].update(
        {"/c": {**raw["blueprints"].pop(address(1)), "sourcingId": "", "key": "c"}}
    ),
    "one id, two addresses": lambda raw: raw["blueprints"].update(
        {"src/x": {**raw["blueprints"][address(1)], "sourcingId": "src", "key": "x"}}
    ),
    "intent of another kind": _intent("action", "delete"),
    "intent of no kind": _intent("action", []),
    "nonces a text": _intent("nonces", "0a1b2c3d"),
    "nonces of numbers": _intent("nonces", [1]),
    "run that is no name": _intent("run", "x; rm -rf ."),
    "run that is too long": _intent("run", "0" * 65),
    "host that is too long": _intent("host", "h" * 256),
    "serial that is too large": lambda raw: raw.update(serial=int("9" * 4300)),
    "intent of another sourcing": _intent("sourcingId", "x"),
    "update of what is not there": _intent("action", "update"),
}


@pytest.mark.parametrize("name", _WRONG)
def test_an_incomplete_state_is_damaged(name: str) -> None:
    load_state(_with(lambda raw: None))
    with pytest.raises(StateDamaged):
        load_state(_with(_WRONG[name]))


_TEXT = dump_state(state(1)).decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "can't be parsed"),
        (b"\n", "can't be parsed"),
        (b"null", "not an object"),
        (b"[]", "not an object"),
        (b"{}", "no format_version"),
        (b"\0" * 200, "can't be parsed"),
        (b"\xff", "not UTF-8, at byte 1"),
        (_TEXT.encode("utf-16"), "not UTF-8"),
        (_TEXT[: len(_TEXT) // 2].encode(), "can't be parsed"),
        ((_TEXT + _TEXT).encode(), "can't be parsed"),
        (b"[" * 100_000, "can't be parsed"),
        (_TEXT.replace('"serial": 5', '"serial": NaN').encode(), "NaN is not JSON"),
        (_TEXT.replace('"serial": 5', '"serial": 5, "x": -Infinity').encode(), "Infinity is not JSON"),
        (_TEXT.replace('"serial": 5', '"serial": 5, "x": 1e999').encode(), "too large"),
        (_TEXT.replace('"serial": 5', '"serial": ' + "9" * 5000).encode(), "can't be parsed"),
        (_TEXT.replace('"serial": 5', '"serial": 5, "serial": 6').encode(), "'serial' stands twice"),
        (_TEXT.replace('"key"', '"sent": {}, "key"').encode(), "'sent' stands twice"),
        ((_TEXT[:1] + "\n<<<<<<< HEAD\n" + _TEXT[1:]).encode(), "merge conflict"),
        ((_TEXT[:1] + "\n>>>>>>> b1\n" + _TEXT[1:]).encode(), "merge conflict"),
        ((_TEXT[:1] + "\n||||||| base\n" + _TEXT[1:]).encode(), "merge conflict"),
        ((_TEXT[:1] + "\r\n=======\r\n" + _TEXT[1:]).encode(), "merge conflict"),
    ],
)
def test_bytes_that_are_no_state_are_damaged(data: bytes, said: str) -> None:
    with pytest.raises(StateDamaged, match=said) as caught:
        load_state(data)
    assert caught.value.exit_code == 8


@pytest.mark.parametrize(
    "data",
    [
        _with(_entry("blueprintId", ["x\n" * 10_000])),
        _with(lambda raw: raw.update(format_version="\n::error::x" * 1000)),
        ('{"' + "x" * 10_000 + '": 1, "' + "x" * 10_000 + '": 1}').encode(),
        _with(lambda raw: raw["blueprints"].update({"a/\n" * 1000: {"sourcingId": "a", "key": "b"}})),
    ],
)
def test_what_is_said_of_a_damaged_state_is_one_short_line(data: bytes) -> None:
    with pytest.raises(StateError) as caught:
        load_state(data)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_a_truncated_state_is_damaged() -> None:
    data = dump_state(state(1)).rstrip()
    for end in range(len(data)):
        with pytest.raises(StateDamaged):
            load_state(data[:end])


def test_a_text_with_conflict_markers_is_no_conflict() -> None:
    """U+2028 ends a line for some, but not for git."""
    before = State("l", 1, entries={address(1): entry(1, name="a\u2028<<<<<<< b\n>>>>>>> c\x85======= d")})
    assert load_state(dump_state(before)) == before


def test_a_newer_format_is_refused_before_its_content() -> None:
    with pytest.raises(StateTooNew, match=r"3\.0"):
        load_state(b'{"format_version": "3.0", "serial": "other"}')


def test_a_newer_minor_format_is_read() -> None:
    assert load_state(json.dumps(_raw(format_version="2.7", later={"a": 1})).encode()).extra == {
        "later": {"a": 1}
    }


def test_a_record_of_an_unknown_type_is_too_new() -> None:
    with pytest.raises(StateTooNew, match="'later'"):
        record_from_json({"type": "later", "address": "a/b"})


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"type": "done"},
        {"type": "done", "address": "a/b", "at": "x"},
        {"type": "done", "address": "", "blueprintId": "x", "at": "x"},
        {"type": "entry", "address": "a/b", "entry": None},
        {"type": "intent", "address": "a/b"},
        {"type": "seen", "address": "a/b", "digest": "x"},
    ],
)
def test_an_incomplete_record_is_damaged(raw: dict[str, Any]) -> None:
    with pytest.raises(StateDamaged):
        record_from_json(raw)


def test_where_the_state_has_moved_to_round_trips() -> None:
    moved = state(1, moved_to="git:refs/kalentops/state")
    assert load_state(dump_state(moved)) == moved
    assert b"moved_to" not in dump_state(state(1))
