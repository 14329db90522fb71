"""Half a list never looks like a whole one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.remote import RemoteSourcing
from kalentops.errors import UntrustedList
from kalentops.kalent.lists import MAX_PAGES, PAGE_SIZE, GetPage, read_blueprints, read_sourcings
from kalentops.support.text import visible
from tests.sizes import examples


@dataclass(frozen=True)
class Kind:
    """One of the lists that the API has: what its rows look like, and who reads it."""

    field: str
    id_field: str
    whose: str
    row: Callable[..., dict[str, Any]]
    read: Callable[[GetPage], tuple[Any, ...]]

    def page(self, rows: list[Any], number: Any, total: Any, *, more: Any) -> dict[str, Any]:
        pagination = {"page": number, "pageSize": PAGE_SIZE, "total": total, "hasNextPage": more}
        return {self.field: rows, "pagination": pagination}

    def rows(self, count: int) -> list[dict[str, Any]]:
        return [self.row(number) for number in range(count)]

    def serving(self, rows: list[Any]) -> GetPage:
        """The pages of an honest server."""

        def get(number: int) -> Any:
            start = number * PAGE_SIZE
            some = rows[start : start + PAGE_SIZE]
            return self.page(some, number, len(rows), more=start + PAGE_SIZE < len(rows))

        return get


def _blueprint(number: int, **fields: Any) -> dict[str, Any]:
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


def _sourcing(number: int, **fields: Any) -> dict[str, Any]:
    return {"sourcingId": f"b{number}", "name": f"Sourcing {number}", **fields}


BLUEPRINTS = Kind(
    "sequenceBlueprints",
    "blueprintId",
    "the list of s1",
    _blueprint,
    lambda get: read_blueprints(get, "s1"),
)
SOURCINGS = Kind("sourcings", "sourcingId", "the list of sourcings", _sourcing, read_sourcings)
KINDS = {"blueprints": BLUEPRINTS, "sourcings": SOURCINGS}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.mark.parametrize("count", [0, 1, 50, 51, 100, 120])
def test_whole_lists(count: int, kind: Kind) -> None:
    rows = kind.rows(count)
    found = kind.read(kind.serving(rows))
    assert [each.name for each in found] == [row["name"] for row in rows]


class Changing:
    """A server whose list is changed before its nth answer: one is deleted, another one made."""

    def __init__(self, count: int, at: int, deleted: int, added: int) -> None:
        self.rows = BLUEPRINTS.rows(count)
        self._left, self._deleted, self._added = at, deleted, added

    def __call__(self, number: int) -> Any:
        if self._left == 0:
            del self.rows[self._deleted % len(self.rows)]
            self.rows.insert(self._added % (len(self.rows) + 1), _blueprint(9999))
        self._left -= 1
        return BLUEPRINTS.serving(self.rows)(number)


@settings(max_examples=examples(300))
@given(st.integers(1, 170), st.integers(0, 5), st.integers(0, 200), st.integers(0, 200))
def test_nothing_slips_through_between_two_pages(count: int, at: int, deleted: int, added: int) -> None:
    """A blueprint that is there all the time is in the list, or the list is none."""
    there = {row["blueprintId"] for row in BLUEPRINTS.rows(count)}
    server = Changing(count, at, deleted, added)
    try:
        found = {each.blueprint_id for each in BLUEPRINTS.read(server)}
    except UntrustedList:
        return
    assert found >= there & {row["blueprintId"] for row in server.rows}


def test_one_deleted_and_one_made_between_two_pages_is_no_list() -> None:
    with pytest.raises(UntrustedList, match="the list of s1 changed while it was read"):
        BLUEPRINTS.read(Changing(60, at=1, deleted=0, added=59))


def test_pages_may_be_shorter_than_they_could_be() -> None:
    rows = BLUEPRINTS.rows(45)

    def get(number: int) -> Any:
        start = number * 20
        return BLUEPRINTS.page(rows[start : start + 20], number, len(rows), more=start + 20 < len(rows))

    assert len(BLUEPRINTS.read(get)) == 45


def test_what_is_kept_of_a_blueprint() -> None:
    step = {"id": "a", "name": "A", "type": "SMS", "content": "Hi", "temporalityType": "ASAP"}
    known = _blueprint(1, steps=[step], stepCount=1)
    rows = [known, {**known, "blueprintId": "b2", "new": {"x": 1}}]
    remote, unknown = BLUEPRINTS.read(BLUEPRINTS.serving(rows))
    assert (remote.blueprint_id, remote.name) == ("b1", "Blueprint 1")
    assert remote.updated_at == "2026-01-02T03:04:05.678Z"
    assert remote.digest is not None
    assert remote.digest == unknown.digest  # fields that are not known weigh nothing


def test_what_is_kept_of_a_sourcing() -> None:
    rows = [_sourcing(2, status="closed", candidates=[1]), _sourcing(1, name="Sourcing 2")]
    found = read_sourcings(SOURCINGS.serving(rows))
    assert found == (RemoteSourcing("b2", "Sourcing 2"), RemoteSourcing("b1", "Sourcing 2"))


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
    (remote,) = BLUEPRINTS.read(BLUEPRINTS.serving([_blueprint(1, **fields)]))
    assert remote.digest is None


def test_an_odd_time_is_dropped() -> None:
    for value in ("\x1b[31m2026", 5, None, "2" * 99):
        (remote,) = BLUEPRINTS.read(BLUEPRINTS.serving([_blueprint(1, updatedAt=value)]))
        assert remote.updated_at is None


# Each a way in which pages are no list: page `n` of a kind, and what is said of it.
BROKEN: dict[str, tuple[Callable[[Kind, int], Any], str]] = {
    "short": (lambda k, n: k.page(k.rows(1), n, 2, more=False), "shows 1 of 2"),
    "long": (lambda k, n: k.page(k.rows(2), n, 1, more=False), "shows 2 of 1"),
    "repeating": (lambda k, n: k.page([k.row(1)], n, 9, more=True), "shows b1 twice"),
    # Something was made while the list was read: a row slips to the next page.
    "shifting": (
        lambda k, n: k.page([k.rows(60)[:50], k.rows(60)[49:]][n], n, 60, more=n == 0),
        "shows b49 twice",
    ),
    "empty and more": (lambda k, n: k.page([], n, 5, more=True), "has more pages than its total of 5 needs"),
    "longer than its total": (
        lambda k, n: k.page([k.row(n)], n, 3, more=True),
        "has more pages than its total of 3",
    ),
    "never ending": (
        lambda k, n: k.page([k.row(n)], n, 10**9, more=True),
        f"does not end after {MAX_PAGES} pages",
    ),
    "never ending, its total reached": (
        lambda k, n: k.page([k.row(n)], n, MAX_PAGES, more=True),
        f"does not end after {MAX_PAGES} pages",
    ),
    "changing": (
        lambda k, n: k.page([k.row(n)], n, 5 + n, more=True),
        "changed from 5 to 6 while it was read",
    ),
    "another page": (lambda k, n: k.page([k.row(n)], 0, 2, more=n == 0), "another page in place of page 1"),
    "a page that is true": (
        lambda k, n: k.page([k.row(n)], n if n == 0 else True, 2, more=n == 0),
        "another page in place of page 1",
    ),
    "too many rows": (lambda k, n: k.page(k.rows(51), n, 51, more=False), "another page in place of page 0"),
    "a total that is true": (
        lambda k, n: k.page([k.row(1)], n, total=True, more=False),
        "does not give its length",
    ),
    "a negative total": (lambda k, n: k.page([], n, -1, more=False), "does not give its length"),
    "a total of text": (lambda k, n: k.page([], n, "0", more=False), "does not give its length"),
    "more that is 1": (lambda k, n: k.page([k.row(1)], n, 1, more=1), "does not give its length"),
    "no row": (lambda k, n: k.page([5], n, 1, more=False), "contains a row without an id or a name"),
    "no id": (
        lambda k, n: k.page([k.row(1, **{k.id_field: None})], n, 1, more=False),
        "contains a row without an id or a name",
    ),
    "a bad id": (
        lambda k, n: k.page([k.row(1, **{k.id_field: "../x"})], n, 1, more=False),
        "contains a row without an id or a name",
    ),
    "no name": (
        lambda k, n: k.page([k.row(1, name=None)], n, 1, more=False),
        "contains a row without an id or a name",
    ),
    "nothing": (lambda _k, _n: None, "is not a list"),
    "a list": (lambda k, _n: k.rows(1), "is not a list"),
    "no pagination": (lambda k, _n: {k.field: []}, "is not a list"),
    "the other list": (
        lambda k, n: (SOURCINGS if k is BLUEPRINTS else BLUEPRINTS).page([], n, 0, more=False),
        "is not a list",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_list(name: str, kind: Kind) -> None:
    get, said = BROKEN[name]
    with pytest.raises(UntrustedList) as caught:
        kind.read(lambda number: get(kind, number))
    assert said in str(caught.value)
    assert kind.whose in str(caught.value)
    assert str(caught.value) == visible(str(caught.value))


def test_a_blueprint_of_another_sourcing_does_not_belong_in_a_list() -> None:
    with pytest.raises(UntrustedList, match="the list of s1 contains a blueprint of another sourcing: b1"):
        BLUEPRINTS.read(BLUEPRINTS.serving([_blueprint(1, sourcingId="s2")]))


def test_half_a_surrogate_pair_goes_all_the_way() -> None:
    hostile = json.loads('"x\\ud800\\u202e"')
    step = {"id": "a", "name": hostile, "type": "SMS", "content": hostile, "temporalityType": "ASAP"}
    rows = [_blueprint(1, name=hostile, steps=[step], stepCount=1)]
    (remote,) = BLUEPRINTS.read(BLUEPRINTS.serving(rows))
    assert remote.digest is not None
    assert visible(remote.name) == "x\\u{d800}\\u{202e}"
    assert json.loads(json.dumps(remote.name)) == hostile


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ODD = JSON | st.sampled_from([0, 1, 2, True, False, "s1", "b1", 1.0, [], {}])


@given(st.sampled_from([BLUEPRINTS, SOURCINGS]), JSON)
def test_any_json_is_a_list_or_is_not_trusted(kind: Kind, data: Any) -> None:
    with pytest.raises(UntrustedList):
        kind.read(lambda _: data)


def _almost(kind: Kind) -> st.SearchStrategy[tuple[Kind, list[Any]]]:
    odd = st.dictionaries(st.sampled_from(sorted(kind.row(0))), ODD, max_size=2)
    rows = st.builds(lambda base, fields: {**base, **fields}, st.integers(0, 3).map(kind.row), odd)
    return st.tuples(st.just(kind), st.lists(rows, max_size=3))


@settings(max_examples=examples(250))
@given(
    almost=st.sampled_from([BLUEPRINTS, SOURCINGS]).flatmap(_almost),
    total=ODD,
    number=ODD,
    more=st.booleans() | ODD,
)
def test_almost_lists(almost: tuple[Kind, list[Any]], total: Any, number: Any, more: Any) -> None:
    """Where a list is believed, it is as long as it says, and it ends."""
    kind, rows = almost
    try:
        found = kind.read(lambda _: kind.page(rows, number, total, more=more))
    except UntrustedList as error:
        assert str(error)  # noqa: PT017 - it need not be raised
    else:
        assert len(found) == len(rows) == total
        assert more is False
        assert len({row[kind.id_field] for row in rows}) == total
