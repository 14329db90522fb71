"""The options that say how much findings weigh, of `validate` and `plan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kalentops.errors import UsageError

if TYPE_CHECKING:
    from kalentops.lint.finding import Finding
    from kalentops.project.config import Config
    from kalentops.project.load import Repository


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the command line says of findings. `against`: the commit whose findings are not new."""

    errors_only: bool
    strict: bool
    against: str | None

    def apply(self, repository: Repository, config: Config, places: Sequence[Path]) -> None:
        """Raises UsageError for a commit that git does not know."""
        if self.against is not None:
            repository.earlier = _earlier(repository, config, places, self.against)
        repository.weigh(errors_only=self.errors_only, strict=self.strict)


def weighing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options, as `weighs`. Raises UsageError for two that contradict each other."""

    @click.option("--errors-only", is_flag=True, help="Show errors only.")
    @click.option("--strict", is_flag=True, help="Treat warnings as errors: exit code 3.")
    @click.option(
        "--against", metavar="REV", help="Mark findings that are new since this commit, branch or tag."
    )
    @wraps(command)
    def checked(*args: Any, errors_only: bool, strict: bool, against: str | None, **values: Any) -> Any:
        if errors_only and strict:
            raise UsageError("--errors-only leaves out what --strict makes an error", hint="give one of them")
        return command(*args, weighs=Weighing(errors_only, strict, against), **values)

    return checked


def _earlier(
    repository: Repository, config: Config, places: Sequence[Path], rev: str
) -> frozenset[Finding] | None:
    from kalentops.git.history import commit_of
    from kalentops.output.notices import tell
    from kalentops.output.novelty import known_before
    from kalentops.project.load import of_texts, read_earlier, texts_of

    try:
        earlier = read_earlier(config.root, places, rev)
    except UsageError as error:
        commit_of(config.root, rev)  # one that is not there is a mistake; what a partial clone lacks is none
        tell([f"the findings are not compared with {rev}: {error}"])
        return None
    texts = earlier.texts()
    before = of_texts(config.root, texts, config.severities).findings
    known = known_before(repository.findings, texts_of(config.root, repository.findings), before, texts)
    # A file that is not read has no text, and was there or not.
    there = (each for each in repository.findings if each.file not in repository.names)
    return known | {each for each in there if each.file in earlier.paths}
