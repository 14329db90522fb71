"""The bytes of a state, and the way through them entry by entry, so that the bodies are not held all at once."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from kalentops.blueprint.body import Body
from kalentops.errors import StateDamaged
from kalentops.support.text import clip

LONGEST_REASON: Final = 200
"""Characters of a reason in a message: the value in it may be of any length."""


class Content(Protocol):
    """The bytes of a state. They never change, and may be read by many threads."""

    @property
    def size(self) -> int: ...

    @property
    def sha256(self) -> str:
        """In hexadecimal digits. Raises StateMoved, StoreFailure."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """All of them, from the beginning. Raises StateMoved, StoreFailure."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """A part of them. Raises StateMoved, StoreFailure."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """Bytes that came from a store, whole."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def sha256(self) -> str:
        return sha256_of(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        yield self.data

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def sha256_of(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for each in chunks:
        digest.update(each)
    return digest.hexdigest()


def parse(text: str, what: str) -> dict[str, Any]:
    """A JSON object in which no key stands twice. Raises StateDamaged."""
    if not text.strip():
        raise StateDamaged(f"{what} can't be parsed: it is empty")
    try:
        raw = json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise StateDamaged(f"{what} can't be parsed: {clip(str(error), LONGEST_REASON)}") from None
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


class Piece:
    """Where an entry stands: `    "ADDRESS": {` to `    }`. Calling it reads the body that was sent."""

    __slots__ = ("_content", "_length", "_offset")

    def __init__(self, content: Content, offset: int, length: int) -> None:
        self._content, self._offset, self._length = content, offset, length

    def data(self) -> bytes:
        """Raises StateMoved, StoreFailure."""
        return self._content.read(self._offset, self._length)

    def __call__(self) -> Body:
        """Raises StateDamaged, StateMoved, StoreFailure."""
        [(_, raw)] = parse_piece(self.data()).items()
        return Body.recorded(raw["sent"], raw["digest"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Piece) and (other is self or other.data() == self.data())

    def __hash__(self) -> int:
        return hash((self._offset, self._length))


def parse_piece(data: bytes) -> dict[str, Any]:
    """An object with one member. Raises StateDamaged, UnicodeDecodeError."""
    return parse(f"{{{data.decode()}}}", "an entry of the state")


class Located(NamedTuple):
    """An entry as it stands in the content: `fields` if it has exactly the form that is written, and no other; else
    `data`, for the parser.
    """

    offset: int
    length: int
    fields: tuple[Any, ...]
    name: str
    data: bytes = b""


class OtherForm(Exception):
    """The content is not laid out as `dump_state` does it: it has to be parsed as a whole."""


_BEGIN: Final = b'\n  "blueprints": {\n'
# A line feed in a JSON text is escaped. So a line that begins like these is never a part of a text.
_END_OF_SENT: Final = b"\n      }"
_END_OF_ENTRY: Final = b"\n    }"
_TEXT: Final = rb'[^"\\\x00-\x1f]+'
_DIGEST: Final = rb"sha256:[0-9a-f]{64}"
_HEAD: Final = (
    rb'    "(%b)": \{\n      "applied_at": "(%b)",\n      "blueprintId": "(%b)",\n      "digest": "(%b)",\n'
    rb'      "key": "(%b)",\n'
    rb'(?:      "remote": \{\n(?!        "digest": null,\n        "updatedAt": null\n)'
    rb'        "digest": (?:"(%b)"|null),\n        "updatedAt": (?:"(%b)"|null)\n      \},\n)?'
    rb'      "sent": (?=\{\n)' % (_TEXT, _TEXT, _TEXT, _DIGEST, _TEXT, _DIGEST, _TEXT)
)
_TAIL: Final = rb',\n      "sourcingId": "(%b)"\n    \}' % _TEXT
_APART: Final = rb'"\s+:'
_NEXT: Final = b",\n"
_LAST: Final = b"\n  }"


class Cutter:
    """Goes through a content once. Afterwards `rest` is what stands around the entries, with `token` in their place."""

    def __init__(self, content: Content, token: str) -> None:
        # pydantic: after a cached index, nothing is gone through.
        from kalentops.support.shape import parse_json

        self._parse = parse_json
        self._head, self._tail, self._apart = map(re.compile, (_HEAD, _TAIL, _APART))
        self._chunks = content.chunks()
        self._buffer = b""
        self._at = 0  # where the buffer begins in the content
        self._token = f'\n  "blueprints": "{token}"'.encode()
        self.rest = ""

    def entries(self) -> Iterator[Located]:
        """Raises OtherForm, StateMoved, StoreFailure; ValueError for what is no JSON."""
        while (begin := self._buffer.find(_BEGIN)) < 0:
            self._more(0)
        head, here = self._buffer[:begin], begin + len(_BEGIN)
        while True:
            while (found := self._entry(here)) is None:
                self._more(here)
                here = 0
            yield found
            here = found.offset - self._at + found.length
            while len(self._buffer) - here < len(_LAST):
                self._more(here)
                here = 0
            if self._buffer.startswith(_LAST, here):
                break
            if not self._buffer.startswith(_NEXT, here):
                raise OtherForm
            here += len(_NEXT)
        tail = b"".join([self._buffer[here + len(_LAST) :], *self._chunks])
        self.rest = b"".join([head, self._token, tail]).decode()

    def _more(self, here: int) -> None:
        """The next chunk; what stands before `here` goes."""
        more = next(self._chunks, None)
        if more is None:
            raise OtherForm
        self._at += here
        self._buffer = self._buffer[here:] + more

    def _entry(self, here: int) -> Located | None:
        """The entry that begins here; None where its end is not in the buffer."""
        buffer = self._buffer
        head = self._head.match(buffer, here)
        if head is not None:
            sent = head.end()
            end = buffer.find(_END_OF_SENT, sent) + len(_END_OF_SENT)
            tail = self._tail.match(buffer, end)
            if tail is not None:
                name = self._name_in(buffer[sent:end])
                if name is not None:
                    return Located(self._at + here, tail.end() - here, (*head.groups(), tail[1]), name)
        end = buffer.find(_END_OF_ENTRY, here)
        if end < 0:
            return None
        length = end + len(_END_OF_ENTRY) - here
        return Located(self._at + here, length, (), "", buffer[here : here + length])

    def _name_in(self, data: bytes) -> str | None:
        """The name in a body that is laid out with one field a line; None where only the parser can judge. Raises
        ValueError for what is no JSON.
        """
        sent = self._parse(data)
        lines, keys = _counts(sent)
        # A key that stands twice makes a line too many, or shares one.
        plain = lines == data.count(b"\n") and keys == data.count(b'":') and not self._apart.search(data)
        return str(sent.get("name", "")) if plain else None


def _counts(value: Any) -> tuple[int, int]:
    """The line feeds and the keys in an object or a list that is not empty. Raises ValueError for infinity."""
    lines, keys = len(value) + 1, len(value) if type(value) is dict else 0
    for each in value.values() if type(value) is dict else value:
        kind = type(each)
        if (kind is dict or kind is list) and each:
            more = _counts(each)
            lines, keys = lines + more[0], keys + more[1]
        elif kind is float and math.isinf(
            each
        ):  # 1e999: pydantic takes it, and the parser of the whole does not
            raise ValueError
    return lines, keys
