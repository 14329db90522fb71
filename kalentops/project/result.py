"""What is asked of a file, and what it says. Loads neither parser nor models: a cache may know the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kalentops.lint.finding import Finding
from kalentops.lint.project import Severities
from kalentops.lint.rule import Declared, Position, Relocation, Sender
from kalentops.project.config import Config
from kalentops.project.library import Library

if TYPE_CHECKING:
    from kalentops.project.document import Document


@dataclass(frozen=True)
class CheckOptions:
    """What is asked of a file. With `bodies`, blueprints have theirs, and say where the texts come from that parameters
    fill; with `origins`, where all their values come from. Without `digests`, only findings count.

    `readers` are the environments that read the files, and `environment` the one whose positions are declared: with
    None, those of all.

    `shared` are the texts of all files that may hold templates or snippets, by name. With None they are not known yet:
    a file that needs them is `pending`. `unread` are the files without a text, which may hold others.
    """

    root: Path
    severities: Severities = field(default_factory=dict)
    bodies: bool = False
    origins: bool = False
    shared: Mapping[str, str] | None = None
    unread: frozenset[str] = frozenset()
    environment: str | None = None
    readers: tuple[str, ...] = ()
    digests: bool = True

    @classmethod
    def of(cls, config: Config, *, bodies: bool = False, origins: bool = False) -> CheckOptions:
        """Those of the settings of a project."""
        return cls(
            config.root,
            config.severities,
            bodies,
            origins,
            environment=config.environment,
            readers=config.readers,
        )

    def sourcing_ids(self, document: Document) -> dict[str, str]:
        """The sourcings whose blueprints a file declares, by environment."""
        return {
            name: each for name, each in document.sourcing_ids(self.readers).items() if self.asks_for(name)
        }

    def written(self, sourcing_id: str) -> str | dict[str, str]:
        """`sourcingId` in a new file."""
        several = len(self.readers) > 1
        return {self.environment: sourcing_id} if several and self.environment is not None else sourcing_id

    def asks_for(self, environment: str) -> bool:
        return self.environment in {None, environment}

    @cached_property
    def library(self) -> Library | None:
        """What the shared files hold."""
        if not self.shared:
            return None if self.shared is None else Library(nameless=self.unread)
        from kalentops.project.document import checked_document  # the parser and the models

        documents = (
            checked_document(name, self.shared[name], self.severities) for name in sorted(self.shared)
        )
        return Library.of(documents, self.unread)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "library"}


class FileResult(NamedTuple):
    """What one file holds, and what is wrong with it. `whole`: there is no key in it that could not be read.
    `positions` are those of all environments that read the file. `shared` is the text of a file that may hold templates
    or snippets. `pending`: it can't be checked without them. `unread`: it has no text.

    `content` is the digest of what was read, empty where the result can't be kept: it follows from that content, from
    the files in `uses`, which hold the templates and snippets in use, and from the names of all. `uses` is None for a
    file that was checked without them.
    """

    findings: list[Finding]
    declared: list[Declared]
    relocations: list[Relocation]
    whole: bool = False
    positions: Sequence[Position] = ()
    shared: str | None = None
    pending: bool = False
    unread: bool = False
    senders: Sequence[Sender] = ()
    content: str = ""
    uses: tuple[str, ...] | None = None


PENDING: Final = FileResult([], [], [], pending=True)
_KEY: Final = r"""(?:^\ufeff?[ \t]*|[{,]\s*)["']?%s["']?[ \t]*:"""


def may_be_shared(text: str) -> bool:
    """Whether a file may hold a template or snippets."""
    return _may_have(text, "template") or _may_have(text, "snippets")


def may_use(text: str) -> bool:
    """Whether a file may use a template."""
    return _may_have(text, "use")


def needs_others(text: str) -> bool:
    """Whether a file may share a template or snippets with others."""
    return may_be_shared(text) or may_use(text)


def _may_have(text: str, key: str) -> bool:
    """Whether a mapping in the text may have this key."""
    # `re` finds letters fast.
    if re.search(rf"""{key}["']?[ \t]*:""", text) is None:
        return False
    return re.search(_KEY % key, text, re.MULTILINE) is not None
