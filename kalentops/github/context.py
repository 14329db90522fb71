"""Which pull request, and the token for it: from options and from the environment of a workflow.

Source: "Variables" and "Events that trigger workflows" in GitHub's documentation of Actions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from kalentops.errors import NoKey, NoPullRequest, UsageError
from kalentops.git.worktree import repository_root
from kalentops.http.secret import ApiKey, as_key
from kalentops.project.settings import STATE
from kalentops.support.text import clip

API_URL: Final = "https://api.github.com"
TOKEN: Final = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
_ACTIONS: Final = "GITHUB_ACTIONS"
_EVENT: Final = "GITHUB_EVENT_PATH"
_NAME: Final = "GITHUB_REPOSITORY"
_OF_WORKFLOWS: Final = (_ACTIONS, _EVENT)
"""What is set in any workflow: with one of them, what else is missing has been lost on the way."""
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_LARGEST: Final = 2**31 - 1
_MAX_EVENT: Final = 32 << 20


class PullRequest(NamedTuple):
    """`repository` is `owner/name`; both are safe in a path."""

    repository: str
    number: int


def read_token(environment: Mapping[str, str]) -> ApiKey:
    """Raises NoKey."""
    hint = f"in a workflow: `env: {{{TOKEN}: '${{{{ github.token }}}}'}}`"
    value = environment.get(TOKEN, "").strip()
    if not value:
        raise NoKey(f"{TOKEN} is not set", hint=hint)
    return as_key(value, TOKEN, hint=hint)


def find_pull_request(
    environment: Mapping[str, str], *, repository: str | None = None, number: int | None = None
) -> PullRequest:
    """The pull request that is asked for, or else the one that the workflow runs for.

    Raises NoPullRequest where there is none, outside of workflows, too; UsageError for what can't be one, and for a
    workflow without what it needs to say.
    """
    name = repository or environment.get(_NAME, "")
    if not name and number is None and not any(environment.get(each) for each in _OF_WORKFLOWS):
        raise NoPullRequest(
            "this is not a GitHub workflow", hint="pass --repository OWNER/NAME and --pull-request N"
        )
    if not _REPOSITORY.fullmatch(name):
        said = f"`{clip(name)}` is not a repository" if name else "it is not known which repository is meant"
        raise UsageError(said, hint="pass --repository OWNER/NAME, or set GITHUB_REPOSITORY")
    if number is not None:
        return PullRequest(name, _checked(number))
    if environment.get(_ACTIONS) and not environment.get(_EVENT):
        raise UsageError(f"{_EVENT} is not set, in a workflow of GitHub", hint="pass --pull-request N")
    event = _event(environment.get(_EVENT, ""))
    found = _number(event)
    if found is None:
        raise NoPullRequest("this workflow run has no pull request")
    home = event.get("repository")
    said_home = home.get("full_name") if isinstance(home, Mapping) else None
    if isinstance(said_home, str) and said_home.casefold() != name.casefold():
        raise UsageError(
            f"the pull request of the event belongs to {clip(said_home)}, not to {name}",
            hint="pass --pull-request N as well",
        )
    return PullRequest(name, _checked(found))


def _event(path: str) -> Mapping[str, Any]:
    """The event that a workflow runs for; empty outside of one."""
    if not path:
        return {}
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(_MAX_EVENT + 1)
        event = json.loads(data) if len(data) <= _MAX_EVENT else None
    except OSError as error:
        raise UsageError(f"the file that {_EVENT} names can't be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise UsageError(f"the file that {_EVENT} names holds no event", hint="pass --pull-request N instead")
    return event


def _number(event: Mapping[str, Any]) -> Any:
    """`pull_request` is there for the events of pull requests and their reviews, `issue` for comments on either."""
    pull, issue = event.get("pull_request"), event.get("issue")
    of_pull = isinstance(issue, Mapping) and isinstance(issue.get("pull_request"), Mapping)
    found = pull if isinstance(pull, Mapping) else issue if of_pull else None
    return None if found is None else found.get("number") or 0


def _checked(number: Any) -> int:
    if type(number) is not int or not 0 < number <= _LARGEST:
        raise UsageError(
            f"`{clip(str(number))}` is not a number of a pull request", hint="pass --pull-request N"
        )
    return number


def target_name(project: Path, state: Path | None = None, environment: str | None = None) -> str:
    """The project's folder as seen from the root of its git repository; `.` for the root, and outside of one. With the
    name of the environment, if there is one; without, the path of a state that is not the usual one stands for the
    folder.
    """
    root = repository_root(project) or project
    if environment is not None:
        folder = project.relative_to(root).as_posix()
        return f"environment {environment}" if folder == "." else f"{folder}, environment {environment}"
    if state is None or state.resolve() == project / STATE:
        return project.relative_to(root).as_posix()
    path = state.resolve()
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
