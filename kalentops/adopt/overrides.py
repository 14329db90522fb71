"""An edit made in Kalent → the use of a template that says it: values of parameters, then overrides. Pure.

What is found is resolved again before it counts: it says exactly what Kalent shows, or it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from kalentops.blueprint.body import PARTS, STEP_FIELDS, Address, Body
from kalentops.blueprint.diff import same, steps_by_id
from kalentops.blueprint.files import SourcingFile, Use
from kalentops.blueprint.variables import MARKED_FIELDS
from kalentops.errors import CannotEdit, Unwritable
from kalentops.lint.finding import DataPath
from kalentops.project.document import Document, read_document
from kalentops.project.library import Library
from kalentops.project.resolve import Resolved, Source, resolve
from kalentops.support import text_diff
from kalentops.support.text import clip
from kalentops.yamlfile.build import document_text

Data: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str, DataPath, int]
"""Where words stand that can be changed: a file, a path in it, and the index in the text there. The value of a
parameter has no file: the use gets it, also in place of a default.
"""
_LIKE_A_MARKER: Final = re.compile(r"\{\{\s*(param|snippet)\s*\.")
_BY_HAND: Final = (
    "change the files by hand, or make a plain blueprint of it first: `kalentops detach ADDRESS`"
)


class _Part(NamedTuple):
    """A part of a text. `place` is None for words that stay as they are."""

    text: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that has changed, or one that has not and in which the same words may stand."""

    parts: Sequence[_Part]
    new: str

    @property
    def old(self) -> str:
        return "".join(part.text for part in self.parts)

    def with_known(self, known: Mapping[Place, str]) -> _Text:
        """The same with what other texts show already of some places: several edits in a row look like one."""
        return _Text(
            [
                _Part(known[part.place], None) if part.place is not None and part.place in known else part
                for part in self.parts
            ],
            self.new,
        )


@dataclass(frozen=True, slots=True)
class UseEdit:
    """What the use says afterwards, and what changes in shared files: by file, the data afterwards."""

    use: Data
    shared: Mapping[str, Data] = field(default_factory=dict)


def edit_use(
    document: Document,
    address: Address,
    library: Library,
    wanted: Mapping[str, Any],
    *,
    into_template: bool = False,
) -> UseEdit:
    """The edit after which the blueprint at an address, which is made from a template, is `wanted`: the data of a body
    as a list shows it. `document` is its file. With `into_template`, words of templates and snippets are changed where
    they stand.

    Raises CannotEdit.
    """
    return _UseEditor(document, address, library, wanted, into_template=into_template).run()


class _UseEditor:
    def __init__(
        self,
        document: Document,
        address: Address,
        library: Library,
        wanted: Mapping[str, Any],
        *,
        into_template: bool,
    ) -> None:
        model, key = document.model, address.key
        if not isinstance(model, SourcingFile) or not isinstance(use := model.blueprints[key], Use):
            raise TypeError(f"{key} is not made from a template")
        self.document, self.address, self.key, self.library = document, address, key, library
        self.head = {"sourcingId": model.sourcingId} | (
            {"language": model.language} if model.language is not None else {}
        )
        self.use: Data = _lists(use.model_dump(by_alias=True, exclude_unset=True))
        self.shared: dict[str, Data] = {}
        self.into_template = into_template
        self.before = resolve(document, key, library)
        if self.before.blueprint is None or self.before.placeholders:
            raise self._refusal("it can't be resolved", "`kalentops validate` says why")
        self.old = Body.of_blueprint(self.before.blueprint)
        self.wanted = Body.listed(wanted)
        self.new = steps_by_id(self.wanted.data)
        steps = self.before.blueprint.steps
        self.number = {step.id: number for number, step in enumerate(steps)}
        self.added = {
            step.id for n, step in enumerate(steps) if self.before.sources["steps", n].document is document
        }

    def run(self) -> UseEdit:
        solved = self._values_in_texts()
        for step_id in self.number:
            if step_id in self.new:
                self._fields_in_place(step_id, solved)
        base = self._resolved(
            {key: value for key, value in self.use.items() if key in {"use", "with", "language"}}
        )
        self._steps(base)
        self._overrides(base, solved)
        if self.wanted.name != self.old.name:
            self._set_name(base, is_solved=(None, "name") in solved)
        self._anchor()
        self._leave_out()
        self._prove()
        return UseEdit(self.use, self.shared)

    def _refusal(self, reason: str, hint: str = _BY_HAND) -> CannotEdit:
        return CannotEdit(reason, hint=hint.replace("ADDRESS", clip(self.address, 200)))

    def _resolved(self, use: Mapping[str, Any]) -> Resolved:
        """The blueprint that a use makes, with the templates and snippets as they are afterwards."""
        try:
            text = document_text({**self.head, "blueprints": {self.key: use}})
        except Unwritable as error:
            raise self._refusal(str(error), error.hint) from None
        document = read_document(self.document.file, text)
        if not isinstance(document.model, SourcingFile) or document.findings:
            raise self._refusal("a file can't say what Kalent shows")
        return resolve(document, self.key, self._library())

    def _library(self) -> Library:
        if not self.shared:
            return self.library
        return Library.of(
            read_document(each.file, document_text(self.shared[each.file]))
            if each.file in self.shared
            else each
            for each in self.library.documents
        )

    # Texts

    def _values_in_texts(self) -> set[tuple[str | None, str]]:
        """Change the words that stand in parameters, or elsewhere, where all places that say them have changed alike.
        Gives the fields that are done with it.
        """
        texts = dict(self._texts())
        solved = {at: found for at, text in texts.items() if (found := _solve(text)) is not None}
        known = {
            part.place: value
            for at, found in solved.items()
            for part, value in zip(texts[at].parts, found, strict=True)
            if part.place is not None and part.text != value
        }
        for at in texts.keys() - solved.keys():
            found = _solve(texts[at].with_known(known))
            if found is not None:
                solved[at] = found
        while True:
            values: dict[Place, set[str]] = {}
            for at, found in solved.items():
                for part, value in zip(texts[at].parts, found, strict=True):
                    if part.place is not None:
                        values.setdefault(part.place, set()).add(value)
            unclear = {place for place, found in values.items() if len(found) > 1}
            if not unclear:
                break
            for at in [at for at in solved if texts[at].old != texts[at].new]:
                pairs = zip(texts[at].parts, solved[at], strict=True)
                if any(part.place in unclear and part.text != value for part, value in pairs):
                    del solved[at]
        self._put_words(texts, solved)
        return {at for at in solved if texts[at].old != texts[at].new}

    def _texts(self) -> Iterator[tuple[tuple[str | None, str], _Text]]:
        """The texts of the steps that stay, and the name."""
        blueprint = self.before.blueprint
        if blueprint is None:
            return
        yield (None, "name"), self._text(("name",), blueprint.name, self.wanted.data["name"])
        shown = steps_by_id(self.old.observable.data)
        for step_id, number in self.number.items():
            if step_id not in self.new:
                continue
            for name in MARKED_FIELDS:
                old, was = getattr(blueprint.steps[number], name), shown[step_id].get(name)
                new = self.new[step_id].get(name)
                if isinstance(old, str) and isinstance(new, str):
                    # What Kalent hides, or shows with other line ends, is unchanged if it shows the same as before.
                    yield (
                        (step_id, name),
                        self._text(("steps", number, name), old, old if new == was else new),
                    )

    def _text(self, path: DataPath, old: str, new: str) -> _Text:
        source = self.before.source(path)
        if not source.pieces:
            return _Text([_Part(old, self._place(source, 0))], new)
        ends = [*(piece.start for piece in source.pieces[1:]), len(old)]
        return _Text(
            [
                _Part(
                    old[piece.start : end],
                    ("", ("with", piece.marker.removeprefix("param.")), 0)
                    if piece.marker.startswith("param.")
                    else self._place(Source(piece.document, piece.path), piece.offset),
                )
                for piece, end in zip(source.pieces, ends, strict=True)
            ],
            new,
        )

    def _place(self, source: Source, offset: int) -> Place | None:
        own = source.document is self.document
        return (source.document.file, source.path, offset) if own or self.into_template else None

    def _put_words(
        self,
        texts: Mapping[tuple[str | None, str], _Text],
        solved: Mapping[tuple[str | None, str], list[str]],
    ) -> None:
        places: dict[tuple[str, DataPath], dict[int, tuple[str, str]]] = {}
        for at, found in solved.items():
            if texts[at].old == texts[at].new:
                continue
            self._check_markers(at, texts[at].new)
            for part, value in zip(texts[at].parts, found, strict=True):
                if part.place is not None and part.text != value:
                    places.setdefault(part.place[:2], {})[part.place[2]] = part.text, value
        for (file, path), words in places.items():
            if not file:
                ((_, value),) = words.values()
                self.use.setdefault("with", {})[path[1]] = value
                continue
            holder, last = self._holder(file, path)
            text = holder[last]
            for offset, (old, new) in sorted(words.items(), reverse=True):
                text = text[:offset] + new + text[offset + len(old) :]
            holder[last] = text

    def _check_markers(self, at: tuple[str | None, str], text: str) -> None:
        """Raises CannotEdit for a text that a template would fill in."""
        found = _LIKE_A_MARKER.search(text)
        if found:
            where = f"`{at[1]}`" if at[0] is None else f"`{at[1]}` of step `{clip(at[0])}`"
            raise self._refusal(
                f"{where} contains `{clip(text[found.start() : found.start() + 20])}` in Kalent, which would be filled "
                "in here",
                "correct it in Kalent's web app, then run the command again",
            )

    def _holder(self, file: str, path: DataPath) -> tuple[Any, str | int]:
        """The mapping or list that holds the value at a path of a file as it is afterwards, and its last part."""
        if file == self.document.file:
            data: Any = {"blueprints": {self.key: self.use}}
        else:
            if file not in self.shared:
                of = next(each for each in self.library.documents if each.file == file)
                self.shared[file] = _lists(of.data)
            data = self.shared[file]
        for part in path[:-1]:
            data = data.setdefault(part, {}) if isinstance(data, dict) else data[part]
        return data, path[-1]

    # Fields

    def _fields_in_place(self, step_id: str, solved: set[tuple[str | None, str]]) -> None:
        """Change the fields that stand in `add`, or, with `into_template`, in the template."""
        old, new = self._step_shown(step_id), self.new[step_id]
        for name in STEP_FIELDS[1:]:
            if (step_id, name) in solved or same(old.get(name), new.get(name)):
                continue
            self._check_field(step_id, name, new.get(name))
            if step_id in self.added:
                _put(*self._holder(self.document.file, (*self._entry(step_id), name)), new.get(name))
                solved.add((step_id, name))
            elif self.into_template and name not in MARKED_FIELDS:
                self._change_template(step_id, name, old.get(name), new.get(name), solved)

    def _change_template(
        self, step_id: str, name: str, old: Any, new: Any, solved: set[tuple[str | None, str]]
    ) -> None:
        source = self.before.source(("steps", self.number[step_id], name))
        own = self.use.get("change", {}).get(step_id, {})
        if name not in PARTS or name == "delay" or not old or not new:
            if name in own:
                return
            _put(*self._holder(source.document.file, source.path), new)
        else:
            changed = [part for part in PARTS[name] if not same(old.get(part), new.get(part))]
            if name in own and (own[name] is None or any(part in own[name] for part in changed)):
                return
            at = self.before.source(("steps", self.number[step_id]))
            for part in changed:
                _put(*self._holder(at.document.file, (*at.path, name, part)), new.get(part))
        solved.add((step_id, name))

    def _check_field(self, step_id: str | None, name: str, value: Any) -> None:
        if name in MARKED_FIELDS and isinstance(value, str):
            self._check_markers((step_id, name), value)

    def _step_shown(self, step_id: str) -> Mapping[str, Any]:
        return self.old.observable.data["steps"][self.number[step_id]]  # type: ignore[no-any-return]

    def _entry(self, step_id: str) -> DataPath:
        at = next(n for n, each in enumerate(self.use["add"]) if each["id"] == step_id)
        return ("blueprints", self.key, "add", at)

    def _overrides(self, base: Resolved, solved: set[tuple[str | None, str]]) -> None:
        """`change` of the fields in which Kalent differs from the template."""
        if base.blueprint is None:
            return
        steps = {step["id"]: step for step in Body.of_blueprint(base.blueprint).data["steps"]}
        for step_id, new in self.new.items():
            if step_id in self.added or step_id not in steps:
                continue
            old = self._step_shown(step_id) if step_id in self.number else {}
            for name in STEP_FIELDS[1:]:
                if step_id in self.number and same(old.get(name), new.get(name)):
                    continue
                self._check_field(step_id, name, new.get(name))
                change = self.use.setdefault("change", {}).setdefault(step_id, {})
                value = _override(name, steps[step_id].get(name), new.get(name))
                if value is _SAME:
                    change.pop(name, None)
                elif (step_id, name) not in solved:
                    change[name] = value

    def _set_name(self, base: Resolved, *, is_solved: bool) -> None:
        self._check_field(None, "name", self.wanted.name)
        if base.blueprint and base.blueprint.name == self.wanted.name and ("name",) not in base.placeholders:
            self.use.pop("name", None)
        elif not is_solved:
            self.use["name"] = self.wanted.name

    # Steps

    def _steps(self, base: Resolved) -> None:
        """`remove` what is gone, `add` what is new. `base` is what the template makes without overrides."""
        gone = [step_id for step_id in self.number if step_id not in self.new]
        for step_id in gone:
            if step_id in self.added:
                self.use["add"] = [each for each in self.use["add"] if each["id"] != step_id]
            else:
                self.use.setdefault("remove", []).append(step_id)
                self.use.get("change", {}).pop(step_id, None)
        order = [step.id for step in base.blueprint.steps] if base.blueprint else []
        hidden = Body.of_blueprint(base.blueprint).hidden if base.blueprint else {}
        back = {each for each in self.new if each not in self.number and each in order}
        back = {each for each in back if _sender(each) not in hidden}
        kept = [each for each in self.new if each in order and each not in self.added]
        if [each for each in order if each in kept] != kept:
            back = set()
        kept = [each for each in kept if each in self.number or each in back]
        if [each for each in order if each in kept] != kept:
            raise self._refusal(
                "the steps have another order than in the template",
                "make a plain blueprint of it with `kalentops detach ADDRESS`, then run this again",
            )
        self.use["remove"] = [each for each in self.use.get("remove", ()) if each not in back]
        before = ""
        for step_id, step in self.new.items():
            if step_id not in self.number and step_id not in back:
                for name, value in step.items():
                    self._check_field(step_id, name, value)
                anchor = {"after": before} if before else {}
                self.use.setdefault("add", []).append({**anchor, **step})
                self.added.add(step_id)
            before = step_id

    def _anchor(self) -> None:
        """Let each step of `add` stand where Kalent has it: by the anchors that are there, or else by new ones."""
        added = {each["id"]: each for each in self.use.get("add", ())}
        order = [*self.new]
        rest = [each for each in order if each not in added]
        if not added or _order(rest, self.use["add"]) == order:
            return
        if not rest:
            raise self._refusal("no step of the template is left")
        again = []
        for number, step_id in enumerate(order):
            if step_id in added:
                own = {key: value for key, value in added[step_id].items() if key not in {"after", "before"}}
                anchor = {"after": order[number - 1]} if number else {"before": rest[0]}
                again.append({**anchor, **own})
        self.use["add"] = again

    # The end

    def _leave_out(self) -> None:
        """Leave out what says nothing any more: empty fields, and values that no text uses."""
        if "change" in self.use:
            self.use["change"] = {step: change for step, change in self.use["change"].items() if change}
        used = {each.name for each in self._resolved(self.use).context.markers if each.kind == "param"}
        if "with" in self.use:
            self.use["with"] = {name: value for name, value in self.use["with"].items() if name in used}
        for name in ("with", "change", "remove", "add"):
            if not self.use.get(name, True):
                del self.use[name]

    def _prove(self) -> None:
        """Raises CannotEdit unless the use makes what Kalent shows, and what it hides is as it was."""
        found = self._resolved(self.use)
        if found.blueprint is None or found.placeholders or found.shape_problems:
            raise self._refusal(
                "the template can't be used so; it may need a value that Kalent does not show"
            )
        made = Body.of_blueprint(found.blueprint)
        stays = {"config", *map(_sender, self.new)}
        kept = {path: value for path, value in self.old.hidden.items() if path in stays}
        if made.observable != self.wanted or made.hidden != kept:
            raise self._refusal("the template can't say what Kalent shows")


def _sender(step_id: str) -> str:
    """The path of a step's sender, as in `Body.hidden`."""
    return f"steps/{step_id}/config/userId"


def _lists(value: Any) -> Any:
    """A copy with lists in place of tuples, as a file has them."""
    if isinstance(value, Mapping):
        return {key: _lists(each) for key, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, list | tuple) else value


_SAME: Final = object()


def _override(name: str, base: Any, new: Any) -> Any:
    """What `change` says of a field so that the template's value `base` becomes `new`; `_SAME` for nothing."""
    if same(base, new):
        return _SAME
    if name == "policy" and isinstance(base, Mapping) and isinstance(new, Mapping):
        return {part: new.get(part) for part in PARTS[name] if not same(base.get(part), new.get(part))}
    return new


def _put(holder: Any, name: str | int, value: Any) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value


def _order(rest: Sequence[str], added: Iterable[Mapping[str, Any]]) -> list[str]:
    """The order that the anchors make, as in `project/resolve.py`."""
    order = [*rest]
    for each in added:
        anchor = each.get("after", each.get("before"))
        if anchor in order:
            order.insert(order.index(anchor) + ("after" in each), each["id"])
    return order


def _solve(text: _Text) -> list[str] | None:
    """The texts of the parts that make the new text together. None if an edit is not inside parts that can change."""
    if text.old == text.new:
        return [part.text for part in text.parts]
    places = dict.fromkeys(part.place for part in text.parts if part.place is not None)
    for place in sorted(places, key=lambda each: each[0] != ""):  # parameters first
        found = _with_one(text, place)
        if found is not None and _fits(text, found):
            return found
    found = _by_words(text) if len(places) > 1 else None
    return found if found is not None and _fits(text, found) else None


def _fits(text: _Text, found: Sequence[str]) -> bool:
    """Whether no value of a parameter gets a line break at its end: that is one of the text around it."""
    return all(
        part.text.endswith("\n") or not value.endswith("\n")
        for part, value in zip(text.parts, found, strict=True)
        if part.place is not None and not part.place[0]
    )


def _with_one(text: _Text, place: Place) -> list[str] | None:
    """The same if only the words of one place have changed, in all of its parts alike."""
    number = sum(part.place == place for part in text.parts)
    left = len(text.new) - sum(len(part.text) for part in text.parts if part.place != place)
    if left < 0 or left % number:
        return None
    found: list[str] = []
    value: str | None = None
    at = 0
    for part in text.parts:
        if part.place == place:
            expected = text.new[at : at + left // number] if value is None else value
            value = expected
        else:
            expected = part.text
        if not text.new.startswith(expected, at):
            return None
        found.append(expected)
        at += len(expected)
    return found


def _by_words(text: _Text) -> list[str] | None:
    """The same if several parts have changed, by the words that have."""
    starts = [0]
    for part in text.parts:
        starts.append(starts[-1] + len(part.text))
    found = [part.text for part in text.parts]
    for start, end, words in reversed([*_edits(text.old, text.new)]):
        inside = [
            n
            for n, part in enumerate(text.parts)
            if part.place is not None and starts[n] <= start and end <= starts[n + 1]
        ]
        if not inside:
            return None
        n = min(inside, key=lambda each: (text.parts[each].place or ("",))[0] != "")
        found[n] = found[n][: start - starts[n]] + words + found[n][end - starts[n] :]
    values: dict[Place | None, str] = {}
    pairs = [
        (part.place, value) for part, value in zip(text.parts, found, strict=True) if part.place is not None
    ]
    return found if all(values.setdefault(place, value) == value for place, value in pairs) else None


def _edits(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """The edits between two texts: start and end in the old one, and the new words; without what both begin and end
    with.
    """
    at = 0
    gone = come = ""
    for kind, words in [*text_diff.compare(old, new), ("same", "")]:
        if kind != "same":
            gone, come = gone + words * (kind == "old"), come + words * (kind == "new")
            continue
        if gone or come:
            start = text_diff.common_prefix(gone, come)
            end = text_diff.common_prefix(gone[start:][::-1], come[start:][::-1])
            yield at + start, at + len(gone) - end, come[start : len(come) - end]
        at, gone, come = at + len(gone) + len(words), "", ""
