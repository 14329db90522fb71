"""Before anything is written, something of ours has to be there: else it is the state of another workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kalentops.apply.context import Run, View
from kalentops.apply.sourcing import Sourcing
from kalentops.errors import Forbidden, RefusedByApi
from kalentops.plan.workspace import Looked, check_workspace, is_known, witnesses
from kalentops.state.model import State


def confirm_workspace(
    run: Run,
    sourcings: Sequence[Sourcing],
    state: State,
    look_at: Callable[[Iterable[Sourcing]], Iterable[Sourcing]],
) -> None:
    """Raises StateError. `sourcings` are those of the plan, and were looked at; where they hold nothing of ours,
    others are, a few at once, until one does.
    """
    if not sourcings:
        return
    looked = Looked()
    _add(looked, sourcings)
    others = [each for each in witnesses(state) if each not in looked.listed | looked.refused]
    at_once = max(1, run.options.parallelism)
    while others and not is_known(state, looked.ids) and not run.stopped():
        _add(looked, look_at(Sourcing(View(run, each), ()) for each in others[:at_once]))
        others = others[at_once:]
    if not run.stopped():  # else nothing will be written, and not everything was looked at
        check_workspace(state, looked)


def _add(looked: Looked, sourcings: Iterable[Sourcing]) -> None:
    for each in sourcings:
        if each.view.whole:
            looked.ids |= set(each.view.ids())
            looked.listed.add(each.view.sourcing_id)
        elif isinstance(each.failed, RefusedByApi | Forbidden):
            looked.refused.add(each.view.sourcing_id)
