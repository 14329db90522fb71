"""A state is read entry by entry, without its bodies, and what did not change is copied: with the same result as the
parser and the writer of the whole.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest.outcomes import Failed
from hypothesis import given
from hypothesis import strategies as st

from kalentops.cache import Cache
from kalentops.errors import StateDamaged, StateError
from kalentops.state import codec
from kalentops.state.codec import Dump, dump_state, entry_to_json, intent_to_json, load_state
from kalentops.state.content import Cutter, InMemory, Piece, sha256_of
from kalentops.state.index import Index
from kalentops.state.model import State
from tests import builders
from tests.builders import body
from tests.state.store.samples import FEW, STATES, address, entry, intent, state


@dataclass
class Chunked:
    """A content that comes in chunks of this size, and counts what is read again."""

    data: bytes
    chunk: int
    reads: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def sha256(self) -> str:
        return sha256_of([self.data])

    def chunks(self) -> Iterator[bytes]:
        for at in range(0, len(self.data), self.chunk):
            yield self.data[at : at + self.chunk]

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append(length)
        return self.data[offset : offset + length]


class Kept(Cache):
    """A cache in memory."""

    def __init__(self) -> None:
        super().__init__(None)
        self.data: dict[str, bytes] = {}

    def get(self, kind: str, key: str) -> bytes | None:
        return self.data.get(f"{kind} {key}")

    def put(self, kind: str, key: str, data: bytes) -> None:
        self.data[f"{kind} {key}"] = data


def _written_whole(of: State) -> bytes:
    """What the writer of the whole makes."""
    optional = {"environment": of.environment, "last_run": of.last_run, "moved_to": of.moved_to}
    raw = {
        **of.extra,
        "format_version": "2.0",
        "lineage": of.lineage,
        "serial": of.serial,
        "tenant": of.tenant,
        **{name: value for name, value in optional.items() if value is not None},
        "blueprints": {at: entry_to_json(each) for at, each in of.entries.items()},
        "intents": {at: intent_to_json(each) for at, each in of.intents.items()},
    }
    try:
        return (json.dumps(raw, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(raw, indent=2, sort_keys=True) + "\n").encode()


def _read_whole(data: bytes, monkeypatch: pytest.MonkeyPatch) -> State | str:
    with monkeypatch.context() as patch:
        patch.setattr(codec, "_by_entry", lambda *_: None)
        return _read(data)


def _read(data: bytes) -> State | str:
    try:
        return load_state(data)
    except StateError as error:
        return f"{type(error).__name__}: {error} ({error.hint})"


_HALVES = st.sampled_from(("", "\ud83d", "€", "\U0001f600", '\n    "a/b": {', "\\u00e9", "\x01\x7f"))


@FEW
@given(STATES, _HALVES, _HALVES, st.integers(1, 300))
def test_the_bytes_are_those_of_the_writer_of_the_whole(
    before: State, note: str, name: str, size: int
) -> None:
    entries = {**before.entries, address(7): entry(7, name=name or "n")}
    before = replace(before, entries=entries, extra={**before.extra, "note": note})
    data = _written_whole(before)
    assert dump_state(before) == data
    after = load_state(Chunked(data, size))
    assert after == before
    assert dump_state(after) == data
    seen = replace(after.entries[address(7)], updated_at="2026-02-03T04:05:06Z")
    changed = replace(after, serial=after.serial + 1, entries={**after.entries, address(7): seen})
    assert dump_state(changed) == _written_whole(changed)
    assert load_state(dump_state(changed)) == changed


def test_an_unknown_field_with_half_a_surrogate_pair_that_goes_leaves_no_escapes() -> None:
    before = state(1, extra={"note": "\ud83d"}, intents={address(2): intent(2, name="é")})
    after = replace(load_state(dump_state(before)), extra={})
    assert dump_state(after) == _written_whole(after)


def test_an_entry_that_did_not_change_is_copied_and_one_that_did_is_written() -> None:
    content = Chunked(dump_state(state(1, 2, 3)), 500)
    before = load_state(content)
    assert content.reads == []
    after = replace(before, entries={**before.entries, address(2): entry(2, name="other")})
    dump_state(after)
    assert len(content.reads) == 2
    assert all(each.piece is not None for each in before.entries.values())
    assert after.entries[address(2)].piece is None
    assert replace(before.entries[address(1)], applied_at="x").piece is None


def _large(count: int, **extra: Any) -> State:
    """About five kilobytes an entry."""
    texts = [f"Hi € {{{{firstname}}}} {number} " * 30 for number in range(8)]
    entries = (
        builders.entry(address(n), body(f"n{n}", *texts), f"bp-{n}", seen=False, extra=extra)
        for n in range(count)
    )
    return builders.state(*entries)


@pytest.mark.parametrize("extra", [{}, {"later": 1}])
def test_no_body_is_held(extra: dict[str, Any]) -> None:
    """Also where each entry has an unknown field, so that the parser has to read it."""
    data = dump_state(_large(1000, **extra))
    load_state(dump_state(state(1, extra=extra)))
    tracemalloc.start()
    try:
        found = load_state(Chunked(data, 1 << 16))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.entries) == 1000
    assert peak < len(data) // 3


def test_a_dump_comes_in_chunks() -> None:
    dump = Dump(_large(1000))
    chunks = list(dump)
    assert b"".join(chunks) == dump_state(_large(1000))
    assert len(chunks) > 2
    assert dump.sha256 == Dump(load_state(b"".join(chunks))).sha256


_STATE: Final = dump_state(state(1, 2, 3, intents={address(4): intent(4)}))
_TEXT: Final = _STATE.decode()
_FIRST: Final = address(3)  # in the order of the file
_EDITS: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "another indent": lambda text: json.dumps(json.loads(text), indent=4, sort_keys=True),
    "one line": lambda text: json.dumps(json.loads(text)),
    "no line feed at the end": lambda text: text.rstrip(),
    "another order": lambda text: json.dumps(dict(reversed(json.loads(text).items())), indent=2),
    "other fields first": lambda text: text.replace("{\n", '{\n  "a": {\n    "b": 1\n  },\n', 1),
    "an unknown field": lambda text: text.replace('      "key"', '      "host": {"a": [1]},\n      "key"', 1),
    "an escaped slash": lambda text: text.replace(f'"{_FIRST}"', f'"{_FIRST}"'.replace("/", "\\/"), 1),
    "an escaped name": lambda text: text.replace('"name": "n', '"name": "\\u006e', 1),
    "an escaped key": lambda text: text.replace('"key": "k', '"key": "\\u006b', 1),
    "two fields on a line": lambda text: text.replace(',\n      "key"', ', "key"', 1),
    "one entry on a line": lambda text: text.replace('{\n      "applied_at"', '{ "applied_at"', 1),
    "a space at an end": lambda text: text.replace("    },\n", "    }, \n", 1),
    "a space before a brace": lambda text: text.replace("\n    },\n", "\n     },\n", 1),
    "an address twice": lambda text: text.replace(f'"{address(1)}"', f'"{_FIRST}"', 1),
    "a whole entry twice": lambda text: text.replace(
        '  "blueprints": {\n',
        '  "blueprints": {\n' + text[text.index("    ") : text.index("    },\n") + 7],
        1,
    ),
    "a key twice": lambda text: text.replace('      "key"', '      "digest": "x",\n      "key"', 1),
    "a key of a body twice": lambda text: text.replace(
        '        "name"', '        "name": "a",\n        "name"', 1
    ),
    "a key of a step twice": lambda text: text.replace(
        '            "content"', '            "content": "a",\n            "content"', 1
    ),
    "a key of a body twice on a line": lambda text: text.replace('"name": "n', '"name": "a", "name": "n', 1),
    "a key of a step twice on a line, apart from its colon": lambda text: text.replace(
        '"content": ', '"content" : "a", "content": ', 1
    ),
    "blueprints twice": lambda text: text.replace('  "intents"', '  "blueprints": {},\n  "intents"'),
    "no entry": lambda text: text.replace('  "blueprints": {\n', '  "blueprints": {\n  },\n  "x": {\n'),
    "an entry that is null": lambda text: text.replace(
        '  "blueprints": {\n', '  "blueprints": {\n    "a/b": null,\n', 1
    ),
    "a last entry that is null": lambda text: text.replace("    }\n  },", '    },\n    "a/b": null\n  },', 1),
    "an entry that is a list": lambda text: text.replace(f'"{_FIRST}": {{', f'"{_FIRST}": [{{', 1).replace(
        "    },\n", "    }],\n", 1
    ),
    "a body that is a list": lambda text: text.replace('"sent": {', '"sent": [{', 1),
    "no body": lambda text: text.replace('"sent"', '"sending"', 1),
    "an empty body": lambda text: text.replace('"sent": {', '"sent": {},\n      "more": {', 1),
    "a remote of nothing": lambda text: text.replace(
        '      "sent"',
        '      "remote": {\n        "digest": null,\n        "updatedAt": null\n      },\n      "sent"',
        1,
    ),
    "an open text": lambda text: text.replace('"n3"', '"n3', 1),
    "a line feed in a text": lambda text: text.replace('"n3"', '"n3\n    },\n    "', 1),
    "a fake entry in a text": lambda text: text.replace('"n3"', '"n3\n    },\n    \\"a/b\\": {"', 1),
    "an escaped fake entry": lambda text: text.replace('"n3"', '"n3\\n    },\\n    \\"a/b\\": {"', 1),
    "a control character": lambda text: text.replace('"n3"', '"n3\x01"', 1),
    "a comma too many": lambda text: text.replace("    }\n  },", "    },\n  },", 1),
    "a comma too few": lambda text: text.replace("    },\n", "    }\n", 1),
    "a body that is not closed": lambda text: text.replace("        ]\n", "", 1),
    "NaN in a body": lambda text: text.replace('"value": 1', '"value": NaN', 1),
    "NaN beside the entries": lambda text: text.replace('"serial": 5', '"serial": NaN'),
    "a number beyond what there is": lambda text: text.replace('"value": 1', '"value": 1e999', 1),
    "a number with a zero": lambda text: text.replace('"value": 1', '"value": 01', 1),
    "half a surrogate pair": lambda text: text.replace('"n3"', '"n3\\ud83d"', 1),
    "a digest of another kind": lambda text: text.replace('"digest": "sha256', '"digest": "md5', 1),
    "another sourcing": lambda text: text.replace('"sourcingId": "', '"sourcingId": "x', 1),
    "another key": lambda text: text.replace('"key": "', '"key": "x', 1),
    "a slash in the sourcing": lambda text: (
        text.replace(f'"{_FIRST}"', '"a/b/c"', 1)
        .replace('"sourcingId": "src0"', '"sourcingId": "a/b"', 1)
        .replace(f'"key": "{_FIRST.key}"', '"key": "c"', 1)
    ),
    "one id twice": lambda text: text.replace("bp-1", "bp-3"),
    "a later format": lambda text: text.replace('"format_version": "2', '"format_version": "3'),
    "a later format of entries": lambda text: text.replace(
        '"format_version": "2', '"format_version": "3'
    ).replace('"key"', '"name"'),
    "no format": lambda text: text.replace('"format_version"', '"format"'),
    "conflict markers": lambda text: text.replace("    },\n", "    },\n<<<<<<< ours\n", 1),
    "conflict markers in a body": lambda text: text.replace('"steps"', '\n=======\n"steps"', 1),
    "nested too deeply": lambda text: text.replace(
        '        "name"', '        "a": ' + "[" * 5000 + "]" * 5000 + ',\n        "name"', 1
    ),
    "nested deeply": lambda text: text.replace(
        '        "name"', '        "a": ' + "[" * 300 + "]" * 300 + ',\n        "name"', 1
    ),
    "entries of an inner object": lambda text: text.replace('{\n  "bl', '{\n  "a": {\n  "bl', 1).replace(
        '  "intents"', '  "b": 1 },\n  "intents"'
    ),
    "two states": lambda text: text + text,
    "more behind the end": lambda text: text + "x",
    "a byte order mark": lambda text: "\ufeff" + text,
}


@pytest.mark.parametrize("name", _EDITS)
def test_an_edited_state_is_read_as_the_parser_of_the_whole_reads_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = _EDITS[name](_TEXT)
    assert (edited == _TEXT) is (name == "nothing")
    data = edited.encode(errors="surrogatepass")
    expected = _read_whole(data, monkeypatch)
    for size in (1, 7, 100, len(data)):
        found = _read_chunked(data, size)
        assert found == expected
    if isinstance(expected, State):
        assert json.loads(dump_state(load_state(data))) == json.loads(dump_state(expected))


def _read_chunked(data: bytes, size: int) -> State | str:
    try:
        return load_state(Chunked(data, size))
    except StateError as error:
        return f"{type(error).__name__}: {error} ({error.hint})"


@FEW
@given(
    st.integers(0, len(_STATE) - 1),
    st.sampled_from((b"", b"\0", b"\n", b'"', b"{", b"}", b",", b"\xff", b"  ")),
)
def test_a_damaged_byte_is_found_as_the_parser_of_the_whole_finds_it(at: int, by: bytes) -> None:
    data = _STATE[:at] + by + _STATE[at + 1 :]
    with pytest.MonkeyPatch.context() as patch:
        assert _read(data) == _read_whole(data, patch)


def test_a_body_that_was_edited_does_not_fit_its_digest() -> None:
    found = load_state(_TEXT.replace('"content": "Hi"', '"content": "Ho"', 1).encode()).entries[_FIRST]
    assert found.sent.stored["steps"][0]["content"] == "Ho"
    with pytest.raises(StateDamaged, match="does not fit its digest"):
        found.verified()


def test_states_of_the_same_bytes_are_equal_and_have_no_stubs_without_a_look_into_a_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = load_state(_STATE), load_state(Chunked(_STATE, 100))
    changed = load_state(_TEXT.replace('"content": "Hi"', '"content": "Ho"', 1).encode())
    assert one != changed
    monkeypatch.setattr(Piece, "__call__", lambda _: pytest.fail("it was read"))
    assert one == other
    assert [each.mark for each in one.entries.values()] == [None] * 3


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("KALENTOPS_CACHE_DIR", str(tmp_path / "cache"))
    return Cache(None)


@FEW
@given(STATES)
def test_a_cached_index_gives_the_same_state(before: State) -> None:
    content, kept = Chunked(dump_state(before), 100), Kept()
    cold = load_state(content, kept)
    assert load_state(content, kept) == cold == before
    assert dump_state(load_state(content, kept)) == content.data


def test_a_cached_index_is_used_for_the_same_bytes_alone(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_state(_STATE, cache)
    other = dump_state(state(1, 2))
    monkeypatch.setattr(Cutter, "entries", lambda _: pytest.fail("it was gone through"))
    after = load_state(_STATE, cache)
    assert after == before
    assert dump_state(after) == _STATE
    with pytest.raises(Failed):
        load_state(other, cache)


def test_a_cached_index_of_another_program_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    load_state(_STATE, kept)
    monkeypatch.setattr("kalentops.state.index.program", lambda: ["an edited one"])
    load_state(_STATE, kept)
    assert len(kept.data) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index._replace(rows=[(*row[:8], 0, len(_STATE) + 1, None) for row in index.rows]),
        lambda index: index._replace(rows=[(*row[:8], -5, 10, None) for row in index.rows]),
        lambda index: index._replace(rows=[row[:8] for row in index.rows]),
        lambda index: index._replace(rows=[(*row[:8], "0", 1, None) for row in index.rows]),
        lambda index: index._replace(rows=[*index.rows, index.rows[0]]),
        lambda index: index._replace(rest="{"),
        lambda index: index._replace(rest=index.rest.replace("2.0", "3.0")),
        lambda index: index._replace(token="other"),
        lambda _: [1, 2],
        lambda _: 5,
    ],
)
def test_a_cached_index_that_does_not_fit_is_not_used(change: Callable[[Index], Any]) -> None:
    kept = Kept()
    before = load_state(_STATE, kept)
    [key] = kept.data
    kept.data[key] = json.dumps(change(Index(*json.loads(kept.data[key])))).encode()
    assert load_state(_STATE, kept) == before


def test_a_digest_that_only_the_cache_knows_is_checked_before_the_body_is_used() -> None:
    kept = Kept()
    before = load_state(_STATE, kept)
    [key] = kept.data
    kept.data[key] = kept.data[key].replace(before.entries[_FIRST].digest.encode(), b"sha256:" + b"0" * 64)
    found = load_state(_STATE, kept).entries[_FIRST]
    assert found.digest == "sha256:" + "0" * 64
    with pytest.raises(StateDamaged, match="does not fit its digest"):
        found.verified()


def test_what_is_no_state_is_not_kept() -> None:
    kept = Kept()
    for data in (_STATE[:-5], _STATE.replace(b'"2.0"', b'"3.0"'), b"{}"):
        with pytest.raises(StateError):
            load_state(data, kept)
    assert kept.data == {}


def test_bytes_in_memory_are_read_in_place() -> None:
    assert list(InMemory(b"abc").chunks()) == [b"abc"]
    assert InMemory(b"abc").read(1, 1) == b"b"
