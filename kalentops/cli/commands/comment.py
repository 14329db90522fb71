"""`kalentops comment`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO, Final

import click

from kalentops.cli.commands import options
from kalentops.cli.commands.connection import ApiConfig, api_session
from kalentops.errors import InvalidConfig, NoPullRequest, UsageError
from kalentops.github.client import GITHUB, CommentsApi, split_url
from kalentops.github.comment import CommentRequest, CommentTarget, Published, is_login, publish
from kalentops.github.context import API_URL, PullRequest, find_pull_request, read_token, target_name
from kalentops.http.secret import ApiKey
from kalentops.http.transport import Network, unread_proxy
from kalentops.kalent.client import check_url
from kalentops.output import heading
from kalentops.output.terminal import notice
from kalentops.project.config import load_config, project_folder
from kalentops.state.store.location import Location
from kalentops.support.text import clip, visible

_MAX_REPORT: Final = 16 << 20
_FAREWELL: Final = "stopped at once; the next run checks whether the comment exists"


@click.command(
    epilog="\b\nExample:\n  kalentops plan --format markdown | kalentops comment\n  kalentops comment --outdated"
)
@click.argument("report", required=False, metavar="[FILE|-]", type=click.File("rb"))
@options.folder
@options.environment
@options.state
@click.option(
    "--outdated", is_flag=True, help="Fold the existing comment: it no longer applies. Not with FILE."
)
@click.option(
    "--update-only", is_flag=True, help="Update an existing comment, create none; for a plan without changes."
)
@click.option(
    "--target-name",
    metavar="NAME",
    help="Name of the comment; each name has one. [default: the project's folder and --state]",
)
@click.option(
    "--repository", metavar="OWNER/NAME", help="Repository of the pull request. [env: GITHUB_REPOSITORY]"
)
@click.option(
    "--pull-request",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of the pull request. [default: the workflow's]",
)
@click.option("--if-pull-request", is_flag=True, help="Do nothing if there is no pull request.")
@click.option("--author", metavar="LOGIN", help="Owner of the token. [default: as GitHub says]")
@options.github
@options.quiet
def command(
    report: BinaryIO | None,
    directory: Path,
    environment: str | None,
    state_location: str | None,
    target_name: str | None,
    repository: str | None,
    pull_request: int | None,
    author: str | None,
    connection: options.NetworkOptions,
    *,
    outdated: bool,
    update_only: bool,
    if_pull_request: bool,
    quiet: bool,
) -> None:
    """Put a report in Markdown on the pull request, as one comment for each project and state, edited in place.

    The report is FILE; with `-` or without it, stdin. `GITHUB_TOKEN` holds the token. Exit code 4 means that the token
    can't write, as on pull requests from forks.
    """
    if outdated and report is not None:
        raise UsageError("--outdated takes no report", hint="leave out FILE")
    text = None if outdated else _read(report)
    if author and not is_login(author):
        raise UsageError(f"`{clip(author)}` is not a login", hint="--author is like octocat or my-app[bot]")
    about, selected = _target(directory, environment, state_location, target_name)
    if text is not None and selected is not None:  # the title names it
        text = text.removeprefix(f"{heading(selected)}\n\n")
    wanted = CommentRequest(about, text, author or None, begin=not update_only)
    try:
        pull = find_pull_request(os.environ, repository=repository, number=pull_request)
    except NoPullRequest as error:
        if not if_pull_request:
            raise
        notice([f"{error}; there is nothing to comment on"])
        return
    token = read_token(os.environ)
    done = _publish(connection, token, pull, wanted, quiet=quiet)
    notice(done.notes)
    if not quiet:
        click.echo(_said(done, pull, wanted))


def _read(report: BinaryIO | None) -> str:
    """The report as text. Raises UsageError."""
    if report is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("there is no report", hint="name its FILE, or pipe it in")
        report = sys.stdin.buffer
    data = report.read(_MAX_REPORT + 1)
    if len(data) > _MAX_REPORT:
        raise UsageError(f"the report is larger than {_MAX_REPORT >> 20} MiB")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"the report is not UTF-8, at byte {error.start + 1}") from None
    if not text.strip():
        raise UsageError(
            "the report is empty",
            hint="see what `kalentops plan --format markdown` said; if it failed, `kalentops comment --outdated`",
        )
    return text


def _target(
    directory: Path, environment: str | None, state_location: str | None, name: str | None
) -> tuple[CommentTarget, str | None]:
    """With the environment that its name says."""
    if not directory.is_dir():
        raise UsageError(f"there is no folder {directory}", hint="pass -C DIR with the folder of the project")
    if name is not None:
        return CommentTarget(name), None
    selected = _selected(directory, environment)
    named = options.state_named(state_location, selected)
    state = None if named is None else Location.parse(named, directory).path
    return CommentTarget(target_name(project_folder(directory), state, selected)), selected


def _selected(directory: Path, environment: str | None) -> str | None:
    """The environment. Settings that are not valid still need their comment: that an earlier plan is outdated."""
    try:
        return load_config(directory, environment).environment
    except InvalidConfig:
        return environment


def _publish(
    connection: options.NetworkOptions,
    token: ApiKey,
    pull: PullRequest,
    wanted: CommentRequest,
    *,
    quiet: bool,
) -> Published:
    url = check_url(connection.api_url or API_URL, "GITHUB_API_URL", API_URL)
    root, rest = split_url(url)
    unread = unread_proxy(os.environ, url)
    network = Network(root, connection.timeout, connection.ca_file, connection.proxy, unread)
    github = ApiConfig(network, token, connection.debug_http, GITHUB)
    with api_session(github, quiet=quiet, farewell=_FAREWELL) as session:
        api = CommentsApi(session.transport, session.throttle, pull, rest)
        return api.retried(lambda: publish(api, wanted))


def _said(done: Published, pull: PullRequest, wanted: CommentRequest) -> str:
    where = f"{pull.repository}#{pull.number}"
    if done.what == "none":
        return f"{where} has no comment of ours, and needs none"
    what = "folded" if wanted.report is None and done.what == "edited" else done.what
    return f"{what}: {visible(done.url) or where}"
