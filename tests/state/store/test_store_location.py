"""What a location may be, and what messages show of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.errors import StateError
from kalentops.state.store.location import Location


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql://u:SECRET@h:5/db?sslmode=require#team", "postgresql://h:5/db#team"),
        ("postgres://h/db", "postgresql://h/db#kalentops"),
        ("POSTGRESQL://h/db", "postgresql://h/db#kalentops"),
        ("postgresql://u:SECRET@h1:1,[::1]:2,h3/db", "postgresql://h1:1,[::1]:2,h3/db#kalentops"),
        ("postgresql://[fe80::1%25en0]:5/db", "postgresql://[fe80::1%25en0]:5/db#kalentops"),
        ("postgresql:///db?host=/run/pg&password=SECRET", "postgresql:///db?host=/run/pg#kalentops"),
        ("postgresql:///?service=prod#a/b.c", "postgresql:///?service=prod#a/b.c"),
        ("postgresql://u:SECRET%40@%2Frun%2Fpg/db", "postgresql://%2Frun%2Fpg/db#kalentops"),
    ],
)
def test_a_location_is_shown_without_user_and_password(url: str, where: str) -> None:
    location = Location.parse(url, Path())
    assert (location.kind, location.where) == ("postgresql", where)
    assert "SECRET" not in repr(location)


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql://u:SEC@RET@h/db", "postgresql://u:SEC#RET@h/db", "postgresql://u:SEC/RET@h/db"),
        *("postgresql://u:5#RET@h/db", "postgresql://u:5/RET@h/db", "postgresql://u:[SECRET@h/db"),
        *("postgresql://h", "postgresql:", "postgresql://", "postgresql://h:x/db", "postgresql://h/db#a b"),
        *("postgresql://h/db#" + "x" * 64, "postgresql://h/db#-x", "postgresql://h /db"),
    ],
)
def test_what_is_not_clear_is_refused_without_a_part_of_it(url: str) -> None:
    with pytest.raises(StateError) as caught:
        Location.parse(url, Path())
    assert caught.value.hint
    assert "RET" not in f"{caught.value} {caught.value.hint}"
