"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its page.

    `check` gets a blueprint and gives the problems, their paths starting at the blueprint. `reads` names the
    fields of a step that it looks at: where one of them holds a stand-in for a value that could not be read, the
    rule is not asked about that step, or, with `order`, about neither that step nor those after it. With `each_alone`
    it looks at each field by itself, so that a stand-in hides what is found in its own field only.
    """

    code: str
    name: str
    page: str | None
    check: Callable[[Blueprint], Iterable[Problem]] | None = None
    reads: frozenset[str] = frozenset()
    order: bool = False
    each_alone: bool = False

    @property
    def severity(self) -> Severity:
        """KAL3xx are advice, and configurable; all others are what the API refuses or what can't work."""
        return Severity.WARNING if self.configurable else Severity.ERROR

    @property
    def configurable(self) -> bool:
        return self.code.startswith("KAL3")

    @property
    def title(self) -> str:
        return (self.page or "").split("\n", 1)[0]
