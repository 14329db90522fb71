"""The normal form of a blueprint and its digest: what "the same" means.

Two views of one blueprint: what is sent, and what of it the API will show again. The API hides
`config.userId` of a step and the blueprint's `config`, and stores a plain invitation without its text
(docs/kalent-api.md, [page] and [docs]), so only the second view can be compared with a list. There, line ends of
Windows in a text are line feeds: a reader sees no difference, and a block in YAML can't hold another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

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


@dataclass(frozen=True, slots=True)
class Canonical:
    """A blueprint's body in its normal form, as one line of JSON with sorted keys."""

    text: str

    @property
    def body(self) -> dict[str, Any]:
        """What POST and PATCH take: `name`, `steps`, and `config` where there is one."""
        body: dict[str, Any] = json.loads(self.text)
        return body

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.text.encode(errors="surrogatepass")).hexdigest()


def of_blueprint(blueprint: Blueprint) -> Canonical:
    """The normal form of what a file says."""
    return of_body(blueprint.model_dump(exclude_none=True))


def of_body(body: Mapping[str, Any]) -> Canonical:
    """The normal form of a body that was made by kalentops; normalising twice changes nothing."""
    normal: dict[str, Any] = {
        "name": body["name"],
        "steps": [_step(step, (*STEP_FIELDS, "config")) for step in body.get("steps") or ()],
    }
    if body.get("config"):
        normal["config"] = body["config"]
    return _canonical(normal)


def observable(body: Mapping[str, Any]) -> Canonical:
    """What a list shows of a body, whether ours or one that a list gave: fields that are not known are dropped.

    Raises KeyError, TypeError, AttributeError or ValueError where a listed body has no such form.
    """
    steps = [_step(step, STEP_FIELDS) for step in body.get("steps") or ()]
    for step in steps:
        if step.get("linkedInType") == "LINKEDIN_INVITATION":
            step["content"] = ""
        elif isinstance(step.get("content"), str):
            step["content"] = step["content"].replace("\r\n", "\n")
    return _canonical({"name": body["name"], "steps": steps})


def unlisted(body: Mapping[str, Any]) -> tuple[str, ...]:
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


def content_digest(body: Mapping[str, Any]) -> str | None:
    """The digest of what a list shows of the steps alone, whatever the name; None where there are none."""
    return observable({"name": "", "steps": body["steps"]}).digest if body.get("steps") else None


def shown_part(body: Mapping[str, Any]) -> Canonical:
    """A body without the fields that can be written and never be read back."""
    return _canonical({"name": body["name"], "steps": [_step(step, STEP_FIELDS) for step in body["steps"]]})


def hidden(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a body that can be written and never be read back, by path; empty where there are none."""
    found: dict[str, Any] = {"config": body["config"]} if body.get("config") else {}
    for step in body.get("steps") or ():
        if (step.get("config") or {}).get("userId"):
            found[f"steps/{step['id']}/config/userId"] = step["config"]["userId"]
    return found


def _step(step: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    normal: dict[str, Any] = {}
    for field in fields:
        value = step.get(field)
        if field in PARTS and value is not None:
            value = {part: value[part] for part in PARTS[field] if value.get(part) is not None}
        if value is not None and value != {}:
            normal[field] = value
    return normal


def _canonical(body: dict[str, Any]) -> Canonical:
    return Canonical(
        json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    )
