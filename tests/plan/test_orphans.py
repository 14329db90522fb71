"""Orphans: the files may declare them under another key, or in another sourcing."""

from __future__ import annotations

import pytest

from kalentops.blueprint.body import Address
from kalentops.lint.rule import Declared
from kalentops.output.explanations import text
from kalentops.plan import matching
from kalentops.plan.matching import index_orphans
from kalentops.state.model import State
from tests.builders import body, entry, intent, state, want


def of(known: State, new: Declared, *others: Declared) -> str | None:
    return text(index_orphans({each.address: each for each in (new, *others)}, known).of(new)) or None


def test_a_renamed_key() -> None:
    said = of(state(entry("s1/old", body("One"))), want("s1/new", body("One")))
    assert said == (
        "identical to b-s1/old, which is recorded as s1/old and no longer declared; key renamed: `moved: "
        "[{from: old, to: new}]` (in the file); or at once: `kalentops state mv s1/old s1/new`"
    )


def test_the_same_name_or_the_same_steps() -> None:
    known = state(entry("s1/old", body("One")))
    for other in (body(" ONE", "Hello"), body("Two")):
        said = of(known, want("s1/new", other))
        assert said is not None
        assert said.startswith("b-s1/old, recorded as s1/old, has the same name or the same steps")
        assert said.endswith("; another one: `removed: [old]` (in the file, and two different names)")
    assert of(known, want("s1/new", body("Two", "Hello"))) is None


def test_what_a_file_still_declares_is_no_orphan() -> None:
    known = state(entry("s1/old", body("One")))
    assert of(known, want("s1/new", body("Two")), want("s1/old", body("One", "Hello"))) is None


def test_keys_that_were_swapped() -> None:
    """Else the one that people get messages from would become the other, and a second one be made beside it."""
    known = state(entry("s1/default", body("Default")))
    renamed, new = want("s1/default-old", body("Default")), want("s1/default", body("New", "Hello"))
    assert of(known, renamed, new) == (
        "b-s1/default, recorded as s1/default, has this name so far, and s1/default gets another one; keys "
        "renamed or swapped: `kalentops state mv s1/default s1/default-old`; this is a new one: "
        "`kalentops apply --overwrite s1/default --target s1/default` (first)"
    )
    assert of(known, want("s1/default-old", body("Other")), new) is None
    assert of(known, renamed, want("s1/default", body("DEFAULT ", "Hello"))) is None, "it keeps its name"
    orphans = index_orphans({each.address: each for each in (renamed, new)}, known)
    assert text(orphans.name_given_away(Address.parse("s1/default"))) == (
        "it gets another name, and s1/default-old takes its current one; keys renamed or "
        "swapped: `kalentops state mv s1/default s1/default-old`; "
        "intended: `kalentops apply --overwrite s1/default --target s1/default`"
    )
    assert orphans.name_given_away(Address.parse("s1/default-old")) is None
    open_one = state(intent("s1/default", body("Default")))
    said = of(open_one, renamed, new)
    assert said is not None
    assert said.startswith(
        "a blueprint of an interrupted create, recorded as s1/default, has this name so far"
    )


def test_an_orphan_of_another_sourcing_is_only_mentioned() -> None:
    known, new = state(entry("s1/one", body("One"))), want("s2/one", body("One"))
    orphans = index_orphans({new.address: new}, known)
    assert orphans.of(new) is None
    assert text(orphans.elsewhere(new)) == (
        "a blueprint can't change its sourcing: this creates a new one, and b-s1/one, recorded as s1/one, becomes an "
        "orphan"
    )
    assert orphans.elsewhere(want("s2/other", body("One"))) is None


def test_what_a_cut_off_create_may_have_made() -> None:
    said = of(state(intent("s1/old", body("One"))), want("s1/new", body("One")))
    assert said is not None
    assert said.startswith("a run was interrupted while it created s1/old, which is no longer declared")


def test_the_first_of_several_is_named() -> None:
    known = state(entry("s1/a", body("One")), entry("s1/b", body("Two", "Hello")))
    said = of(known, want("s1/new", body("One", "Hello")))
    assert said is not None
    assert "state mv s1/a s1/new" in said


def test_a_typo_in_moved_names_the_key_that_was_meant() -> None:
    """Edited and renamed in one go, so nothing else tells that it is the same one."""
    known = state(
        entry("s1/cadence", body("One")),
        entry("s1/else", body("Two", "Ho")),
        entry("s2/cadence", body("Three")),
    )
    new = want("s1/new", body("New", "Hello"))

    def why(old: str, *others: Declared) -> str | None:
        wanted: dict[str, Declared] = {each.address: each for each in (new, *others)}
        return text(index_orphans(wanted, known, {Address("s1", "new"): Address.parse(old)}).of(new)) or None

    assert why("s1/cadense") == (
        "declared as moved from cadense, which is not recorded; cadence is recorded, as b-s1/cadence, and no longer "
        "declared; meant that one: `moved: [{from: cadence, to: new}]` (in the file); another one: "
        "`removed: [cadence]` (in the file)"
    )
    assert why("s1/quite-different") is None
    assert why("s1/cadense", want("s1/cadence", body("One"))) is None, "a file still wants it"


def test_a_possibly_renamed_orphan_names_its_new_address() -> None:
    known = state(
        entry("s1/old", body("One")),
        entry("s1/cadence", body("Two", "Ho")),
        entry("s1/third", body("Three", "Ha")),
    )
    renamed, slipped = want("s1/new", body("One")), want("s1/newer", body("New", "Hello"))
    wanted: dict[str, Declared] = {each.address: each for each in (renamed, slipped)}
    orphans = index_orphans(wanted, known, {Address("s1", "newer"): Address("s1", "cadense")})
    assert orphans.claimed == {"s1/old": "s1/new", "s1/cadence": "s1/newer"}


def test_the_search_for_typos_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of moves against thousands of records took minutes; what is written otherwise is found all the same."""
    known = state(*(entry(f"s1/left-over-{letter}", body(letter)) for letter in "abcd"))
    slips = {"one": "left-ovr-a", "two": "left-ovr-b", "three": "left-overC"}
    unknown = {Address("s1", new): Address("s1", old) for new, old in slips.items()}

    def meant() -> dict[str, str]:
        return {
            new: slip.meant.address.key for new, slip in index_orphans({}, known, unknown).misnamed.items()
        }

    assert meant() == {"s1/one": "left-over-a", "s1/two": "left-over-b", "s1/three": "left-over-c"}
    monkeypatch.setattr(matching, "_MOST_COMPARED", 4)
    assert meant() == {"s1/one": "left-over-a", "s1/three": "left-over-c"}
