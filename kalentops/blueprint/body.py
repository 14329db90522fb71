"""The body of a blueprint in its normal form, and its digest: what "the same" means.

There are two views of a body: what is sent, and what of it the API shows. The API hides `config.userId` of a step and
the blueprint's `config`, and stores a plain invitation without its text (docs/reference/kalent-api.md, [page] and
[docs]), so only the second view can be compared with a list. In it, line ends of Windows in a text are line feeds: a
reader sees no difference, and a block in YAML can't hold another.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import ref

if TYPE_CHECKING:  # the model needs pydantic
    from kalentops.blueprint.model import Blueprint

STEP_FIELDS: Final = (
    "id",
    "name",
    "type",
    "linkedInType",
    "subject",
    "content",
    "temporalityType",
    "delay",
    "contentSource",
    "policy",
)
PARTS: Final = {
    "delay": ("value", "unit"),
    "policy": ("skipStepIfNoContact", "autoValidateAIDraft", "inviteTimeoutDays"),
    "config": ("userId",),
}


class Address(str):
    """SOURCING_ID/KEY: where a blueprint is declared and recorded. It is a text, and compares and sorts as one."""

    __slots__ = ("key", "sourcing_id")
    sourcing_id: str
    key: str

    def __new__(cls, sourcing_id: str, key: str) -> Self:
        made = super().__new__(cls, f"{sourcing_id}/{key}")
        made.sourcing_id, made.key = sourcing_id, key
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.sourcing_id, self.key)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that a text is. Raises ValueError where it lacks a part."""
        sourcing_id, _, key = text.partition("/")
        if not sourcing_id or not key:
            raise ValueError(f"{text!r} is not an address")
        return cls(sourcing_id, key)


# A text without these has no field that a list hides or shows otherwise: in a JSON text a quote is escaped.
_SIGNS: Final = ('"config":', '"LINKEDIN_INVITATION"', "\\r\\n")
_STEPS: Final = ',"steps":'
_NO_STEPS: Final = f"{_STEPS}[]}}"


class Body:
    """A body, and what is derived from it: each value is computed once, when it is first asked for.

    Nothing in it changes: callers only read the mappings that it gives.

    One that is `deferred` holds its name and digests alone, and reads again what else it is asked for. The last ones
    that were read are kept, so that callers that go through many bodies hold few at once.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_digest",
        "_intact",
        "_name",
        "_observable",
        "_read",
        "_recent",
        "_steps_digest",
        "_stored",
        "_text",
    )

    def __init__(
        self, text: str | None, stored: Mapping[str, Any] | None = None, digest: str | None = None
    ) -> None:
        """See `of`, `of_blueprint`, `listed` and `recorded`: `text` is the normal form."""
        self._text = text
        self._stored = stored
        self._digest = digest
        self._data: Mapping[str, Any] | None = None
        self._intact: bool | None = None
        self._observable: Body | None = None
        self._steps_digest: str | None = None
        self._name: str | None = None
        self._read: Callable[[], Body] | None = None
        self._recent: ref[Body] | None = None

    @staticmethod
    def of(data: Mapping[str, Any]) -> Body:
        """The body that `data` describes. Raises KeyError, TypeError, AttributeError or ValueError where it is none."""
        return Body(_normal_text(data))

    @staticmethod
    def of_blueprint(blueprint: Blueprint) -> Body:
        """What a file says."""
        return Body.of({**vars(blueprint), "steps": [*map(vars, blueprint.steps)]})

    @staticmethod
    def listed(row: Mapping[str, Any]) -> Body:
        """What a list shows, without the fields that are not known. Raises what `of` raises."""
        return Body(_observable_text(row))

    @staticmethod
    def recorded(stored: Mapping[str, Any], digest: str) -> Body:
        """What a state holds; `is_intact` says whether the two fit. Derived values may raise what `of` raises."""
        return Body(None, stored, digest)

    @staticmethod
    def deferred(name: str, digest: str, read: Callable[[], Body]) -> Body:
        """A body that stays where it is: `read` gives the whole one. It is called by any thread, and what it raises
        goes on. A method `data` of it, if it has one, gives the JSON that it reads.
        """
        made = Body(None, None, digest)
        made._name, made._read = name, read
        return made

    def held(self) -> Body:
        """The same, whatever happens to where it is read from."""
        return self if self._read is None else self._whole(self._read)

    def packed(self) -> Body:
        """The same, held as its text alone, for records that are kept."""
        if not self._is_computed:
            return self
        return Body.deferred(self.name, self.digest, partial(Body, self.text, digest=self.digest))

    def _whole(self, read: Callable[[], Body]) -> Body:
        found = self._recent() if self._recent else None
        if found is None:
            found = read()
            self._recent = ref(found)
            _RECENT.append(found)
        return found

    def may_hold(self, words: Iterable[bytes]) -> bool:
        """Whether one of these may be in its texts, as far as that is known without reading a deferred body. JSON must
        write the words as they are.
        """
        data = getattr(self._read, "data", None)
        if data is None:
            return True
        raw = data()
        return any(each in raw for each in words)

    @property
    def text(self) -> str:
        """One line of JSON with sorted keys."""
        if self._read is not None:
            return self._whole(self._read).text
        if self._text is None:
            self._text = _normal_text(self.stored)
        return self._text

    @property
    def data(self) -> Mapping[str, Any]:
        """What POST and PATCH take: `name`, `steps`, and `config` where there is one."""
        if self._read is not None:
            return self._whole(self._read).data
        if self._data is None:
            self._data = dict(json.loads(self.text))
        return self._data

    @property
    def stored(self) -> Mapping[str, Any]:
        """What a state holds: the same as `data`, or what was read."""
        if self._read is not None:
            return self._whole(self._read).stored
        return self.data if self._stored is None else self._stored

    @property
    def digest(self) -> str:
        if self._digest is None:
            self._digest = _hash(self.text)
        return self._digest

    @property
    def is_intact(self) -> bool:
        """Whether what a state holds is a body and fits its digest."""
        if self._intact is None:
            try:
                self._intact = self._is_computed or _hash(self.text) == self._digest
            except (KeyError, TypeError, AttributeError, ValueError):
                self._intact = False
        return self._intact

    @property
    def observable(self) -> Body:
        """The body as a list shows it."""
        if self._observable is None and self._read is not None:
            self._observable = self._deferred_observable(self._read)
        if self._observable is None:
            shown = _observable_text(self.stored) if any(map(self.text.__contains__, _SIGNS)) else self.text
            self._observable = self if shown == self.text and self.is_intact else Body(shown)
        return self._observable

    def _deferred_observable(self, read: Callable[[], Body]) -> Body:
        whole = self._whole(read)
        shown = whole.observable
        return self if shown is whole else Body.deferred(shown.name, shown.digest, lambda: read().observable)

    @property
    def steps_digest(self) -> str | None:
        """The digest of the steps as a list shows them, whatever the name; None where there are none."""
        if self._steps_digest is None and not self.is_empty:
            self._steps_digest = _hash(self.observable.text.partition(_STEPS)[2])
        return self._steps_digest

    @property
    def hidden(self) -> dict[str, Any]:
        """The fields that can be written and never be read back, by path; empty where there are none."""
        body = self.stored
        found: dict[str, Any] = {"config": body["config"]} if body.get("config") else {}
        for step in body.get("steps") or ():
            if (step.get("config") or {}).get("userId"):
                found[f"steps/{step['id']}/config/userId"] = step["config"]["userId"]
        return found

    @property
    def readable(self) -> Body:
        """The body without its hidden fields."""
        if not any(map(self.text.__contains__, _SIGNS)):
            return self
        steps = [_step(step, STEP_FIELDS) for step in self.stored["steps"]]
        return Body(_serialised({"name": self.name, "steps": steps}))

    @property
    def name(self) -> str:
        return str(self.stored.get("name", "")) if self._name is None else self._name

    @property
    def is_empty(self) -> bool:
        """Whether it has no steps."""
        if self._read is not None:
            return self._whole(self._read).is_empty
        if self._stored is not None:
            return not self._stored.get("steps")
        return self.text.endswith(_NO_STEPS)

    @property
    def _is_computed(self) -> bool:
        """Whether the digest follows from the text."""
        return self._read is None and self._stored is None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Body):
            return NotImplemented
        if self._is_computed and other._is_computed:
            return self.text == other.text
        if self.digest != other.digest:
            return False
        return (self._read is not None and self._read == other._read) or self.stored == other.stored

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Body({self._text or self._stored or self.digest!r})"

    def __reduce__(self) -> tuple[type[Body], tuple[Any, ...]]:
        if self._read is not None:
            return self._whole(self._read).__reduce__()
        return Body, (self._text, self._stored, self._digest)


_RECENT: Final[deque[Body]] = deque(maxlen=64)


def unknown_fields(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields of a listed body's steps that have no place in the normal form, by path."""
    found = []
    for number, step in enumerate(body.get("steps") or ()):
        for field, value in step.items():
            parts = PARTS.get(field, ()) if isinstance(value, Mapping) else None
            if field not in (*STEP_FIELDS, "config"):
                found.append(f"steps/{number}/{field}")
            elif parts is not None:
                found += [f"steps/{number}/{field}/{each}" for each in value if each not in parts]
    return tuple(found)


def _step(step: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    normal: dict[str, Any] = {}
    for field in fields:
        value = step.get(field)
        if field in PARTS and value is not None:
            value = {part: value[part] for part in PARTS[field] if value.get(part) is not None}
        if value is not None and value != {}:
            normal[field] = value
    return normal


_ORDER: Final = tuple(sorted((*STEP_FIELDS, "config")))
_PARTS_ORDER: Final = {name: tuple(sorted(parts)) for name, parts in PARTS.items()}


def _normal_text(data: Mapping[str, Any]) -> str:
    """What `_serialised` makes of the same, faster: the fields are known, and so is their order."""
    config = f'"config":{_serialised(data["config"])},' if data.get("config") else ""
    steps = ",".join(map(_step_text, data.get("steps") or ()))
    return f'{{{config}"name":{_value_text(data["name"])},"steps":[{steps}]}}'


def _step_text(step: Mapping[str, Any]) -> str:
    """A step, whose parts may be models."""
    written = []
    for field in _ORDER:
        value = step.get(field)
        if value is None:
            continue
        if field in _PARTS_ORDER:
            text = _parts_text(field, value if isinstance(value, dict) else vars(value))
        elif isinstance(value, str):
            text = encode_basestring(value)
        else:
            text = _value_text(value)
        if text != "{}":
            written.append(f'"{field}":{text}')
    return f"{{{','.join(written)}}}"


def _parts_text(field: str, parts: Mapping[str, Any]) -> str:
    said = []
    for part in _PARTS_ORDER[field]:
        value = parts.get(part)
        if value is not None:
            said.append(f'"{part}":{_value_text(value)}')
    return f"{{{','.join(said)}}}"


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    return str(value).lower() if isinstance(value, int) else _serialised(value)  # lower: `true`


def _observable_text(data: Mapping[str, Any]) -> str:
    steps = [_step(step, STEP_FIELDS) for step in data.get("steps") or ()]
    for step in steps:
        if step.get("linkedInType") == "LINKEDIN_INVITATION":
            step["content"] = ""
        elif isinstance(step.get("content"), str):
            step["content"] = step["content"].replace("\r\n", "\n")
    return _serialised({"name": data["name"], "steps": steps})


def _serialised(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(data: Mapping[str, Any], template: str) -> str:
    """The digest of a body's normal form and of the name of its template. Parts of steps may be models."""
    return _hash(f"{template} {_normal_text(data)}")


def _hash(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
