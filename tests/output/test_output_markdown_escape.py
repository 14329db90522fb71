"""Texts in Markdown and HTML: nothing in them is live, and nothing of them is lost."""

from __future__ import annotations

import html
import re

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kalentops.output.markdown_blocks import (
    code,
    details,
    fence,
    folded,
    html_code,
    html_prose,
    prose,
    row,
    table,
)
from kalentops.output.terminal import columns
from kalentops.support.text import escape_json, escape_line, escape_part, escape_xml, visible
from tests.hostile import HOSTILE
from tests.output import judges
from tests.sizes import examples

# What GitHub's Markdown is made of, so that a random text is a likely attack.
_PARTS = re.findall(
    r"\S+",
    """
` `` ``` ~~~ ~~ * ** _ | \\ \\| <b> </details> <!-- &#64; &lt; [ ]( ) ![ @you #1 GH-1 a/b#1 abc1234 www.a.de
https://a.de a@b.de :tada: $x$ {{x}} http :// www . , - 1. # > word it's 300 \u202e é 漢 [^1] ::error::x ##[error]
javascript:x x=1 ( ' " http: mailto: 🏳\ufe0f #\ufe0f
""",
)
_ATTACKS = st.lists(st.sampled_from([*_PARTS, " ", "  ", "\n", "\t"]), max_size=14).map("".join)
_ALL = [text for _, text in HOSTILE]


def _text_of(markdown: str) -> str:
    """What a reader sees."""
    made = cmarkgfm.github_flavored_markdown_to_html(markdown)
    return html.unescape(re.sub(r"<[^>]*>", "", made)).replace("\u00a0", " ")


def _judge(markdown: str) -> None:
    assert judges.Page(markdown).problems == [], markdown
    assert judges.other_reading(markdown) == [], markdown
    assert judges.commands(markdown) == []


@settings(max_examples=examples(400))
@given(_ATTACKS | st.text(max_size=40))
@example("|")
@example("a\\|b")
@example("`")
@example("www.")
@example("a `b` c`d` `")
def test_a_text_in_a_sentence_or_a_cell_is_not_live(text: str) -> None:
    for made in (prose(text), code(text)):
        _judge(f"Word {made} word.")
        page = judges.Page("\n".join([table(["a", "b"]), row([made, "b"])]))
        assert page.problems == []
        assert page.tags.count("td") == 2
    _judge(f"~~{code(text)}~~ → **{code(text)}**")


@settings(max_examples=examples(200))
@given(_ATTACKS | st.text(max_size=40))
def test_a_text_as_code_is_read_as_it_is(text: str) -> None:
    said = _text_of(f"x{code(text)}x").strip()
    squeezed = re.sub(r"\s+", " ", escape_part(visible(text)))
    assert re.sub(r"\s+", " ", said) in {f"x{squeezed}x", f"x{squeezed.strip()}x", "x x"}


@settings(max_examples=examples(200))
@given(_ATTACKS | st.text(max_size=40))
def test_a_text_in_the_line_that_folds_is_not_live(text: str) -> None:
    for made in (html_code(text), html_prose(text)):
        _judge(details(f"<b>new</b> {made}", "Word."))


@settings(max_examples=examples(200))
@given(st.lists(_ATTACKS | st.text(max_size=60), max_size=8), st.sampled_from(["text", "diff"]))
def test_a_fence_holds_its_lines_and_ends_where_it_should(lines: list[str], info: str) -> None:
    made = fence([part for each in lines for part in folded(each, 30)], info)
    page = judges.Page(f"Before.\n\n{made}\n\nAfter.")
    assert page.problems == []
    assert page.tags == ["p", "pre", "code", "p"]
    assert page.live.strip().endswith("After.")


def test_folding_loses_nothing_but_spaces() -> None:
    for name, text in HOSTILE:
        made = folded(text, 40)
        assert "".join(made).replace(" ", "") == visible(text).replace(" ", ""), name
        assert all(columns(each) <= 40 or len(each.split()) <= 1 for each in made), name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("did you mean `{{firstname}}`?", "did you mean `{{firstname}}`?"),
        ("the invitation has 345 characters, LinkedIn takes 300", None),
        ("Classic (Berlin), e-mail first", None),
        ("bp_9 has the same name", "`bp_9` has the same name"),
        ("ask @you, or #1 in a/b#2; then go on", "ask `@you`, or `#1` in `a/b#2`; then go on"),
        ("Größe: 5 % für Zoë \u2013 it\u2019s fine…", "Größe: 5 `%` für Zoë \u2013 it\u2019s fine…"),
        ("in a file of s_1); b_2, (c_3), f(4)", "in a file of `s_1`); `b_2`, `(c_3)`, `f(4)`"),
        ("deadbeef and 1234567", "`deadbeef` and `1234567`"),
        ("a|b", "`a`&#124;`b`"),
        ("", ""),
    ],
)
def test_words_stay_words(text: str, said: str | None) -> None:
    assert prose(text) == (text if said is None else said)


def test_what_would_be_a_command_is_none() -> None:
    assert escape_line("  ::error::x") == "  \\::error::x"
    assert escape_line("a ##[error]x #\ufe0f#\u200d[x]") == "a ##\\[error]x #\ufe0f#\u200d\\[x]"
    assert escape_line("a::b ##vso[x]") == "a::b ##vso\\[x]"
    assert escape_json('{"a": "##[x]"}') == '{"a": "##\\u005b' + 'x]"}'
    assert escape_xml("a\n ::b##[c]") == "a\n &#58;:b##&#91;c]"
