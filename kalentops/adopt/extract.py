"""Near-equal blueprints → a template, and how each of them differs from it. Pure: data in, data out.

The value that most have is the template's. Texts that differ in one stretch get a parameter for it; what else differs
stays with its blueprint, as `change`, `remove`, `add`, `name` or `config`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeAlias

from kalentops.adopt import stretches
from kalentops.adopt.naming import slug
from kalentops.adopt.stretches import TITLE_FACTS, Stretched, stretched, title_facts, with_markers
from kalentops.blueprint.body import PARTS, STEP_FIELDS, Address
from kalentops.blueprint.diff import same, steps_by_id
from kalentops.blueprint.variables import MARKED_FIELDS
from kalentops.errors import CannotExtract
from kalentops.support.text import clip
from kalentops.support.text_diff import opcodes

Data: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Copy:
    """A plain blueprint: its body's data in the normal form (`blueprint.body`), the language of its texts and the title
    of its position, empty where no file says one.
    """

    address: Address
    body: Mapping[str, Any]
    language: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A template's file as data, and what takes the place of each blueprint, by address.

    `bodies` are what they resolve to. Those in `renamed` have other step ids than before: old → new, by address.
    """

    name: str
    template: Data
    uses: Mapping[Address, Data]
    bodies: Mapping[Address, Mapping[str, Any]]
    renamed: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)


def extract(name: str, copies: Sequence[Copy], *, align: bool = False) -> Extracted:
    """The template `name` of these blueprints. `align`: steps get the ids that they have in the first blueprint.

    Raises CannotExtract where the steps have other ids or another order, or where some only say their language.
    """
    _check_languages(copies)
    renamed: dict[Address, Mapping[str, str]] = {}
    if align:
        first = copies[0]
        renamed = {each.address: found for each in copies if (found := _renames(first, each))}
        copies = [_with_ids(each, renamed.get(each.address, {})) for each in copies]
    order = _order(copies)
    return Extracted(
        name,
        *_Extraction(name, copies, order).run(),
        {each.address: each.body for each in copies},
        renamed,
    )


def _check_languages(copies: Iterable[Copy]) -> None:
    by_language: dict[str, Address] = {}
    for each in copies:
        by_language.setdefault(each.language, each.address)
    if "" in by_language and len(by_language) > 1:
        language, other = next((of, at) for of, at in by_language.items() if of)
        raise CannotExtract(
            f"{clip(by_language[''])} does not say its language, and {clip(other)} says `{language}`",
            hint="add `language:` to the file below `sourcingId`, or leave it out",
        )


# Steps


def kind(step: Mapping[str, Any]) -> str:
    """The channel and the kind of LinkedIn message."""
    return f"{step['type']}/{step.get('linkedInType', '')}"


class _Gap(NamedTuple):
    """The steps of two blueprints between two that both have."""

    one: list[Mapping[str, Any]]
    other: list[Mapping[str, Any]]


def _gaps(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[_Gap]:
    """What stands between the steps that both have, in the same order."""
    mine, theirs = steps_by_id(one), steps_by_id(other)
    found = _Gap([], [])
    rest = iter(theirs.values())
    for step_id, step in mine.items():
        if step_id not in theirs:
            found.one.append(step)
            continue
        for each in rest:
            if each["id"] == step_id:
                break
            found.other.append(each)
        yield found
        found = _Gap([], [])
    yield _Gap(found.one, [*found.other, *rest])


def _same_order(ids: Iterable[str], others: Iterable[str]) -> bool:
    one, other = list(ids), list(others)
    return [each for each in one if each in other] == [each for each in other if each in one]


def difference(one: Copy, other: Copy) -> CannotExtract | None:
    """Why two sequences can't share a template; None if they can."""
    mine, theirs = steps_by_id(one.body), steps_by_id(other.body)
    names = f"{clip(one.address)} and {clip(other.address)}"
    if not mine.keys() & theirs.keys():
        return _other_ids(f"{names} have no step id in common")
    if not _same_order(mine, theirs):
        return _refusal(f"{names} have the same steps in another order")
    for gap in _gaps(one.body, other.body):
        for step in gap.one:
            for each in gap.other:
                if kind(step) == kind(each) and _share(step, each) >= stretches.SHARED:
                    ids = f"`{clip(step['id'])}` and `{clip(each['id'])}`"
                    return _other_ids(f"{names} have the same step with other ids: {ids}")
    return None


def _share(step: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    return stretches.share(stretches.words(step["content"]), stretches.words(other["content"]))


def _renames(first: Copy, other: Copy) -> dict[str, str]:
    """The steps of `other` that are steps of `first` with another id, by kind and order: old → new."""
    found: dict[str, str] = {}
    if _same_order(steps_by_id(first.body), steps_by_id(other.body)):
        for gap in _gaps(first.body, other.body):
            changes = opcodes(list(map(kind, gap.one)), list(map(kind, gap.other))) or ()
            for tag, i1, i2, j1, j2 in changes:
                if tag == "equal":
                    pairs = zip(gap.one[i1:i2], gap.other[j1:j2], strict=True)
                    found |= {theirs["id"]: mine["id"] for mine, theirs in pairs}
    return found


def aligned(first: Copy, other: Copy) -> Copy:
    """The other blueprint with the ids that its steps have in the first one."""
    return _with_ids(other, _renames(first, other))


def _with_ids(of: Copy, renames: Mapping[str, str]) -> Copy:
    steps = [{**step, "id": renames.get(step["id"], step["id"])} for step in of.body["steps"]]
    return replace(of, body={**of.body, "steps": steps}) if renames else of


def _order(copies: Sequence[Copy]) -> list[str]:
    """The ids of the template's steps: those that at least half of the blueprints have. Raises CannotExtract."""
    sequences = [tuple(steps_by_id(each.body)) for each in copies]
    numbers = Counter(sequences)
    reference = max(numbers, key=lambda each: (numbers[each], len(each)))
    model = copies[sequences.index(reference)]
    for each in copies:
        if tuple(steps_by_id(each.body)) != reference:
            refused = difference(model, each)
            if refused is not None:
                raise refused
    counts = Counter(step for each in sequences for step in each)
    shared = {step for step, number in counts.items() if number * 2 >= len(copies)}
    order = [step for step in reference if step in shared]
    for sequence in sequences:
        for at, step in enumerate(sequence):
            if step in shared and step not in order:
                before = next((other for other in reversed(sequence[:at]) if other in order), None)
                order.insert(0 if before is None else order.index(before) + 1, step)
    for each, sequence in zip(copies, sequences, strict=True):
        if not _same_order(order, sequence) or not shared.intersection(sequence):
            raise _refusal(f"the steps of {clip(each.address)} have another order, or none is in most others")
    return order


def _other_ids(why: str) -> CannotExtract:
    return CannotExtract(
        why,
        hint="leave one out; or pass --align: steps get the ids of the first blueprint, and an update follows for "
        "each other one",
    )


def _refusal(why: str) -> CannotExtract:
    return CannotExtract(
        why, hint="leave it out: a template has one order, and its steps can be removed or added, not moved"
    )


# Fields

Place: TypeAlias = tuple[str, str]
"""The id of a step, empty for the blueprint itself, and a field."""


@dataclass(slots=True)
class _Text:
    """A text of all blueprints that have its step: what each holds, with markers for what titles say, and the
    template's in each language. `parameters` are those of its stretches.
    """

    place: Place
    held: Mapping[Address, str | None]
    base: Mapping[str, Stretched]
    parameters: list[_Parameter] = field(default_factory=list)

    @property
    def stretches(self) -> int:
        return max((len(each.base) for each in self.base.values()), default=0)


@dataclass(slots=True, eq=False)
class _Parameter:
    """A stretch of one or several texts, with its value for each blueprint that uses it."""

    values: dict[Address, str]
    name: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)


class _Extraction:
    def __init__(self, name: str, copies: Sequence[Copy], order: Sequence[str]) -> None:
        self.name = name
        self.copies = copies
        self.order = order
        self.steps = {each.address: steps_by_id(each.body) for each in copies}
        self.language = {each.address: each.language for each in copies}
        self.languages = sorted({*self.language.values()})
        self.facts = self._facts()
        self.parameters = [_Parameter(values, name) for name, values in self.facts.items()]
        self.texts: dict[Place, _Text] = {}

    def run(self) -> tuple[Data, Mapping[Address, Data]]:
        for step_id in self.order:
            for name in MARKED_FIELDS:
                text = self._text(
                    (step_id, name), {at: own[step_id].get(name) for at, own in self._having(step_id)}
                )
                self._add_parameters(text)
        # The name gets no parameter of its own: it is said as a whole.
        text = self._text(("", "name"), {each.address: each.body["name"] for each in self.copies})
        if all(map(self._known, self._values(text))):
            self._add_parameters(text)
        else:
            text.base = {language: each.plain for language, each in text.base.items()}
        self._name_parameters()
        used = {parameter.name for text in self.texts.values() for parameter in self._used(text)}
        self.parameters = [each for each in self.parameters if each.name in used]
        template = self._template()
        return template, {each.address: self._use(each, template) for each in self.copies}

    def _having(self, step_id: str) -> Iterator[tuple[Address, dict[str, Mapping[str, Any]]]]:
        return ((at, own) for at, own in self.steps.items() if step_id in own)

    # Texts

    def _facts(self) -> dict[str, dict[Address, str]]:
        """What texts repeat of titles, by name of the parameter; nothing that all have in common."""
        found: dict[str, dict[Address, str]] = {}
        for each in self.copies:
            texts = [
                each.body["name"],
                *(step.get(name, "") for step in each.body["steps"] for name in MARKED_FIELDS),
            ]
            for name, value in title_facts(each.title, texts).items():
                found.setdefault(name, {})[each.address] = value
        return {name: values for name, values in found.items() if len({*values.values()}) > 1}

    def _marked(self, at: Address, text: str | None) -> str | None:
        own = {name: values[at] for name, values in self.facts.items() if at in values}
        return text and with_markers(text, own)

    def _text(self, place: Place, plain: Mapping[Address, str | None]) -> _Text:
        """With markers for what titles say, where more blueprints fit with them."""
        found = self._based(place, plain)
        marked = {at: self._marked(at, text) for at, text in plain.items()}
        if marked != plain:
            other = self._based(place, marked)
            mixed = {at: marked[at] if self._fits(other, at) else plain[at] for at in plain}
            several = [other, self._based(place, mixed), found]
            found = max(several, key=lambda each: (self._fitting(each), -each.stretches))
        self.texts[place] = found
        return found

    def _based(self, place: Place, held: Mapping[Address, str | None]) -> _Text:
        texts: dict[str, list[str]] = {}
        for at, text in held.items():
            if text is not None:
                texts.setdefault(self.language[at], []).append(text)
        base: dict[str, Stretched] = {}
        if sum(map(len, texts.values())) * 2 >= len(held):
            base = {language: stretched(each) for language, each in texts.items()}
            if len({len(each.base) for each in base.values()}) > 1:
                base = {language: stretched(each, single=True) for language, each in texts.items()}
            if len({len(each.base) for each in base.values()}) > 1:  # some language has no such stretch
                base = {language: each.plain for language, each in base.items()}
        return _Text(place, held, base)

    def _fits(self, text: _Text, at: Address) -> bool:
        return self._filling(text, at, text.held[at]) is not None

    def _fitting(self, text: _Text) -> int:
        return sum(self._fits(text, at) for at in text.held)

    def _used(self, text: _Text, language: str | None = None) -> Iterator[_Parameter]:
        """The parameters that a text needs, in one language or in any."""
        fixed = "".join(
            part for each, base in text.base.items() if language in {None, each} for part in base.parts
        )
        yield from (each for each in self.parameters if f"{{{{param.{each.name}}}}}" in fixed)
        yield from text.parameters

    def _values(self, text: _Text) -> Iterator[dict[Address, str]]:
        """For each stretch its value in each blueprint whose text fits."""
        for number in range(text.stretches):
            found = {}
            for at, own in text.held.items():
                values = self._filling(text, at, own)
                if values is not None:
                    found[at] = values[number]
            yield found

    def _filling(self, text: _Text, at: Address, own: str | None) -> tuple[str, ...] | None:
        base = text.base.get(self.language[at])
        return base.values.get(own) if base is not None and own is not None else None

    def _add_parameters(self, text: _Text) -> None:
        for values in self._values(text):
            parameter = self._known(values)
            if parameter is None:
                parameter = _Parameter({})
                self.parameters.append(parameter)
            parameter.values |= values
            text.parameters.append(parameter)

    def _known(self, values: Mapping[Address, str]) -> _Parameter | None:
        """The parameter that has the same values."""
        for each in self.parameters:
            both = values.keys() & each.values.keys()
            if len(both) == min(len(values), len(each.values)) and all(
                values[at] == each.values[at] for at in both
            ):
                return each
        return None

    def _name_parameters(self) -> None:
        used = {*TITLE_FACTS}
        for text in self.texts.values():
            for parameter in text.parameters:
                if not parameter.name:
                    parameter.name = self._free(self._parameter_name(text.place, parameter), used)
                    parameter.defaults = self._defaults(parameter)

    def _parameter_name(self, place: Place, parameter: _Parameter) -> str:
        step_id, name = place
        if all(value.startswith(_LINKS) for value in parameter.values.values()):
            name = "link"
        elif name == "content":
            name = "text"
        return f"{self._step_word(step_id)}-{name}"

    def _step_word(self, step_id: str) -> str:
        """A word for a step: its id, unless that is a number or made by a program; else its name."""
        word = slug(step_id, _WORD)
        if not word or word != step_id or sum(map(str.isdigit, word)) * 3 > len(word):
            name = self.texts[step_id, "name"].base
            word = slug(next(iter(name.values())).text, _WORD) if name else ""
        return word or "step"

    @staticmethod
    def _free(name: str, used: set[str]) -> str:
        found, number = name, 1
        while found in used:
            number += 1
            found = f"{name}-{number}"
        used.add(found)
        return found

    def _defaults(self, of: _Parameter) -> Mapping[str, str]:
        """The value that most users in a language have; nothing if there is none in one of the languages."""
        values: dict[str, list[str]] = {}
        for at, value in of.values.items():
            values.setdefault(self.language[at], []).append(value)
        found = {}
        for language, each in values.items():
            value, number = Counter(each).most_common(1)[0]
            if number * 2 <= len(each):
                return {}
            found[language] = value
        return found

    # The template

    def _template(self) -> Data:
        found: Data = {"template": self.name}
        if self.parameters:
            found["parameters"] = {
                each.name: self._parameter(each)
                for each in sorted(self.parameters, key=lambda each: each.name)
            }
        if len(self.languages) > 1:
            found["languages"] = self.languages
        found["name"] = self._base_text("", "name")
        found["steps"] = [self._step(step_id) for step_id in self.order]
        config = _majority([each.body.get("config") for each in self.copies])
        return found | ({"config": config} if config is not None else {})

    def _parameter(self, of: _Parameter) -> Data:
        if of.defaults:
            return {"default": self._translated(of.defaults)}
        example = f"such as “{_example(next(iter(of.values.values())))}”"
        about = TITLE_FACTS.get(of.name)
        return {"about": f"{about}, {example}" if about else example}

    def _step(self, step_id: str) -> Data:
        own = [steps[step_id] for _, steps in self._having(step_id)]
        found: Data = {"id": step_id}
        for name in (*STEP_FIELDS[1:], "config"):
            value = (
                self._base_text(step_id, name)
                if name in MARKED_FIELDS
                else _majority([step.get(name) for step in own])
            )
            if value is not None:
                found[name] = value
        return found

    def _base_text(self, step_id: str, name: str) -> Any:
        text = self.texts[step_id, name]
        marks = [f"{{{{param.{each.name}}}}}" for each in text.parameters]
        texts = {language: each.filled(marks) for language, each in sorted(text.base.items())}
        return self._translated(texts) if texts else None

    def _translated(self, texts: Mapping[str, str]) -> Any:
        """A text for each language, or one for all."""
        one, *others = {*texts.values()}
        return dict(sorted(texts.items())) if others else one

    # How each blueprint differs

    def _use(self, of: Copy, template: Data) -> Data:
        steps = self.steps[of.address]
        found: Data = {
            "use": self.name,
            "with": self._with(of.address),
            "change": {
                step_id: change
                for each in template["steps"]
                if (step_id := each["id"]) in steps
                and (change := dict(self._changes(of.address, each, steps[step_id])))
            },
            "remove": [step_id for step_id in self.order if step_id not in steps],
            "add": list(self._added(of.body["steps"])),
        }
        if self._differs(of.address, ("", "name")):
            found = {"use": self.name, "name": of.body["name"], **found}
        found = {name: value for name, value in found.items() if value}
        if not same(of.body.get("config"), template.get("config")):
            found["config"] = of.body.get("config")
        return found

    def _with(self, at: Address) -> Data:
        used = {
            parameter.name: parameter
            for text in self.texts.values()
            if at in text.held and not self._differs(at, text.place)
            for parameter in self._used(text, self.language[at])
        }
        return {
            name: each.values[at]
            for name, each in used.items()
            if each.defaults.get(self.language[at]) != each.values[at]
        }

    def _differs(self, at: Address, place: Place) -> bool:
        """Whether a blueprint has another text than the filled one of the template."""
        text = self.texts[place]
        own = text.held[at]
        return own is not None if not text.base else self._filling(text, at, own) is None

    def _changes(
        self, at: Address, template: Mapping[str, Any], own: Mapping[str, Any]
    ) -> Iterator[tuple[str, Any]]:
        for name in (*STEP_FIELDS[1:], "config"):
            old, new = template.get(name), own.get(name)
            if name in MARKED_FIELDS:
                if self._differs(at, (own["id"], name)):
                    yield name, new
            elif not same(old, new):
                yield name, _parts(old, new, PARTS[name]) if name in PARTS and name != "delay" else new

    def _added(self, steps: Iterable[Mapping[str, Any]]) -> Iterator[Data]:
        """The steps that the template lacks, each behind the one before it."""
        before: str | None = None
        following = [each["id"] for each in steps]
        for step in steps:
            following.pop(0)
            if step["id"] not in self.order:
                if before is not None:
                    yield {"after": before, **step}
                else:
                    yield {"before": next(each for each in following if each in self.order), **step}
            before = step["id"]


_LINKS: Final = ("https://", "http://")
_WORD: Final = 30
_EXAMPLE: Final = 48


def _parts(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, names: Iterable[str]) -> Data | None:
    """The parts that differ; null for those that go, and in the place of all of them."""
    if new is None:
        return None
    was = old or {}
    return {name: new.get(name) for name in names if not same(was.get(name), new.get(name))}


def _form(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _majority(values: Sequence[Any]) -> Any:
    """The most frequent value; of equally frequent ones the first."""
    counts = Counter(map(_form, values))
    most = max(counts, key=lambda each: counts[each])
    return next(value for value in values if _form(value) == most)


def _example(value: str) -> str:
    """The beginning of a value, on one line, with its variables whole."""
    found = ""
    for token in stretches.tokens(" ".join(value.split())):
        if len(found) + len(token) > _EXAMPLE:
            return f"{found.rstrip()}…"
        found += token
    return found
