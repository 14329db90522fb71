"""The state as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalentops.output.lines import Line, line
from kalentops.output.steps import outline
from kalentops.state.model import Entry, Intent, State
from kalentops.support.text import clip, count, visible, with_times


def listing(state: State) -> Iterator[Line]:
    """One line an address: address, id, name; what an interrupted run has left open is said."""
    width = max((len(visible(address)) for address in state.entries.keys() | state.intents.keys()), default=0)
    for address in sorted(state.entries.keys() | state.intents.keys()):
        entry, intent = state.entries.get(address), state.intents.get(address)
        name = entry.name if entry else str(intent.sent.get("name", "")) if intent else ""
        said = f"  {_open(entry, intent)}" if intent or (entry and entry.mark) else ""
        ident = visible(entry.blueprint_id) if entry else "-"
        yield line((f"{visible(address):<{width}}  ", "bold"), f"{ident}  {clip(name)}", (said, "warn"))


def summary(state: State) -> Line:
    open_ones = f", {count(len(state.intents), 'outcome')} open" if state.intents else ""
    return line((f"{count(len(state.entries), 'blueprint')}{open_ones}, serial {state.serial}", "dim"))


def entry(state: State, address: str) -> Iterator[Line]:
    """Everything that is recorded of one address, with the sequence as it was sent."""
    found, intent = state.entries.get(address), state.intents.get(address)
    yield line((visible(address), "bold"))
    if found is not None:
        yield line(f"  id       {visible(found.blueprint_id)}")
        yield line(f"  name     {visible(found.name)}")
        yield line(f"  recorded {visible(with_times(found.applied_at))}, {visible(found.digest)}")
        yield line(f"  updated  {visible(with_times(found.updated_at or 'not known'))} in Kalent")
        yield from outline(found.sent, "  ", full=True)
    if intent is not None or (found is not None and found.mark is not None):
        yield line((f"  {_open(found, intent)}; {_NEXT}", "warn"))


_NEXT: Final = "the next apply looks first, and goes on there"


def _open(entry: Entry | None, intent: Intent | None) -> str:
    """What an interrupted run has left open at an address."""
    if intent is None:
        return "reserved: the blueprint is empty in Kalent until its text is sent"
    since = visible(with_times(intent.at))
    if intent.only_reserves:
        return f"create without an answer, {since}: at most an empty blueprint was made"
    if entry is not None and entry.mark is not None:
        return f"create of unknown outcome, {since}: its id is reserved, its text may have arrived"
    return f"{intent.action} of unknown outcome, {since}"
