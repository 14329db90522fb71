"""A comment's text: a marker that nothing can forge or break, and cuts that leave what was code code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kalentops.errors import UsageError
from kalentops.github.body import (
    LIMIT,
    CommentTarget,
    compose,
    cut,
    fold,
    is_about,
    is_outdated,
    point_to,
    same,
)

FEW = settings(deadline=None)  # a busy machine is slow
NAMES = st.text(min_size=1, max_size=40).filter(str.strip) | st.sampled_from(
    [
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
)
MISSING = "more lines did not fit"


@FEW
@given(NAMES, NAMES)
def test_markers_of_two_targets_are_the_same_only_if_their_names_are(one: str, other: str) -> None:
    import unicodedata

    equal = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (CommentTarget(one).marker == CommentTarget(other).marker) is equal
    assert is_about(compose(CommentTarget(one), "x"), CommentTarget(other)) is equal
    assert CommentTarget(one).outdated_marker != CommentTarget(other).marker


@FEW
@given(NAMES)
def test_a_marker_is_one_comment_of_html_and_shows_nothing(name: str) -> None:
    for marker in (CommentTarget(name).marker, CommentTarget(name).outdated_marker):
        assert re.fullmatch(r"<!-- kalentops:plan target=[A-Za-z0-9%/._~]+( outdated)? -->", marker)


@FEW
@given(NAMES)
def test_a_title_is_inert(name: str) -> None:
    html = MarkdownIt().render(compose(CommentTarget(name), "report"))
    body = html.partition("-->")[2]
    plain = re.sub(r"<code>.*?</code>", "", body, flags=re.DOTALL)
    assert re.sub(r"\s", "", plain) in {"<p>report</p>", "<p><strong></strong></p><p>report</p>"}


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="a target needs a name of 1 to 200 characters"):
        CommentTarget(name)


@FEW
@given(NAMES, st.text(max_size=60))
def test_folding_is_known_again_and_keeps_the_text(name: str, report: str) -> None:
    target = CommentTarget(name)
    body = compose(target, report)
    folded = fold(target, body)
    assert is_about(folded, target)
    assert is_outdated(folded, target)
    assert not is_outdated(body, target)
    assert body.partition("\n")[2].rstrip() in folded


def test_a_pointer_is_about_no_target() -> None:
    assert not is_about(point_to(7), CommentTarget("."))
    assert "(#issuecomment-7)" in point_to(7)


@FEW
@given(st.text("a\n\r\t ", max_size=12))
def test_line_ends_and_blank_ends_make_no_difference(text: str) -> None:
    body = compose(CommentTarget("."), text)
    assert same(body, body.replace("\n", "\r\n") + "\r\n")
    assert not same(body, body + "b")


# --- cutting ---------------------------------------------------------------------------------------------------

_PLAIN = [
    "", "", "text with `code", "@octocat`", "| a | b |", "```", "```yaml", "````", "~~~", "<details>", "</details>",
    "<details><summary>s</summary>", "    ```", "- item", "``` not a fence `", "# title", "\U0001f389",
]  # fmt: skip
_LINES = st.sampled_from(_PLAIN)
_ANY_LINES = st.sampled_from([*_PLAIN, "  ~~~", " ```", "- ```", "> ```", "  * x", "<!--", "<pre>", "\t"])


@FEW
@given(st.lists(_LINES, max_size=40), st.integers(120, 400))
def test_what_is_cut_fits_and_ends_outside_of_code(lines: list[str], limit: int) -> None:
    text = "\n".join(lines)
    said = cut(text, limit)
    assert len(said.encode("utf-16-le")) // 2 <= limit
    if said == text:
        return
    tokens = MarkdownIt().parse(said)
    inline = [token for token in tokens if token.type == "inline"]
    assert MISSING in inline[-1].content or "no part of it fits" in inline[-1].content
    assert tokens[-1].type == "paragraph_close"
    if MISSING in said:
        missing = int(re.findall(r"_(\d+) more lines", said)[-1])
        assert said.startswith("\n".join(lines[: len(lines) - missing]).rstrip("\n"))


@FEW
@given(st.lists(_LINES, max_size=40), st.integers(150, 400))
def test_what_was_inert_stays_inert(lines: list[str], limit: int) -> None:
    """No fence loses its beginning or its end: the code of the cut text is the beginning of the code there was."""
    text = "\n".join(lines)
    parse = MarkdownIt().parse
    before = [token.content for token in parse(text) if token.type == "fence"]
    after = [token.content for token in parse(cut(text, limit)) if token.type == "fence"]
    after = [re.split(r"\n*_[\d,]+ more lines", each)[0].rstrip("\n") for each in after]
    assert all(was.startswith(now) for was, now in zip(before, after, strict=False))
    assert not any(after[len(before) :])


@FEW
@given(st.lists(_ANY_LINES, max_size=40), st.integers(150, 400))
def test_paragraphs_are_kept_whole_or_not_at_all(lines: list[str], limit: int) -> None:
    """Half of one could end within code, and make a mention of what was none."""
    text = "\n".join(lines)
    before, after = (
        [token.content for token in MarkdownIt().parse(each) if token.type == "inline"]
        for each in (text, cut(text, limit))
    )
    kept = [each for each in after if MISSING not in each and "no part of it fits" not in each]
    assert kept == before[: len(kept)]


def test_details_are_closed_where_a_text_is_cut() -> None:
    text = (
        "<details><summary>a</summary>\n\n<details><summary>b</summary>\n\n"
        + "word\n\n" * 100
        + "</details></details>"
    )
    said = cut(text, 400)
    assert said.count("</details>") == 2
    assert said.index("</details>") < said.index(MISSING)


def test_a_long_report_is_cut_to_the_limit_of_a_comment() -> None:
    report = "summary\n\n```diff\n" + "+ a line with 🎉\n" * 20_000 + "```\n"
    target = CommentTarget("teams/paris")
    body = compose(target, report)
    assert LIMIT - 200 < len(body.encode("utf-16-le")) // 2 <= LIMIT
    assert re.search(r"\n```\n\n_\d\d,\d{3} more lines did not fit", body)
    folded = fold(target, body)
    assert len(folded.encode("utf-16-le")) // 2 <= LIMIT
    assert folded.endswith("\n\n</details>")
    assert compose(target, "x" * 70_000).endswith(
        "_The report has 1 lines, and no part of it fits into a comment._"
    )


def test_what_is_far_too_long_is_cut_all_the_same() -> None:
    for text in ("```\n" * 300_000, "<details>\n\n" * 100_000, "x\n\n" * 300_000, "`" * 3_000_000):
        assert len(cut(text, LIMIT)) <= LIMIT
