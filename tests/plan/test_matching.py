"""What looks like a blueprint, by its name or by its steps."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import Remote
from kalentops.output.explanations import text
from kalentops.plan.explanation import also_similar, similar
from kalentops.plan.matching import Candidates, Index, Unmanaged
from kalentops.support.text import same_name
from tests.builders import AT, body, form, remote


def unreadable(blueprint_id: str, name: str) -> Remote:
    return Remote(blueprint_id, name, AT)


def ids(remotes: Any) -> list[str]:
    return [each.blueprint_id for each in remotes]


def look_alikes(there: list[Remote], wanted: dict[str, Any]) -> Candidates:
    return Unmanaged(there).like(form(wanted))


def found(there: list[Remote], wanted: dict[str, Any]) -> tuple[Remote, ...]:
    alike = look_alikes(there, wanted)
    return alike.exact or alike.others


def test_identical_and_similar_blueprints_are_told_apart() -> None:
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
    assert text(also_similar(alike.others)) == (
        "named, written, shouted, hidden looks like it, too; compare them in Kalent's web app"
    )
    assert also_similar(look_alikes(there[:1], body()).others) is None


@pytest.mark.parametrize("there", [["same", "same"], ["named"], ["same", "same", "named"]])
def test_several_identical_or_one_similar_blueprint_is_unclear(there: list[str]) -> None:
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
    assert Unmanaged([remote("b", body())]).has(form(wanted))
    assert not Unmanaged([remote("b", body("One", "Other"))]).has(form(wanted))
    assert not Unmanaged([remote("b", body())]).has(None)


def test_what_is_said_of_one_with_the_name() -> None:
    said = text(
        similar(found([remote("bp_1", body("One", "Other"))], body()), "One", Address.parse("s1/one"))
    )
    assert said == (
        "bp_1 is unmanaged, and has this name but different content; import it: `kalentops import s1 --key one --id "
        "bp_1` (plan then shows what differs; or rename one of the two)"
    )


def test_what_is_said_of_one_with_the_steps() -> None:
    said = text(
        similar(found([remote("bp_1", body("The\x1b[1m other"))], body()), "One", Address.parse("s1/one"))
    )
    assert said.startswith("bp_1 is unmanaged, has exactly these steps, and is called The\\u{1b}[1m other; ")


def test_what_is_said_of_several() -> None:
    said = text(
        similar(found([remote("b1", body()), remote("b2", body())], body()), "One", Address.parse("s1/one"))
    )
    assert said == (
        "several unmanaged blueprints look like it: b1, b2; delete the unwanted ones in Kalent's web app"
    )


NAMES = st.sampled_from(["One", "one", "Two"])
BODIES = st.builds(body, NAMES, st.sampled_from(["Hi", "Ho"])) | st.builds(body, NAMES, steps=st.just([]))


@given(st.lists(BODIES, max_size=4), BODIES)
def test_a_look_alike_is_either_identical_or_similar(
    there: list[dict[str, Any]], wanted: dict[str, Any]
) -> None:
    remotes = [remote(f"b{number}", each) for number, each in enumerate(there)]
    alike = look_alikes(remotes, wanted)
    assert not set(alike.exact) & set(alike.others)
    for each in remotes:
        same = each.digest == Body.listed(wanted).digest
        assert (each in alike.exact) is same
        if not same and each not in alike.others:
            assert same_name(each.name) != same_name(wanted["name"])
    assert (alike.adoptable is not None) is (Unmanaged(remotes).has(form(wanted)) and len(alike.exact) == 1)
    # Made, adopted, or left to a person: never two of these.
    assert [alike.unclear, alike.adoptable is not None, not (alike.exact or alike.others)].count(True) == 1


def test_an_index_finds_all_in_their_order_and_first_by_name() -> None:
    index = Index([("One", "x", 1), ("Two", "y", 2), ("one ", None, 3), ("Three", "x", 4)])
    assert index.all("ONE", "y") == [1, 2, 3]
    assert (index.first("two", "x"), index.first("Four", "x"), index.first("Four", None)) == (2, 1, None)


def test_a_managed_blueprint_is_no_look_alike() -> None:
    there = Unmanaged([remote("b", body())])
    there.discard("b")
    assert (there.like(form()), there.has(form()), list(there)) == (Candidates(), False, [])
    there.add(remote("b", body()))
    assert (ids(there.like(form()).exact), there.has(form())) == (["b"], True)
