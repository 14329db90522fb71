"""Two texts, word by word."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.words import Piece, compare


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


def test_no_text_takes_long() -> None:
    """Words that come again and again made it take minutes."""
    before, after = "Hi " + "word other " * 900, "Hello " + "word another " * 900
    began = time.monotonic()
    assert compare(before, after) == [("old", before), ("new", after)]
    compare("word other " * 200, "word another " * 200)
    words = [f"w{number} " for number in range(20_000)]
    assert compare("".join(words), "".join([*words[:9000], "new ", *words[9000:]])) == [
        ("same", "".join(words[:9000])),
        ("new", "new "),
        ("same", "".join(words[9000:])),
    ]
    assert time.monotonic() - began < 2
