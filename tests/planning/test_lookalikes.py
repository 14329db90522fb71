"""What looks like a blueprint that is about to be made, or was perhaps made: by its name, or by its steps."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.canonical import content_digest, observable, of_body
from kalentops.planning.lookalikes import (
    Doubt,
    Found,
    beside,
    is_there,
    look_alikes,
    what_came_of,
    why_not_made,
)
from kalentops.remote import Remote
from kalentops.state.entries import Intent
from kalentops.text import same_name

AT = "2026-01-02T03:04:05Z"


def body(name: str = "One", text: str | None = "Hi", **fields: Any) -> dict[str, Any]:
    step = {"id": "a", "name": "A", "type": "SMS", "content": text, "temporalityType": "ASAP"}
    return of_body({"name": name, "steps": [step] if text is not None else [], **fields}).body


def remote(blueprint_id: str, of: dict[str, Any]) -> Remote:
    shown = observable(of)
    return Remote(blueprint_id, of["name"], shown.digest, content_digest(of), AT, shown)


def unreadable(blueprint_id: str, name: str) -> Remote:
    return Remote(blueprint_id, name, None, None, AT)


def ids(remotes: Any) -> list[str]:
    return [each.blueprint_id for each in remotes]


def test_what_is_just_so_and_what_only_looks_so() -> None:
    there = [
        remote("same", body()),
        remote("named", body(text="Other")),
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
    made = {"same": body(), "named": body(text="Other")}
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
    empty = look_alikes([remote("b", body("Two", None)), unreadable("c", "Three")], body("One", None))
    assert empty.others == ()


def test_what_can_not_be_read_back_is_no_difference() -> None:
    wanted = body(config={"a": 1})
    assert ids(look_alikes([remote("b", body())], wanted).exact) == ["b"]
    assert is_there([remote("b", body())], wanted)
    assert not is_there([remote("b", body(text="Other"))], wanted)
    assert not is_there([remote("b", body())], None)


def test_what_is_said_of_one_with_the_name() -> None:
    said = why_not_made(look_alikes([remote("bp_1", body(text="Other"))], body()), "One", "s1/one")
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


def intent(sent: dict[str, Any], *known: str) -> Intent:
    return Intent("s1/one", "create", sent, of_body(sent).digest, AT, known)


def test_what_a_cut_off_create_has_made() -> None:
    made = remote("new", body())
    assert what_came_of(intent(body()), []) is None
    assert what_came_of(intent(body()), [made]) == Found(made)
    assert what_came_of(intent(body(), "new"), [made]) is None, "it was there before"
    other = body("Two", "Other")
    assert what_came_of(intent(body()), [made, remote("other", other)]) == Found(made)
    other["steps"][0]["id"] = "b"
    assert what_came_of(intent(body()), [remote("other", other)]) is None, "somebody else's"
    assert what_came_of(intent(body(text=None)), [remote("other", body("Two", None))]) is None, (
        "no steps, no ids"
    )


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([remote("b1", body()), remote("b2", body())], "several may be it: b1, b2"),
        ([remote("b1", body()), remote("b2", body("Two"))], "several may be it: b1, b2"),
        ([remote("b1", body(text="hi"))], "b1 is new, looks like it, and is not quite what was sent"),
        ([unreadable("b1", "ONE")], "b1 is new, looks like it"),
        ([remote("b1", body("Two"))], "b1 is new, looks like it"),
        ([remote("b1", body("R&amp;D", "I&#39;m"))], "b1 is new, looks like it"),
    ],
)
def test_what_nobody_but_a_person_can_say(there: list[Remote], said: str) -> None:
    came = what_came_of(intent(body()), there)
    assert isinstance(came, Doubt)
    assert came.reason.startswith(said)


BODIES = st.builds(body, st.sampled_from(["One", "one", "Two"]), st.sampled_from(["Hi", "Ho", None]))


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
