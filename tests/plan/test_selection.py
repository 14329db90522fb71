"""`--sourcing` and `--target`: which addresses they cover, and what is said of a pattern that covers none."""

from __future__ import annotations

import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.body import Address
from kalentops.cli.commands import options
from kalentops.errors import UsageError
from kalentops.plan.build import Scope
from kalentops.support.text import visible

KNOWN = tuple(
    map(
        Address.parse,
        ("sourcing_a/first-contact", "sourcing_a/reminder", "sourcing_b/first-contact", "Other.1/x"),
    )
)


def covered(scope: Scope) -> list[str]:
    return [address for address in KNOWN if scope.covers(address)]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), KNOWN),
        (Scope(sourcings=("sourcing_a",)), KNOWN[:2]),
        (Scope(sourcings=("sourcing_?",)), KNOWN[:3]),
        (Scope(sourcings=("sourcing",)), ()),
        (Scope(sourcings=("sourcing_a/first-contact",)), ()),
        (Scope(sourcings=("SOURCING_A", "other.1")), ()),
        (Scope(sourcings=("sourcing_[!a]", "Other*")), KNOWN[2:]),
        (Scope(targets=("sourcing_a/first-contact",)), KNOWN[:1]),
        (Scope(targets=("first-contact",)), (KNOWN[0], KNOWN[2])),
        (Scope(targets=("first-*",)), (KNOWN[0], KNOWN[2])),
        (Scope(targets=("sourcing_[ab]/*e*",)), (KNOWN[1],)),
        (Scope(targets=("*/x", "remin*")), (KNOWN[1], KNOWN[3])),
        (Scope(targets=("*",)), KNOWN),
        (Scope(targets=("*/*",)), KNOWN),
        (Scope(targets=("sourcing_a",)), ()),
        (Scope(targets=("",)), ()),
        (Scope(sourcings=("sourcing_b",), targets=("x",)), KNOWN[2:]),
    ],
    ids=str,
)
def test_what_is_covered(scope: Scope, expected: tuple[str, ...]) -> None:
    assert covered(scope) == list(expected)
    assert scope.everything is (scope == Scope())


@pytest.mark.parametrize(
    ("scope", "said", "hint"),
    [
        (
            Scope(targets=("sourcing_a/first-contct",)),
            "--target sourcing_a/first-contct matches no blueprint",
            "did you mean sourcing_a/first-contact or sourcing_b/first-contact or sourcing_a/reminder?",
        ),
        (Scope(targets=("remindr",)), "--target remindr matches no blueprint", "did you mean reminder?"),
        (Scope(targets=("remindr*",)), "--target remindr* matches no blueprint", "did you mean reminder?"),
        (Scope(targets=("Reminder",)), "--target Reminder matches no blueprint", "did you mean reminder?"),
        (
            Scope(targets=("sourcing_a",)),
            "--target sourcing_a matches no",
            "did you mean --sourcing sourcing_a?",
        ),
        (
            Scope(sourcings=("sourcing_a/*",)),
            "--sourcing sourcing_a/* matches no sourcing",
            "did you mean --target sourcing_a/*?",
        ),
        (Scope(sourcings=("reminder",)), "--sourcing reminder matches no", "did you mean --target reminder?"),
        (Scope(sourcings=("other1",)), "--sourcing other1 matches no sourcing", "did you mean Other.1?"),
        (
            Scope(sourcings=("zzz",)),
            "--sourcing zzz matches no sourcing",
            "known: Other.1, sourcing_a, sourcing_b",
        ),
        (
            Scope(targets=("zz/zz",)),
            "--target zz/zz matches no blueprint",
            "known: Other.1/x, sourcing_a/first-contact, sourcing_a/reminder and 1 more",
        ),
        (Scope(targets=("\x1b[2J\u202e",)), r"--target \u{1b}[2J\u{202e} matches no", "known: x, "),
        (
            Scope(sourcings=("sourcing_a", "nope"), targets=("x",)),
            "--sourcing nope matches no",
            "known: Other.1",
        ),
    ],
    ids=str,
)
def test_a_pattern_that_fits_nothing_names_what_does(scope: Scope, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        scope.check(KNOWN)
    assert str(caught.value).startswith(said)
    assert (caught.value.hint or "").startswith(hint)


def test_where_there_is_nothing_that_is_said() -> None:
    Scope().check(())
    with pytest.raises(UsageError, match="--target x matches no blueprint") as caught:
        Scope(targets=("x",)).check(())
    assert caught.value.hint == "neither the files nor the state holds a blueprint"


def test_the_options_come_as_a_scope() -> None:
    taken: list[Scope] = []

    @click.command()
    @options.targets
    def command(scope: Scope) -> None:
        taken.append(scope)

    for args in ([], ["--target", "a", "--sourcing", "s", "--target", "s/b*"]):
        command.main(args, standalone_mode=False)
    assert taken == [Scope(), Scope(sourcings=("s",), targets=("a", "s/b*"))]


# --- properties ------------------------------------------------------------------------------------------------

SOURCINGS = st.from_regex(re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,3}", re.ASCII), fullmatch=True)
KEYS = st.from_regex(re.compile(r"[a-z0-9][a-z0-9-]{0,3}", re.ASCII), fullmatch=True)
ADDRESSES = st.builds(Address, SOURCINGS, KEYS)
PATTERNS = st.text(st.sampled_from("ab1-_./*?[]!^&|~\\") | st.characters(), max_size=8)
SCOPES = st.builds(
    Scope, st.lists(PATTERNS, max_size=3).map(tuple), st.lists(PATTERNS, max_size=3).map(tuple)
)


@given(ADDRESSES, ADDRESSES)
def test_what_is_written_out_covers_itself_alone(one: Address, other: Address) -> None:
    sourcing_id, key = one.sourcing_id, one.key
    assert Scope(targets=(one,)).covers(other) is (one == other)
    assert Scope(sourcings=(sourcing_id,)).covers(other) is (other.sourcing_id == sourcing_id)
    assert Scope(targets=(key,)).covers(other) is (other.key == key)


@given(SCOPES, SCOPES, ADDRESSES)
def test_patterns_add_up(one: Scope, other: Scope, address: Address) -> None:
    both = Scope(one.sourcings + other.sourcings, one.targets + other.targets)
    alone = [
        *(Scope(sourcings=(pattern,)) for pattern in both.sourcings),
        *(Scope(targets=(pattern,)) for pattern in both.targets),
    ]
    assert both.covers(address) is (both.everything or any(each.covers(address) for each in alone))
    if not one.everything and one.covers(address):
        assert both.covers(address)


@given(SCOPES, st.lists(ADDRESSES, max_size=5))
def test_a_check_passes_just_where_every_pattern_covers_something(scope: Scope, known: list[Address]) -> None:
    alone = [
        *(Scope(sourcings=(pattern,)) for pattern in scope.sourcings),
        *(Scope(targets=(pattern,)) for pattern in scope.targets),
    ]
    useless = [each for each in alone if not any(map(each.covers, known))]
    try:
        scope.check(known)
    except UsageError as error:
        assert useless
        assert error.hint  # noqa: PT017
        assert visible(f"{error}{error.hint}") == f"{error}{error.hint}"  # noqa: PT017
    else:
        assert useless == []


@given(st.lists(ADDRESSES, min_size=1, max_size=6), PATTERNS)
def test_what_a_hint_names_can_be_asked_for(known: list[Address], pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        Scope(targets=(f"{pattern}/\0",)).check(known)
    named = re.findall(r"[\w.-]+/[a-z0-9-]+", (caught.value.hint or "").replace(" or ", " "))
    assert 1 <= len(named) <= 3
    for each in named:
        Scope(targets=(each,)).check(known)
