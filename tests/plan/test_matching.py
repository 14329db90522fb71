"""What looks like a blueprint that is about to be made, by its name or by its steps; and what is reserved for it."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.body import observable
from kalentops.blueprint.remote import Mark, Remote, stub
from kalentops.plan.matching import beside, is_there, look_alikes, reserved, why_not_made
from kalentops.support.text import same_name
from tests.builders import AT, body, remote


def unreadable(blueprint_id: str, name: str) -> Remote:
    return Remote(blueprint_id, name, None, None, AT)


def ids(remotes: Any) -> list[str]:
    return [each.blueprint_id for each in remotes]


def test_what_is_just_so_and_what_only_looks_so() -> None:
    there = [
        remote("same", body()),
        remote("named", body("One", "Other")),
        remote("written", body("Other", "Hi")),
        remote("shouted", body(" oNE ")),
        unreadable("hidden", "One"),
        remote("nothing", body("Two", "Other")),
        unreadable("hidden too", "Two"),
    ]
    alike = look_alikes(there, body())
    assert ids(alike.exact) == ["same"]
    assert ids(alike.others) == ["named", "written", "shouted", "hidden"]
    assert alike.adoptable is there[0]
    assert not alike.unclear
    assert beside(alike) == (
        "beside it, named, written, shouted, hidden looks like it; look at both in Kalent's web app"
    )
    assert beside(look_alikes(there[:1], body())) == ""


@pytest.mark.parametrize("there", [["same", "same"], ["named"], ["same", "same", "named"]])
def test_what_a_person_has_to_decide(there: list[str]) -> None:
    made = {"same": body(), "named": body("One", "Other")}
    alike = look_alikes([remote(f"b{n}", made[each]) for n, each in enumerate(there)], body())
    assert alike.unclear
    assert alike.adoptable is None


def test_nothing_that_looks_like_it() -> None:
    alike = look_alikes([remote("b", body("Two", "Other"))], body())
    assert (alike.unclear, alike.adoptable, alike.exact, alike.others) == (False, None, (), ())


@pytest.mark.parametrize(
    "name",
    [
        unicodedata.normalize("NFD", "Élan à Zürich"),
        unicodedata.normalize("NFD", "ÉLAN À ZÜRICH"),
        "É\u200blan à Zü\u00adrich",
        "\ufeffÉlan à\xa0Zürich\u2028",
        "Élan \u2060 à Zürich",
    ],
    ids=[
        "decomposed",
        "decomposed, in capitals",
        "parted by nothing",
        "blanks of all kinds",
        "nothing in between",
    ],
)
def test_a_name_that_reads_the_same_is_the_same(name: str) -> None:
    """A server may keep a text in another normal form than it was sent in: then this one is ours all the same."""
    alike = look_alikes([remote("b", body(name, "Other"))], body("Élan à Zürich"))
    assert ids(alike.others) == ["b"]
    assert alike.unclear


@pytest.mark.parametrize("other", ["Wave 2", "Wave ①", "Wave", "Wave 1 👩‍💻"])
def test_a_name_that_reads_otherwise_is_another(other: str) -> None:
    assert look_alikes([remote("b", body(other, "Other"))], body("Wave 1")).others == ()


def test_no_steps_are_no_likeness() -> None:
    empty = look_alikes([remote("b", body("Two", steps=[])), unreadable("c", "Three")], body("One", steps=[]))
    assert empty.others == ()


def test_what_can_not_be_read_back_is_no_difference() -> None:
    wanted = body(config={"a": 1})
    assert ids(look_alikes([remote("b", body())], wanted).exact) == ["b"]
    assert is_there([remote("b", body())], wanted)
    assert not is_there([remote("b", body("One", "Other"))], wanted)
    assert not is_there([remote("b", body())], None)


def test_what_is_said_of_one_with_the_name() -> None:
    said = why_not_made(look_alikes([remote("bp_1", body("One", "Other"))], body()), "One", "s1/one")
    assert said == (
        "bp_1 has this name and other content, and is not ours; take it over: `kalentops import s1 --key one --id "
        "bp_1` (plan then shows what differs; or rename one of the two)"
    )


def test_what_is_said_of_one_with_the_steps() -> None:
    said = why_not_made(look_alikes([remote("bp_1", body("The\x1b[1m other"))], body()), "One", "s1/one")
    assert said.startswith("bp_1 has exactly these steps, is called The\\u{1b}[1m other, and is not ours; ")


def test_what_is_said_of_several() -> None:
    said = why_not_made(look_alikes([remote("b1", body()), remote("b2", body())], body()), "One", "s1/one")
    assert said == (
        "several are there that look like it: b1, b2; delete what is not wanted in Kalent's web app"
    )


NAMES = st.sampled_from(["One", "one", "Two"])
BODIES = st.builds(body, NAMES, st.sampled_from(["Hi", "Ho"])) | st.builds(body, NAMES, steps=st.just([]))


@given(st.lists(BODIES, max_size=4), BODIES)
def test_each_is_one_thing_or_the_other(there: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    remotes = [remote(f"b{number}", each) for number, each in enumerate(there)]
    alike = look_alikes(remotes, wanted)
    assert not set(alike.exact) & set(alike.others)
    for each in remotes:
        same = each.digest == observable(wanted).digest
        assert (each in alike.exact) is same
        if not same and each not in alike.others:
            assert same_name(each.name) != same_name(wanted["name"])
    assert (alike.adoptable is not None) is (is_there(remotes, wanted) and len(alike.exact) == 1)
    # Made, taken over, or left to a person: never two of these.
    assert [alike.unclear, alike.adoptable is not None, not (alike.exact or alike.others)].count(True) == 1


def empty(
    blueprint_id: str, nonce: str, key: str = "one", name: str = "One", *, taken: bool = False
) -> Remote:
    return remote(blueprint_id, stub(name, Mark(key, nonce, taken)).data)


def edited(blueprint_id: str, nonce: str, key: str = "one") -> Remote:
    named = stub("One", Mark(key, nonce)).data["name"]
    return remote(blueprint_id, body(named))


A, B, C = "0a1b2c3d", "4e5f6071", "8293a4b5"


@pytest.mark.parametrize(
    ("there", "nonces", "own", "used"),
    [
        ([], (), (), None),
        ([remote("b1", body())], (), (), None),
        ([empty("b1", A, key="two")], (), (), None),
        ([empty("b1", A)], (), (), "b1"),
        ([empty("b1", A)], (A,), (), "b1"),
        ([empty("b1", A), empty("b2", B, key="two")], (), (), "b1"),
        ([empty("b2", B), empty("b1", A)], (A, B), (), "b1"),
        ([empty("b2", B), empty("b1", A)], (), (A, B), "b1"),
        ([empty("b1", A), empty("b2", B), empty("b3", C)], (A, B), (), "b3"),  # whose text may be on the way
        (
            [empty("b1", A), empty("b2", B)],
            (B,),
            (A,),
            "b2",
        ),  # which another run of that state may have filled
        ([empty("b1", A), empty("b2", B, taken=True), empty("b3", C)], (A,), (), "b2"),
        ([empty("b1", A, key="before-it-moved")], (A,), (), "b1"),
        ([empty("b1", A, name="R&amp;D")], (), (), "b1"),  # a server that escapes texts
        ([edited("b1", A, key="two")], (), (), None),
    ],
)
def test_which_stub_is_used(
    there: list[Remote], nonces: tuple[str, ...], own: tuple[str, ...], used: str | None
) -> None:
    found = reserved(there, "s1/one", nonces, own)
    assert (found.blueprint_id if isinstance(found, Remote) else found) == used


@pytest.mark.parametrize(
    ("there", "nonces", "said"),
    [
        ([empty("b1", A), empty("b2", B)], (), "b1, b2 are empty and reserved for it by earlier runs"),
        ([empty("b1", A), empty("b2", A)], (A,), "b1, b2 are empty"),  # a gateway has sent it twice
        ([empty("b1", A), empty("b2", B)], (A,), "b1, b2 are empty"),
        ([empty("b1", A), empty("b2", B), empty("b3", C)], (C,), "b1, b2, b3 are empty"),
        ([empty("b1", A, taken=True), empty("b2", B, taken=True)], (A, B), "b1, b2 are empty"),
        ([edited("b1", A)], (), "b1 was reserved for it, and was edited in Kalent"),
        ([empty("b2", B), edited("b1", A)], (B,), "b1 was reserved for it"),
        ([edited("b1", A, key="before-it-moved")], (A,), "b1 was reserved for it"),
        ([unreadable("b1", stub("One", Mark("one", A)).data["name"])], (), "b1 was reserved for it"),
    ],
)
def test_when_a_person_has_to_look_at_a_stub(there: list[Remote], nonces: tuple[str, ...], said: str) -> None:
    found = reserved(there, "s1/one", nonces)
    assert isinstance(found, str)
    assert found.startswith(said)
