"""`kalentops comment` as a workflow calls it: options, environment, exit codes, streams, and what shows nowhere."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kalentops.github.comment import CommentTarget, compose
from tests import answers
from tests.github.stand_in import NUMBER, REPOSITORY, TOKEN, Fault, StandIn, refusal
from tests.harness import Project, Ran

REPORT = "**1 to update**\n"
ROOT = CommentTarget(".")


@pytest.fixture
def workflow(tmp_path: Path, github: StandIn) -> Project:
    """A job of a workflow that runs for pull request 7, in a project that is all of its repository."""
    event = tmp_path / "event.json"
    event.write_text(
        json.dumps({"pull_request": {"number": NUMBER}, "repository": {"full_name": REPOSITORY}})
    )
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").touch()
    (folder / "report.md").write_text(REPORT)
    environment = {
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_EVENT_PATH": str(event),
    }
    return Project(folder, "http://127.0.0.1:9", environment=environment)


def leaks(ran: Ran, project: Project) -> list[str]:
    texts = [
        ran.out,
        ran.err,
        *(p.read_text(errors="replace") for p in project.folder.rglob("*") if p.is_file()),
    ]
    return [text for text in texts for form in answers.echoes(TOKEN).values() if form in text]


def test_a_job_posts_then_says_that_nothing_changed(workflow: Project, github: StandIn) -> None:
    ran = workflow.run("comment", "report.md")
    page = f"https://github.example/{REPOSITORY}/pull/7#issuecomment-1001"
    assert (ran.code, ran.out, ran.err) == (0, f"created: {page}\n", "")
    assert github.bodies() == [compose(ROOT, REPORT)]
    assert workflow.run("comment", "report.md").out == f"unchanged: {page}\n"
    (workflow.folder / "report.md").write_text("**2 to update**\n")
    assert workflow.run("comment", "report.md").out == f"edited: {page}\n"
    assert workflow.run("comment", "--outdated").out == f"folded: {page}\n"
    assert workflow.run("comment", "--outdated").out == f"unchanged: {page}\n"
    assert workflow.run("comment", "-q", "report.md").out == ""
    assert github.bodies() == [compose(ROOT, "**2 to update**")]


@pytest.mark.processes
def test_a_report_can_be_piped_in(workflow: Project, github: StandIn) -> None:
    for args in ([], ["-"]):
        done = subprocess.run(
            [sys.executable, "-m", "kalentops", "comment", *args],
            cwd=workflow.folder,
            env=workflow.variables(),
            input="Zoë 🎉\n".encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert github.bodies() == [compose(ROOT, "Zoë 🎉")]
    assert github.writes == ["POST"]


def test_a_plan_without_changes(workflow: Project, github: StandIn) -> None:
    ran = workflow.run("comment", "--update-only", "report.md")
    assert (ran.code, ran.out) == (0, f"{REPOSITORY}#7 has no comment of ours, and needs none\n")
    assert github.writes == []


def test_each_project_of_a_repository_has_its_own(workflow: Project, github: StandIn) -> None:
    project = workflow.folder / "teams" / "paris"
    (project / "deeper").mkdir(parents=True)
    (project / "kalentops.yaml").write_text("this is: [not valid\n")  # nothing that stops a plan stops this
    for folder in ("teams/paris", "teams/paris/deeper"):
        assert workflow.run("comment", "-C", folder, "report.md").code == 0
    assert workflow.run("comment", "--target-name", "staging", "report.md").code == 0
    assert github.bodies() == [
        compose(CommentTarget("teams/paris"), REPORT),
        compose(CommentTarget("staging"), REPORT),
    ]
    workflow.environment["KALENTOPS_STATE"] = "production.json"
    assert workflow.run("comment", "-C", "teams/paris", "report.md").code == 0
    assert github.bodies()[2:] == [compose(CommentTarget("teams/paris/production.json"), REPORT)]


def test_each_environment_has_its_own(workflow: Project, github: StandIn) -> None:
    project = workflow.folder / "teams" / "paris"
    project.mkdir(parents=True)
    settings = "environments: {production: {}, trial: {}}\n"
    for folder, text in ((workflow.folder, settings), (project, settings)):
        (folder / "kalentops.yaml").write_text(text)
    for args in (("-e", "trial"), ("-e", "production"), ("-C", "teams/paris", "-e", "trial")):
        assert workflow.run("comment", *args, "report.md").code == 0
        assert workflow.run("comment", *args, "report.md").code == 0
    (workflow.folder / "kalentops.yaml").write_text(f"{settings}bogus: 1\n")
    assert workflow.run("comment", "-e", "trial", "--outdated").code == 0
    names = ("environment trial", "environment production", "teams/paris, environment trial")
    bodies = github.bodies()
    assert bodies[1:] == [compose(CommentTarget(each), REPORT) for each in names[1:]]
    assert bodies[0].startswith("<!-- kalentops:plan target=environment%20trial outdated -->")
    (workflow.folder / "kalentops.yaml").write_text(settings)
    ran = workflow.run("comment", "report.md")
    assert (ran.code, "several environments: production, trial" in ran.err) == (1, True)
    assert workflow.run("comment", "-e", "trail", "report.md").code == 1
    assert len(github.bodies()) == len(names)


def test_the_title_alone_names_the_environment(workflow: Project, github: StandIn) -> None:
    (workflow.folder / "kalentops.yaml").write_text("environments: {production: {}, trial: {}}\n")
    (workflow.folder / "report.md").write_text(f"environment: trial\n\n{REPORT}")
    for args in (("-e", "trial"), ("-e", "production"), ("-e", "trial", "--target-name", "mine")):
        assert workflow.run("comment", *args, "report.md").code == 0
    other = f"environment: trial\n\n{REPORT}"
    assert github.bodies() == [
        compose(CommentTarget("environment trial"), REPORT),
        compose(CommentTarget("environment production"), other),
        compose(CommentTarget("mine"), other),
    ]


def test_options_win_over_the_environment(workflow: Project, github: StandIn) -> None:
    workflow.environment |= {"GITHUB_REPOSITORY": "octo/other", "GITHUB_API_URL": "http://127.0.0.1:9"}
    args = ("--repository", REPOSITORY, "--pull-request", "7", "--api-url", github.url)
    assert workflow.run("comment", "report.md", *args).code == 0
    assert workflow.run("comment", "report.md", *args[:2], "--pull-request", "8", *args[4:]).code == 1


def test_not_in_a_pull_request(workflow: Project, github: StandIn) -> None:
    Path(workflow.environment["GITHUB_EVENT_PATH"]).write_text('{"ref": "refs/heads/main"}')
    ran = workflow.run("comment", "report.md")
    assert (ran.code, ran.out) == (1, "")
    assert "error: this workflow run has no pull request\nhint: pass --pull-request N" in ran.err
    ran = workflow.run("comment", "report.md", "--if-pull-request")
    assert (ran.code, ran.out) == (0, "")
    assert "note: this workflow run has no pull request; there is nothing to comment on" in ran.err
    assert github.requests == []


def test_not_on_github(workflow: Project, github: StandIn) -> None:
    del workflow.environment["GITHUB_REPOSITORY"], workflow.environment["GITHUB_EVENT_PATH"]
    ran = workflow.run("comment", "report.md")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: this is not a GitHub workflow\nhint: pass --repository OWNER/NAME and --pull-request N\n"
    )
    for variables, code in (({}, 0), ({"GITHUB_TOKEN": ""}, 0), ({"GITHUB_ACTIONS": "true"}, 1)):
        workflow.environment |= variables
        ran = workflow.run("comment", "report.md", "--if-pull-request")
        assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("error: it is not known which repository is meant\n")
    assert github.requests == []


WRONG: list[tuple[tuple[str, ...], dict[str, str], int, str]] = [
    (("nowhere.md",), {}, 1, "No such file"),
    (("report.md", "--outdated"), {}, 1, "--outdated takes no report"),
    (("empty.md",), {}, 1, "the report is empty"),
    (("latin.md",), {}, 1, "not UTF-8, at byte 4"),
    (("huge.md",), {}, 1, "larger than 16 MiB"),
    (("report.md", "-C", "nowhere"), {}, 1, "there is no folder nowhere"),
    (("report.md", "--target-name", ""), {}, 1, "a target needs a name"),
    (("report.md", "--author", "@octocat"), {}, 1, "`@octocat` is not a login"),
    (("report.md", "--pull-request", "0"), {}, 1, "not in the range"),
    (("report.md",), {"GITHUB_REPOSITORY": "../x"}, 1, "is not a repository"),
    (("report.md",), {"GITHUB_TOKEN": ""}, 4, "GITHUB_TOKEN is not set"),
    (("report.md",), {"GITHUB_API_URL": "http://api.example"}, 3, "the API key would be sent unencrypted"),
    (("report.md",), {"GITHUB_API_URL": "x"}, 3, "GITHUB_API_URL is not a URL"),
    (("report.md",), {"GITHUB_EVENT_PATH": "nowhere"}, 1, "GITHUB_EVENT_PATH names can't be read"),
]


@pytest.mark.parametrize(("args", "variables", "code", "said"), WRONG)
def test_what_is_wrong_is_said_before_anything_is_sent(
    args: tuple[str, ...], variables: dict[str, str], code: int, said: str, workflow: Project, github: StandIn
) -> None:
    (workflow.folder / "empty.md").write_text(" \n")
    (workflow.folder / "latin.md").write_bytes("abcé".encode("latin-1"))
    (workflow.folder / "huge.md").write_bytes(b"x" * ((16 << 20) + 1))
    workflow.environment |= variables
    ran = workflow.run("comment", *args)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in ran.err
    assert github.requests == []


@pytest.mark.parametrize(
    ("faults", "code", "said"),
    [
        (
            [refusal(403, "Resource not accessible by integration")],
            4,
            "a pull request from a fork gets a token",
        ),
        ([refusal(401, f"Bad credentials: {TOKEN}")], 4, "Bad credentials: ***"),
        ([refusal(404, "Not Found")], 1, "GitHub refused: Not Found (HTTP 404)"),
        ([refusal(422, "Validation Failed")], 1, "GitHub refused: Validation Failed (HTTP 422)"),
        ([refusal(403, "API rate limit exceeded", retry_after="999")], 5, "used up for 17 more minutes"),
        ([refusal(500, "\x1b[31m::error::oops")] * 6, 5, "HTTP 500: \\u{1b}[31m::error::oops"),
        ([answers.html(502)] * 6, 5, "HTTP 502: HTML instead of JSON: Bad gateway"),
    ],
)
def test_exit_codes(faults: list[bytes], code: int, said: str, workflow: Project, github: StandIn) -> None:
    github.add(compose(ROOT, "old"))
    github.faults = [Fault("PATCH", answer) for answer in faults]
    ran = workflow.run("comment", "report.md", "--debug-http")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "\x1b" not in ran.err
    assert leaks(ran, workflow) == []


def test_nothing_is_there(workflow: Project) -> None:
    workflow.environment["GITHUB_API_URL"] = "http://127.0.0.1:9"
    ran = workflow.run("comment", "report.md")
    assert ran.code == 5
    assert "the comments could not be read: no connection" in ran.err
    assert "hint: check GITHUB_API_URL and the network, then run the job again" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.processes
def test_a_signal_ends_it_while_it_waits(workflow: Project, github: StandIn) -> None:
    github.faults = [Fault("GET", refusal(429, "slow down", retry_after="100"))]
    running = workflow.start("comment", "report.md")
    assert running.stderr is not None
    assert "rate limited; waiting 100 s" in running.stderr.readline()
    running.send_signal(signal.SIGTERM)
    assert running.wait(120) == 130
    assert "interrupted" in running.stderr.read()
    assert github.writes == []
    for stream in (running.stdout, running.stderr):
        if stream is not None:
            stream.close()


def test_a_comment_of_others_is_reported_safely(workflow: Project, github: StandIn) -> None:
    made = github.add(compose(ROOT, REPORT), "mal\x1b[31mlory")
    github.comments[made]["html_url"] = "https://evil.example/\n::error::x"
    ran = workflow.run("comment", "report.md")
    assert ran.code == 0
    assert ran.err == (
        "note: a comment of mal\\u{1b}[31mlory begins with our marker and was left alone: "
        "https://evil.example/\\n::error::x\n"
    )


def test_a_hostile_page_of_ours_is_reported_safely(workflow: Project, github: StandIn) -> None:
    github.comments[github.add(compose(ROOT, REPORT))]["html_url"] = "\x1b]0;x\x07\n::set-output"
    ran = workflow.run("comment", "report.md")
    assert ran.out == "unchanged: \\u{1b}]0;x\\u{7}\\n::set-output\n"
