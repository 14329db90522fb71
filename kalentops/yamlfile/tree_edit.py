"""Values put in the place of others, and entries taken out, put in and moved, in the tree of a file.

What belongs to an entry goes with it: the comment behind it, and those directly above it. Comments with a blank line
below them stay where they are. Blank lines between entries stay between entries.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    # Whether a blank line is above one that moves: for the first one, as above the second; for a new one, the last.
    apart = [*gaps[1:2], *(gap or bool(lone[n]) for n, gap in enumerate(gaps) if n), False][
        : max(len(old), 1)
    ]
    node.children = [old[each] if isinstance(each, int) else each for each in order]
    last, before = -1, False
    for position, (each, child) in enumerate(zip(order, node.children, strict=True)):
        number = each if isinstance(each, int) else -1
        staying: list[list[Comment]] = []
        own = apart[number] and node.kind == SEQUENCE
        if not position:
            staying, blank = lone[: kept[0] + 1 if kept else None], gaps[:1] == [True]
        elif number not in kept:
            blank = own
        elif last < 0:
            blank = before
        else:
            staying, blank = lone[last + 1 : number + 1], gaps[number] or gaps[last + 1]
        if number in kept:
            last = number
        before = own
        _stand(_first(child), [comment for comments in staying for comment in comments], blank=blank)
    left = [comment for comments in lone[last + 1 :] for comment in comments] if kept or not order else []
    if node.closer is not None:
        node.closer.above = [*left, *node.closer.above]
        _set_commas(node)
        return []
    foot = [*left, *node.foot]
    if foot and kept and last + 1 < len(old):
        foot[0].blank |= gaps[last + 1]
    node.foot = foot
    return foot


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
