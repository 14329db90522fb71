"""Values put in the place of others, and entries taken out, put in and moved, in the tree of a file.

What belongs to an entry goes with it: the comment behind it, and those directly above it. Comments with a blank line
below them stay where they are. Blank lines between entries stay between entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from kalentops.blueprint.diff import moved
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
