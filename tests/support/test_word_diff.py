"""Two texts, word by word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.support import text_diff
from kalentops.support.text_diff import Piece, by_line, compare
from tests.counting import lines_executed


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("", "", []),
        ("same", "same", [("same", "same")]),
        ("", "new", [("new", "new")]),
        ("old", "", [("old", "old")]),
        ("a b c", "a x c", [("same", "a "), ("old", "b "), ("new", "x "), ("same", "c")]),
        (
            "Hi {{firstname}},\nbye",
            "Hello {{firstname}},\nbye",
            [("old", "Hi "), ("new", "Hello "), ("same", "{{firstname}},\nbye")],
        ),
        ("a\n\nb", "a\nb", [("same", "a\n"), ("old", "\n"), ("same", "b")]),
        ("a ", "a", [("old", "a "), ("new", "a")]),
    ],
)
def test_pieces(before: str, after: str, pieces: list[Piece]) -> None:
    assert compare(before, after) == pieces


TEXT = st.text(st.sampled_from("ab \n\t\u2028\u00a0\r🎉"), max_size=40)


@given(TEXT, TEXT)
def test_both_texts_are_in_it(before: str, after: str) -> None:
    pieces = compare(before, after)
    assert "".join(text for tag, text in pieces if tag != "new") == before
    assert "".join(text for tag, text in pieces if tag != "old") == after
    assert all(text for _, text in pieces)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b " * 300, "b a " * 300),
        ("a " * 600 + "b", "c " + "a " * 600),
        ("a b c d " * 200, "d c b a " * 200),
        ("a\nb\n" * 200, "b\na\n" * 200),
    ],
    ids=["alternating", "one word", "four words", "lines"],
)
@pytest.mark.parametrize("comparing", [compare, by_line])
def test_the_work_is_bounded_by_a_number_of_lines_executed(
    comparing: Callable[[str, str], object], old: str, new: str
) -> None:
    """Words that come again and again made it take minutes, and a stranger can write them."""
    bound = text_diff.BASE + text_diff.PER_ITEM * (len(old.split()) + len(new.split()))
    assert lines_executed(lambda: comparing(old, new)) < 5 * bound


def test_past_the_bound_sentences_are_compared_then_nothing() -> None:
    alternating, turned = "a b " * 4000, "b a " * 4000
    assert compare(f"Hi. {alternating}. Bye.", f"Hi. {turned}. Bye.") == [
        ("same", "Hi. "),
        ("old", f"{alternating}. "),
        ("new", f"{turned}. "),
        ("same", "Bye."),
    ]
    before, after = "Hi. " + "a. b. " * 4000, "Hi. " + "b. a. " * 4000
    assert compare(before, after) == [("same", "Hi. "), ("old", before[4:]), ("new", after[4:])]
    lines, others = "a\nb\n" * 4000, "b\na\n" * 4000
    assert by_line(f"Hi\n{lines}", f"Hi\n{others}")[0] == ("same", "Hi")


def test_a_change_in_the_middle_of_a_long_text_is_found() -> None:
    words = [f"w{number} " for number in range(20_000)]
    assert compare("".join(words), "".join([*words[:9000], "new ", *words[9000:]])) == [
        ("same", "".join(words[:9000])),
        ("new", "new "),
        ("same", "".join(words[9000:])),
    ]
