"""Strategies for blueprints that hold no error, and the YAML for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from kalentops.blueprint.model import Blueprint
from kalentops.blueprint.variables import VARIABLES

# What is seen, and means nothing to Kalent or to a rule: no control, unassigned or private characters, no braces and
# brackets, no sign of a placeholder or of a damaged text.
_CHARACTERS = st.characters(
    codec="utf-8",
    categories=("L", "N", "P", "S", "Zs"),
    exclude_characters="{}[]*%&\\\uff5b\ufe5b\u2774\u2983\ufffd\xc2\xc3\xe2",
)
_VARIABLES = st.sampled_from([f"{{{{{name}}}}}" for name in VARIABLES])

Data = dict[str, Any]


def texts(*, max_parts: int = 6) -> st.SearchStrategy[str]:
    """Texts of a message, with variables and line feeds, never blank."""
    part = st.one_of(st.text(_CHARACTERS, min_size=1, max_size=12), _VARIABLES, st.just("\n"), st.just(": "))
    return st.lists(part, min_size=1, max_size=max_parts).map("".join).filter(str.strip)


def labels() -> st.SearchStrategy[str]:
    """Texts of one line, without white space at their ends."""
    return st.text(_CHARACTERS, min_size=1, max_size=16).map(str.strip).filter(bool)


def keys() -> st.SearchStrategy[str]:
    return st.from_regex(r"[a-z0-9][a-z0-9-]{0,12}", fullmatch=True)


def json_values() -> st.SearchStrategy[Any]:
    """What `config` may hold."""
    numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=32)
    leaves = st.none() | st.booleans() | numbers | st.text(_CHARACTERS, max_size=8)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(labels(), inner, max_size=3),
        max_leaves=6,
    )


@st.composite
def steps(draw: st.DrawFn, step_id: str, *, invited: bool) -> Data:
    """One step; `invited` says whether an invitation stands before it."""
    kinds = ["EMAIL", "WHATSAPP", "SMS", "LINKEDIN_MESSAGE", "LINKEDIN_INMAIL"]
    kind = draw(
        st.sampled_from(
            kinds if invited else [*kinds, "LINKEDIN_INVITATION_WITH_MESSAGE", "LINKEDIN_INVITATION"]
        )
    )
    step: Data = {"id": step_id, "name": draw(labels()), "content": draw(texts())}
    step |= {"type": "LINKEDIN", "linkedInType": kind} if kind.startswith("LINKEDIN") else {"type": kind}
    if kind in {"EMAIL", "LINKEDIN_INMAIL"}:
        step["subject"] = " ".join(draw(texts(max_parts=3)).split())
    step["temporalityType"] = draw(
        st.sampled_from(["ASAP", "DELAYED", *(["AFTER_INVITATION_SETTLED"] if invited else [])])
    )
    if step["temporalityType"] == "DELAYED":
        unit = draw(st.sampled_from(["day", "minute", "second"]))
        step["delay"] = {"value": draw(st.integers(1, 2**31 - 1)), "unit": unit}
    optional = {
        "contentSource": st.sampled_from(["manual", "suggestedByKalent"]),
        "config": st.fixed_dictionaries({}, optional={"userId": labels()}),
        "policy": st.fixed_dictionaries(
            {},
            optional={
                "skipStepIfNoContact": st.booleans(),
                "autoValidateAIDraft": st.booleans(),
                "inviteTimeoutDays": st.integers(1, 400),
            },
        ),
    }
    return step | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def bodies(draw: st.DrawFn, *, max_steps: int = 4) -> Data:
    """What POST takes: a blueprint without errors (warnings may come)."""
    body: Data = {"name": draw(labels()), "steps": []}
    invited = False
    for step_id in draw(st.lists(keys(), unique=True, max_size=max_steps)):
        step = draw(steps(step_id, invited=invited))
        invited = invited or "INVITATION" in step.get("linkedInType", "")
        body["steps"].append(step)
    if draw(st.booleans()):
        body["config"] = draw(st.dictionaries(labels(), json_values(), max_size=3))
    return body


def blueprints(*, max_steps: int = 4) -> st.SearchStrategy[Blueprint]:
    return bodies(max_steps=max_steps).map(Blueprint.read)


def to_yaml(sourcing_id: str, by_key: Mapping[str, Mapping[str, Any]]) -> str:
    """A file of blueprints. JSON is YAML, and needs no second look at which words YAML takes for numbers."""
    return json.dumps({"sourcingId": sourcing_id, "blueprints": by_key}, ensure_ascii=False, indent=2) + "\n"
