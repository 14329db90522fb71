"""The outcome of each blueprint: written, recorded, in conflict, or refused; and one that a person has chosen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.adopt.match import removed_ids, unreadable_declarations
from kalentops.adopt.plan import Choice, ImportAction, ImportPlan, Item, check_key, plan_import, plan_one
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import RemoteLists
from kalentops.errors import UsageError
from kalentops.plan.build import Action, make_plan
from kalentops.plan.moves import relocate
from kalentops.state.model import State
from tests.adopt.shown import NOTHING, SOURCING, listed, observed, wanted
from tests.builders import AT, blueprint, entry, intent, state, step
from tests.strategies import bodies


def _one(plan: ImportPlan) -> Item:
    assert len(plan.items) == 1, plan.items
    return plan.items[0]


def test_unmanaged_blueprints_are_written_under_new_keys() -> None:
    one, two = blueprint("One"), blueprint("Two")
    plan = plan_import(
        observed(sourcing_a={"b1": one, "b2": two}, sourcing_b={"b3": one}),
        NOTHING,
        state(entry("sourcing_a/one", one, "b1")),
    )
    assert [(i.action, i.address, i.blueprint_id) for i in plan.items] == [
        (ImportAction.WRITE, "sourcing_a/two", "b2"),
        (ImportAction.WRITE, "sourcing_b/one", "b3"),
    ]
    assert (plan.sourcings, plan.recorded) == (("sourcing_a", "sourcing_b"), 1)
    made = plan.items[0].entry(AT)
    assert (made.sent, made.digest) == (Body.of(two), Body.of(two).digest)
    assert (made.remote_digest, made.updated_at) == (Body.of(two).digest, "2026-01-02T03:04:05.678Z")
    assert (made.blueprint_id, made.applied_at) == ("b2", AT)


def test_keys_of_files_state_and_intents_are_taken() -> None:
    old, gone = blueprint("Old"), blueprint("Gone")
    files = wanted({"first": blueprint("Something else")})
    known = state(entry("sourcing_a/first-2", old, "b0"))
    plan = plan_import(observed(sourcing_a={"b1": {"name": "First", "steps": gone["steps"]}}), files, known)
    assert _one(plan).key == "first-3"


def test_an_identical_declared_blueprint_is_recorded_and_the_next_plan_is_empty() -> None:
    body = blueprint("One")
    body["steps"].insert(
        0, step(9, type="LINKEDIN", linkedInType="LINKEDIN_INVITATION", content="dropped") | {"subject": None}
    )
    files = wanted({"my-key": body})
    item = _one(plan_import(observed(sourcing_a={"b1": body}), files, State()))
    assert (item.action, item.key, item.file, item.reason) == (ImportAction.RECORD, "my-key", "a.yaml", "")
    after = make_plan(files.declared, state(item.entry(AT)))
    assert [change.action for change in after.changes] == [Action.NO_OP]


def test_hidden_fields_are_left_to_an_update() -> None:
    body = blueprint("One", config={"a": 1})
    body["steps"][0]["config"] = {"userId": "u1"}
    files = wanted({"one": body})
    item = _one(plan_import(observed(sourcing_a={"b1": body}), files, State()))
    assert item.action is ImportAction.RECORD
    assert "`config` and `config.userId`, which Kalent does not show: the next apply sends it" in item.reason
    change = make_plan(files.declared, state(item.entry(AT))).changes[0]
    assert change.action is Action.UPDATE


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"name": " one ", "steps": [step(7)]}, "has the same name but different content"),
        ({"name": "Other", "steps": blueprint("One")["steps"]}, "has the same steps, and is named One"),
    ],
)
def test_a_look_alike_is_a_conflict(there: dict[str, Any], said: str) -> None:
    item = _one(plan_import(observed(sourcing_a={"b1": there}), wanted({"k": blueprint("One")}), State()))
    assert (item.action, item.sent) == (ImportAction.CONFLICT, None)
    assert said in item.reason
    assert "`kalentops import sourcing_a --key k --id b1`" in item.reason


def test_several_identical_blueprints_are_a_conflict() -> None:
    body = blueprint("One")
    plan = plan_import(observed(sourcing_a={"b1": body, "b2": body}), wanted({"k": body}), State())
    assert [item.action for item in plan.items] == [ImportAction.CONFLICT, ImportAction.CONFLICT]
    chosen = plan_one(
        observed(sourcing_a={"b1": body, "b2": body}),
        wanted({"k": body}),
        State(),
        Choice(SOURCING, "k", "b2"),
    )
    assert (_one(chosen).action, _one(chosen).blueprint_id) == (ImportAction.RECORD, "b2")


def test_copies_that_an_import_has_written_are_recorded_by_the_next_one() -> None:
    body = blueprint("One")
    there = observed(sourcing_a={"b1": body, "b2": body})
    keys = {item.blueprint_id: item.key for item in plan_import(there, NOTHING, State()).items}
    again = plan_import(there, wanted({"one": body, "one-2": body}), State())
    assert {item.blueprint_id: item.key for item in again.items} == keys
    assert {item.action for item in again.items} == {ImportAction.RECORD}


def test_an_exact_match_keeps_the_name_from_being_a_conflict() -> None:
    body = blueprint("One")
    there = observed(sourcing_a={"b1": body, "b2": {"name": "one", "steps": [step(5)]}})
    plan = plan_import(there, wanted({"one": body}), State())
    assert {i.blueprint_id: (i.action, i.key) for i in plan.items} == {
        "b1": (ImportAction.RECORD, "one"),
        "b2": (ImportAction.WRITE, "one-2"),
    }


def test_an_open_create_keeps_its_sourcing_from_being_imported() -> None:
    body = blueprint("One")
    there = observed(sourcing_a={"b1": body}, sourcing_b={"b2": body})
    plan = plan_import(there, NOTHING, state(intent("sourcing_a/x", body)))
    assert [(i.sourcing_id, i.action, i.remote is None) for i in plan.items] == [
        ("sourcing_a", ImportAction.REFUSED, True),
        ("sourcing_b", ImportAction.WRITE, False),
    ]
    assert "run `kalentops apply` first" in plan.items[0].reason
    one = plan_one(
        observed(sourcing_a={"b1": body}),
        NOTHING,
        state(intent("sourcing_a/x", body)),
        Choice(SOURCING, "y", "b1"),
    )
    assert _one(one).action is ImportAction.REFUSED


def test_an_unreadable_blueprint_is_refused_with_its_reason() -> None:
    there = RemoteLists(
        {
            "sourcing_a": (
                *listed({"b2": {"name": "x", "steps": [3]}}),
                *listed({"twice": blueprint("One")}),
            ),
            "sourcing_b": listed({"twice": blueprint("One")}, "sourcing_b"),
        },
        {"sourcing_c": "the API refused: no (HTTP 403)"},
    )
    plan = plan_import(there, NOTHING, State())
    assert {item.action for item in plan.items} == {ImportAction.REFUSED}
    said = {(item.sourcing_id, item.blueprint_id): item.reason for item in plan.items}
    assert "in a form that can be compared" in said["sourcing_a", "b2"]
    assert said["sourcing_a", "twice"] == said["sourcing_b", "twice"] == "Kalent shows it in two sourcings"
    assert said["sourcing_c", None] == "the API refused: no (HTTP 403)"


@given(st.lists(bodies(), max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_the_lists_does_not_matter(made: list[dict[str, Any]], dice: Any) -> None:
    by_id = {f"b{number}": body for number, body in enumerate(made)}
    mixed = list(by_id.items())
    dice.shuffle(mixed)
    assert plan_import(observed(sourcing_a=by_id), NOTHING, State()) == plan_import(
        observed(sourcing_a=dict(mixed)), NOTHING, State()
    )


CHOSEN = Choice(SOURCING, "mine", "b1")


def test_a_chosen_one_becomes_the_address_of_the_files_and_the_plan_shows_what_differs() -> None:
    there, file = blueprint("There"), blueprint("Here", steps=3)
    files = wanted({"mine": file})
    item = _one(plan_one(observed(sourcing_a={"b1": there, "b2": blueprint("X")}), files, State(), CHOSEN))
    assert (item.action, item.address, item.file) == (ImportAction.RECORD, "sourcing_a/mine", "a.yaml")
    change = make_plan(files.declared, state(item.entry(AT))).changes[0]
    assert (change.action, change.before, change.after) == (
        Action.UPDATE,
        Body.of(there),
        Body.of(file),
    )


def test_a_chosen_one_of_no_file_is_written_under_the_key() -> None:
    item = _one(plan_one(observed(sourcing_a={"b1": blueprint("There")}), NOTHING, State(), CHOSEN))
    assert (item.action, item.address) == (ImportAction.WRITE, "sourcing_a/mine")


def test_a_chosen_one_that_is_recorded_there_already_needs_nothing() -> None:
    body = blueprint("There")
    plan = plan_one(
        observed(sourcing_a={"b1": body}), NOTHING, state(entry("sourcing_a/mine", body, "b1")), CHOSEN
    )
    assert (plan.items, plan.recorded) == ((), 1)


@pytest.mark.parametrize(
    ("known", "choice", "said", "hint"),
    [
        (
            state(entry("sourcing_a/mine", blueprint("Old"), "b0")),
            CHOSEN,
            "sourcing_a/mine is already recorded as b0",
            "`kalentops state rm sourcing_a/mine`",
        ),
        (
            state(entry("sourcing_a/other", blueprint("There"), "b1")),
            CHOSEN,
            "b1 is already recorded as sourcing_a/other",
            "`kalentops state mv sourcing_a/other sourcing_a/mine`",
        ),
        (
            State(),
            CHOSEN._replace(blueprint_id="b11"),
            "holds no blueprint b11",
            'did you mean b1 ("There")?',
        ),
        (State(), CHOSEN._replace(blueprint_id="there"), "no blueprint there", 'did you mean b1 ("There")?'),
        (
            State(),
            CHOSEN._replace(blueprint_id="zzzzz"),
            "no blueprint zzzzz",
            "`kalentops import sourcing_a --dry-run`",
        ),
    ],
)
def test_a_choice_that_is_not_possible_names_the_remedy(
    known: State, choice: Choice, said: str, hint: str
) -> None:
    with pytest.raises(UsageError) as raised:
        plan_one(observed(sourcing_a={"b1": blueprint("There")}), NOTHING, known, choice)
    assert said in str(raised.value)
    assert hint in str(raised.value.hint)


def test_a_choice_that_kalent_does_not_show_whole_is_refused() -> None:
    there = observed(sourcing_a={"b1": {"name": "x", "steps": [3]}})
    item = _one(plan_one(there, wanted({"mine": blueprint("One")}), State(), CHOSEN))
    assert (item.action, item.key) == (ImportAction.REFUSED, None)


@pytest.mark.parametrize("there", [blueprint("One"), {"name": "one", "steps": []}])
def test_a_choice_that_would_leave_another_address_to_make_a_second_one(there: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised:
        plan_one(observed(sourcing_a={"b1": there}), wanted({"k": blueprint("One")}), State(), CHOSEN)
    assert "b1 looks like sourcing_a/k (a.yaml:" in str(raised.value)
    assert "pass --key k" in str(raised.value.hint)


def test_a_key_that_has_moved_is_taken_under_both_names_before_apply_has_done_so() -> None:
    body = blueprint("One")
    files = wanted({"new": body}, moved=[{"from": "old", "to": "new"}], removed=["gone"])
    known = state(entry("sourcing_a/old", body, "b1"), entry("sourcing_a/gone", blueprint("Gone"), "b2"))
    named = {"name": "Old", "steps": []}, {"name": "gone", "steps": []}, {"name": "One", "steps": []}
    there = observed(sourcing_a={"b1": body, "b3": named[0], "b4": named[1], "b5": named[2]})
    plan = plan_import(there, files, known)
    assert {item.blueprint_id: (item.action, item.key) for item in plan.items} == {
        "b3": (ImportAction.WRITE, "old-2"),
        "b4": (ImportAction.WRITE, "gone-2"),
        "b5": (ImportAction.WRITE, "one"),
    }
    for key, said in (
        ("new", "sourcing_a/new is already recorded as b1"),
        ("gone", "says that sourcing_a/gone was removed"),
    ):
        with pytest.raises(UsageError) as raised:
            plan_one(there, files, state(*list(known.entries.values())[:1]), Choice(SOURCING, key, "b3"))
        assert said in str(raised.value)


def test_a_removed_key_is_left_out_with_the_command_that_imports_it() -> None:
    files = wanted(
        {"kept": blueprint("Kept")}, removed=["gone", "kept-2"], moved=[{"from": "first", "to": "gone"}]
    )
    bodies_ = {
        f"b{number}": {"name": name, "steps": [step(number)]}
        for number, name in enumerate(("Gone", "gone!", "First", "Kept II", "Kept "), 1)
    }
    known = state(entry("sourcing_a/kept", blueprint("Kept"), "b9"))
    there = observed(sourcing_a={"b9": blueprint("Kept"), **bodies_})
    plan = plan_import(there, files, known)
    assert {item.blueprint_id: (item.action, item.key) for item in plan.items} == {
        **dict.fromkeys(("b1", "b2", "b3", "b5"), (ImportAction.LEFT_OUT, None)),
        "b4": (ImportAction.WRITE, "kept-ii"),
    }
    for item in plan.items:
        if item.action is ImportAction.LEFT_OUT:
            assert item.reason.startswith("a.yaml:1 lists its key `")
            (command,) = re.findall(r"`kalentops import sourcing_a --key (\S+) --id (\S+)`", item.reason)
            taken = _one(plan_one(there, files, known, Choice(SOURCING, *command)))
            assert (taken.action, taken.key, taken.blueprint_id) == (
                ImportAction.WRITE,
                command[0],
                item.blueprint_id,
            )


def test_a_removed_key_that_is_recorded_hides_its_own_id_only() -> None:
    files = wanted({}, removed=["gone"])
    there = observed(sourcing_a={"b1": blueprint("Gone"), "b2": {"name": "Gone", "steps": []}})
    known = state(entry("sourcing_a/gone", blueprint("Gone"), "b1"))
    assert (_one(plan_import(there, files, known)).action, _one(plan_import(there, files, known)).key) == (
        ImportAction.WRITE,
        "gone-2",
    )
    assert removed_ids(there, relocate(known, files.relocations), [Address.parse("sourcing_a/gone")]) == {
        "b1"
    }


def test_a_removed_key_is_free_once_it_is_taken_out_of_removed() -> None:
    there = observed(sourcing_a={"b1": blueprint("Gone")})
    choice = Choice(SOURCING, "gone", "b1")
    with pytest.raises(UsageError) as raised:
        plan_one(there, wanted({}, removed=["gone"]), State(), choice)
    assert str(raised.value).endswith(" says that sourcing_a/gone was removed")
    assert "take gone out of `removed` there" in str(raised.value.hint)
    assert _one(plan_one(there, wanted({}), State(), choice)).key == "gone"


@given(
    there=st.lists(st.sampled_from(["Gone", "gone", "Kept", "Gone 2", "Other"]), max_size=6),
    held=st.lists(st.sampled_from(["gone", "kept", "gone-2", "other"]), unique=True, max_size=3),
    removed=st.lists(st.sampled_from(["gone", "kept", "gone-2", "kept-2"]), unique=True, max_size=3),
)
def test_a_plan_and_an_import_leave_out_the_same_blueprints(
    there: list[str], held: list[str], removed: list[str]
) -> None:
    files = wanted({}, removed=removed)
    rows = {f"b{number}": {"name": name, "steps": [step(number)]} for number, name in enumerate(there)}
    known = state(*(entry(f"{SOURCING}/{key}", blueprint(key), f"x{key}") for key in held))
    seen = observed(sourcing_a=rows)
    left = {
        i.blueprint_id for i in plan_import(seen, files, known).items if i.action is ImportAction.LEFT_OUT
    }
    relocated = relocate(known, files.relocations)
    still = {e.address for part in (relocated.state.entries, relocated.forgotten) for e in part.values()}
    pending = {each.blueprint_id for each in relocated.forgotten.values()}
    assert removed_ids(seen, relocated, still) == left | pending


def test_an_invalid_key_is_refused_with_a_valid_one() -> None:
    with pytest.raises(UsageError) as raised:
        check_key("My Key")
    assert raised.value.hint == "try --key my-key"
    check_key("my-key")


def test_only_errors_that_hide_declarations_stop_an_import() -> None:
    odd = wanted({"one": blueprint("One") | {"steps": [step(1, type="PIGEON")]}})
    assert [each.code for each in unreadable_declarations(odd, State())] == ["KAL013"]
    assert unreadable_declarations(odd, state(entry("sourcing_a/one", blueprint("One"), "b1"))) == []
    text = wanted({"one": blueprint("One") | {"steps": [step(1, content="Hi [company]")]}})
    assert [finding.code for finding in text.findings] == ["KAL103"]
    assert unreadable_declarations(text, State()) == []
    shape = wanted({"one": {"name": "One", "steps": 3}})
    assert [
        each.code
        for each in unreadable_declarations(shape, state(entry("sourcing_a/one", blueprint("One"), "b1")))
    ] == ["KAL012"]
