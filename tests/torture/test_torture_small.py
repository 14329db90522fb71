"""The part of the torture that fits into the suite."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.torture import mutants, powerloss
from tests.torture.attacks import ATTACKS
from tests.torture.page import _BEGIN, broken, table
from tests.torture.simulate import run_seed

_NOTICED_AT_ONCE = ("no sync of the journal", "checksum not checked", "serial not checked", "only page one")


@pytest.mark.parametrize("chunk", range(6))
def test_seeds(chunk: int) -> None:
    verdicts = [run_seed(seed) for seed in range(20_000 + chunk * 60, 20_060 + chunk * 60)]
    assert [(each.seed, each.problems) for each in verdicts if each.problems] == []
    assert sum(each.kills for each in verdicts) > 10


@pytest.mark.parametrize("seed", [82, 137, 871, 1066, 1219, 1556, 9417])
def test_seeds_that_once_found_something(seed: int) -> None:
    assert run_seed(seed).problems == []


def test_a_seed_replays_byte_for_byte() -> None:
    for seed in (7, 13, 21):
        first, second = run_seed(seed), run_seed(seed)
        assert first.trace == second.trace
        assert first.trace


def test_power_cuts() -> None:
    found = powerloss.run(creates=3)
    assert found["problems"] == []
    assert found["states"] > found["operations"]


def test_torn_and_flipped_journals() -> None:
    found = powerloss.damage_journal()
    assert (found["silent_flips"], found["problems"]) == (0, [])
    assert found["bits"] == 8 * found["torn_positions"]


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_attacks_find_nothing_in_the_real_thing(attack: Callable[[int], str | None]) -> None:
    assert attack(0) is None


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_fits(mutant: mutants.Mutant) -> None:
    ast.parse(mutants.fits(mutant))
    assert len({each.name for each in mutants.MUTANTS}) == len(mutants.MUTANTS) >= 30


@pytest.mark.parametrize("name", _NOTICED_AT_ONCE)
def test_some_mutants_die(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture.mutants", name, "1"],
        cwd=mutants._ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr


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
