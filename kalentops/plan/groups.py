"""Which blueprints change alike: one edit of a template, or the same edit of several copies, is shown once. Pure.

`group_revisions` takes pairs of bodies, from a plan or from two versions of the files (`preview --against`):

    groups = group_revisions(Revision(address, before, after, file, template, ...) for ...)

Each changed revision is in one group, most of them alone. Revisions without a change are in none, and should be given
too: among them are the copies that were forgotten. Show a group by the revision of `group.addresses[0]`.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.diff import FieldChange, changes, steps_by_id
from kalentops.lint.finding import Origin, Origins
from kalentops.lint.rule import Alike
from kalentops.support.text_diff import common_prefix, compare, sentence_ends

_TEXTS: Final = frozenset({"name", "subject", "content"})
_MASK: Final = "\0"
"""Stands for a position's own words in a text of a template."""
_SHORTEST: Final = 3
"""Characters of a position's own words that are recognised in an old text, which has no origins."""
_Field: TypeAlias = tuple[str | None, str]
_Context: TypeAlias = tuple[_Field, Hashable]
_Key: TypeAlias = frozenset[tuple[Hashable, int]]
"""The classes of the edits of a group, and how often it has each."""
_Held: TypeAlias = tuple[Hashable, _Key, Hashable]
"""Old words, the group that changed them, and the class of its edit."""
_MOST_RULES: Final = 8
_MOST_SIGNS: Final = 16
"""That are looked for in each body before it is read; with more of them, reading takes no longer."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9 ,.;!?]{4,}")
_LONG: Final = 12
_FEW: Final = 8
"""Sentences that are looked for in a text at once, before it is taken apart."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A blueprint before and after; `before` is None for a new one. The rest is as in `Declared`, and empty for a plain
    blueprint: `file` is the position's, `origins` are those of `after`. The body of a new one is not read.
    """

    address: Address
    before: Body | None
    after: Body
    file: str = ""
    template: str = ""
    language: str = ""
    origins: Origins = field(default_factory=dict)
    overrides: frozenset[_Field] = frozenset()
    alike: Alike | None = None

    @property
    def changed(self) -> bool:
        return self.before is not self.after and self.before != self.after


class Edit(NamedTuple):
    """A place that changed: `kind`, `step` and `field` as in `FieldChange`. `before` and `after` are, of a text, the
    words that went and those that came, else the values. `origin` is where that stands, if it is the same for all of
    the group.
    """

    kind: Literal["added", "removed", "moved", "changed"]
    step: str | None
    field: str
    before: Any
    after: Any
    origin: Origin | None = None

    @property
    def is_text(self) -> bool:
        return self.field in _TEXTS


@dataclass(frozen=True, slots=True)
class Group:
    """Blueprints that change alike, or new ones that are alike, by address. `edits` are empty for new ones.

    `values` are the words of their own that the positions have in it, by address; empty where these are the same.
    `unchanged` are copies that held the same words and do not change alike; `own_text` are users of the template whose
    overrides hide the change.
    """

    addresses: tuple[Address, ...]
    edits: tuple[Edit, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unchanged: tuple[Address, ...] = ()
    own_text: tuple[Address, ...] = ()

    @property
    def origin(self) -> Origin | None:
        """That of the first edit that has one."""
        return next((each.origin for each in self.edits if each.origin is not None), None)


class _Edit(NamedTuple):
    """An edit of one revision. Two are the same if they have one of their `keys` in common, directly or through others.

    `context` is what a copy holds that was not edited yet: words of a field, or None. `values` are its own words.
    """

    edit: Edit
    keys: tuple[Hashable, ...]
    context: _Context | None = None
    values: tuple[str, ...] = ()
    shared: bool = False


class _Classes:
    """Keys that mean the same, joined (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def join(self, keys: Sequence[Hashable]) -> None:
        for each in keys[1:]:
            self._parent[self.of(each)] = self.of(keys[0])

    def of(self, key: Hashable) -> Hashable:
        parent = self._parent.setdefault(key, key)
        while parent != key:
            grandparent = self._parent[parent]
            self._parent[key] = grandparent
            key, parent = parent, grandparent
        return key


def group_revisions(revisions: Iterable[Revision]) -> list[Group]:
    """The groups, by their first addresses. Takes time in proportion to the texts."""
    new: list[Revision] = []
    others: list[Revision] = []
    for each in sorted(revisions, key=lambda each: each.address):
        (new if each.before is None else others).append(each)
    found = [*_new_groups(new), *_changed_groups(others)]
    return sorted(found, key=lambda each: each.addresses[0])


def _new_groups(new: Iterable[Revision]) -> Iterator[Group]:
    """Those that are equal, or of the same template with other values of parameters."""
    classes = _Classes()
    members: dict[Hashable, list[Revision]] = {}
    for each in new:
        if each.alike:
            classes.join([each.after.digest, ("alike", each.alike.key)])
    for each in new:
        members.setdefault(classes.of(each.after.digest), []).append(each)
    for alike in members.values():
        values: dict[str, tuple[str, ...]] = {
            each.address: tuple(dict.fromkeys(filter(None, each.alike.words))) if each.alike else ()
            for each in alike
        }
        differ = len(set(values.values())) > 1
        yield Group(tuple(each.address for each in alike), values=values if differ else {})


def _changed_groups(ordered: Sequence[Revision]) -> Iterator[Group]:
    edits = {each.address: _edits(each) for each in ordered if each.changed}
    if not edits:
        return
    classes = _Classes()
    for found in edits.values():
        for each in found:
            classes.join(each.keys)
    members: dict[_Key, list[Address]] = {}
    for address, found in edits.items():
        # The order of edits is that of the steps, which may differ.
        key = frozenset(Counter(classes.of(each.keys[0]) for each in found).items())
        members.setdefault(key, []).append(address)
    groups = {key: _group(addresses, edits, classes) for key, addresses in members.items()}
    yield from _with_copies(groups, ordered, edits, classes)


def _group(
    addresses: Sequence[Address], edits: Mapping[Address, Sequence[_Edit]], classes: _Classes
) -> Group:
    places: dict[Hashable, set[Origin | None]] = defaultdict(set)
    for address in addresses:
        for each in edits[address]:
            places[classes.of(each.keys[0])].add(each.edit.origin)
    first = [
        each.edit if len(places[classes.of(each.keys[0])]) == 1 else each.edit._replace(origin=None)
        for each in edits[addresses[0]]
    ]
    values: dict[str, tuple[str, ...]] = {
        address: tuple(dict.fromkeys(value for each in edits[address] for value in each.values))
        for address in addresses
    }
    return Group(tuple(addresses), tuple(first), values if len(set(values.values())) > 1 else {})


def _edits(of: Revision) -> list[_Edit]:
    if of.before is None:
        raise AssertionError(f"{of.address} is new")
    before, after = of.before.data, of.after.data
    old, new = steps_by_id(before), steps_by_id(after)
    found: list[_Edit] = []
    for each in changes(before, after):
        step = old.get(each.step) if each.step is not None else None
        if each.field in _TEXTS and each.kind != "moved":
            found += _hunks(of, each)
        elif each.field:
            context = None if step is None else (_json(each.before), step.get("content"))
            found.append(_value(of, each, context))
        elif each.kind == "added":
            found.append(_whole_step(of, each, _neighbour(str(each.step), old, new)))
        elif each.kind == "removed":
            found.append(_whole_step(of, each, ((each.step, ""), _json(each.before))))
        else:
            found.append(_value(of, each, None))
    return found


def _masked_step(of: Revision, step_id: str, step: Mapping[str, Any], values: list[str]) -> dict[str, Any]:
    return {
        name: _mask(of, (step_id, name), value, values) if name in _TEXTS else value
        for name, value in step.items()
    }


def _mask(
    of: Revision, where: _Field, text: Any, values: list[str], start: int = 0, end: int | None = None
) -> Any:
    """A part of a text with `_MASK` for the words that fill parameters, which are added to `values`."""
    if not isinstance(text, str):
        return text
    end = len(text) if end is None else end
    if where in of.overrides or (where[0], "") in of.overrides:
        return text[start:end]
    found, at = "", start
    for begin, stop, origin in _near(_ranges(pieces_of(of.origins, where), len(text)), start, end):
        if origin.file == of.file and start <= begin < stop <= end:
            values.append(text[begin:stop])
            found += text[at:begin] + _MASK
            at = stop
    return found + text[at:end]


def _value(of: Revision, change: FieldChange, context: tuple[Hashable, ...] | None) -> _Edit:
    where = change.step, change.field
    pieces = pieces_of(of.origins, where)
    edit = Edit(change.kind, *where, change.before, change.after, pieces[0][1] if pieces else None)
    key = (where, change.kind, _json(change.before), _json(change.after))
    return _Edit(edit, (key,), None if context is None else (where, context), shared=_is_shared(of, edit))


def _whole_step(of: Revision, change: FieldChange, context: _Context | None) -> _Edit:
    """A step that came or went; of the same template, values of parameters may differ in it."""
    base = _value(of, change, None)
    values: list[str] = []
    if change.kind == "added":
        masked = _json(_masked_step(of, str(change.step), change.after, values))
    else:
        masked = _forget(_json(change.before), [_json(each)[1:-1] for each in _own_words(of)])
    key = (change.step, change.kind, of.template, masked)
    return base._replace(
        keys=(*base.keys, *([key] if of.template else [])), context=context, values=tuple(values)
    )


def _neighbour(
    step_id: str, old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> _Context | None:
    """The step that a new one stands behind, or else in front of, as it was."""
    order = list(new)
    at = order.index(step_id)
    near = next((each for each in (*reversed(order[:at]), *order[at:]) if each in old), None)
    return None if near is None else ((near, ""), _json(old[near]))


def _hunks(of: Revision, change: FieldChange) -> Iterator[_Edit]:
    """The edits of a text, word by word."""
    where = change.step, change.field
    before, after = change.before or "", change.after or ""
    ends = sentence_ends(before), sentence_ends(after)
    pieces = _ranges(pieces_of(of.origins, where), len(after))
    own = None
    for raw in _raw_hunks(before, after):
        i1, i2, j1, j2 = _trimmed(before, after, raw, [begin for begin, _, _ in _near(pieces, *raw[2:])])
        out, come = before[i1:i2], after[j1:j2]
        origin = _place(of, pieces, j1, j2)
        edit = Edit(change.kind, *where, out, come, origin)
        what = (where, change.kind, out, come)
        around = _around(before, ends[0], i1, i2), _around(after, ends[1], j1, j2)
        keys: list[Hashable] = [(*what, around)]
        values: list[str] = []
        shared = _is_shared(of, edit)
        if shared:
            own = _own_words(of) if own is None else own
            masked = _forget(out, own), _mask(of, where, after, values, j1, j2)
            keys += [(*what, origin), (where, change.kind, *masked, origin)]
        held = around[0] or _around(before, ends[0], *_sentence_before(before, i1))
        context = (where, held.strip()) if held.strip() else None
        yield _Edit(edit, tuple(keys), context, tuple(values), shared)


def _raw_hunks(before: str, after: str) -> Iterator[tuple[int, int, int, int]]:
    i = j = 0
    gone = come = 0
    for tag, text in (*compare(before, after), ("same", "")):
        if tag == "old":
            gone += len(text)
        elif tag == "new":
            come += len(text)
        else:
            if gone or come:
                yield i, i + gone, j, j + come
            i, j = i + gone + len(text), j + come + len(text)
            gone = come = 0


def _trimmed(
    before: str, after: str, hunk: tuple[int, int, int, int], starts: Sequence[int]
) -> tuple[int, int, int, int]:
    """The hunk without the shared spaces at its end, and without the shared part of a word that belongs to another
    piece of the text, such as the last word of a parameter's value in front of a full stop.
    """
    i1, i2, j1, j2 = hunk
    same = common_prefix(before[i1:i2], after[j1:j2])
    cut = max((each - j1 for each in starts if j1 < each <= j1 + same), default=0)
    i1, j1 = i1 + cut, j1 + cut
    same = common_prefix(before[i1:i2][::-1], after[j1:j2][::-1])
    cut = max((j2 - each for each in starts if j2 - same <= each < j2), default=0)
    i2, j2 = i2 - cut, j2 - cut
    while i1 < i2 and j1 < j2 and before[i2 - 1] == after[j2 - 1] == " ":
        i2, j2 = i2 - 1, j2 - 1
    return i1, i2, j1, j2


def _around(text: str, ends: Sequence[int], start: int, end: int) -> str:
    """The sentences that a part of a text stands in; empty for an empty part."""
    if start == end:
        return ""
    first, last = bisect_right(ends, start), bisect_left(ends, end)
    return text[ends[first - 1] if first else 0 : ends[last]]


def _sentence_before(text: str, at: int) -> tuple[int, int]:
    """Where the last word before an index stands, or else the first one behind it; an empty part if there is none."""
    head = len(text[:at].rstrip())
    if head:
        return head - 1, head
    behind = len(text) - len(text[at:].lstrip())
    return (behind, behind + 1) if behind < len(text) else (0, 0)


def pieces_of(origins: Origins, where: _Field) -> Sequence[tuple[int, Origin]]:
    """Where a value comes from; without its own origin, that of what it is a part of."""
    step, name = where
    wider = (name, name.partition(".")[0], "")
    return next((found for each in wider if (found := origins.get((step, each)))), ())


def _ranges(pieces: Sequence[tuple[int, Origin]], length: int) -> list[tuple[int, int, Origin]]:
    ends = [start for start, _ in pieces[1:]] + [length]
    return [(start, end, origin) for (start, origin), end in zip(pieces, ends, strict=False)]


def _near(
    pieces: Sequence[tuple[int, int, Origin]], start: int, end: int
) -> Sequence[tuple[int, int, Origin]]:
    """The pieces that a part of the text touches."""
    first = bisect_left(pieces, start, key=lambda each: each[0]) - 1
    return pieces[max(first, 0) : bisect_right(pieces, end, key=lambda each: each[0])]


def _place(of: Revision, pieces: Sequence[tuple[int, int, Origin]], start: int, end: int) -> Origin | None:
    """Where new words stand, or where old ones stood: that of the template, if there is one."""
    touched = [
        origin
        for begin, stop, origin in _near(pieces, start, end)
        if (begin < end and start < stop) or (start == end and begin <= start <= stop)
    ]
    return next((each for each in touched if each.file != of.file), touched[0] if touched else None)


def _is_shared(of: Revision, edit: Edit) -> bool:
    return edit.origin is not None and edit.origin.file != of.file


def _own_words(of: Revision) -> list[str]:
    """What the position fills parameters with, the longest first."""
    found: list[str] = []
    data = of.after.data
    _mask(of, (None, "name"), data.get("name"), found)
    for step_id, step in steps_by_id(data).items():
        _masked_step(of, step_id, step, found)
    return sorted({each for each in found if len(each) >= _SHORTEST}, key=lambda each: (-len(each), each))


def _forget(text: str, words: Iterable[str]) -> str:
    for each in words:
        text = text.replace(each, _MASK)
    return text


def _json(of: Any) -> str:
    return json.dumps(of, sort_keys=True)


def _with_copies(
    groups: Mapping[_Key, Group],
    revisions: Sequence[Revision],
    edits: Mapping[Address, Sequence[_Edit]],
    classes: _Classes,
) -> Iterator[Group]:
    """The groups, each with the blueprints that one would expect in it."""
    copies = _Copies(groups, edits, classes)
    hidden = _hidden(groups, edits, {each.address: each for each in revisions if each.address in edits})
    own_text: dict[_Key, list[Address]] = defaultdict(list)
    for each in revisions:
        mine = frozenset(Counter(classes.of(edit.keys[0]) for edit in edits.get(each.address, ())).items())
        places = ((each.template, each.language, where) for where in each.overrides)
        own = {hidden[place] for place in places if place in hidden} - {mine}
        for key in own:
            own_text[key].append(each.address)
        copies.look_at(each, mine, own)
    for key, group in groups.items():
        yield replace(group, unchanged=copies.unchanged(key), own_text=tuple(own_text[key]))


class _Copies:
    """What a copy holds that did not change like the others. A group of one has no copies."""

    def __init__(
        self, groups: Mapping[_Key, Group], edits: Mapping[Address, Sequence[_Edit]], classes: _Classes
    ) -> None:
        self._wanted: dict[_Key, set[Hashable]] = defaultdict(set)
        self._found: dict[_Key, list[Address]] = {}
        signs: dict[_Key, dict[Hashable, set[str]]] = defaultdict(lambda: defaultdict(set))
        # By step, field, and first sentence or value: all of the old words, the group, and the class of its edit.
        self._held: dict[str | None, dict[str, dict[Hashable, set[_Held]]]] = {}
        for key, group in groups.items():
            found = [each for address in group.addresses for each in edits[address]]
            for each in found if len(group.addresses) > 1 else ():
                if each.context is not None:
                    (step, name), words = each.context
                    of = classes.of(each.keys[0])
                    self._wanted[key].add(of)
                    signs[key][of].add(_sign(name, words))
                    text = str(words)
                    first = text[: sentence_ends(text)[0]].strip() if name in _TEXTS else words
                    known = self._held.setdefault(step, {}).setdefault(name, {})
                    known.setdefault(first, set()).add((words, key, of))
        self._most = {key: len(groups[key].addresses) for key in self._wanted}
        self._signs = _signs(signs.values())
        self._sizes = {key: (-len(group.addresses), group.addresses[0]) for key, group in groups.items()}
        for fields in self._held.values():
            for known in fields.values():
                known.update({first: self._largest(found) for first, found in known.items()})

    def _largest(self, found: set[_Held]) -> set[_Held]:
        """Of many changes of the same words, a small one is no rule that a copy could have missed."""
        if len(found) <= _MOST_RULES:
            return found
        return set(
            sorted(found, key=lambda each: (self._sizes[each[1]], str(each[0]), str(each[2])))[:_MOST_RULES]
        )

    def look_at(self, of: Revision, mine: _Key, own: Collection[_Key]) -> None:
        """Add the blueprint to the groups whose old words it had, all of them, and did not change: these are not in
        `mine`, its own edits, nor in `own`, which its overrides hide. Its body is read only if it can be in one.
        """
        if of.before is None or self._most.keys() <= {mine}:
            return
        if self._signs is not None and not of.before.may_hold(self._signs):
            return
        for key in self._held_by(of.before) - set(own):
            if key in self._most and not mine >= key:
                found = self._found.setdefault(key, [])
                found.append(of.address)
                # Where most copies stay as they are, the few that change are meant.
                if len(found) > self._most[key]:
                    del self._most[key]

    def unchanged(self, key: _Key) -> tuple[Address, ...]:
        """The copies that were forgotten."""
        return tuple(self._found.get(key, ())) if key in self._most else ()

    def _held_by(self, body: Body) -> set[_Key]:
        """The groups whose old words a body has, all of them."""
        found: dict[_Key, set[Hashable]] = defaultdict(set)
        try:
            for known, held, text in self._look(body.stored):
                for words, key, edit in known.get(held, ()):
                    if text is None or str(words) in text:
                        found[key].add(edit)
        except (TypeError, AttributeError):  # a damaged record, which nothing else of this plan looks at
            return set()
        return {key for key, classes in found.items() if classes == self._wanted[key]}

    def _look(self, body: Mapping[str, Any]) -> Iterator[tuple[Mapping[Hashable, Any], Hashable, str | None]]:
        """What the groups know of a field, a sentence or value of it, and the whole text."""
        steps: list[tuple[str | None, Mapping[str, Any]]] = [(None, body), *steps_by_id(body).items()]
        for step_id, step in steps:
            for name, known in self._held.get(step_id, {}).items():
                value = step if not name else _at(step, name)
                if name in _TEXTS and isinstance(value, str):
                    if len(known) <= _FEW and not any(str(first) in value for first in known):
                        continue
                    ends = sentence_ends(value)
                    for start, end in zip([0, *ends], ends, strict=False):
                        yield known, value[start:end].strip(), value
                elif name:
                    yield known, (_json(value), step.get("content")), None
                else:
                    yield known, _json(value), None


def _signs(groups: Iterable[Mapping[Hashable, set[str]]]) -> Collection[bytes] | None:
    """What to look for in a body before it is read: without any of these it is a copy of no group. `groups` have the
    signs of the old words by the class of their edit; a copy holds some of each class. None if these are too many.
    """
    found: set[str] = set()
    for classes in groups:
        known = [_in_common(each) for each in classes.values() if all(each)]
        if not known:
            return None
        fewest = min(known, key=len)
        found |= fewest
        if len(found) > _MOST_SIGNS:
            return None
    return [each.encode() for each in found]


def _in_common(signs: set[str]) -> set[str]:
    """How all of them begin or end: a position may have words of its own in them."""
    ends = (reduce(_beginning, signs), reduce(_beginning, (each[::-1] for each in signs))[::-1])
    longest = max(ends, key=len)
    return {longest} if len(longest) >= _LONG else signs


def _beginning(one: str, other: str) -> str:
    return one[: common_prefix(one, other)]


def _sign(field: str, words: Hashable) -> str:
    """The longest part of the old words, or of the text that stands beside an old value, that JSON writes as it is;
    empty where there is none.
    """
    text: Any = words
    if isinstance(words, tuple):
        text = words[1]
    elif field not in _TEXTS:
        text = json.loads(str(words)).get("content")
    return max(_PLAIN.findall(text), key=len, default="") if isinstance(text, str) else ""


def _at(data: Any, name: str) -> Any:
    for part in name.split("."):
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def _hidden(
    groups: Mapping[_Key, Group],
    edits: Mapping[Address, Sequence[_Edit]],
    revisions: Mapping[Address, Revision],
) -> dict[tuple[str, str, _Field], _Key]:
    """The groups that change a template, by its name, language, step and field; the largest, if there are several."""
    found: dict[tuple[str, str, _Field], _Key] = {}
    for key, group in sorted(groups.items(), key=lambda each: len(each[1].addresses)):
        for address in group.addresses:
            of = revisions[address]
            for each in edits[address]:
                if each.shared:
                    step, name = each.edit.step, each.edit.field
                    for where in ((step, name), (step, name.partition(".")[0])):
                        found[of.template, of.language, where] = key
    return found
