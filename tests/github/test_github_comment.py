"""One comment of ours for each target: what it looks like, whose it is, and what is sent for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kalentops.errors import (
    Forbidden,
    Interrupted,
    RefusedByApi,
    Unauthorized,
    Unreachable,
    UsageError,
    WrongAuthor,
)
from kalentops.github.client import GITHUB, CommentsApi
from kalentops.github.comment import (
    CommentRequest,
    CommentTarget,
    Published,
    compose,
    fold,
    is_about,
    publish,
    same,
)
from kalentops.github.context import PullRequest
from kalentops.http.retry import Throttle
from kalentops.http.secret import ApiKey
from kalentops.http.transport import HttpTransport, Network
from tests import answers
from tests.fakeclock import FakeClock
from tests.github.stand_in import BOT, NUMBER, REPOSITORY, TOKEN, Fault, StandIn, refusal

REPORT = "**1 to update**\n\n| what | blueprint |\n|---|---|\n| ~ | `quiet` |"
OTHER = REPORT.replace("quiet", "loud")
PARIS, BERLIN = CommentTarget("teams/paris"), CommentTarget("teams/berlin")
FEW = settings(deadline=None)  # a busy machine is slow
ODD = [
    ".",
    "a--b",
    "--> <b>",
    "a`b",
    "``",
    "`",
    "*x*",
    "@octocat",
    "a\nb",
    "é",
    "e\u0301",
    "a/b",
    "A",
    "\u202e",
]
NAMES = st.text(min_size=1, max_size=40).filter(str.strip) | st.sampled_from(ODD)


@contextmanager
def client(url: str, clock: FakeClock) -> Iterator[CommentsApi]:
    """The real client, with a clock whose waits take no time."""
    transport = HttpTransport(Network(url, 0.5), ApiKey(TOKEN), dialect=GITHUB)
    try:
        yield CommentsApi(transport, Throttle(clock, lambda _: None), PullRequest(REPOSITORY, NUMBER))
    finally:
        transport.close()


def show(
    url: str,
    report: str | None,
    *,
    target: CommentTarget = PARIS,
    author: str | None = BOT,
    begin: bool = True,
    clock: FakeClock | None = None,
) -> Published:
    """One run of `kalentops comment`, below the command line."""
    with client(url, clock or FakeClock()) as api:
        return api.retried(lambda: publish(api, CommentRequest(target, report, author, begin)))


# --- what a comment looks like ---------------------------------------------------------------------------------


@FEW
@given(NAMES, NAMES)
def test_markers_of_two_targets_are_the_same_only_if_their_names_are(one: str, other: str) -> None:
    equal = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (CommentTarget(one).marker == CommentTarget(other).marker) is equal
    assert is_about(compose(CommentTarget(one), "x"), CommentTarget(other)) is equal
    assert CommentTarget(one).outdated_marker != CommentTarget(other).marker


@FEW
@given(NAMES)
def test_marker_and_title_are_inert(name: str) -> None:
    target = CommentTarget(name)
    for marker in (target.marker, target.outdated_marker):
        assert re.fullmatch(r"<!-- kalentops:plan target=[A-Za-z0-9%/._~]+( outdated)? -->", marker)
    body = MarkdownIt().render(compose(target, "report")).partition("-->")[2]
    plain = re.sub(r"<code>.*?</code>", "", body, flags=re.DOTALL)
    assert re.sub(r"\s", "", plain) in {"<p>report</p>", "<p><strong></strong></p><p>report</p>"}


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="a target needs a name of 1 to 200 characters"):
        CommentTarget(name)


@FEW
@given(NAMES, st.text("ab\n\r\t ", max_size=60))
def test_an_outdated_comment_is_found_again_and_keeps_the_text(name: str, report: str) -> None:
    target = CommentTarget(name)
    body = compose(target, report)
    assert body.partition("\n")[2] in fold(target, body)
    for each in (body, fold(target, body)):
        assert is_about(each, target)
        assert same(each, each.replace("\n", "\r\n") + "\r\n")
        assert not same(each, each + "b")


# --- create, edit, leave alone ---------------------------------------------------------------------------------


def test_the_first_run_posts_the_second_sends_nothing_the_third_edits(github: StandIn) -> None:
    first = show(github.url, REPORT)
    page = github.comments[1001]["html_url"]
    assert (first, github.bodies()) == (Published("created", page), [compose(PARIS, REPORT)])
    github.add("thanks!", "octocat")
    assert show(github.url, REPORT) == Published("unchanged", page)
    assert show(github.url, OTHER) == Published("edited", page)
    assert github.bodies() == [compose(PARIS, OTHER)]
    assert github.sent == ["GET", "POST", "GET", "GET", "PATCH"]


def test_a_plan_without_changes_begins_no_comment_but_keeps_one_up_to_date(github: StandIn) -> None:
    assert show(github.url, "No changes.", begin=False).what == "none"
    assert github.sent == ["GET"]
    show(github.url, REPORT)
    assert show(github.url, "No changes.", begin=False).what == "edited"
    assert github.bodies() == [compose(PARIS, "No changes.")]


def test_each_target_has_its_own(github: StandIn) -> None:
    show(github.url, REPORT)
    show(github.url, OTHER, target=BERLIN)
    show(github.url, OTHER)
    assert github.bodies() == [compose(PARIS, OTHER), compose(BERLIN, OTHER)]
    assert show(github.url, None, target=BERLIN).what == "edited"
    assert github.bodies() == [compose(PARIS, OTHER), fold(BERLIN, compose(BERLIN, OTHER))]


def test_outdated_folds_once_and_the_next_plan_opens_it_again(github: StandIn) -> None:
    assert show(github.url, None).what == "none"
    show(github.url, REPORT)
    assert show(github.url, None).what == "edited"
    (body,) = github.bodies()
    assert body.splitlines()[1].startswith("**Outdated:**")
    assert f"<details><summary>Outdated plan</summary>\n\n{PARIS.title}{REPORT}\n\n</details>" in body
    assert show(github.url, None).what == "unchanged"
    assert show(github.url, REPORT).what == "edited"
    assert github.bodies() == [compose(PARIS, REPORT)]
    assert github.writes == ["POST", "PATCH", "PATCH"]


@pytest.mark.parametrize("others", [29, 30, 31, 95])
def test_ours_is_found_on_any_page(github: StandIn, others: int) -> None:
    for number in range(others):
        github.add(f"comment {number}", "octocat")
    assert show(github.url, REPORT).what == "created"
    assert show(github.url, OTHER).what == "edited"
    assert github.writes == ["POST", "PATCH"]


def test_of_several_none_is_left_behind(github: StandIn) -> None:
    """Two runs that began at once have posted one each: an outdated plan beside the new one would mislead."""
    for _ in range(2):
        github.add(compose(PARIS, REPORT))
    assert show(github.url, OTHER) == Published("edited", github.comments[1001]["html_url"])
    assert github.bodies() == [compose(PARIS, OTHER)] * 2
    assert show(github.url, OTHER).what == "unchanged"


# --- whose comment it is ---------------------------------------------------------------------------------------


def test_a_comment_of_another_person_with_our_marker_is_never_touched(github: StandIn) -> None:
    """Some of these become, or begin, the bot's name in some way of comparing."""
    others = (
        "octocat",
        "github-actions",
        "other-app[bot]",
        "github-actions[bot]x",
        "",
        "github-action\u017f[bot]",
    )
    for author in others:
        github.add(compose(PARIS, REPORT), author)
    github.comments[github.add(compose(PARIS, REPORT))]["user"] = None  # a deleted account
    before = {each: dict(comment) for each, comment in github.comments.items()}
    done = show(github.url, OTHER)
    assert (done.what, len(done.notes)) == ("created", 7)
    assert done.notes[0].startswith(
        "a comment of octocat begins with our marker and was left alone: https://"
    )
    show(github.url, None)
    assert {each: github.comments[each] for each in before} == before
    assert github.writes == ["POST", "PATCH"]


def test_a_marker_further_down_is_part_of_a_text(github: StandIn) -> None:
    github.add(f"Look at this:\n{PARIS.marker}\n{REPORT}")
    github.add(f"> {PARIS.marker}")
    assert show(github.url, REPORT).what == "created"
    assert len(github.bodies()) == 3


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("me", [BOT, "our-app[bot]", "octocat"])
def test_without_an_author_each_run_edits_the_same_comment(github: StandIn, me: str, *, tells: bool) -> None:
    """Of a token of a workflow, of an App, of a person, whether or not GitHub names its owner."""
    github.as_user, github.tells = me, tells
    github.add(compose(PARIS, REPORT), "mallory")
    if not tells and me == "octocat":
        with pytest.raises(WrongAuthor, match="posted as octocat, and looked for as an App") as caught:
            show(github.url, REPORT, author=None)
        assert str(caught.value.hint).startswith("pass --author 'octocat'")
        assert show(github.url, OTHER, author=me.upper()).what == "edited"
    else:
        assert [show(github.url, each, author=None).what for each in (REPORT, REPORT, OTHER)] == [
            "created",
            "unchanged",
            "edited",
        ]
    assert github.bodies(me) == [compose(PARIS, OTHER)]
    assert github.bodies("mallory") == [compose(PARIS, REPORT)]


@pytest.mark.parametrize(
    ("tells", "said", "posts"),
    [
        (True, r"token belongs to github-actions\[bot\], and --author is our-app\[bot\]", 0),
        (False, r"posted as github-actions\[bot\], and looked for as our-app\[bot\]", 1),
    ],
)
def test_an_author_that_is_not_the_tokens_is_reported(
    github: StandIn, said: str, posts: int, *, tells: bool
) -> None:
    github.tells = tells
    with pytest.raises(WrongAuthor, match=said):
        show(github.url, REPORT, author="our-app[bot]")
    assert len(github.bodies()) == posts


# --- answers that are lost, refusals, limits -------------------------------------------------------------------

LOST: dict[str, bytes | None] = {
    "broken": None,
    "500": refusal(500, "Server Error"),
    "502 html": answers.html(502),
    "408": refusal(408, "Request Timeout"),
    "201 without a body": answers.http(201),
    "201 without an id": answers.as_json(201, {"id": "1001"}),
}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("done", [False, True])
def test_after_a_lost_post_the_list_is_read_before_another(github: StandIn, lost: str, *, done: bool) -> None:
    github.faults = [Fault("POST", LOST[lost], done=done)]
    show(github.url, REPORT)
    assert github.bodies() == [compose(PARIS, REPORT)]
    assert github.sent == ["GET", "POST", "GET", *([] if done else ["POST"])]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_what_stays_lost_is_given_up(github: StandIn, method: str) -> None:
    if method == "PATCH":
        github.add(compose(PARIS, REPORT))
    github.faults = [Fault(method, answers.html(502)) for _ in range(9)]
    with pytest.raises(Unreachable, match=r"could not be \w+: HTTP 502: ") as caught:
        show(github.url, OTHER)
    assert caught.value.hint == "check GITHUB_API_URL and the network, then run the job again"
    assert github.sent.count(method) == 6


REFUSED: list[tuple[dict[str, Any], type[Exception], str, str]] = [
    ({"may": "read"}, Forbidden, "Resource not accessible by integration (HTTP 403)", "pull-requests: write"),
    ({"may": "nothing"}, RefusedByApi, "Not Found (HTTP 404)", "GITHUB_REPOSITORY"),
    ({"locked": True}, Forbidden, "issue is locked. (HTTP 403)", "unlock"),
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


def test_a_text_that_is_too_long_is_refused(github: StandIn) -> None:
    """`plan --format markdown` leaves room for marker and title."""
    with pytest.raises(RefusedByApi) as caught:
        show(github.url, "x" * 65_536)
    said = "Validation Failed; Body is too long (maximum is 65536 characters) (HTTP 422)"
    assert str(caught.value) == f"GitHub refused: {said}"
    assert github.writes == ["POST"]


LIMITS: dict[str, tuple[bytes, float]] = {
    "429": (refusal(429, "Too many requests", retry_after="9"), 9),
    "403 in words": (refusal(403, "You have exceeded a secondary rate limit."), 60),
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


def test_a_limit_that_lasts_too_long_is_not_waited_for(github: StandIn) -> None:
    github.faults = [Fault("POST", refusal(403, "API rate limit exceeded", retry_after="3000"))]
    clock = FakeClock()
    with pytest.raises(Unreachable, match="rate limit is used up for 50 more minutes"):
        show(github.url, OTHER, clock=clock)
    assert clock.waits == []


def test_an_interrupt_before_the_write_leaves_it_out(github: StandIn) -> None:
    for present in (False, True):
        if present:
            github.add(compose(PARIS, REPORT))
        clock = FakeClock()
        github.before = lambda _, clock=clock: clock.stop()  # type: ignore[misc]  # while the list is read
        with pytest.raises(Interrupted):
            show(github.url, OTHER, clock=clock)
    assert github.writes == []
