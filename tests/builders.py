"""What tests are made of: valid by default, and a test says what matters to it.

A body that is not given is `body()`; `fields` replace what a builder would set.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

from kalentops.blueprint.body import content_digest, observable, of_body
from kalentops.blueprint.remote import Remote
from kalentops.lint.rule import Named
from kalentops.project.check import Desired
from kalentops.state.model import Entry, Intent, State

Body = dict[str, Any]
AT: Final = "2026-01-02T03:04:05Z"
LATER: Final = "2026-01-03T00:00:00.000Z"


def step(ident: int | str = 1, **fields: Any) -> Body:
    """A step without a finding, an e-mail: the first, the second, or that of an id."""
    number = ident if isinstance(ident, int) else 1
    return {
        "id": ident if isinstance(ident, str) else f"s{number}",
        "name": f"Step {number}",
        "type": "EMAIL",
        "subject": "{{sourcingJobTitle}}",
        "content": f"Hi {{{{firstname}}}}, message {number}",
        "temporalityType": "DELAYED",
        "delay": {"value": number, "unit": "day"},
        "policy": {"skipStepIfNoContact": True},
        **fields,
    }


def blueprint(name: str = "First contact", steps: int = 2, **fields: Any) -> Body:
    """As a file has it, with so many steps."""
    made = [step(number, name=f"{name}, step {number}") for number in range(1, steps + 1)]
    return {"name": name, "steps": made, **fields}


def body(name: str = "One", *steps: Body | str, **fields: Any) -> Body:
    """The normal form of a blueprint of these steps, or of one step for each text; `steps=[]` for none."""
    made = [
        step(number, content=each) if isinstance(each, str) else each
        for number, each in enumerate(steps or ("Hi",), 1)
    ]
    return of_body({"name": name, "steps": made, **fields}).body


def digest(of: Body) -> str:
    return of_body(of).digest


def entry(
    address: str, sent: Body | None = None, blueprint_id: str = "", *, seen: bool = True, **fields: Any
) -> Entry:
    """What the state knows of an address; `seen`: a list has shown it since."""
    form = of_body(sent or body())
    made = Entry(address, blueprint_id or f"b-{address}", form.body, form.digest, AT)
    if seen:
        made = replace(made, remote_digest=observable(form.body).digest, updated_at=AT)
    return replace(made, **fields)


def intent(
    address: str, sent: Body | None = None, action: Literal["create", "update"] = "create", **fields: Any
) -> Intent:
    form = of_body(sent or body())
    return replace(Intent(address, action, form.body, form.digest, AT), **fields)


def state(*known: Entry | Intent, **fields: Any) -> State:
    entries = {each.address: each for each in known if isinstance(each, Entry)}
    intents = {each.address: each for each in known if isinstance(each, Intent)}
    return replace(State("lineage", 7, entries=entries, intents=intents), **fields)


def remote(blueprint_id: str, of: Body | None = None, **fields: Any) -> Remote:
    """A row of a list that shows this body, changed since `AT`."""
    of = of or body()
    shown = observable(of)
    made = Remote(blueprint_id, of["name"], shown.digest, content_digest(of), LATER, shown)
    return replace(made, **fields)


def want(address: str, of: Body | None = None, known: State | None = None, **fields: Any) -> Desired:
    """As the loader gives it: without a document where the state that is known has the same digest."""
    sourcing, _, key = address.partition("/")
    form = of_body(of or body())
    named = Named(sourcing, key, form.body["name"], "blueprints/a.yaml", (3, 3), (4, 11))
    same = known is not None and known.digests().get(address) == form.digest
    return replace(Desired(named, form.digest, None if same else form), **fields)
