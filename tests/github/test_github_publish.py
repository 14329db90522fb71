"""One comment of ours for each target, whatever the network, other people and other runs do."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from kalentops.errors import Forbidden, Interrupted, RefusedByApi, Unauthorized, Unreachable, WrongAuthor
from kalentops.github.body import CommentTarget, compose, fold
from kalentops.github.client import refuse
from kalentops.http.verdict import NotSent
from tests import answers
from tests.fakeclock import FakeClock
from tests.github.clients import PARIS, client, show
from tests.github.stand_in import BOT, Fault, StandIn, refusal
from tests.wire import Received

REPORT = "**1 to update**\n\n| what | blueprint |\n|---|---|\n| ~ | `quiet` |"
OTHER = REPORT.replace("quiet", "loud")


# --- create, edit, leave alone ---------------------------------------------------------------------------------


def test_the_first_run_posts_and_the_second_sends_nothing(github: StandIn) -> None:
    first = show(github.url, REPORT)
    assert (first.what, github.bodies()) == ("created", [compose(PARIS, REPORT)])
    assert first.url == github.comments[1001]["html_url"]
    assert github.sent == ["GET", "POST", "GET"]
    second = show(github.url, REPORT)
    assert (second.what, second.url, github.writes) == ("unchanged", first.url, ["POST"])


def test_a_changed_report_is_edited_in_place(github: StandIn) -> None:
    show(github.url, REPORT)
    github.add("thanks!", "octocat")
    done = show(github.url, OTHER)
    assert (done.what, github.bodies()) == ("edited", [compose(PARIS, OTHER)])
    assert github.writes == ["POST", "PATCH"]


def test_line_ends_of_a_form_are_no_change(github: StandIn) -> None:
    github.add(compose(PARIS, REPORT).replace("\n", "\r\n") + "\r\n")
    assert show(github.url, REPORT).what == "unchanged"
    assert github.writes == []


def test_a_plan_without_changes_begins_no_comment_but_keeps_one_up_to_date(github: StandIn) -> None:
    assert show(github.url, "No changes.", begin=False).what == "none"
    assert github.sent == ["GET"]
    show(github.url, REPORT)
    assert show(github.url, "No changes.", begin=False).what == "edited"
    assert github.bodies() == [compose(PARIS, "No changes.")]


def test_each_target_has_its_own(github: StandIn) -> None:
    berlin = CommentTarget("teams/berlin")
    show(github.url, REPORT)
    show(github.url, OTHER, target=berlin)
    show(github.url, OTHER)
    assert github.bodies() == [compose(PARIS, OTHER), compose(berlin, OTHER)]
    assert show(github.url, None, target=berlin).what == "edited"
    assert github.bodies() == [compose(PARIS, OTHER), fold(berlin, compose(berlin, OTHER))]


# --- outdated --------------------------------------------------------------------------------------------------


def test_outdated_folds_once_and_the_next_plan_opens_it_again(github: StandIn) -> None:
    show(github.url, REPORT)
    assert show(github.url, None).what == "edited"
    (body,) = github.bodies()
    assert body.splitlines()[1].startswith("**Outdated:**")
    assert f"<details><summary>What stood here</summary>\n\n{PARIS.title}{REPORT}\n\n</details>" in body
    assert show(github.url, None).what == "unchanged"
    assert show(github.url, REPORT).what == "edited"
    assert github.bodies() == [compose(PARIS, REPORT)]
    assert github.writes == ["POST", "PATCH", "PATCH"]


def test_outdated_does_nothing_where_there_is_nothing(github: StandIn) -> None:
    github.add(compose(CommentTarget("teams/berlin"), REPORT))
    assert show(github.url, None).what == "none"
    assert github.writes == []


# --- whose comment it is ---------------------------------------------------------------------------------------


def test_a_comment_of_somebody_else_with_our_marker_is_never_touched(github: StandIn) -> None:
    for author in ("octocat", "github-actions", "other-app[bot]", "github-actions[bot]x", ""):
        github.add(compose(PARIS, REPORT), author)
    before = {each: dict(comment) for each, comment in github.comments.items()}
    done = show(github.url, OTHER)
    assert done.what == "created"
    assert len(done.notes) == 5
    assert done.notes[0].startswith(
        "a comment of octocat begins with our marker and was left alone: https://"
    )
    show(github.url, None)
    assert {each: github.comments[each] for each in before} == before
    assert [request.path.rsplit("/", 1)[1] for request in github.requests if request.method == "PATCH"] == [
        "1006"
    ]


def test_a_marker_further_down_is_part_of_a_text(github: StandIn) -> None:
    github.add(f"Look at this:\n{PARIS.marker}\n{REPORT}")
    github.add(f"> {PARIS.marker}")
    assert show(github.url, REPORT).what == "created"
    assert len(github.bodies()) == 3


def test_a_comment_of_a_deleted_account_is_nobodys(github: StandIn) -> None:
    github.comments[github.add(compose(PARIS, REPORT))]["user"] = None
    assert show(github.url, REPORT).what == "created"
    assert len(github.comments) == 2


def test_another_author_can_be_named(github: StandIn) -> None:
    github.as_user = "Kalent-Bot"
    assert show(github.url, REPORT, author="kalent-bot").what == "created"
    assert show(github.url, OTHER, author="KALENT-BOT").what == "edited"
    assert github.bodies("Kalent-Bot") == [compose(PARIS, OTHER)]


@pytest.mark.parametrize("tells", [("/graphql", "/user"), ("/user",), ("/graphql",), ()])
@pytest.mark.parametrize("me", [BOT, "our-app[bot]", "octocat"])
def test_without_an_author_each_run_edits_the_same_comment(
    github: StandIn, me: str, tells: tuple[str, ...]
) -> None:
    """Of a token of a workflow, of an App, of a person, whatever GitHub says of whom it belongs to."""
    github.as_user, github.tells = me, tells
    github.add(compose(PARIS, REPORT), "mallory")
    known = "/graphql" in tells or ("/user" in tells and me == "octocat")
    if not known:  # a comment of somebody could be ours
        with pytest.raises(WrongAuthor, match="a comment for this target by mallory"):
            show(github.url, REPORT, author=None)
        assert github.writes == []
        github.comments.clear()
    if not known and me == "octocat":
        with pytest.raises(WrongAuthor, match="posted as octocat, and looked for as an App"):
            show(github.url, REPORT, author=None)
        with pytest.raises(WrongAuthor, match="a comment for this target by octocat"):
            show(github.url, OTHER, author=None)
        assert show(github.url, OTHER, author=me).what == "edited"
    else:
        assert show(github.url, REPORT, author=None).what == "created"
        assert show(github.url, REPORT, author=None).what == "unchanged"
        assert show(github.url, OTHER, author=None).what == "edited"
    assert github.bodies(me) == [compose(PARIS, OTHER)]
    assert github.bodies("mallory") == [compose(PARIS, REPORT)] * known
    assert github.writes == ["POST", "PATCH"]


@pytest.mark.parametrize("author", ["our-app", "our-app[bot]x", "github-actions[bot]"])
def test_an_author_that_is_not_the_tokens_posts_at_most_once(github: StandIn, author: str) -> None:
    github.as_user = "our-app[bot]"
    with pytest.raises(WrongAuthor, match="belongs to our-app") as caught:
        show(github.url, REPORT, author=author)
    assert caught.value.hint == "pass --author 'our-app[bot]', or leave it out"
    assert github.writes == []
    github.tells = ()
    for said in ("was posted as our-app", "a comment for this target by our-app"):
        with pytest.raises(WrongAuthor, match=said):
            show(github.url, REPORT, author=author)
    assert github.writes == ["POST"]


def test_of_several_apps_none_is_guessed(github: StandIn) -> None:
    github.tells = ()
    github.add(compose(PARIS, REPORT))
    github.add(compose(PARIS, REPORT), "our-app[bot]")
    with pytest.raises(WrongAuthor, match=r"by github-actions\[bot\], our-app\[bot\]"):
        show(github.url, OTHER, author=None)
    assert github.writes == []


def test_an_author_is_compared_in_the_letters_that_a_login_has(github: StandIn) -> None:
    """Each of these becomes, or begins, the bot's name in some way of comparing."""
    for author in ("github-action\u017f[bot]", "GITHUB-ACTIONS", "github-actions[bot][bot]", " " + BOT):
        github.add(compose(PARIS, REPORT), author)
    assert show(github.url, OTHER, author=None).what == "created"
    assert show(github.url, REPORT, author="GitHub-Actions[bot]").what == "edited"
    assert github.writes == ["POST", "PATCH"]


def test_a_lost_post_of_somebody_unknown_is_found(github: StandIn) -> None:
    github.tells = ()
    github.add("thanks!", "mallory")
    github.faults = [Fault("POST", done=True)]
    assert show(github.url, REPORT, author=None).what == "created"
    github.comments.clear()
    github.faults, github.as_user = [Fault("POST", done=True)], "octocat"
    with pytest.raises(WrongAuthor, match="posted as octocat"):
        show(github.url, REPORT, author=None)
    assert github.writes == ["POST", "POST"]


# --- several of ours -------------------------------------------------------------------------------------------


def test_of_several_the_oldest_is_kept_and_the_others_point_to_it(github: StandIn) -> None:
    for _ in range(3):
        github.add(compose(PARIS, REPORT))
    done = show(github.url, OTHER)
    assert (done.what, done.url) == ("edited", github.comments[1001]["html_url"])
    kept, *others = github.bodies()
    assert kept == compose(PARIS, OTHER)
    assert all("[the one that is kept](#issuecomment-1001)" in each for each in others)
    assert not any(REPORT.splitlines()[0] in each for each in others)
    assert show(github.url, OTHER).what == "unchanged"


def test_two_runs_that_begin_at_once_end_with_one(github: StandIn) -> None:
    meet = threading.Barrier(2, timeout=120)

    def before(request: Received) -> None:
        if request.method == "POST":
            meet.wait()  # both have looked, and neither has seen the other's

    github.before = before
    threads = [threading.Thread(target=show, args=(github.url, report)) for report in (REPORT, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert github.writes.count("POST") == 2
    github.before = lambda _: None
    show(github.url, OTHER)
    kept, pointer = github.bodies()
    assert kept == compose(PARIS, OTHER)
    assert pointer.startswith("<!-- kalentops:superseded -->")


def test_a_comment_that_is_deleted_meanwhile_is_made_anew(github: StandIn) -> None:
    first = github.add(compose(PARIS, REPORT))

    def before(request: Received) -> None:
        if request.method == "PATCH":
            github.comments.pop(first, None)

    github.before = before
    assert show(github.url, OTHER).what == "created"
    assert github.bodies() == [compose(PARIS, OTHER)]
    assert github.writes == ["PATCH", "POST"]


def test_comments_that_vanish_for_ever_end_it(github: StandIn) -> None:
    github.add(compose(PARIS, REPORT))
    github.faults = [Fault("PATCH", refusal(404, "Not Found")) for _ in range(9)]
    with pytest.raises(Unreachable, match="change faster than they can be read"):
        show(github.url, OTHER)
    assert github.writes == ["PATCH"] * 5


# --- many pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [29, 30, 31, 95])
def test_ours_is_found_on_any_page(github: StandIn, others: int) -> None:
    for number in range(others):
        github.add(f"comment {number}", "octocat")
    assert show(github.url, REPORT).what == "created"
    assert show(github.url, OTHER).what == "edited"
    assert github.bodies() == [compose(PARIS, OTHER)]
    assert github.writes == ["POST", "PATCH"]


@pytest.mark.parametrize("later", [0, 5])
def test_a_deletion_between_two_pages_makes_no_second_comment(github: StandIn, later: int) -> None:
    """It moves the others up: the one that would have begun the second page is on none that is read."""
    for number in range(30):
        github.add(f"comment {number}", "octocat")
    github.add(compose(PARIS, REPORT))
    for number in range(later):
        github.add(f"later {number}", "octocat")

    def before(request: Received) -> None:
        if "page=2" in request.path and 1001 in github.comments:
            del github.comments[1001]

    github.before = before
    assert show(github.url, OTHER).what == "edited"
    assert github.writes == ["PATCH"]


# --- answers that are lost -------------------------------------------------------------------------------------

GONE: dict[str, bytes | None] = {
    "broken": None,
    "500": refusal(500, "Server Error"),
    "502 html": answers.html(502),
    "408": refusal(408, "Request Timeout"),
    "201 without a body": answers.http(201),
    "201 html": answers.html(201),
    "201 without an id": answers.as_json(201, {"id": "1001"}),
}


@pytest.mark.parametrize("answer", GONE)
def test_a_post_that_was_done_and_not_answered_is_found_and_not_repeated(
    github: StandIn, answer: str
) -> None:
    github.faults = [Fault("POST", GONE[answer], done=True)]
    clock = FakeClock()
    assert show(github.url, REPORT, clock=clock).what == "created"
    assert (github.writes, github.bodies(), clock.waits) == (["POST"], [compose(PARIS, REPORT)], [1])


@pytest.mark.parametrize("late", [1, 2, 3, 4])
def test_a_post_that_is_done_late_is_found_and_not_repeated(github: StandIn, late: int) -> None:
    github.faults = [Fault("POST", None, late=late)]
    clock = FakeClock()
    assert show(github.url, REPORT, clock=clock).what == "created"
    assert github.writes == ["POST"]
    assert github.bodies() == [compose(PARIS, REPORT)]
    assert len(clock.waits) == late


@pytest.mark.parametrize("answer", GONE)
def test_a_post_that_was_not_done_is_repeated_after_looking(github: StandIn, answer: str) -> None:
    github.faults = [Fault("POST", GONE[answer])]
    clock = FakeClock()
    assert show(github.url, REPORT, clock=clock).what == "created"
    assert github.sent == ["GET", "POST", "GET", "GET", "GET", "GET", "POST", "GET"]
    assert (github.bodies(), sum(clock.waits)) == ([compose(PARIS, REPORT)], 15)


def test_a_post_that_never_comes_true_is_given_up_and_the_next_run_looks_first(github: StandIn) -> None:
    github.faults = [Fault("POST", None), Fault("POST", None), Fault("POST", None, done=True)]
    github.faults[2].late = 5
    with pytest.raises(Unreachable, match="not posted as far as one can see: the connection broke"):
        show(github.url, REPORT)
    assert github.writes == ["POST"] * 3
    assert show(github.url, REPORT).what == "unchanged"
    assert github.bodies() == [compose(PARIS, REPORT)]


def test_a_posted_comment_counts_although_the_look_after_it_fails(github: StandIn) -> None:
    def before(request: Received) -> None:
        if request.method == "POST":
            github.faults = [Fault("GET", refusal(500, "Server Error")) for _ in range(30)]

    github.before = before
    done = show(github.url, REPORT)
    assert (done.what, done.url) == ("created", github.comments[1001]["html_url"])


def test_a_server_that_is_gone_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with client(f"http://127.0.0.1:{port}", FakeClock()) as api:
        verdict = api.create("x")
    assert isinstance(verdict, NotSent)
    with pytest.raises(Unreachable, match="nothing could be sent: no connection"):
        refuse(verdict)


@pytest.mark.parametrize("answer", [*GONE, "200 of something else"])
def test_an_edit_is_repeated_because_that_changes_nothing(github: StandIn, answer: str) -> None:
    github.add(compose(PARIS, REPORT))
    said = GONE.get(answer, answers.as_json(200, {"message": "ok"}))
    github.faults = [Fault("PATCH", said, done=True), Fault("PATCH", said)]
    assert show(github.url, OTHER).what == "edited"
    assert (github.writes, github.bodies()) == (["PATCH"] * 3, [compose(PARIS, OTHER)])


def test_an_edit_that_never_works_is_told(github: StandIn) -> None:
    github.add(compose(PARIS, REPORT))
    github.faults = [Fault("PATCH", refusal(503, "No server is available")) for _ in range(9)]
    with pytest.raises(Unreachable, match="could not be edited: HTTP 503: No server is available") as caught:
        show(github.url, OTHER)
    assert caught.value.hint == "check GITHUB_API_URL and the network, then run the job again"


# --- refusals and limits ---------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], type[Exception], str, str]] = [
    ({"may": "read"}, Forbidden, "Resource not accessible by integration (HTTP 403)", "pull-requests: write"),
    ({"may": "nothing"}, RefusedByApi, "Not Found (HTTP 404)", "GITHUB_REPOSITORY"),
    ({"locked": True}, Forbidden, "issue is locked. (HTTP 403)", "unlock it"),
    ({"token": "another"}, Unauthorized, "Bad credentials (HTTP 401)", "GITHUB_TOKEN"),
]


@pytest.mark.parametrize(("setting", "error", "said", "hint"), REFUSED)
def test_what_is_refused_is_asked_once(
    github: StandIn, setting: dict[str, Any], error: type[Exception], said: str, hint: str
) -> None:
    for name, value in setting.items():
        setattr(github, name, value)
    with pytest.raises(error) as caught:
        show(github.url, REPORT)
    assert said in str(caught.value)
    assert hint in str(getattr(caught.value, "hint", ""))
    assert len(github.sent) <= 2


def test_a_text_that_is_refused_is_not_sent_again(github: StandIn) -> None:
    too_long = {"message": "Body is too long (maximum is 65536 characters)", "code": "unprocessable"}
    github.faults = [
        Fault("POST", refusal(422, "Validation Failed", errors=[too_long, "and more", 7, {"code": "x"}]))
    ]
    with pytest.raises(RefusedByApi) as caught:
        show(github.url, REPORT)
    said = "Validation Failed; Body is too long (maximum is 65536 characters); and more; x (HTTP 422)"
    assert str(caught.value) == f"GitHub refused: {said}"
    assert github.writes == ["POST"]


def test_a_redirect_is_neither_followed_nor_tried_again(github: StandIn) -> None:
    github.faults = [Fault("GET", answers.http(301, b"{}", location="https://evil.example/"))]
    with pytest.raises(RefusedByApi, match=r"a redirect.*not followed \(HTTP 301\)"):
        show(github.url, REPORT)
    assert github.sent == ["GET"]


LIMITS: dict[str, tuple[bytes, float]] = {
    "429": (refusal(429, "Too many requests", retry_after="9"), 9),
    "403 with a time": (refusal(403, "You have exceeded a secondary rate limit.", retry_after="9"), 9),
    "403 in words": (refusal(403, "You have exceeded a secondary rate limit."), 60),
    "429 in words": (refusal(429, "slow down"), 60),
    "nothing remains": (
        refusal(403, "API rate limit exceeded", x_ratelimit_remaining="0", x_ratelimit_reset="1"),
        0.05,
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_limit_is_waited_for(github: StandIn, limit: str, method: str) -> None:
    answer, seconds = LIMITS[limit]
    if method == "PATCH":
        github.add(compose(PARIS, REPORT))
    github.faults = [Fault(method, answer)]
    clock = FakeClock()
    assert show(github.url, OTHER, clock=clock).what == ("edited" if method == "PATCH" else "created")
    assert sum(clock.waits) == pytest.approx(seconds)
    assert github.bodies() == [compose(PARIS, OTHER)]


def test_after_a_wait_the_list_is_read_before_a_post(github: StandIn) -> None:
    github.faults = [Fault("POST", LIMITS["429"][0])]

    def before(request: Received) -> None:
        if github.sent[:2] == ["GET", "POST"] and not github.comments:
            github.add(compose(PARIS, REPORT))  # another run has done it meanwhile

    github.before = before
    assert show(github.url, REPORT).what == "unchanged"
    assert github.writes == ["POST"]
    assert github.bodies() == [compose(PARIS, REPORT)]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_limit_that_lasts_too_long_is_not_waited_for(github: StandIn, method: str) -> None:
    if method == "PATCH":
        github.add(compose(PARIS, REPORT))
    github.faults = [Fault(method, refusal(403, "API rate limit exceeded", retry_after="3000"))]
    clock = FakeClock()
    with pytest.raises(Unreachable, match="limit of requests is used up for 50 more minutes"):
        show(github.url, OTHER, clock=clock)
    assert clock.waits == []


def test_a_limit_that_never_ends_is_given_up(github: StandIn) -> None:
    github.faults = [Fault("POST", LIMITS["429"][0]) for _ in range(9)]
    with pytest.raises(Unreachable, match="limits the rate"):
        show(github.url, REPORT)
    assert github.writes == ["POST"] * 3
    github.add(compose(PARIS, REPORT))
    github.faults = [Fault("PATCH", LIMITS["429"][0]) for _ in range(9)]
    with pytest.raises(Unreachable, match="could not be edited: GitHub limits the rate"):
        show(github.url, OTHER)


# --- interrupts ------------------------------------------------------------------------------------------------


def test_an_interrupt_before_the_write_leaves_it_out(github: StandIn) -> None:
    for present in (False, True):
        if present:
            github.add(compose(PARIS, REPORT))
        clock = FakeClock()
        clock.stop()
        with pytest.raises(Interrupted):
            show(github.url, OTHER, clock=clock)
    assert github.writes == []


def test_an_interrupt_while_looking_ends_without_a_second_post(github: StandIn) -> None:
    github.faults = [Fault("POST", None, done=True)]
    with pytest.raises(Interrupted):
        show(github.url, REPORT, clock=FakeClock(stop_after=0))
    assert github.writes == ["POST"]
    assert show(github.url, REPORT).what == "unchanged"
