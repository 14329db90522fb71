"""Half a list never looks like a whole one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.api.listing import MAX_PAGES, PAGE_SIZE, read_all
from kalentops.errors import UntrustedList
from kalentops.text import visible

GetPage = Callable[[int], Any]


def row(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "blueprintId": f"b{number}",
        "name": f"Blueprint {number}",
        "sourcingId": "s1",
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-01-02T03:04:05.678Z",
        "steps": [],
        "stepCount": 0,
        "channels": [],
        **fields,
    }


def page(rows: list[Any], number: int, total: Any, *, more: Any) -> dict[str, Any]:
    pagination = {"page": number, "pageSize": PAGE_SIZE, "total": total, "hasNextPage": more}
    return {"sequenceBlueprints": rows, "pagination": pagination}


def serving(rows: list[Any]) -> GetPage:
    """The pages of an honest server."""

    def get(number: int) -> Any:
        start = number * PAGE_SIZE
        some = rows[start : start + PAGE_SIZE]
        return page(some, number, len(rows), more=start + PAGE_SIZE < len(rows))

    return get


@pytest.mark.parametrize("count", [0, 1, 50, 51, 100, 120])
def test_whole_lists(count: int) -> None:
    found = read_all(serving([row(number) for number in range(count)]), "s1")
    assert [remote.blueprint_id for remote in found] == [f"b{number}" for number in range(count)]


def test_what_is_kept_of_a_row() -> None:
    step = {"id": "a", "name": "A", "type": "SMS", "content": "Hi", "temporalityType": "ASAP"}
    known = row(1, steps=[step], stepCount=1)
    remote, unknown = read_all(serving([known, {**known, "blueprintId": "b2", "new": {"x": 1}}]), "s1")
    assert (remote.blueprint_id, remote.name) == ("b1", "Blueprint 1")
    assert remote.updated_at == "2026-01-02T03:04:05.678Z"
    assert remote.digest is not None
    assert remote.digest == unknown.digest  # fields that are not known weigh nothing


@pytest.mark.parametrize(
    "fields",
    [
        {"steps": None},
        {"steps": {}},
        {"stepCount": 3},
        {"steps": [1], "stepCount": 1},
        {"steps": [{"delay": "soon"}], "stepCount": 1},
    ],
    ids=str,
)
def test_a_row_whose_steps_are_not_shown_has_no_digest(fields: dict[str, Any]) -> None:
    (remote,) = read_all(serving([row(1, **fields)]), "s1")
    assert remote.digest is None


def test_an_odd_time_is_dropped() -> None:
    for value in ("\x1b[31m2026", 5, None, "2" * 99):
        (remote,) = read_all(serving([row(1, updatedAt=value)]), "s1")
        assert remote.updated_at is None


def _shifting(number: int) -> Any:
    """Something was made while the list was read: a row slips to the next page."""
    rows = [row(each) for each in range(60)]
    return page([rows[:50], rows[49:]][number], number, 60, more=number == 0)


BROKEN: dict[str, tuple[GetPage, str]] = {
    "short": (lambda n: page([row(1)], n, 2, more=False), "shows 1 of 2"),
    "long": (lambda n: page([row(1), row(2)], n, 1, more=False), "shows 2 of 1"),
    "repeating": (lambda n: page([row(1)], n, 9, more=True), "shows b1 twice"),
    "shifting": (_shifting, "shows b49 twice"),
    "empty and more": (lambda n: page([], n, 5, more=True), "more pages than its total of 5 allows"),
    "longer than its total": (lambda n: page([row(n)], n, 3, more=True), "more pages than its total of 3"),
    "never ending": (
        lambda n: page([row(n)], n, 10**9, more=True),
        f"does not end after {MAX_PAGES} pages",
    ),
    "never ending, its total reached": (
        lambda n: page([row(n)], n, MAX_PAGES, more=True),
        f"does not end after {MAX_PAGES} pages",
    ),
    "changing": (lambda n: page([row(n)], n, 5 + n, more=True), "changed from 5 to 6 meanwhile"),
    "another page": (lambda n: page([row(n)], 0, 2, more=n == 0), "page 1 of a list was asked for"),
    "a page that is true": (
        lambda n: page([row(n)], n if n == 0 else True, 2, more=n == 0),
        "page 1 of a list was asked for",
    ),
    "too many rows": (
        lambda n: page([row(each) for each in range(51)], n, 51, more=False),
        "page 0 of a list was asked for",
    ),
    "a total that is true": (
        lambda n: page([row(1)], n, total=True, more=False),
        "does not say how long it is",
    ),
    "a negative total": (lambda n: page([], n, -1, more=False), "does not say how long it is"),
    "a total of text": (lambda n: page([], n, "0", more=False), "does not say how long it is"),
    "more that is 1": (lambda n: page([row(1)], n, 1, more=1), "does not say how long it is"),
    "foreign": (lambda n: page([row(1, sourcingId="s2")], n, 1, more=False), "of another sourcing: b1"),
    "no row": (lambda n: page([5], n, 1, more=False), "a row without an id or a name"),
    "no id": (lambda n: page([row(1, blueprintId=None)], n, 1, more=False), "without an id or a name"),
    "a bad id": (lambda n: page([row(1, blueprintId="../x")], n, 1, more=False), "without an id or a name"),
    "no name": (lambda n: page([row(1, name=None)], n, 1, more=False), "without an id or a name"),
    "nothing": (lambda _: None, "what should be a list of blueprints is none"),
    "a list": (lambda _: [row(1)], "what should be a list of blueprints is none"),
    "no pagination": (lambda _: {"sequenceBlueprints": []}, "what should be a list of blueprints is none"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_list(name: str) -> None:
    get, said = BROKEN[name]
    with pytest.raises(UntrustedList) as caught:
        read_all(get, "s1")
    assert said in str(caught.value)
    assert str(caught.value) == visible(str(caught.value))


def test_half_a_surrogate_pair_goes_all_the_way() -> None:
    hostile = json.loads('"x\\ud800\\u202e"')
    step = {"id": "a", "name": hostile, "type": "SMS", "content": hostile, "temporalityType": "ASAP"}
    (remote,) = read_all(serving([row(1, name=hostile, steps=[step], stepCount=1)]), "s1")
    assert remote.digest is not None
    assert visible(remote.name) == "x\\u{d800}\\u{202e}"
    assert json.loads(json.dumps(remote.name)) == hostile


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ODD = JSON | st.sampled_from([0, 1, 2, True, False, "s1", "b1", 1.0, [], {}])


@given(JSON)
def test_any_json_is_a_list_or_is_not_trusted(data: Any) -> None:
    with pytest.raises(UntrustedList):
        read_all(lambda _: data, "s1")


@settings(max_examples=150)
@given(
    rows=st.lists(
        st.builds(
            lambda base, fields: {**base, **fields},
            st.integers(0, 3).map(row),
            st.dictionaries(st.sampled_from(sorted(row(0))), ODD, max_size=2),
        ),
        max_size=3,
    ),
    total=ODD,
    number=ODD,
    more=st.booleans() | ODD,
)
def test_almost_lists(rows: list[Any], total: Any, number: Any, more: Any) -> None:
    """Where a list is believed, it is as long as it says, and it ends."""
    try:
        found = read_all(lambda _: page(rows, number, total, more=more), "s1")
    except UntrustedList as error:
        assert str(error)  # noqa: PT017 - it need not be raised
    else:
        assert len(found) == len(rows) == total
        assert more is False
        assert len({remote.blueprint_id for remote in found}) == total
