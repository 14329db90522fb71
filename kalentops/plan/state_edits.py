"""What a branch has changed in the state itself. Pure.

`apply` takes each id of the state for its own, and sends the files' text to it. So an id that a pull request has put
there is as good as a permission to overwrite that blueprint.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from kalentops.state.model import State


@dataclass(frozen=True, slots=True)
class StateEdit:
    """An address whose record is another one than on the branch that is merged into. `blueprint_id` is what it is
    recorded as now, `before_id` what it was.
    """

    address: str
    kind: Literal["added", "other id", "removed", "edited"]
    blueprint_id: str | None
    before_id: str | None


def told(edit: StateEdit) -> str:
    """What it means, without the address."""
    new, old = edit.blueprint_id, edit.before_id
    match edit.kind:
        case "added":
            return f"recorded as {new}, which was not known before" if new else "a run was interrupted there"
        case "other id":
            return f"{new} instead of {old}"
        case "removed":
            return f"{old} is not recorded any more"
        case _:
            return f"what is recorded of {new} was changed" if new else "what was under way there was changed"


HEAD: Final = "The state was changed on this branch"
WHY: Final = (
    "`apply` takes these ids for its own and overwrites what they name; nothing here can tell who recorded them. It is "
    "expected after `apply`, `import` or `state` on this branch; else look up each id in Kalent before you merge"
)


def edited(before: State, now: State) -> Iterator[StateEdit]:
    """By address. A blueprint that only has another address now is none: its id was known."""
    known = before.ids()
    for address in sorted({*before.entries, *before.intents, *now.entries, *now.intents}):
        was, is_now = before.entries.get(address), now.entries.get(address)
        same = was == is_now and before.intents.get(address) == now.intents.get(address)
        moved = was is None and is_now is not None and known.get(is_now.blueprint_id) not in now.entries
        if same or (moved and is_now is not None and is_now.blueprint_id in known):
            continue
        old, new = (each.blueprint_id if each else None for each in (was, is_now))
        if old == new:
            yield StateEdit(address, "edited", new, old)
        else:
            yield StateEdit(
                address, "added" if old is None else "removed" if new is None else "other id", new, old
            )
