"""What tests are made of: valid by default, and a test says what matters to it.

A body that is not given is `body()`; `fields` replace what a builder would set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Remote
from kalentops.lint.finding import Origin
from kalentops.lint.rule import Declared
from kalentops.plan.explanation import Code, Explanation, explain
from kalentops.state.model import Entry, Intent, State

Data = dict[str, Any]
Of = Mapping[str, Any] | Body
AT: Final = "2026-01-02T03:04:05Z"
LATER: Final = "2026-01-03T00:00:00.000Z"


def step(ident: int | str = 1, **fields: Any) -> Data:
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


def blueprint(name: str = "First contact", steps: int = 2, **fields: Any) -> Data:
    """As a file has it, with this number of steps."""
    made = [step(number, name=f"{name}, step {number}") for number in range(1, steps + 1)]
    return {"name": name, "steps": made, **fields}


def body(name: str = "One", *steps: Data | str, **fields: Any) -> Data:
    """The normal form of a blueprint of these steps, or of one step for each text; `steps=[]` for none."""
    made = [
        step(number, content=each) if isinstance(each, str) else each
        for number, each in enumerate(steps or ("Hi",), 1)
    ]
    return dict(Body.of({"name": name, "steps": made, **fields}).data)


def digest(of: Of) -> str:
    return form(of).digest


def form(of: Of | None = None) -> Body:
    return of if isinstance(of, Body) else Body.of(of or body())


def unread(of: Of | None = None) -> Body:
    """A body whose text must not be read."""

    def read() -> Body:
        raise AssertionError(f"{whole.name} was read")

    whole = form(of)
    return Body.deferred(whole.name, whole.digest, read)


def _sent(of: Of | None, digest: str | None) -> Body:
    return form(of) if digest is None else Body.recorded(form(of).data, digest)


def entry(
    address: str,
    sent: Of | None = None,
    blueprint_id: str = "",
    *,
    seen: bool = True,
    digest: str | None = None,
    **fields: Any,
) -> Entry:
    """What the state knows of an address; `seen`: a list has shown it since."""
    made = Entry(Address.parse(address), blueprint_id or f"b-{address}", _sent(sent, digest), AT)
    if seen:
        made = replace(made, remote_digest=made.sent.observable.digest, updated_at=AT)
    return replace(made, **fields)


def intent(
    address: str,
    sent: Of | None = None,
    action: Literal["create", "update"] = "create",
    *,
    digest: str | None = None,
    **fields: Any,
) -> Intent:
    return replace(Intent(Address.parse(address), action, _sent(sent, digest), AT), **fields)


def state(*known: Entry | Intent, **fields: Any) -> State:
    entries: dict[str, Entry] = {each.address: each for each in known if isinstance(each, Entry)}
    intents: dict[str, Intent] = {each.address: each for each in known if isinstance(each, Intent)}
    return replace(State("lineage", 7, entries=entries, intents=intents), **fields)


def remote(blueprint_id: str, of: Of | None = None, **fields: Any) -> Remote:
    """A row of a list that shows this body, changed since `AT`."""
    shown = form(of).observable
    made = Remote(blueprint_id, shown.name, LATER, shown)
    return made._replace(**fields)


def want(address: str, of: Of | None = None, known: State | None = None, **fields: Any) -> Declared:
    """As the loader gives it: without a document where the state that is known has the same digest."""
    wanted = form(of)
    same = known is not None and known.digests().get(address) == wanted.digest
    made = Declared(
        Address.parse(address), wanted.name, Origin("blueprints/a.yaml", 3, 3), (4, 11), wanted.digest
    )
    return made._replace(body=None if same else wanted)._replace(**fields)


def saying(message: str) -> Explanation:
    """An explanation that is just these words."""
    return explain(Code.ERROR, message=message)
