"""Which changes are alike, and which copies were forgotten."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import Address, Body
from kalentops.lint.finding import Origin, Origins
from kalentops.lint.rule import Alike
from kalentops.plan.groups import Edit, Group, Revision, group_revisions
from tests.builders import body, form, step, unread
from tests.counting import lines_executed
from tests.sizes import examples

TEMPLATE = "blueprints/templates/first.yaml"
PLACE = Origin(TEMPLATE, 14, 7)
OTHER = Origin(TEMPLATE, 20, 7)


def plain(number: int, before: Any, after: Any, **fields: Any) -> Revision:
    return Revision(
        Address(f"sourcing_{number}", "first"),
        None if before is None else form(before),
        form(after),
        f"blueprints/{number}.yaml",
        **fields,
    )


def text(content: str, **fields: Any) -> dict[str, Any]:
    return body("First", step("mail", content=content, **fields))


def used(number: int, *pieces: str) -> Origins:
    """Pieces of the content in turn from the template and from the position."""
    found, at = [], 0
    for index, piece in enumerate(pieces):
        own = Origin(f"blueprints/{number}.yaml", 4, 9 + index)
        found.append((at, own if index % 2 else PLACE._replace(line=PLACE.line + index)))
        at += len(piece)
    return {("mail", "content"): tuple(found)}


def of_template(number: int, before: str | None, *pieces: str, **fields: Any) -> Revision:
    return plain(
        number,
        None if before is None else text(before),
        text("".join(pieces)),
        template="first",
        origins=used(number, *pieces),
        **fields,
    )


def sets(groups: list[Group]) -> list[list[str]]:
    return [[each.sourcing_id.removeprefix("sourcing_") for each in group.addresses] for group in groups]


def test_the_same_words_in_the_same_sentence_are_one_change() -> None:
    groups = group_revisions(
        plain(
            n, text(f"Hi. I am {n}. Have you ten minutes?"), text(f"Hi. I am {n}. Have you fifteen minutes?")
        )
        for n in (1, 2)
    )
    assert groups == [
        Group(
            (Address("sourcing_1", "first"), Address("sourcing_2", "first")),
            (Edit("changed", "mail", "content", "ten", "fifteen"),),
        )
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (text("Hi. Have we ten minutes?"), text("Hi. Have we fifteen minutes?")),  # another sentence
        (text("Have you ten minutes?"), text("Have you twenty minutes?")),  # other words come
        (text("Have you two minutes?"), text("Have you fifteen minutes?")),  # other words go
        (text("Have you ten minutes?"), text("Have you fifteen minutes? Bye.")),  # more than that
        (text("Have you ten minutes?"), text("Have you fifteen minutes?", delay={"value": 9, "unit": "day"})),
        (text("Have you ten minutes?", id="chat"), text("Have you fifteen minutes?", id="chat")),
        (text("A.", subject="Have you ten minutes?"), text("A.", subject="Have you fifteen minutes?")),
    ],
)
def test_what_differs_in_anything_is_shown_alone(before: Any, after: Any) -> None:
    one = plain(1, text("Have you ten minutes?"), text("Have you fifteen minutes?"))
    assert sets(group_revisions([one, plain(2, before, after)])) == [["1"], ["2"]]


def test_the_same_place_of_a_template_is_one_change_whatever_stands_around_it() -> None:
    pitches = {1: "a team of ten", 2: "the bank", 3: "you", 4: "ten"}
    groups = group_revisions(
        of_template(
            n,
            f"I hire for {pitch}, have you ten minutes?",
            "I hire for ",
            pitch,
            ", have you fifteen minutes?",
        )
        for n, pitch in pitches.items()
    )
    assert sets(groups) == [["1", "2", "3", "4"]]
    assert groups[0].edits == (Edit("changed", "mail", "content", "ten", "fifteen", Origin(TEMPLATE, 16, 7)),)
    assert groups[0].values == {}


def test_punctuation_beside_a_parameter_is_the_templates() -> None:
    groups = group_revisions(
        of_template(n, f"For {pitch}. Bye.", "For ", pitch, "! Bye.")
        for n, pitch in enumerate(("six", "a bank"))
    )
    assert sets(groups) == [["0", "1"]]
    assert groups[0].edits[0].after == "!"


def test_a_new_sentence_with_a_parameter_is_one_change_with_the_words_that_differ() -> None:
    groups = group_revisions(
        of_template(n, "Hi. Bye.", "Hi. I hire for ", pitch, ". Bye.")
        for n, pitch in enumerate(("six", "a bank"))
    )
    assert sets(groups) == [["0", "1"]]
    assert groups[0].values == {"sourcing_0/first": ("six",), "sourcing_1/first": ("a bank",)}


def test_words_that_only_go_are_compared_by_where_they_stood() -> None:
    groups = group_revisions(
        of_template(n, f"Hi. For {pitch} and more. Bye.", "Hi. For ", pitch, ". Bye.")
        for n, pitch in enumerate(("six", "a bank"))
    )
    assert sets(groups) == [["0", "1"]]
    groups = group_revisions(
        of_template(n, f"For {pitch}. Really. Bye.", "For ", pitch, ". Bye.")
        for n, pitch in enumerate(("six", "us"))
    )
    assert sets(groups) == [["0", "1"]]


def test_a_value_that_is_a_part_of_another_one_is_no_difference() -> None:
    groups = group_revisions(
        of_template(
            n,
            f"Hi {who}. For {who} of {size}. Really {who} of {size}, yes. Bye.",
            *("Hi ", who, ". For ", f"{who} of {size}", ". Bye."),
        )
        for n, (who, size) in enumerate((("team", "six"), ("crew", "ten")))
    )
    assert sets(groups) == [["0", "1"]]


def test_an_edit_that_is_made_twice_is_another_change() -> None:
    old, new = "Have you ten minutes?", "Have you fifteen minutes?"
    groups = group_revisions(
        plain(n, text(f"Hi. {old} {old} Bye."), text(f"Hi. {new} {second} Bye."))
        for n, second in enumerate((new, old))
    )
    assert sets(groups) == [["0"], ["1"]]


def test_other_values_of_a_parameter_are_different_changes() -> None:
    groups = group_revisions(
        of_template(n, f"For {old}. Bye.", "For ", new, ". Bye.")
        for n, (old, new) in enumerate((("six", "seven"), ("six", "eight"), ("a", "b")))
    )
    assert sets(groups) == [["0"], ["1"], ["2"]]


def test_a_copy_and_a_user_of_the_template_are_one_change_where_the_sentence_is_the_same() -> None:
    before, after = "Have you ten minutes?", "Have you fifteen minutes?"
    groups = group_revisions(
        [
            of_template(1, before, after),
            of_template(2, before, after),
            plain(3, text(before), text(after)),
        ]
    )
    assert sets(groups) == [["1", "2", "3"]]
    assert groups[0].edits[0].origin is None


def test_values_steps_and_order_are_grouped_too() -> None:
    old = body("First", step(1), step(2), step(3))
    new = body("First", step(3), step(1, delay={"value": 9, "unit": "day"}), step(4))
    assert sets(group_revisions(plain(n, old, new) for n in range(3))) == [["0", "1", "2"]]


def test_added_and_removed_steps_of_a_template_may_hold_values_of_parameters() -> None:
    def revision(n: int, pitch: str, *, added: bool) -> Revision:
        one, two = (
            body("First", step("hi", content=pitch)),
            body("First", step("hi", content=pitch), step("mail", content=pitch)),
        )
        own = ((0, Origin(f"blueprints/{n}.yaml", 4, 9)),)
        origins = {(each, "content"): own for each in (("hi", "mail") if added else ("hi",))}
        before, after = (one, two) if added else (two, one)
        return plain(n, before, after, template="first", origins=origins)

    for added in (True, False):
        found = group_revisions(
            revision(n, pitch, added=added) for n, pitch in enumerate(("for six", "for a bank"))
        )
        assert sets(found) == [["0", "1"]], added


def test_new_blueprints_are_alike_if_they_are_equal_or_differ_in_values_of_parameters() -> None:
    groups = group_revisions(
        [
            plain(1, None, text("A")),
            plain(2, None, text("A")),
            plain(3, None, text("B")),
            plain(4, None, text("For six."), alike=Alike("one", ("six", ""))),
            plain(5, None, text("For a bank."), alike=Alike("one", ("a bank", "it"))),
            plain(6, None, text("For us."), alike=Alike("other", ("us",))),
            plain(7, None, text("A"), alike=Alike("another", ())),
        ]
    )
    assert sets(groups) == [["1", "2", "7"], ["3"], ["4", "5"], ["6"]]
    assert groups[2].values == {"sourcing_4/first": ("six",), "sourcing_5/first": ("a bank", "it")}


def test_bodies_are_read_only_where_they_can_matter() -> None:
    """New ones are grouped without them; once more copies stay than change, the others are not looked at."""
    both = body("Old", "Have you ten minutes?"), body("Old", "Have you fifteen minutes?")
    new = [
        Revision(Address(f"new_{n}", "a"), None, unread(body(f"New {n}")), alike=Alike(f"{n // 2}", ()))
        for n in range(4)
    ]
    changed = [plain(n, *both) for n in (1, 2)]
    same = [plain(n, both[0], both[0]) for n in (3, 4, 5)]
    hidden = unread()
    rest = [Revision(Address("z", f"{n}"), hidden, hidden) for n in range(3)]
    groups = group_revisions([*new, *changed, *same, *rest])
    assert [len(each.addresses) for each in groups] == [2, 2, 2]
    assert [each.unchanged for each in groups] == [(), (), ()]
    with pytest.raises(AssertionError, match="was read"):
        group_revisions([*changed, *same[:2], *rest])


def test_the_copy_that_was_forgotten_is_named() -> None:
    old, new = "Hi {n}. Have you ten minutes?", "Hi {n}. Have you fifteen minutes?"
    found = [plain(n, text(old.format(n=n)), text(new.format(n=n))) for n in range(5)]
    same, other = text(old.format(n=5)), text("Have you ten more minutes?")
    unchanged = [plain(5, same, same), plain(6, other, other)]
    otherwise = plain(7, text(old.format(n=7)), text(old.format(n=7).replace("ten", "thirty")))
    more = plain(8, text(old.format(n=8)), text("More. " + new.format(n=8)))
    groups = group_revisions([*found, *unchanged, otherwise, more])
    assert sets(groups) == [["0", "1", "2", "3", "4"], ["7"], ["8"]]
    assert [each.sourcing_id for each in groups[0].unchanged] == ["sourcing_5", "sourcing_7"]


def test_where_most_copies_stay_as_they_are_none_was_forgotten() -> None:
    old, new = text("Have you ten minutes?"), text("Have you fifteen minutes?")
    groups = group_revisions([plain(n, old, new if n < 2 else old) for n in range(5)])
    assert [group.unchanged for group in groups] == [()]


def test_a_copy_is_known_by_a_value_if_the_text_of_the_step_is_the_same() -> None:
    days = [{"value": n, "unit": "day"} for n in (3, 4)]
    old, new = (text("Hi.", delay=each) for each in days)
    other = text("Hello.", delay=days[0])
    groups = group_revisions(
        [plain(1, old, new), plain(2, old, new), plain(3, old, old), plain(4, other, other)]
    )
    assert groups[0].unchanged == (Address("sourcing_3", "first"),)


def test_a_copy_is_known_by_the_step_that_goes_or_by_the_neighbour_of_the_one_that_comes() -> None:
    one, two = (step(each, content="Hi. Have you ten minutes? Bye.") for each in (1, 2))
    short, long = body("First", one), body("First", one, two)
    for old, new in ((short, long), (long, short)):
        groups = group_revisions([plain(1, old, new), plain(2, old, new), plain(3, old, old)])
        assert groups[0].unchanged == (Address("sourcing_3", "first"),)


@pytest.mark.parametrize(
    "after",
    [
        [step("mail", content="Have you ten minutes? Bye.")],
        [step("mail", content="Now. Have you ten minutes?")],
        [step("mail", content="Have you ten minutes?"), step("more")],
        [step("more"), step("mail", content="Have you ten minutes?")],
    ],
)
def test_a_copy_is_known_by_what_stands_beside_the_words_or_the_step_that_only_come(
    after: list[dict[str, Any]],
) -> None:
    old, new, other = text("Have you ten minutes?"), body("First", *after), text("Could we talk?")
    groups = group_revisions(
        [plain(1, old, new), plain(2, old, new), plain(3, old, old), plain(4, other, other)]
    )
    assert groups[0].unchanged == (Address("sourcing_3", "first"),)


def test_an_override_that_hides_a_changed_text_is_named() -> None:
    hides = frozenset({("mail", "content")})
    own = text("My own words.")
    found = [
        of_template(1, "Have you ten minutes?", "Have you fifteen minutes?"),
        plain(2, own, own, template="first", overrides=hides),
        plain(3, own, own, template="first", overrides=hides, language="fr"),
        plain(4, own, own, template="second", overrides=hides),
        plain(5, own, own, template="first", overrides=frozenset({("mail", "subject")})),
    ]
    assert [each.own_text for each in group_revisions(found)] == [(Address("sourcing_2", "first"),)]


def test_an_override_that_holds_the_old_words_is_no_forgotten_copy_and_one_that_changes_alike_hides_nothing() -> (
    None
):
    old, new = "Have you ten minutes?", "Have you fifteen minutes?"
    about: dict[str, Any] = {"template": "first", "overrides": frozenset({("mail", "content")})}
    (group,) = group_revisions(
        [
            of_template(1, old, new),
            of_template(2, old, new),
            plain(3, text(old), text(new), **about),
            plain(4, text(old), text(old), **about),
        ]
    )
    assert [each.sourcing_id for each in group.addresses] == ["sourcing_1", "sourcing_2", "sourcing_3"]
    assert group.own_text == (Address("sourcing_4", "first"),)
    assert group.unchanged == ()


def test_an_override_hides_the_change_of_the_most_and_of_each_part_of_its_field() -> None:
    old, new = (text("Hi.", policy={"skipStepIfNoContact": each}) for each in (True, False))
    about: dict[str, Any] = {"template": "first", "origins": {("mail", "policy"): ((0, PLACE),)}}
    groups = group_revisions(
        [
            *(plain(n, old, new, **about) for n in (1, 2)),
            plain(3, old, text("Hi.", policy={"inviteTimeoutDays": 2, **new["steps"][0]["policy"]}), **about),
            plain(4, old, old, template="first", overrides=frozenset({("mail", "policy")})),
        ]
    )
    assert sets(groups) == [["1", "2"], ["3"]]
    assert [each.own_text for each in groups] == [(Address("sourcing_4", "first"),), ()]


def test_a_damaged_record_is_no_copy() -> None:
    old, new = text("Have you ten minutes?"), text("Have you fifteen minutes?")
    damaged = plain(3, old, old)
    damaged = replace(damaged, before=type(damaged.after).recorded({"steps": 5}, "sha256:0"))
    damaged = replace(damaged, after=damaged.before)  # type: ignore[arg-type] # it has one
    groups = group_revisions([plain(1, old, new), plain(2, old, new), damaged])
    assert [group.unchanged for group in groups] == [()]


@pytest.mark.parametrize("kind", ["text", "step", "template"])
def test_the_work_grows_with_the_number_of_blueprints_also_where_pairs_change_the_same_words(
    kind: str,
) -> None:
    def pair(n: int) -> Revision:
        same, half = step("mail", content="Hi. Have you ten minutes?"), n // 2
        if kind == "template":
            return of_template(n, "Hi. Have you ten minutes?", "Hi. Have you ", f"{half}", " minutes?")
        new = {
            "text": [same | {"content": f"Hi. Have you {half} minutes?"}],
            "step": [same, step("more", content=str(half))],
        }[kind]
        return plain(n, body("First", same), body("First", *new))

    def work(number: int) -> int:
        made = [pair(n) for n in range(number)]
        return lines_executed(lambda: group_revisions(made))

    assert work(400) < 4.5 * work(100)


def test_a_forgotten_copy_is_found_among_many_other_changes_of_the_same_words() -> None:
    old = text("Have you ten minutes?")
    others = [plain(n, old, text(f"Have you {n // 2} minutes?")) for n in range(20, 60)]
    most = [plain(n, old, text("Have you fifteen minutes?")) for n in range(100, 200)]
    groups = group_revisions([*others, *most, plain(300, old, old)])
    assert len(groups[0].addresses) == 100
    assert Address("sourcing_300", "first") in groups[0].unchanged
    assert [each.unchanged for each in groups[1:]] == [()] * 20


WORDS = st.sampled_from(["ten", "fifteen", "minutes.", "Hi.", "\n", "you"])
CONTENTS = st.lists(WORDS, max_size=5).map(" ".join)
REVISIONS = st.lists(st.tuples(st.none() | CONTENTS, CONTENTS, st.booleans(), CONTENTS), max_size=8)


@given(REVISIONS, st.randoms(use_true_random=False))
@settings(max_examples=examples(200), deadline=None)
def test_the_changes_are_parted_the_same_way_in_any_order(
    made: list[tuple[str | None, str, bool, str]], order: random.Random
) -> None:
    revisions = [
        of_template(n, before, after, own, ".")
        if template
        else plain(n, None if before is None else text(before), text(after))
        for n, (before, after, template, own) in enumerate(made)
    ]
    groups = group_revisions(revisions)
    parted = [address for group in groups for address in group.addresses]
    assert sorted(parted) == [each.address for each in revisions if each.changed]
    order.shuffle(revisions)
    assert group_revisions(revisions) == groups
    assert all(not {*group.unchanged, *group.own_text} & {*group.addresses} for group in groups)


class Piece:
    """A body in a file, which says how often it was read."""

    def __init__(self, whole: Body) -> None:
        self.whole, self.times = whole, 0

    def data(self) -> bytes:
        return json.dumps(self.whole.data, indent=2).encode()

    def __call__(self) -> Body:
        self.times += 1
        return self.whole


def deferred(of: Any) -> tuple[Piece, Body]:
    piece = Piece(form(of))
    return piece, Body.deferred(piece.whole.name, piece.whole.digest, piece)


@pytest.mark.parametrize(
    ("old", "new", "others", "read"),
    [
        (
            text("Have you ten minutes?"),
            text("Have you five minutes?"),
            ["Have you ten minutes?", "Bye."],
            [1, 0],
        ),
        (text("Été ?"), text("Hiver ?"), ["Été ?", "Bye."], [1, 1]),  # too little that JSON writes as it is
        (text("Hi all.", delay=None), text("Hi all."), ["Hi all.", "Bye."], [1, 0]),
        (
            body("First", step(1), step("mail", content="Hi all.")),
            body("First", step(1)),
            ["Hi all.", "Bye."],
            [1, 0],
        ),
    ],
)
def test_only_bodies_that_hold_the_old_words_are_read(
    old: Any, new: Any, others: list[str], read: list[int]
) -> None:
    changed = [plain(n, old, new) for n in (1, 2)]
    pieces = [deferred(text(each)) for each in others]
    same = [Revision(Address("z", str(n)), sent, sent) for n, (_, sent) in enumerate(pieces)]
    assert len(group_revisions([*changed, *same])) == 1
    assert [piece.times for piece, _ in pieces] == read


def test_a_copy_of_any_member_of_a_group_is_read() -> None:
    """Each position has words of its own in the sentence that changes."""
    found = [
        of_template(
            n, f"For {n * 1111}, have you ten minutes?", "For ", f"{n * 1111}", ", have you five minutes?"
        )
        for n in (1, 2)
    ]
    pieces = [deferred(text(f"For 2222, have you {words}?")) for words in ("ten minutes", "a minute")]
    same = [Revision(Address("z", f"{n}"), sent, sent) for n, (_, sent) in enumerate(pieces)]
    (group,) = group_revisions([*found, *same])
    assert group.unchanged == ("z/0",)
    assert [piece.times for piece, _ in pieces] == [1, 0]
