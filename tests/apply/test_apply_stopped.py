"""A run that is stopped between its look and its work has not made sure that the state speaks of this workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.apply.context import Options
from kalentops.apply.result import Event, Listed, Outcome
from kalentops.apply.run import apply_plan
from kalentops.blueprint.body import Address
from kalentops.emulator.server import BackgroundEmulator
from kalentops.errors import StateError
from kalentops.http.retry import Throttle
from kalentops.http.secret import ApiKey
from kalentops.http.transport import HttpTransport, Network
from kalentops.kalent.client import ReadApi
from kalentops.kalent.write_client import WriteApi
from kalentops.plan.build import Action, Change, Plan
from kalentops.state.model import Entry
from kalentops.state.store.file import FileStore
from kalentops.support.clock import SystemClock
from tests.builders import body, entry, form, state
from tests.harness import KEY

BODIES = {key: body(key) for key in ("seen", "seen-too", "unseen", "new")}


def ours(key: str, *, seen: bool = True) -> Entry:
    return entry(f"sourcing_a/{key}", BODIES[key], f"bp_other_{key}", seen=seen)


@pytest.mark.parametrize("stopped", [False, True], ids=["undisturbed", "stopped after its look"])
def test_nothing_is_adopted_from_another_workspace(
    *, stopped: bool, emulator: BackgroundEmulator, tmp_path: Path
) -> None:
    """The state says nothing that is there; and what was made and never seen has a twin there."""
    emulator.store.create("sourcing_a", "unseen", BODIES["unseen"]["steps"])
    known = state(ours("seen"), ours("seen-too"), ours("unseen", seen=False))
    after = Change(Address.parse("sourcing_a/new"), Action.CREATE, "new", after=form(BODIES["new"]))
    unseen = Change(
        Address.parse("sourcing_a/unseen"), Action.NO_OP, "unseen", "bp_other_unseen", "a.yaml", 1
    )
    plan = Plan("lineage", 7, (after, unseen))
    clock = SystemClock()
    throttle = Throttle(clock, lambda _: None)
    transport = HttpTransport(Network(emulator.url, 10), ApiKey(KEY))

    def look_away(event: Event) -> None:
        if stopped and isinstance(event, Listed):
            clock.stop()

    store = FileStore(tmp_path / "kalentops.state.json")
    try:
        with store.session() as session:
            session.replace(known)
            api = WriteApi(transport, throttle)
            if stopped:
                result = apply_plan(plan, api, session, clock, Options("t", 0), look_away)
                assert [each.outcome for each in result.results] == [Outcome.NOT_ATTEMPTED]
                assert result.notes == ()
            else:
                with pytest.raises(StateError, match="Kalent knows nothing of what the state says"):
                    apply_plan(plan, api, session, clock, Options("t", 0), look_away)
        assert store.read().state.entries == known.entries
        assert (
            len(ReadApi(transport, Throttle(SystemClock(), lambda _: None)).list_blueprints("sourcing_a"))
            == 1
        )
    finally:
        transport.close()
