"""A run that is stopped between its look and its work has not made sure that the state speaks of this workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.api.client import ReadApi
from kalentops.api.secret import ApiKey
from kalentops.api.throttle import Throttle
from kalentops.api.transport import HttpTransport, Network
from kalentops.api.writing import WriteApi
from kalentops.apply.base import Options
from kalentops.apply.events import Event, Listed
from kalentops.apply.result import Outcome
from kalentops.apply.run import apply_plan
from kalentops.canonical import of_body
from kalentops.clock import SystemClock
from kalentops.emulator.server import BackgroundEmulator
from kalentops.errors import StateError
from kalentops.planning.plan import Action, Change, Plan
from kalentops.state.entries import Entry, State
from kalentops.store.filestore import FileStore
from tests.harness import KEY, blueprint

AT = "2026-01-01T00:00:00Z"
BODIES = {key: of_body(blueprint(key)) for key in ("seen", "seen-too", "unseen", "new")}


def entry(key: str, digest: str | None) -> Entry:
    return Entry(f"sourcing_a/{key}", f"bp_other_{key}", BODIES[key].body, BODIES[key].digest, AT, digest)


@pytest.mark.parametrize("stopped", [False, True], ids=["undisturbed", "stopped after its look"])
def test_nothing_is_taken_over_from_another_workspace(
    *, stopped: bool, emulator: BackgroundEmulator, tmp_path: Path
) -> None:
    """The state says nothing that is there; and what was made and never seen has a twin there."""
    emulator.store.create("sourcing_a", "unseen", BODIES["unseen"].body["steps"])
    entries = [*(entry(each, BODIES[each].digest) for each in ("seen", "seen-too")), entry("unseen", None)]
    state = State("lineage", 1, entries={each.address: each for each in entries})
    after = Change(
        "sourcing_a/new", Action.CREATE, "new", after=BODIES["new"].body, after_digest=BODIES["new"].digest
    )
    unseen = Change("sourcing_a/unseen", Action.NO_OP, "unseen", "bp_other_unseen", "a.yaml", 1)
    plan = Plan("lineage", 1, (after, unseen))
    clock = SystemClock()
    throttle = Throttle(clock, lambda _: None)
    transport = HttpTransport(Network(emulator.url, 10), ApiKey(KEY))

    def look_away(event: Event) -> None:
        if stopped and isinstance(event, Listed):
            clock.stop()

    store = FileStore(tmp_path / "kalentops.state.json")
    try:
        with store.session() as session:
            session.replace(state)
            api = WriteApi(transport, throttle)
            if stopped:
                result = apply_plan(plan, api, session, clock, Options("t", 0), look_away)
                assert [each.outcome for each in result.results] == [Outcome.NOT_ATTEMPTED]
                assert result.notes == ()
            else:
                with pytest.raises(StateError, match="Kalent knows nothing of what the state says"):
                    apply_plan(plan, api, session, clock, Options("t", 0), look_away)
        assert store.read().state.entries == state.entries
        assert (
            len(ReadApi(transport, Throttle(SystemClock(), lambda _: None)).list_blueprints("sourcing_a"))
            == 1
        )
    finally:
        transport.close()
