"""Sourcings as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kalentops.blueprint.remote import RemoteSourcing
from kalentops.output.lines import Line, columns, line, padded
from kalentops.support.text import clip, visible


def listing(found: Sequence[RemoteSourcing], files: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    """One line a sourcing, in the order of the API: id, name, and the files that serve it."""
    shown = [(visible(each.sourcing_id), clip(each.name)) for each in found]
    id_width = max((len(ident) for ident, _ in shown), default=0)
    name_width = max((columns(name) for _, name in shown), default=0)
    for each, (ident, name) in zip(found, shown, strict=True):
        serving = ", ".join(visible(file) for file in files.get(each.sourcing_id, ()))
        rest = (f"{padded(name, name_width)}  ", (serving, "dim")) if serving else (name,)
        yield line((f"{ident:<{id_width}}  ", "bold"), *rest)


def nothing(*, everybody: bool, closed: bool) -> str:
    """What to say, and to try, where the list is empty."""
    who = "that the key sees" if everybody else "of the key's user"
    state = "closed" if closed else "in progress"
    other = "without --closed are those in progress" if closed else "--closed has those that are closed"
    more = "" if everybody else "--all has those of everybody, "
    return f"no sourcing {who} is {state}; {more}{other}"
