"""`{…}` and `[…]` on one line."""

from __future__ import annotations

from kalentops.yamlfile import source
from kalentops.yamlfile.layout import WIDTH
from kalentops.yamlfile.source import Token, Unclear


def one_line(tokens: list[Token], at: int) -> tuple[str, int] | None:
    """The collection that begins at a token, and the index after its end; None where it can't stand on one line: it
    has a comment, or a text that has several, or is longer than any line.
    """
    depth = length = 0
    parts: list[str] = []
    before: Token | None = None
    for index in range(at, len(tokens)):
        token = tokens[index]
        if length > WIDTH or "\n" in token.text or (token.comments and index > at):
            return None
        last_comma = token.kind == source.COMMA and tokens[index + 1].kind in source.CLOSERS
        if token.text and not last_comma:
            parts.append((gap(before, token) if before else "") + token.text)
            length += len(parts[-1])
            before = token
        depth += (token.kind in source.OPENERS) - (token.kind in source.CLOSERS)
        if not depth:
            return "".join(parts), index + 1
    raise Unclear("a { or [ is never closed")


def gap(before: Token, after: Token) -> str:
    """The blank between two tokens of a collection, if there has to be one."""
    if before.kind in source.OPENERS:
        return ""
    if after.kind in source.CLOSERS or after.kind == source.COMMA:
        # `a:,` and `!tag,` would be something else.
        return " " if before.kind in {source.VALUE, source.TAG} else ""
    if after.kind == source.VALUE:
        return " " if before.kind in {source.ALIAS, source.ANCHOR, source.TAG, source.KEY} else ""
    return " "
