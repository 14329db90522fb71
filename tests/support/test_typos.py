"""Which id was meant: only a slip of the pen is one, and nothing is guessed between two."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kalentops.support.text import is_placeholder, meant_by, typo_of

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
