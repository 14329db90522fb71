"""A file in the one layout: its tokens again, each as it was written, with other blanks between them.

Texts, quotes, comments, anchors and the order of everything stay. What changes: indentation, blank lines, the blanks
around `:`, `,`, `-` and `#`, and where `{…}` and `[…]` are broken.
"""

from __future__ import annotations

from typing import Final

from kalentops.yamlfile import reindent, source
from kalentops.yamlfile.flow import gap, one_line
from kalentops.yamlfile.layout import INDENT, WIDTH
from kalentops.yamlfile.page import Page
from kalentops.yamlfile.source import Comment, Token, Unclear

_PROPERTIES: Final = frozenset({source.ANCHOR, source.TAG})
_NEEDS_A_GAP: Final = frozenset({source.ALIAS, *_PROPERTIES})
_AFTER_NOTHING: Final = frozenset(
    {
        source.KEY,
        source.VALUE,
        source.BLOCK_ENTRY,
        source.BLOCK_END,
        source.DOCUMENT_END,
        source.STREAM_END,
    }
)


def relayout(text: str) -> str:
    """The text in the one layout. It has to be a text that `parse` finds no fault with, with line feeds as ends of
    lines. Raises Unclear.
    """
    return _Layout(source.read(text)).run()


class _Layout:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._page = Page()
        # The blocks that are open, from the outside in: where each stood, and where it stands now.
        self._levels: list[tuple[int, int]] = []
        # Those that have ended since the last token was placed, from the inside out: a comment may belong to one.
        self._ended: list[tuple[int, int]] = []

    def run(self) -> str:
        self._expect(source.STREAM_START)
        while self._next.kind in {source.DIRECTIVE, source.DOCUMENT_START}:
            self._place(self._take(), 0)
        self._node(0)
        while self._next.kind == source.DOCUMENT_END:
            self._place(self._take(), 0)
        self._comments(self._expect(source.STREAM_END).comments, 0)
        return self._page.text()

    # Reading

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _expect(self, kind: str) -> Token:
        if self._next.kind != kind:
            raise Unclear(f"{self._next.kind} stands where {kind} was expected")
        return self._take()

    # Placing

    def _place(self, token: Token, column: int, glue: str | None = None, *, text: str | None = None) -> None:
        """The token behind what is there, or in `column` of a new line: without `glue`, or after a comment."""
        self._comments(token.comments, column)
        written = token.text if text is None else text
        if glue is not None and self._page.is_open:
            self._page.add(glue + written)
        else:
            self._page.begin(column, written, blank=token.blank)

    def _comments(self, comments: list[Comment], column: int) -> None:
        for comment in comments:
            self._page.comment(comment, self._home(comment, column))
        self._ended.clear()

    def _home(self, comment: Comment, column: int) -> int:
        """The column for a comment on a line of its own: that of the innermost block that it is indented like, of
        those that have just ended; otherwise that of what comes next.
        """
        own = self._levels[-1][0] if self._levels else 0
        fitting = [level for level in self._ended if own < level[0] <= comment.column]
        deepest = max((level[0] for level in fitting), default=None)
        return max((new for old, new in fitting if old == deepest), default=column)

    def _scalar(self, token: Token, column: int, glue: str | None, *, deeper: int = 0) -> None:
        """A scalar; its further lines begin `deeper` than `column`."""
        if not token.is_block:
            first, *rest = reindent.folded(token, max(column + deeper, INDENT))
            self._place(token, column, glue, text=first)
            self._page.below(rest)
            return
        parent = self._levels[-1][0] if self._levels else -1
        block = reindent.block(token, parent, max(column, INDENT))
        self._place(token, column, glue, text=block.indicators)
        if block.comment:
            self._page.comment_here(block.comment, token.column + token.text.index("#"))
        self._page.below(block.lines)
        self._page.end_block(blank=block.blank)

    # Blocks

    def _node(
        self, column: int, glue: str | None = None, *, below: bool = False, listed: bool = False
    ) -> None:
        """What stands at a place, if anything. `below`: a block begins on the next line. `listed`: it may be a list
        that is not indented deeper than its key.
        """
        while self._next.kind in _PROPERTIES:
            self._place(self._take(), column, glue)
            glue, below = " ", True
        kind = self._next.kind
        block_glue = None if below else glue
        if kind == source.SCALAR:
            self._scalar(self._take(), column, glue)
        elif kind == source.ALIAS:
            self._place(self._take(), column, glue)
        elif kind in source.OPENERS:
            self._flow(column, glue, may_break=below)
        elif kind == source.BLOCK_MAPPING:
            self._mapping(column, block_glue)
        elif kind == source.BLOCK_SEQUENCE:
            self._sequence(column, block_glue)
        elif kind == source.BLOCK_ENTRY and listed:
            self._unindented(column, block_glue)
        elif kind in _AFTER_NOTHING:
            # A comment that stands deeper than its surroundings belongs here.
            self._ended.append(((self._levels[-1][0] if self._levels else 0) + 1, column))
        else:
            raise Unclear(f"{kind} stands where a value was expected")

    def _mapping(self, column: int, glue: str | None) -> None:
        self._levels.append((self._expect(source.BLOCK_MAPPING).column, column))
        while self._next.kind != source.BLOCK_END:
            self._entry(column, glue)
            glue = None
        self._end()

    def _entry(self, column: int, glue: str | None) -> None:
        key = self._expect(source.KEY)
        if key.text:
            self._place(key, column, glue)
            self._node(column + INDENT, " ")
            if self._next.kind == source.VALUE:
                self._place(self._take(), column)
                self._node(column + INDENT, " ", below=True, listed=True)
            return
        self._node(column, glue)
        before = self._tokens[self._at - 1]
        colon = self._expect(source.VALUE)
        self._place(colon, column, " " if before.kind in _NEEDS_A_GAP else "")
        self._node(column + INDENT, " ", below=True, listed=True)

    def _sequence(self, column: int, glue: str | None) -> None:
        self._levels.append((self._expect(source.BLOCK_SEQUENCE).column, column))
        self._items(column, glue)
        self._end()

    def _unindented(self, column: int, glue: str | None) -> None:
        self._levels.append((self._next.column, column))
        self._items(column, glue)
        self._ended.append(self._levels.pop())

    def _items(self, column: int, glue: str | None) -> None:
        while self._next.kind == source.BLOCK_ENTRY:
            self._place(self._take(), column, glue)
            self._node(column + INDENT, " ")
            glue = None

    def _end(self) -> None:
        self._expect(source.BLOCK_END)
        self._ended.append(self._levels.pop())

    # {…} and […]

    def _flow(self, column: int, glue: str | None, *, may_break: bool) -> None:
        """A collection on one line if it fits, also if it fits on the next line; otherwise one item a line."""
        opener = self._next
        inside = one_line(self._tokens, self._at)
        if opener.comments or not self._page.is_open:
            glue = None
        if inside is not None:
            text, after = inside
            begin = column if glue is None else self._page.width + len(glue)
            if begin + len(text) > WIDTH and may_break:
                begin, glue = column, None
            if begin + len(text) <= WIDTH or len(text) == len("{}"):
                self._at = after
                self._place(opener, column, glue, text=text)
                return
        self._broken(column, None if may_break else glue)

    def _broken(self, column: int, glue: str | None) -> None:
        """One item a line, `column` being that of the closing bracket."""
        self._place(self._take(), column, glue)
        inner = column + INDENT
        begins = True
        while self._next.kind not in source.CLOSERS:
            before, token = self._tokens[self._at - 1], self._next
            apart = None if begins else gap(before, token)
            here = inner if begins else inner + INDENT
            if token.kind == source.KEY and not token.text:
                self._take()
                continue
            if token.kind in source.OPENERS:
                self._flow(here if token.comments else inner, apart, may_break=False)
            elif token.kind == source.SCALAR:
                self._scalar(self._take(), here, apart, deeper=INDENT if begins else 0)
            elif token.kind in {source.COMMA, source.VALUE}:
                self._attach(self._take(), apart or "")
            else:
                self._place(self._take(), here, apart)
            begins = token.kind == source.COMMA
        closer = self._take()
        self._comments(closer.comments, inner)
        self._page.begin(column, closer.text)

    def _attach(self, token: Token, apart: str) -> None:
        """A comma or colon right behind what is there; the comments before it come after it. No comma at the end."""
        following = self._next if self._next.text else self._tokens[self._at + 1]
        following.comments[:0] = token.comments
        if token.kind == source.VALUE or following.kind not in source.CLOSERS:
            self._page.add(apart + token.text)
