"""Values put in the place of others, and entries taken out, put in and moved, in the tree of a file.

What belongs to an entry goes with it: the comment behind it, and those directly above it. Comments with a blank line
below them stay where they are. Blank lines between entries stay between entries.

What has to change is data (`Changes`). Of a body, only what the API shows is compared: `name`, `steps`, and of a step
the fields of `body.STEP_FIELDS`. `config` is compared where the body has one. The rest of the file stays: unknown
fields, and the text of a plain invitation, which the API stores empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, TypeAlias

from kalentops.blueprint.body import PARTS, STEP_FIELDS
from kalentops.blueprint.diff import moved, same
from kalentops.yamlfile.tree import (
    ALIAS,
    ANCHOR,
    COMMA,
    NOTHING,
    SCALAR,
    SEQUENCE,
    VALUE,
    Child,
    Comment,
    Node,
    Token,
)


def put(child: Child, new: Node) -> None:
    """Another value in the place of one. The anchor stays, and so do the comments above it and behind it; comments
    within the old one go with it.
    """
    old = child.value
    alone = old.kind in {SCALAR, ALIAS} or old.flow
    properties, own = ([*old.head][:-1], [*old.tokens()][len(old.head) - 1 :]) if alone else ([*old.head], [])
    kept = [token for token in properties if token.kind == ANCHOR or old.kind == new.kind]
    if child.sign is None and child.key is not None:
        child.sign = Token(VALUE, ":")
    before = kept[-1] if kept else child.sign or child.mark
    above = [comment for token in properties if token not in kept for comment in _own_lines(token)]
    above += own[0].above if own else old.foot if old.kind == NOTHING else ()
    behind = own[-1].behind if own else None
    if new.children and not new.flow:
        first = _first(new.children[0])
        if before is not None and behind is not None:
            above = [*_own_line(before.behind), *above]
            before.behind = behind
        first.above = [*above, *first.above]
    else:
        first, last = new.head[0], new.closer or new.head[-1]
        if behind is None and before is not None:
            behind, before.behind = before.behind, None
        first.above, last.behind = above, behind
        first.blank = bool(own) and own[0].blank
    new.head = [*kept, *new.head]
    child.value = new


def _own_lines(token: Token) -> list[Comment]:
    return [*token.above, *_own_line(token.behind)]


def _own_line(comment: Comment | None) -> list[Comment]:
    return [] if comment is None else [comment]


def put_comments_behind(parent: Node, child: Child, comments: Sequence[Comment]) -> None:
    """Comments between an entry and the next one."""
    following = parent.children[[*parent.children].index(child) + 1 :]
    if not following:
        parent.foot = [*comments, *parent.foot]
    elif comments:
        _stand(_first(following[0]), comments, blank=comments[0].blank)


def rearrange(node: Node, order: Sequence[int | Child]) -> Sequence[Comment]:
    """Bring the entries of a collection into an order: the number that one has now, or a new one.

    Comments that stay, and have no entry below them any more, are at its foot then, and returned.
    """
    old = node.children
    numbers = [each for each in order if isinstance(each, int)]
    if list(order) == list(range(len(old))):
        return []
    kept = sorted({*numbers} - {*moved(list(range(len(old))), numbers)})
    gaps = [_lead(_first(child)).blank for child in old]
    lone = [_take_lone(_first(child)) for child in old]
    # Whether an entry that moves has a blank line above it: the first as the second has, a new one as the last has.
    spaced = [*(gaps[1:2] or [False]), *(bool(gap or lone[n]) for n, gap in enumerate(gaps) if n)]
    node.children = [old[each] if isinstance(each, int) else each for each in order]
    last = -1  # of those that are kept
    above = False  # whether the entry above is one that has a blank line above it
    for position, (each, child) in enumerate(zip(order, node.children, strict=True)):
        number = each if isinstance(each, int) else -1
        own = node.kind == SEQUENCE and spaced[number]
        staying: list[list[Comment]] = []
        if not position:  # all that stands before the first that is kept stays at the top
            staying, blank = lone[: kept[0] + 1 if kept else None], gaps[:1] == [True]
        elif number not in kept:
            blank = own
        elif last < 0:
            blank = above
        else:
            staying, blank = lone[last + 1 : number + 1], gaps[number] or gaps[last + 1]
        _stand(_first(child), [*chain.from_iterable(staying)], blank=blank)
        last, above = number if number in kept else last, own
    left = [*chain.from_iterable(lone[last + 1 :])] if kept or not order else []
    if node.closer is not None:
        node.closer.above = [*left, *node.closer.above]
        _set_commas(node)
        return []
    node.foot = [*left, *node.foot]
    if node.foot and kept and last + 1 < len(old):
        node.foot[0].blank |= gaps[last + 1]
    return node.foot


def _lead(first: Token) -> Token | Comment:
    """What the first line of an entry holds."""
    return first.above[0] if first.above else first


def _take_lone(first: Token) -> list[Comment]:
    """Take the comments that have a blank line below them from above an entry."""
    lines: list[Comment | Token] = [*first.above, first]
    at = max((n for n, line in enumerate(lines) if line.blank), default=0)
    lone, first.above = first.above[:at], first.above[at:]
    return [*lone]


def _stand(first: Token, comments: Sequence[Comment], *, blank: bool) -> None:
    """Comments that stay, and a blank line or none, above an entry."""
    if comments:
        _lead(first).blank = True
        first.above = [*comments, *first.above]
    _lead(first).blank = blank


def _set_commas(node: Node) -> None:
    for child in node.children[:-1]:
        if child.comma is None:
            *_, last = child.tokens()
            child.comma = Token(COMMA, ",", behind=last.behind)
            last.behind = None


def _first(child: Child) -> Token:
    """The first token of an entry that has some."""
    return next(child.tokens())


Data: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Put:
    """The field gets this value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """The field goes."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The field is a mapping, and some fields in it change."""

    changes: Mapping[str, FieldEdit]


@dataclass(frozen=True, slots=True)
class Items:
    """The field is a list. `order`: its items afterwards, each as its number in the file, or a new one. `changes`:
    those of the mappings that stay, by their number in the file.
    """

    order: tuple[int | Put, ...] = ()
    changes: Mapping[int, Changes] = field(default_factory=dict)


FieldEdit: TypeAlias = Put | Remove | Inside | Items
Changes: TypeAlias = Mapping[str, FieldEdit]

_INVITATION: Final = "LINKEDIN_INVITATION"


def compare_bodies(current: Mapping[str, Any], body: Mapping[str, Any]) -> Changes:
    """The changes that make `body` of a blueprint in a file. Both have steps with distinct ids."""
    fields: dict[str, FieldEdit] = {}
    if not same(current.get("name"), body["name"]):
        fields["name"] = Put(body["name"])
    if "config" in body and not same(current.get("config"), body["config"]):
        fields["config"] = _change_value(current.get("config"), body["config"])
    number = {step["id"]: n for n, step in enumerate(current.get("steps") or ())}
    order: list[int | Put] = []
    steps: dict[int, Changes] = {}
    for step in map(_in_order, body["steps"]):
        at = number.get(step["id"])
        order.append(Put(step) if at is None else at)
        if at is not None:
            changes = _step(current["steps"][at], step)
            if changes:
                steps[at] = changes
    if steps or order != [*range(len(number))]:
        fields["steps"] = Items(tuple(order), steps)
    return fields


def compare(current: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """The changes that make `after` of a mapping in a file."""
    changes: dict[str, FieldEdit] = {key: Remove() for key in current if key not in after}
    for key, value in after.items():
        if key not in current or not same(current[key], value):
            changes[key] = _change_value(current.get(key), value)
    return changes


def applied(current: Mapping[str, Any], changes: Changes) -> Data:
    """The mapping after the changes."""
    data = {name: value for name, value in current.items() if not isinstance(changes.get(name), Remove)}
    for name, change in changes.items():
        if not isinstance(change, Remove):
            data[name] = changed_value(current.get(name), change)
    return data


def changed_value(current: Any, change: FieldEdit) -> Any:
    """The value of a field after a change that is not a removal."""
    if isinstance(change, Inside):
        return applied(current or {}, change.changes)
    if isinstance(change, Items):
        old = [
            applied(each, change.changes[n]) if n in change.changes else each
            for n, each in enumerate(current or ())
        ]
        return [each.value if isinstance(each, Put) else old[each] for each in change.order]
    return change.value if isinstance(change, Put) else None


def _in_order(step: Mapping[str, Any]) -> Data:
    """The step with its delay, policy and config in the order in which their fields are written."""
    return {
        name: {part: value[part] for part in PARTS[name] if part in value} if name in PARTS else value
        for name, value in step.items()
    }


def _step(current: Mapping[str, Any], step: Mapping[str, Any]) -> Changes:
    changes: dict[str, FieldEdit] = {}
    for name in (*STEP_FIELDS, *(["config"] if "config" in step else [])):
        old, new = current.get(name), step.get(name)
        if name == "content" and _is_hidden(current, step):
            continue
        if not same(_normal(name, old), new):
            changes[name] = _change(old, new, PARTS.get(name, ()))
    return changes


def _is_hidden(current: Mapping[str, Any], step: Mapping[str, Any]) -> bool:
    return current.get("linkedInType") == step.get("linkedInType") == _INVITATION and not step.get("content")


def _normal(name: str, value: Any) -> Any:
    if name in PARTS and isinstance(value, Mapping):
        return {part: value[part] for part in PARTS[name] if value.get(part) is not None} or None
    return value


def _change(old: Any, new: Any, parts: Iterable[str]) -> FieldEdit:
    if not isinstance(old, Mapping) or not old:
        return Remove() if new is None else Put(new)
    if new is None:
        known = {part: Remove() for part in parts if part in old}
        return Inside(known) if len(known) < len(old) else Remove()
    if not isinstance(new, Mapping):
        return Put(new)
    changes: dict[str, FieldEdit] = {}
    for part in parts:
        if not same(old.get(part), new.get(part)):
            changes[part] = Remove() if new.get(part) is None else Put(new[part])
    return Inside(changes)


def _change_value(old: Any, new: Any) -> FieldEdit:
    """A change of free-form JSON, in which every field is known. Items of lists are told apart by their ids, or by what
    they are.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping) and any(key in old for key in new):
        return Inside(compare(old, new))
    number, others = _by_id(old), _by_id(new)
    if not number or not others or not number.keys() & others.keys():
        return Put(new)
    order = tuple(number[each][0] if each in number else Put(value) for each, (_, value) in others.items())
    changes = {
        n: compare(value, others[each][1])
        for each, (n, value) in number.items()
        if each in others and not same(value, others[each][1])
    }
    return Items(order, changes)


def _by_id(items: Any) -> dict[tuple[bool, Any], tuple[int, Any]]:
    """The items of a list and their numbers, by their ids, or by what they are. Empty where they aren't unique."""
    if not isinstance(items, list | tuple):
        return {}
    ids = [(True, each.get("id")) if isinstance(each, Mapping) else (False, each) for each in items]
    if not all(isinstance(each, str) for _, each in ids) or len({*ids}) < len(ids):
        return {}
    return {each: (n, value) for n, (each, value) in enumerate(zip(ids, items, strict=True))}
