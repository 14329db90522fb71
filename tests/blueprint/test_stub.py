"""The empty blueprint that reserves an id, and how it is recognised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.remote import (
    Mark,
    edited_stub_mark,
    mark_in,
    mark_of,
    new_nonce,
    stub,
    stub_as_remote,
    stub_mark,
    stubs,
)
from kalentops.support.text import KEY_PATTERN
from tests.builders import remote

MARK = Mark("first-contact", "3f9a2c1b")


def test_a_stub_has_a_name_and_no_steps() -> None:
    assert stub("First contact", MARK).data == {
        "name": "First contact (kalentops first-contact 3f9a2c1b)",
        "steps": [],
    }


@given(
    st.text(),
    st.from_regex(KEY_PATTERN, fullmatch=True),
    st.from_regex(r"([0-9a-f]{8}){1,2}", fullmatch=True),
)
def test_a_stub_is_recognised_by_its_mark(name: str, key: str, nonce: str) -> None:
    made = stub(name, Mark(key, nonce))
    assert mark_of(made) == (key, nonce, False)
    assert len(made.data["name"]) <= 40 + len(f" (kalentops {key} {nonce})")
    shown = remote("b1", made.data, updated_at=None)
    assert stub_mark(shown) == (key, nonce, False)
    assert edited_stub_mark(shown) is None
    assert stub_as_remote("b1", made) == shown
    assert stubs([shown]) == ((Mark(key, nonce), shown),)
    taken = stub(name, Mark(key, nonce, taken=True))
    assert mark_of(taken) == (key, nonce, True)


@given(st.text())
def test_a_name_alone_is_no_stub(name: str) -> None:
    step = {"id": "a", "name": "A", "type": "SMS", "content": "Hi", "temporalityType": "ASAP"}
    edited = remote("b1", {**stub(name, MARK).data, "steps": [step]})
    assert stub_mark(edited) is None
    assert edited_stub_mark(edited) == MARK
    assert stubs([edited]) == ()


@pytest.mark.parametrize(
    "name",
    [
        "First contact",
        "(kalentops first-contact 3f9a2c1)",
        "(kalentops first-contact 3F9A2C1B)",
        "(kalentops First 3f9a2c1b)",
        "(kalentops 3f9a2c1b)",
        "(kalentops first-contact 3f9a2c1b) copy",
        "kalentops first-contact 3f9a2c1b",
    ],
)
def test_a_text_that_resembles_a_mark_is_none(name: str) -> None:
    assert mark_in(name) is None


def test_no_nonce_repeats() -> None:
    assert len({new_nonce() for _ in range(1000)}) == 1000
