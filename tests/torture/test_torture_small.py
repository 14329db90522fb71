"""The part of the torture that fits into the suite."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kalentops.apply import create
from tests.sizes import examples, some
from tests.torture import mutants, powerloss, shared
from tests.torture.attacks import ATTACKS
from tests.torture.faulty import MUTANTS, Mutant
from tests.torture.page import _BEGIN, broken, table
from tests.torture.simulate import run_seed

pytestmark = pytest.mark.waits

_NOTICED_AT_ONCE = (
    "no sync of the journal",
    "version not checked",
    "only page one",
    "intents are not folded",
)


@pytest.mark.parametrize("chunk", some(range(6), 3))
def test_seeds(chunk: int) -> None:
    first, count = 20_000 + chunk * 60, examples(60)
    verdicts = [run_seed(seed) for seed in range(first, first + count)]
    assert [(each.seed, each.problems) for each in verdicts if each.problems] == []
    assert sum(each.kills for each in verdicts) > count // 6


@pytest.mark.parametrize("seed", [82, 137, 871, 1066, 1219, 1556, 1602, 9417])
def test_seeds_that_once_found_something(seed: int) -> None:
    assert run_seed(seed).problems == []


@pytest.mark.parametrize("chunk", some(range(6), 3))
def test_seeds_of_hosts_that_share_a_store(chunk: int) -> None:
    first, count = 20_000 + chunk * 60, examples(60)
    verdicts = [shared.run_seed(seed) for seed in range(first, first + count)]
    assert [(each.seed, each.problems) for each in verdicts if each.problems] == []
    assert sum(each.kills for each in verdicts) > count // 2


def test_a_seed_replays_byte_for_byte() -> None:
    for seed in (7, 13, 21):
        for play in (run_seed, shared.run_seed):
            first, second = play(seed), play(seed)
            assert first.trace == second.trace
            assert first.trace


def test_power_cuts() -> None:
    found = powerloss.run(creates=3)
    assert found["problems"] == []
    assert found["states"] > found["operations"]


@pytest.mark.thorough  # the attack `journal` is the same
def test_torn_and_flipped_journals() -> None:
    found = powerloss.damage_journal()
    assert (found["silent_flips"], found["problems"]) == (0, [])
    assert found["bits"] == 8 * found["torn_positions"]


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("attack", some(ATTACKS, len(ATTACKS)), ids=lambda attack: attack.__name__)
def test_the_attacks_find_nothing_in_the_real_thing(attack: Callable[[int], str | None]) -> None:
    assert attack(0) is None


def test_every_mutant_still_fits() -> None:
    assert len({each.name for each in MUTANTS}) == len(MUTANTS) >= 30
    attacks = {attack.__name__ for attack in ATTACKS}
    for mutant in MUTANTS:
        assert mutant.noticed_by in attacks
        owner, name = mutants._owner(mutant)
        before = vars(owner)[name]
        with mutants.in_place(mutant):
            assert vars(owner)[name] is not before
        assert vars(owner)[name] is before


def test_a_mutant_reaches_who_imported_the_name() -> None:
    mutant = Mutant("", "blueprint.remote:new_nonce", "", lambda _original, _lineage: "same")
    with mutants.in_place(mutant) as reached:
        assert not reached()
        assert vars(create)["new_nonce"]() == "same"
        assert reached()
    assert vars(create)["new_nonce"]() != "same"


@pytest.mark.parametrize(
    "target", ["blueprint.remote:new_nonces", "blueprint.remote:stub", "apply.context:Run.new_nonce"]
)
def test_a_mutant_that_does_not_fit_is_reported(target: str) -> None:
    mutant = Mutant("one", target, "", lambda _original: "")
    with pytest.raises(ValueError, match="does not fit"), mutants.in_place(mutant):
        pass


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("name", _NOTICED_AT_ONCE)
def test_some_mutants_die(name: str) -> None:
    (mutant,) = (each for each in MUTANTS if each.name == name)
    (attack,) = (each for each in ATTACKS if each.__name__ == mutant.noticed_by)
    with mutants.in_place(mutant) as reached:
        assert attack(1)
        assert reached()


def test_the_page_tells_of_what_is_broken() -> None:
    figures = {
        "journal": {"silent_flips": 1, "problems": ["cut at 3"]},
        "mutants": {"alive": ["no lock"]},
        "simulation": {
            "kept": 10,
            "kept_resolved": 1,
            "lost": 10,
            "lost_resolved": 10,
            "failures": ["seed 1: I1"],
        },
    }
    said = "\n".join(broken(figures))
    for part in ("cut at 3", "accepted silently", "'no lock' lives", "seed 1: I1", "availability is 10.0%"):
        assert part in said
    assert _BEGIN.startswith("<!--")
    with pytest.raises(KeyError):
        table(figures)
