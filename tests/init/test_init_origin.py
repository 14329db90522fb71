"""Where workflows find kalentops: taken from what pip has recorded, or from the clone that was installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kalentops.init.contents import NO_ACTION, Origin, Setup, origin_of, workflows
from tests.repositories import commit, git

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def recorded(url: str, **info: str) -> str:
    return json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": COMMIT, **info}})


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/example/kalentops",
        "https://github.com/example/kalentops.git",
        "https://user:token@github.com/example/kalentops.git",
        "ssh://git@github.com/example/kalentops.git",
    ],
)
def test_an_installation_from_git(url: str) -> None:
    found = origin_of(recorded(url, requested_revision="v1"))
    assert found == Origin("example/kalentops", COMMIT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"url": 3}',
        '{"url": "file:///nowhere/at/all"}',
        '{"url": "https://example.com/kalentops-0.1.0.tar.gz", "archive_info": {}}',
        recorded("https://github.com.example.com/example/kalentops"),
        recorded("https://github.com/example/kalentops/../other"),
        recorded("https://github.com/example/kalentops", commit_id="main"),
    ],
)
def test_what_says_nothing_is_not_guessed(text: str) -> None:
    assert origin_of(text) is None


@pytest.mark.processes
def test_an_installation_from_a_clone(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "README").write_text("x")
    commit(tmp_path, "begin")
    text = json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    assert origin_of(text) is None
    git(tmp_path, "remote", "add", "origin", "git@github.com:example/kalentops.git")
    assert origin_of(text) == Origin("example/kalentops", git(tmp_path, "rev-parse", "HEAD"))


def test_where_nobody_knows_github_refuses_the_name() -> None:
    assert all(f"uses: {NO_ACTION}\n" in each.text for each in workflows(Setup()))
