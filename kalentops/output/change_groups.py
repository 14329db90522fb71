"""The words for changes that are alike, for text and Markdown. But for headings, texts are as they were written: not
safe to print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from kalentops.blueprint.diff import FieldChange
from kalentops.blueprint.labels import days, field_changes
from kalentops.plan.build import Change, Plan
from kalentops.plan.groups import Edit, Group
from kalentops.support.text import clip, count, some
from kalentops.support.text_diff import side_by_side

_EDITS: Final = 2
_PLACES: Final = 2
_NAMED: Final = 3
_TITLE: Final = 60
_LONGEST: Final = 48
"""Characters of the words that went or came, in a heading."""


class Marks(NamedTuple):
    """How a format writes the words of a text, a name or value, and a label."""

    words: Callable[[str], str]
    value: Callable[[str], str]
    label: Callable[[str], str]


@dataclass(frozen=True)
class ChangeGroup:
    """A group, and its changes by address. The first one is shown for all."""

    group: Group
    changes: Sequence[Change]
    known: dict[str, Change]

    @property
    def first(self) -> Change:
        return self.changes[0]

    @property
    def extent(self) -> str:
        """`8 positions`, or `8 blueprints` where a position has several."""
        number = len(self.changes)
        positions = len({each.address.sourcing_id for each in self.changes})
        return count(number, "position" if positions == number else "blueprint")

    @property
    def scope(self) -> str:
        """What follows the action: `in 8 positions`, or `8 blueprints`. kalentops creates no positions."""
        return self.extent if self.extent.endswith(("blueprint", "blueprints")) else f"in {self.extent}"

    @property
    def name(self) -> str:
        """The name of the blueprints, empty where they have several."""
        return self.first.name if len({each.name for each in self.changes}) == 1 else ""

    def heading(self, marks: Marks) -> str:
        """What changes and where it stands: `step mail, "ten" → "fifteen" (blueprints/templates/first.yaml:14)`."""
        if not self.group.edits:
            name = marks.words(clip(self.name, _TITLE)) if self.name else ""
            origin = f"(template {marks.value(self.first.template)})" if self.first.template else ""
            return " ".join(filter(None, (name, origin)))
        places = dict.fromkeys(each.origin for each in self.group.edits if each.origin is not None)
        where = some([marks.value(f"{each.file}:{each.line}") for each in places], _PLACES)
        said = some([_edit_in_words(each, marks) for each in self.group.edits], _EDITS, "; ")
        return f"{said} ({where})" if where else said

    @cached_property
    def same_texts(self) -> bool:
        """Whether the texts that change are the same in all of them, also around the change."""
        fields = sorted({(each.step, each.field) for each in self.group.edits if each.is_text}, key=str)
        return not fields or self._same(lambda each: [_text(each, *at) for at in fields])

    @cached_property
    def same_days(self) -> bool:
        """Whether their steps are the same ones, on the same days."""
        return self._same(
            lambda each: [
                list(days(body.data).items()) for body in (each.before, each.after) if body is not None
            ]
        )

    def _same(self, of: Callable[[Change], object]) -> bool:
        """Whether something is the same of all of them. Equal bodies are looked at once."""
        digests = ((each.before and each.before.digest, each.after_digest) for each in self.changes)
        differ = iter(dict(zip(digests, self.changes, strict=True)).values())
        first = of(next(differ))
        return all(of(each) == first for each in differ)

    @property
    def example(self) -> str:
        """Which one is shown, if others look otherwise."""
        if self.group.values:
            differ = "the values of the parameters"
        elif not self.same_texts:
            differ = "the words around the change"
        elif not self.same_days and any(not each.field for each in self.group.edits):
            differ = "the days"
        else:
            return ""
        return f"Shown for {named(self.first)}; {differ} differ."

    def own_words(self, of: Change) -> str:
        """The position's own words in it, where these differ."""
        return ", ".join(f'"{each}"' for each in self.group.values.get(of.address, ()))

    def notes(self) -> Iterator[str]:
        """The blueprints that one would expect in the group."""
        own, left = (
            [self.known[each] for each in part] for part in (self.group.own_text, self.group.unchanged)
        )
        if left:
            done = len(self.changes)
            yield f"{done:,} of {done + len(left):,} copies changed alike, {self._some(left)} did not"
        if own:
            keeps = "keeps its own text" if len(own) == 1 else "keep their own texts"
            yield f"{self._some(own)} {keeps}: an override hides this change"

    def _some(self, of: Sequence[Change]) -> str:
        return some([named(each, self.first.address.key) for each in of], _NAMED)


def change_groups(of: Plan) -> list[ChangeGroup]:
    """The groups of a plan, also those of one update that an override hides from others."""
    if not of.groups:
        return []
    known: dict[str, Change] = {each.address: each for each in of.changes}
    return [ChangeGroup(each, [known[address] for address in each.addresses], known) for each in of.groups]


def named(of: Change, key: str = "") -> str:
    """A blueprint by the title of its position. `key` is the usual one, which needs not be said."""
    if of.title:
        return f"{clip(of.title, _TITLE)} ({of.address})"
    return of.address.sourcing_id if of.address.key == key else of.address


def _edit_in_words(of: Edit, marks: Marks) -> str:
    """`step mail, "ten" → "fifteen"`, `step mail, delay 3 days → 4 days`, `step mail added`."""
    where = "blueprint" if of.step is None else f"step {marks.value(clip(of.step, _LONGEST))}"
    if of.kind == "moved":
        return f"{where} moved from position {of.before} to {of.after}"
    if not of.field:
        return f"{where} {of.kind}"
    if not of.is_text:
        change = FieldChange(of.kind, of.step, of.field, of.before, of.after)
        said = (
            f"{marks.label(each.field)} {' → '.join(map(marks.value, _short(each.before, each.after)))}"
            for each in field_changes(change)
        )
        return f"{where}, {', '.join(said)}"
    field = "" if of.field == "content" else f"{of.field} "
    old, new = (
        marks.words(each) if each else "" for each in _short(str(of.before).strip(), str(of.after).strip())
    )
    if old and new:
        return f"{where}, {field}{old} → {new}"
    return f"{where}, {field}{new} added" if new else f"{where}, {field}{old} removed"


def _short(old: str, new: str) -> Sequence[str]:
    return side_by_side(old, new, _LONGEST)[:2]


def _text(of: Change, step: str | None, field: str) -> object:
    """The text before the change."""
    if of.before is None:
        return None
    holders: Iterable[object] = (
        [of.before.data]
        if step is None
        else [each for each in of.before.data["steps"] if each.get("id") == step]
    )
    return tuple(each.get(field) for each in holders if isinstance(each, dict))
