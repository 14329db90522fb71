"""Which pull request is meant: strict, and never a guess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kalentops.errors import NoKey, NoPullRequest, UsageError
from kalentops.github.context import PullRequest, find_pull_request, read_token, target_name

HOME = {"full_name": "octo/site"}
PULL = {"repository": HOME, "pull_request": {"number": 5}}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"GITHUB_REPOSITORY": "octo/site", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}


def event(environment: dict[str, str], content: Any) -> dict[str, str]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    Path(environment["GITHUB_EVENT_PATH"]).write_bytes(data)
    return environment


@pytest.mark.parametrize(
    "content",
    [
        PULL,
        {"pull_request": {"number": 5}},
        {"repository": {"full_name": "Octo/Site"}, "pull_request": {"number": 5}, "issue": {"number": 6}},
        {"repository": HOME, "issue": {"number": 5, "pull_request": {"url": "…"}}},
    ],
)
def test_the_number_from_the_event(environment: dict[str, str], content: Any) -> None:
    assert find_pull_request(event(environment, content)) == PullRequest("octo/site", 5)


@pytest.mark.parametrize(
    "content",
    [{}, {"ref": "refs/heads/main"}, {"issue": {"number": 5}}, {"number": 5}, {"pull_request": None}],
)
def test_an_event_of_something_else(environment: dict[str, str], content: Any) -> None:
    with pytest.raises(NoPullRequest, match="has no pull request") as caught:
        find_pull_request(event(environment, content))
    assert caught.value.hint == (
        "pass --pull-request N; or --if-pull-request, if the job also runs for other events"
    )
    assert find_pull_request(environment, number=8) == PullRequest("octo/site", 8)


def test_outside_of_a_workflow() -> None:
    with pytest.raises(NoPullRequest, match="is not a GitHub workflow") as outside:
        find_pull_request({"PATH": "/bin", "GITHUB_TOKEN": "x", "GITHUB_REPOSITORY": ""})
    assert outside.value.hint == "pass --repository OWNER/NAME and --pull-request N"
    with pytest.raises(NoPullRequest):
        find_pull_request({}, repository="octo/site")
    with pytest.raises(UsageError, match="not known which repository") as caught:
        find_pull_request({}, number=3)
    assert caught.value.hint == "pass --repository OWNER/NAME, or set GITHUB_REPOSITORY"
    assert find_pull_request({}, repository="octo/site", number=3) == PullRequest("octo/site", 3)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"GITHUB_ACTIONS": "true"}, "not known which repository"),
        ({"GITHUB_EVENT_PATH": "event.json"}, "not known which repository"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo/site"}, "GITHUB_EVENT_PATH is not set"),
        ({"GITHUB_REPOSITORY": "no name"}, "is not a repository"),
    ],
)
def test_half_of_a_workflow_is_an_error_and_not_the_absence_of_a_pull_request(
    variables: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        find_pull_request(variables)


@pytest.mark.parametrize("number", [0, -1, True, "5", 5.0, 2**31, None, {}])
def test_a_number_that_is_none(environment: dict[str, str], number: Any) -> None:
    with pytest.raises(UsageError, match="is not a number of a pull request"):
        find_pull_request(event(environment, {"pull_request": {"number": number}}))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000, b" " * (33 << 20)],
    ids=lambda b: str(b[:5]),
)
def test_an_event_that_is_none(environment: dict[str, str], content: bytes) -> None:
    with pytest.raises(UsageError, match="names holds no event"):
        find_pull_request(event(environment, content))


def test_an_event_that_cannot_be_read(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="can't be read: No such file"):
        find_pull_request(environment)


def test_an_event_of_another_repository(environment: dict[str, str]) -> None:
    event(environment, PULL)
    with pytest.raises(UsageError, match="belongs to octo/site, not to octo/other"):
        find_pull_request(environment, repository="octo/other")
    assert find_pull_request(environment, repository="octo/other", number=1).repository == "octo/other"


@pytest.mark.parametrize(
    "name", ["octo/site", "o/.github", "Octo-Org_corp/my.site_2-x", "a/" + "b" * 100, "0/..."]
)
def test_names_of_repositories(name: str) -> None:
    assert find_pull_request({"GITHUB_REPOSITORY": name}, number=1) == PullRequest(name, 1)


@pytest.mark.parametrize(
    "name",
    [
        "octo", "octo/", "/site", "octo/site/x", "../site", "octo/..", "octo/.", "octo/a b", "octo/a?b", "octo/a#b",
        "octo/a%2fb", "octo/sité", "-o/site", "octo/site\n", "octo/" + "b" * 101, "https://github.example/octo/site",
    ],
)  # fmt: skip
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(UsageError, match="is not a repository"):
        find_pull_request({"GITHUB_REPOSITORY": name}, number=1)


@pytest.mark.parametrize(
    ("value", "said"),
    [("", "GITHUB_TOKEN is not set"), (" \n", "GITHUB_TOKEN is not set"), ("two words", "is not a key")],
)
def test_no_token(value: str, said: str) -> None:
    with pytest.raises(NoKey, match=said) as caught:
        read_token({"GITHUB_TOKEN": value})
    assert caught.value.hint == "in a workflow: `env: {GITHUB_TOKEN: '${{ github.token }}'}`"
    assert "two" not in str(caught.value)


def test_the_token() -> None:
    token = read_token({"GITHUB_TOKEN": " abc\n"})
    assert (token.reveal(), f"{token}") == ("abc", "***")


def test_the_target_is_the_folder_as_seen_from_the_repository(tmp_path: Path) -> None:
    project = tmp_path / "site" / "teams" / "paris"
    project.mkdir(parents=True)
    assert target_name(project) == "."
    (tmp_path / "site" / ".git").write_text("gitdir: elsewhere\n")  # a worktree has a file there
    assert target_name(project) == "teams/paris"
    assert target_name(tmp_path / "site") == "."


def test_each_state_of_a_project_is_a_target(tmp_path: Path) -> None:
    project = tmp_path / "site" / "teams" / "paris"
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "HEAD").touch()
    assert target_name(project, project / "kalentops.state.json") == "."
    assert target_name(project, project / "staging.json") == "staging.json"
    (project / ".git" / "HEAD").unlink()
    (project / ".git").rmdir()
    (tmp_path / "site" / ".git").mkdir()
    (tmp_path / "site" / ".git" / "HEAD").touch()
    assert target_name(project, project / "kalentops.state.json") == "teams/paris"
    assert target_name(project, project / "../staging.json") == "teams/staging.json"
    outside = tmp_path / "state.json"
    assert target_name(project, outside) == outside.as_posix()
