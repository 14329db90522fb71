"""The folders of blueprints of a project in the view of its environments: each is read once for all that share it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final, TypeAlias

from kalentops.errors import UsageError
from kalentops.lint.finding import Finding
from kalentops.lint.kal031_sourcing_of_two_environments import check as check_ids
from kalentops.lint.rule import Declarations, Position
from kalentops.project.config import Config, load_configs
from kalentops.project.files import find, read
from kalentops.project.load import Repository, load_with_users
from kalentops.project.result import CheckOptions
from kalentops.support.text import clip

Load: TypeAlias = Callable[[Config, Sequence[Path]], Repository]


def views(configs: Sequence[Config]) -> list[Config]:
    """The settings of each folder of blueprints, once: where several of these environments read it, for all of them,
    with `environment` None.
    """
    found: dict[tuple[str, ...], Config] = {}
    for each in configs:
        other = found.get(each.readers)
        found[each.readers] = each if other is None else replace(other, environment=None)
    return list(found.values())


def load_views(
    configs: Sequence[Config], paths: Sequence[Path] = (), read_files: Load = load_with_users
) -> list[tuple[Config, Sequence[Path], Repository]]:
    """The files at the paths, or else in the folders of these environments: for each folder its settings, the places in
    it, and what is there. Raises UsageError.
    """
    found = [(each, places, read_files(each, places)) for each, places in by_folder(configs, paths)]
    before: list[Position] = []
    for config, _, repository in found:
        if len(configs) < len(config.environments):
            before += positions_elsewhere(config, {each.sourcing_id for each in repository.positions})
        add_ids_of_others(repository, before)
        before += repository.all_positions
    return found


def by_folder(
    configs: Sequence[Config], paths: Sequence[Path] = ()
) -> Iterator[tuple[Config, Sequence[Path]]]:
    """The paths by the folder of blueprints that they lie in. Without paths, the folders; of several, those that exist,
    if there is one. Files in none of several folders are no environment's. Raises UsageError.
    """
    configs = views(configs)
    if len(configs) == 1 or not paths:
        there = [each for each in configs if each.blueprints.exists()]
        yield from ((each, paths or [each.blueprints]) for each in there or configs)
        return
    folders = [each.blueprints.resolve() for each in configs]
    left = [path for path in paths if not any(_whole(path).is_relative_to(each) for each in folders)]
    for config, folder in zip(configs, folders, strict=True):
        inside = [path for path in paths if _whole(path).is_relative_to(folder)]
        above = any(folder.is_relative_to(_whole(path)) for path in left)
        if above or inside:
            yield config, [config.blueprints] if above else inside
    others = (Path(each.path) for each in find(configs[0].root, left)) if left else ()
    files = [path for path in others if not any(_whole(path).is_relative_to(each) for each in folders)]
    if files:
        yield replace(configs[0], environment=None, readers=()), files


def _whole(path: Path) -> Path:
    """The path without links on the way; a link itself lies where it is."""
    return path.parent.resolve() / path.name if path.is_symlink() else path.resolve()


def combined(repositories: Sequence[Repository]) -> Repository:
    """What the files of several folders say."""
    if len(repositories) < 2:  # noqa: PLR2004 - nothing to join
        return repositories[0] if repositories else Repository()
    earlier = [each.earlier for each in repositories]
    known = [each for each in earlier if each is not None]
    return Repository(
        sorted(name for each in repositories for name in each.names),
        sorted(finding for each in repositories for finding in each.findings),
        sorted((one for each in repositories for one in each.declared), key=lambda one: one.address),
        [one for each in repositories for one in each.relocations],
        [one for each in repositories for one in each.positions],
        [one for each in repositories for one in each.others],
        tuple(one for each in repositories for one in each.shared),
        {name: users for each in repositories for name, users in each.users.items()},
        frozenset(name for each in repositories for name in each.nameless),
        frozenset[Finding]().union(*known) if len(known) == len(earlier) else None,
    )


def add_ids_of_others(repository: Repository, others: Iterable[Position]) -> None:
    """Add a finding for each position whose sourcing is one of the other folders' as well."""
    own = [each for each in repository.all_positions if each.environment]
    there = {each.sourcing_id: each for each in others}
    both = [there[each.sourcing_id] for each in own if each.sourcing_id in there]
    if not both:
        return
    names = {*repository.names}
    found = check_ids(Declarations((), positions=[*both, *own]))
    known = {*repository.findings}
    repository.findings += [each for each in found if each.file in names and each not in known]
    repository.findings.sort()


def check_no_other_has(config: Config, ids: Collection[str], others: Iterable[Position] = ()) -> None:
    """Raises UsageError for a sourcing of another environment: one of `others`, which are in the same folder, or of
    another folder.
    """
    known = chain(others, positions_elsewhere(config, ids))
    found = next((each for each in known if each.sourcing_id in ids), None)
    if found is not None:
        where = f"{found.origin.file}:{found.origin.line}"
        raise of_another(found.sourcing_id, found.environment, where, config.environment)


def of_another(sourcing_id: str, owner: str, where: str, selected: str | None) -> UsageError:
    """The error for a sourcing of another environment, which stands at `where`."""
    return UsageError(
        f"{clip(sourcing_id)} is a sourcing of {owner}: {where}",
        hint=f"pass -e {owner}, or check whose key the one of {selected} is",
    )


def positions_elsewhere(config: Config, ids: Collection[str], *, cached: bool = False) -> Iterator[Position]:
    """The positions of these sourcings in the folders that other environments of the project read. `cached` is as in
    `load_configs`.
    """
    if len(config.environments) == len(config.readers):
        return
    known = views(load_configs(config.root, cached=cached))
    others = (each for each in known if each.readers != config.readers)
    for each in others:
        options = CheckOptions.of(each)
        for source in find(each.root, [each.blueprints]) if each.blueprints.exists() else ():
            text = read(source, each.root)
            # A whole file is parsed only where one of the ids may be meant.
            if isinstance(text, str) and not words_of_ids(text).isdisjoint(ids):
                from kalentops.project.check import positions
                from kalentops.project.document import read_document

                found = positions(options, read_document(source.name, text))
                yield from (position for position in found if position.sourcing_id in ids)


def words_of_ids(text: str) -> set[str]:
    """The words of what a file says in `sourcingId`, and some of those behind it."""
    return {word for said in _SAID.findall(text) for word in _WORD.findall(said)}


_SAID: Final = re.compile(r"""sourcingId["']?\s*:(.{0,4000})""", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]+")
