"""Text from outside: what can't be seen, what is shown, which word was meant."""

from __future__ import annotations

import sys

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kalentops.blueprint.variables import VARIABLES
from kalentops.support import text as text_module
from kalentops.support.text import (
    character_name,
    clip,
    is_placeholder,
    is_safe_id,
    meant_by,
    nearest,
    some,
    typo_of,
    unseen,
    visible,
    with_times,
)
from tests.counting import lines_executed
from tests.sizes import examples

SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "a\nb\tc",
        "Ça va\u00a0?",
        "10\u202f000 €",
        "👨\u200d💻",
        "❤\ufe0f\u200d🔥",
        "1\ufe0f\u20e3",
        "↔\ufe0f",
        "👋🏽",
        SCOTLAND,
        "日本語",
    ],
)
def test_seen(text: str) -> None:
    assert unseen(text) == []


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a\u200bb", [1]),
        ("\u202eabc\u202c", [0, 4]),
        ("\u3164\u115f\u2800\uffa0", [0, 1, 2, 3]),
        ("a\ufe0fb", [1]),
        ("a\u200db", [1]),
        ("👋\u200d", [1]),
        ("\u200d👋", [0]),
        ("👋\ufe0f\ufe0f\ufe0f", [2, 3]),
        ("👋\U000e0101\U000e0102", [1, 2]),
        ("a\U000e0041", [1]),
        ("\U0001f3f4\U000e0048\U000e0049", [1, 2]),
        ("a\r\x00\x1b\x7f\x85", [1, 2, 3, 4, 5]),
        ("\u2028\ufeff\ue000\U000e1000", [0, 1, 2, 3]),
        ("\ud800", [0]),
    ],
)
def test_unseen(text: str, at: list[int]) -> None:
    assert unseen(text) == [(index, text[index]) for index in at]


@pytest.mark.parametrize("char", ["\u200b", "\U000e0041", "\ufe0f", "\u200d"])
def test_a_long_run_takes_no_long_time(char: str) -> None:
    """Each character is looked at once, whatever stands before it."""

    def work(number: int) -> int:
        return lines_executed(lambda: unseen("\U0001f3f4x" + char * number))

    once = work(1_000)
    assert work(2_000) <= 2.1 * once
    assert len(unseen("\U0001f3f4x" + char * 20_000)) == 20_000


def test_character_names() -> None:
    assert character_name("\u202e") == "U+202E RIGHT-TO-LEFT OVERRIDE"
    assert character_name("\x1b") == "U+001B control character"
    assert character_name("\ufffe") == "U+FFFE unnamed character"


def test_visible_shows_what_acts_on_a_terminal() -> None:
    assert visible("a\x1b[2Jb\u202ec\nd\te\r") == "a\\u{1b}[2Jb\\u{202e}c\\nd\\te\\r"
    assert visible("a\nb\tc", keep="\n") == "a\nb\\tc"
    assert visible("Ça va 👋") == "Ça va 👋"


@given(st.text(max_size=40))
@settings(max_examples=examples(150), deadline=None)
def test_what_is_visible_hides_nothing(text: str) -> None:
    shown = visible(text)
    assert unseen(shown) == []
    assert not set(shown) & set("\n\t\r\x1b")


def test_clip_keeps_to_one_line_and_its_limit() -> None:
    assert clip("a\nb") == "a\\nb"
    assert clip("x" * 61) == "x" * 59 + "…"
    assert clip("x" * 60) == "x" * 60


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("firstName", "firstname"),
        ("first_name", "firstname"),
        ("First Name", "firstname"),
        ("candidate-location", "candidateLocation"),
        ("candidatCompanyName", "candidateCompanyName"),
        ("zzz", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_nearest(word: str, meant: str | None) -> None:
    assert nearest(word, VARIABLES) == meant


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, ""), (1, "a"), (3, "a, b, c"), (4, "a, b, c and 1 more"), (5, "a, b, c and 2 more")],
)
def test_a_list_that_is_cut_says_how_many_are_left(number: int, said: str) -> None:
    assert some("abcde"[:number], 3) == said
    assert some(["x"] * 1_003, 2, "; ") == "x; x and 1,001 more"


@pytest.mark.parametrize("known", VARIABLES)
def test_the_nearest_word_of_a_known_one_is_itself(known: str) -> None:
    assert nearest(known, VARIABLES) == known
    assert nearest(known.upper(), VARIABLES) == known


@pytest.mark.parametrize("text", ["sourcing_1", "a", "-", "A.b-c_1", "x" * 128])
def test_safe_ids(text: str) -> None:
    assert is_safe_id(text)


@pytest.mark.parametrize("text", ["", ".", "..", ".a", "a/b", "a\n", "a b", "é", "a?x", "a%2f", "x" * 129])
def test_unsafe_ids(text: str) -> None:
    assert not is_safe_id(text)


def test_what_is_passed_over_for_speed_is_seen() -> None:
    """The expression that finds candidates passes over whole blocks: nothing hidden stands in them, and every script
    that it names is there.
    """
    passed = [
        chr(code) for code in range(sys.maxunicode + 1) if not text_module._not_plain().match(chr(code))
    ]
    assert len(passed) > 30_000
    assert [char for char in passed if char not in "\n\t" and text_module._hides(f"a{char}a", 1, char)] == []
    assert {"é", "ж", "Ω", "א", "ع", "न", "ไ", "の", "漢", "한", "\uff01", "😀"} <= set(passed)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("recorded 2026-11-23T02:34:56Z; updated", "recorded 2026-11-23 02:34 UTC; updated"),
        ("(2026-11-23T02:34:56.789Z)", "(2026-11-23 02:34 UTC)"),
        ("2026-11-23T02:34+00:00.", "2026-11-23 02:34 UTC."),
        ("2026-11-23T02:34:56+02:00", "2026-11-23T02:34:56+02:00"),
        ("x2026-11-23T02:34:56Z", "x2026-11-23T02:34:56Z"),
        ("2026-11-23T02:34:56Zulu", "2026-11-23T02:34:56Zulu"),
        ("The 2026-11-23", "The 2026-11-23"),
    ],
)
def test_times_for_people_have_one_form(given: str, shown: str) -> None:
    assert with_times(given) == shown


# --- which id was meant ---


NAMES = {
    "sourcing_backend_paris_01": "Backend engineer, Paris",
    "sourcing_backend_paris_02": "Backend engineer, Paris",
    "sourcing_data_berlin_02": "Data engineer, Berlin",
    "s_1": "Sales",
}
LETTERS = st.text("abcdefghij0123", min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("sourcing_data_berlin_20", "sourcing_data_berlin_02"),
        ("Sourcing-Data-Berlin-02", "sourcing_data_berlin_02"),
        ("sorcing_data_brlin_02", "sourcing_data_berlin_02"),
        ("sourcing_backend_paris_0", None),  # the one as much as the other
        ("sourcing_backend_paris_03", None),
        ("sourcing_data_lyon_02", None),
        ("sourcing_REPLACE_ME", None),
        ("sourcing_XXX", None),
        ("sourcing_data_berlin_XX", None),
        ("SOURCING_ID", None),
        ("sales", "s_1"),
        ("salse", "s_1"),
        ("data engineer, berlin", "sourcing_data_berlin_02"),
        ("Backend engineer, Paris", "sourcing_backend_paris_01"),
        ("nowhere", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_which_id_was_meant(word: str, meant: str | None) -> None:
    assert meant_by(word, NAMES) == (meant and f'{meant} ("{NAMES[meant]}")')


@given(word=LETTERS, at=st.integers(0, 29), char=st.sampled_from("abc012"), kind=st.integers(0, 3))
def test_one_slip_is_always_seen_through(word: str, at: int, char: str, kind: int) -> None:
    assume(at < len(word))
    head, this, tail = word[:at], word[at], word[at + 1 :]
    wrong = [head + tail, head + char + tail, head + char + this + tail, head + tail[:1] + this + tail[1:]][
        kind
    ]
    assume(wrong)
    likely = len(set(word) & set(wrong)) and len(word) > 3  # of two letters one is half of the word
    assert typo_of(wrong, [word]) in ({word} if likely else {word, None})


@given(word=LETTERS, known=st.lists(LETTERS, max_size=5))
def test_what_is_meant_is_known_and_hardly_longer_or_shorter(word: str, known: list[str]) -> None:
    found = typo_of(word, known)
    assert found is None or (found in known and abs(len(found) - len(word)) <= 2)


@given(known=LETTERS)
def test_an_id_is_itself(known: str) -> None:
    assert typo_of(known.upper(), [known, f"{known}zzz"]) == known


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("sourcing_REPLACE_ME", True),
        ("replace-this", True),
        ("SOURCING.TO-DO", True),
        ("your_sourcing_id", True),
        ("sourcing_xxx", True),
        ("sourcing_todo9x", False),
        ("sourcing_exchange", False),
        ("my_sourcing_id", False),
        ("REPLACE_ME" * 10_000, False),
        ("", False),
    ],
)
def test_what_surely_stands_for_an_id(word: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_placeholder(word) is is_one
