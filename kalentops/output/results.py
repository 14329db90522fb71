"""What became of a plan, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import Final

from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.output.lines import Line, Style, line
from kalentops.output.reasons import reason
from kalentops.plan.build import Action
from kalentops.support.text import visible

_DONE: Final = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.ADOPT: "adopted",
    Action.RESUME: "settled",
    Action.CONFLICT: "in conflict",
    Action.MOVE: "moved",
    Action.FORGET: "forgotten",
}
_STYLES: Final[dict[Outcome, Style]] = {
    Outcome.DONE: "good",
    Outcome.REFUSED: "bad",
    Outcome.CONFLICT: "bad",
    Outcome.UNKNOWN: "warn",
    Outcome.NOT_ATTEMPTED: "dim",
}
_WORDS: Final = {
    Outcome.DONE: "done",
    Outcome.REFUSED: "refused",
    Outcome.CONFLICT: "in conflict",
    Outcome.UNKNOWN: "of unknown outcome",
    Outcome.NOT_ATTEMPTED: "not attempted",
}

NOTHING_TOLD: Final[Mapping[str, Result]] = MappingProxyType({})
_SOME: Final = (
    10  # of those that were not attempted for one and the same reason; the next plan lists them all
)


def word(of: Result) -> str:
    """What became of it, such as `created`."""
    return _DONE[of.action] if of.outcome is Outcome.DONE else _WORDS[of.outcome].removeprefix("of ")


def result(of: Result) -> Iterator[Line]:
    """One address: what became of it, its id, and why."""
    said = word(of)
    ident = f" {visible(of.blueprint_id)}" if of.blueprint_id else ""
    yield line((f"  {said:<15}", _STYLES[of.outcome]), f" {visible(of.address)}", (ident, "dim"))
    for why in (of.error, of.note):
        if why:
            yield from reason(why, "      ", "dim" if why is of.note else _STYLES[of.outcome])


def results(of: ApplyResult, told: Mapping[str, Result] = NOTHING_TOLD) -> Iterator[Line]:
    """All of them but those that were told while they came, those that need somebody's eye last, then the counts."""
    left = (each for each in of.results if told.get(each.address) != each)
    order = sorted(left, key=lambda each: (each.outcome is not Outcome.DONE, each.address))
    for why, group in groupby(order, key=_why_not):
        together = list(group)
        if why is None or len(together) == 1:
            for each in together:
                yield from result(each)
        else:
            shown = together if len(together) <= _SOME else together[: _SOME - 1]
            for each in shown:
                yield from result(replace(each, error=None))
            if len(shown) < len(together):
                yield line((f"  … and {len(together) - len(shown):,} more", "dim"))
            yield line((f"      these {len(together):,}: {visible(why)}", _STYLES[Outcome.NOT_ATTEMPTED]))
    yield summary(of)
    yield from advice(of)


def advice(of: ApplyResult) -> Iterator[Line]:
    """What to do next, where something is left."""
    if of.summary["unknown"]:
        said = "Run `kalentops apply` again: it first looks up what became of those."
        yield line((said, "warn"))
    elif of.summary["not_attempted"]:
        yield line(("Run `kalentops apply` again for what was not attempted.", "warn"))


def _why_not(of: Result) -> str | None:
    """Why it was not attempted, where that is all there is to say: one reason often holds for hundreds."""
    return of.error if of.outcome is Outcome.NOT_ATTEMPTED and not of.note else None


def summary(of: ApplyResult) -> Line:
    """The last line: `Apply: 2 done, 1 in conflict.`"""
    parts = [
        f"{of.summary[outcome.value]:,} {words}"
        for outcome, words in _WORDS.items()
        if of.summary[outcome.value]
    ]
    return line(("Apply: ", "bold"), (", ".join(parts) or "nothing to do") + ".")
