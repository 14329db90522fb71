"""The lines of a file that is being laid out, and their comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kalentops.yamlfile.layout import BEFORE_COMMENT
from kalentops.yamlfile.source import Comment

_NOWHERE: Final = -1


@dataclass(slots=True)
class _Line:
    """Code with its indentation, a comment behind it or alone, and the column where the comment stood."""

    code: str
    comment: str = ""
    column: int = _NOWHERE
    alone: bool = False


class Page:
    """Lines from the top down. The last one is open until a comment, or the end of a block, has ended it."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._open = False
        self._owes_blank = False

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def width(self) -> int:
        """The columns that the last line takes, without its comment."""
        return len(self._lines[-1].code)

    def add(self, text: str) -> None:
        """Go on in the open line."""
        self._lines[-1].code += text

    def begin(self, column: int, text: str, *, blank: bool = False) -> None:
        """Open a new line, after a blank one if there was one."""
        self._skip(blank=blank)
        self._lines.append(_Line(" " * column + text))
        self._open = True

    def below(self, lines: list[str]) -> None:
        """Lines of a text that goes on, indented already."""
        self._lines += [_Line(line) for line in lines]

    def end_block(self, *, blank: bool) -> None:
        """A block scalar has ended its last line; `blank`: below it stood blank lines that don't belong to it."""
        self._open = False
        self._owes_blank = blank

    def comment(self, comment: Comment, column: int) -> None:
        """A comment behind the open line, or on one of its own in `column`; it ends the line."""
        if self._open and not comment.own_line:
            self.comment_here(comment.text, comment.column)
        else:
            self._skip(blank=comment.blank)
            last = self._lines[-1] if self._lines else None
            goes_on = last is not None and last.column == comment.column
            self._lines.append(
                _Line(
                    " " * column + ("" if goes_on else comment.text),
                    comment.text if goes_on else "",
                    comment.column if goes_on else _NOWHERE,
                    alone=True,
                )
            )
        self._open = False

    def comment_here(self, text: str, column: int) -> None:
        """A comment behind the last line, which stood in `column`."""
        self._lines[-1].comment, self._lines[-1].column = text, column

    def _skip(self, *, blank: bool) -> None:
        if (blank or self._owes_blank) and self._lines:
            self._lines.append(_Line(""))
        self._owes_blank = False

    def text(self) -> str:
        """All lines. Comments that stood below each other do so again, two blanks behind the longest line."""
        found: list[str] = []
        run: list[_Line] = []
        for line in self._lines:
            if run and line.column != run[-1].column:
                found += _aligned(run)
                run = []
            if line.column == _NOWHERE:
                found.append(line.code)
            else:
                run.append(line)
        return "".join(f"{line}\n" for line in [*found, *_aligned(run)])


def _aligned(run: list[_Line]) -> list[str]:
    width = max((len(line.code) for line in run if not line.alone), default=0)
    return [("" if line.alone else line.code).ljust(width) + BEFORE_COMMENT + line.comment for line in run]
