"""What it costs to record one id durably, with few and with many entries in the state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.figures import Figure, of_pair
from benchmarks.files import repository
from benchmarks.measure import Cost, in_turns
from benchmarks.scale import Scale
from kalentops.blueprint.body import Address
from kalentops.state.codec import dump_state, load_state
from kalentops.state.model import Completed, Intended, Intent, State
from kalentops.state.store import open_store
from kalentops.state.store.session import Session

_FEW: Final = 10
_AIM: Final = 1.1
_AT: Final = "2026-11-22T09:00:00Z"
_TENANT: Final = "http://127.0.0.1/api"


def measure(scale: Scale) -> Iterator[Figure]:
    """Two open sessions, an id in turns to each; recording an id is an intent and its outcome, two syncs."""
    whole = load_state((repository(scale, scale.large) / generate.STATE).read_bytes())
    with ExitStack() as stack:
        few = _Recorder(stack, scale.folder / "few", _cut(whole, _FEW))
        many = _Recorder(stack, scale.folder / "many", whole)
        pair = in_turns(many.record, few.record, scale.records)
    what = f"recording an id among {len(whole.entries):,} entries"
    yield of_pair(what, pair, _AIM, against=f"among {_FEW}")


def _cut(state: State, entries: int) -> State:
    kept = dict(list(state.entries.items())[:entries])
    return State(lineage=state.lineage, serial=1, entries=kept)


class _Recorder:
    """A session that records an id each time it is asked, under an address of its own."""

    def __init__(self, stack: ExitStack, folder: Path, state: State) -> None:
        folder.mkdir(exist_ok=True)
        path = folder / generate.STATE
        path.write_bytes(dump_state(state))
        self._session: Session = stack.enter_context(open_store(path).session())
        self._session.begin(_TENANT)
        self._body = next(iter(state.entries.values())).sent
        self._number = 0

    def record(self) -> Cost:
        self._number += 1
        address = f"sourcing_new/{self._number}"
        intent = Intent(Address.parse(address), "create", self._body, _AT)
        done = Completed(Address.parse(address), f"bp_new_{self._number}", _AT)
        wall, cpu = time.perf_counter(), time.process_time()
        self._session.record(Intended(intent))
        self._session.record(done)
        return Cost(time.perf_counter() - wall, time.process_time() - cpu)
