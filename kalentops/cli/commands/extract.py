"""`kalentops extract`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from kalentops.adopt.extract_files import (
    ExtractPlan,
    Group,
    PlainBlueprint,
    near_equal,
    plain_blueprints,
    plan_extract,
    read_texts,
    template_names,
)
from kalentops.adopt.naming import check_new_names, file_destination, folder_destination, stem_of_template
from kalentops.adopt.plain import selected
from kalentops.adopt.position import write_changes
from kalentops.blueprint.body import Address
from kalentops.cli.commands import options
from kalentops.cli.commands.reporting import show_environment
from kalentops.errors import CannotExtract, InvalidFiles, UsageError
from kalentops.lint.finding import Finding, Severity
from kalentops.output import text_files, text_findings
from kalentops.output.terminal import notice, show
from kalentops.project.config import Config
from kalentops.project.files import check_begun, find, read_whole
from kalentops.project.load import Repository
from kalentops.support.text import clip, count, is_key, some


@click.command(
    epilog="\b\nExample:\n  kalentops extract --all --dry-run\n"
    "  kalentops extract '*/linkedin-first' --as linkedin-first\n"
    "  kalentops extract sourcing_1/mail sourcing_2/mail --as mail --diff"
)
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...", shell_complete=options.complete_addresses)
@click.option("--all", "everything", is_flag=True, help="Look at all blueprints. Not with ADDRESS.")
@click.option(
    "--as",
    "name",
    metavar="NAME",
    help="Make one template of this name. Without it, each group of near-equal blueprints gets a name from their keys.",
)
@click.option(
    "--align", is_flag=True, help="Give steps the ids of the first blueprint; updates of the others follow."
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="New file for the template; with --as. [default: templates/NAME.yaml in the folder of blueprints]",
)
@options.folder
@options.environment
@options.file_changes
@options.quiet
def command(
    addresses: tuple[str, ...],
    name: str | None,
    to: Path | None,
    directory: Path,
    environment: str | None,
    *,
    everything: bool,
    align: bool,
    dry_run: bool,
    diff: bool,
    quiet: bool,
) -> None:
    """Make a template of near-equal blueprints, and short uses of it in their files.

    An ADDRESS is SOURCING_ID/KEY, or a SOURCING_ID for all of its blueprints; both accept * ? [abc]. What most
    blueprints have becomes the template, texts that differ in one stretch get a parameter, and the rest stays with its
    blueprint. The next plan is the same as before: this is checked before anything is written.
    """
    _check(addresses, name, to, everything=everything)
    config = options.project(directory, None, environment).config
    if not quiet:
        show_environment(config.environment, stream=sys.stderr)
    check_begun(config.root, config.blueprints)
    files = _read(config)
    repository = _valid(config, files)
    chosen = selected(addresses, [each.address for each in repository.declared])
    found = plain_blueprints(files, repository, chosen)
    used = [at for at in chosen if at not in {each.copy.address for each in found}]
    if name is None:
        groups = _near_equal(found, config, repository, align=align)
    else:
        groups = [Group(name, _path(config, repository, name, to and directory / to), found)] if found else []
    if not groups and not everything:
        raise _nothing(found, used)
    plan = plan_extract(config, files, repository, groups, align=align)
    writes = not (dry_run or diff)
    if writes:
        write_changes(plan.changes)
    if diff:
        show(text_files.change_diff(plan.changes))
    show(text_files.extracted(plan, written=writes), sys.stderr if diff else sys.stdout)
    if not quiet:
        notice(_notes(plan, found, used, align=align))


def _check(addresses: Sequence[str], name: str | None, to: Path | None, *, everything: bool) -> None:
    """Raises UsageError for options that exclude each other."""
    if everything is bool(addresses):
        raise UsageError(
            "extract needs addresses of blueprints, or --all" + (", not both" if everything else ""),
            hint="`kalentops extract --all --dry-run` shows which blueprints are near-equal",
        )
    if to is not None and name is None:
        raise UsageError("--to is for one template", hint="pass --as NAME with it")
    if name is not None and not is_key(name):
        raise UsageError(
            f"{clip(name)} can't be the name of a template",
            hint="a name has only a-z, 0-9 and -, as in linkedin-first",
        )


def _read(config: Config) -> dict[str, str]:
    """The texts of all files, by name. Raises InvalidFiles, UsageError."""
    files: dict[str, str] = {}
    unread: list[Finding] = []
    for source in find(config.root, [config.blueprints]):
        text = read_whole(source, config.root)
        if isinstance(text, Finding):
            unread.append(text)
        else:
            files[source.name] = text
    _refuse(unread)
    return files


def _valid(config: Config, files: Mapping[str, str]) -> Repository:
    repository = read_texts(config, files)
    _refuse([each for each in repository.findings if each.severity is Severity.ERROR])
    return repository


def _refuse(errors: Sequence[Finding]) -> None:
    if errors:
        show(text_findings.findings(errors), sys.stderr)
        raise InvalidFiles("the blueprints are not valid; no file was changed")


def _near_equal(
    found: Sequence[PlainBlueprint], config: Config, repository: Repository, *, align: bool
) -> list[Group]:
    by_address = {each.copy.address: each for each in found}
    copies = list(near_equal([each.copy for each in found], align=align))
    folder = _folder(config)
    stems = {each.stem.casefold() for each in folder.iterdir()} if folder.is_dir() else set()
    names = template_names(copies, _templates(repository) | stems)
    return [
        Group(name, folder / f"{stem_of_template(name)}.yaml", [by_address[each.address] for each in group])
        for name, group in zip(names, copies, strict=True)
    ]


def _templates(repository: Repository) -> set[str]:
    return {name for kind, name, _ in repository.shared if kind == "template"}


def _folder(config: Config) -> Path:
    """Raises UsageError, StoreFailure."""
    folder_destination(config.root, config.blueprints)
    return config.blueprints / "templates"


def _path(config: Config, repository: Repository, name: str, to: Path | None) -> Path:
    """The path of the new file. Raises UsageError where a template has the name, or a file the path."""
    if name in _templates(repository):
        raise UsageError(f"there is a template {name}", hint="pass --as with another name")
    path = _folder(config) / f"{stem_of_template(name)}.yaml" if to is None else to
    if to is None and os.path.lexists(path):
        raise UsageError(f"{path} exists, and is not overwritten", hint="pass --to FILE with another file")
    if to is not None:
        return file_destination(config.root, config.blueprints, to, "--to").take(name)
    check_new_names(config.blueprints, path, "pass --to FILE with another file")
    return path


def _nothing(found: Sequence[PlainBlueprint], used: Sequence[Address]) -> CannotExtract:
    if not found and used:
        return CannotExtract(
            f"made from a template already: {some(list(map(clip, used)), 3)}",
            hint="`kalentops detach ADDRESS` makes a plain blueprint of it first",
        )
    if len(found) == 1:
        return CannotExtract(
            "only 1 plain blueprint is selected: there is no other to compare it with",
            hint="pass more addresses, or --all; with --as NAME, this one alone becomes a template",
        )
    return CannotExtract(
        f"no two of {count(len(found), 'blueprint')} are near-equal: the same steps, and 60 % of their words",
        hint="pass --align if only the ids of their steps differ, or --as NAME to make one template of all",
    )


def _notes(
    plan: ExtractPlan, found: Sequence[PlainBlueprint], used: Sequence[Address], *, align: bool
) -> Iterator[str]:
    done = {at for each in plan.templates for at in each.uses}
    left = [each.copy for each in found if each.copy.address not in done]
    if used:
        yield f"left as they are, made from a template already: {some(list(map(clip, used)), 3)}"
    if left:
        yield f"left as they are, near-equal to no other: {some([clip(each.address) for each in left], 3)}"
        like = [] if align else [each for group in near_equal(left, align=True) for each in group]
        if like:
            names = some([clip(each.address) for each in like], 3)
            yield f"alike but for the ids of their steps, --align gives them the same ids: {names}"
