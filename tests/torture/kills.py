"""SIGKILL and SIGSTOP at every durable step of a real `apply`: before each write, sync, rename, unlink, send, receive.

Each point is found in an undisturbed run under strace, and hit in another one, with a server that has done the first
create and the first update, has not, or does so later. Then the recovery is killed too (double), or finds the state
as it was before (rewound: a hosted runner died, git has the old one), or none at all (wiped). Or the process stands
still for longer than every window, and goes on (frozen). In the end an undisturbed run must resolve everything or name
what it can't, and one more must not write.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeVar

from kalentops.apply.context import MAX_AGE
from tests.torture.ground import BEHAVIOURS, World
from tests.torture.tracing import Point, points_of

_T = TypeVar("_T")
VARIANTS: Final = ("single", "double", "rewound", "wiped")
FREEZE: Final = MAX_AGE + 1
"""Seconds; in the small world, every other window is shorter."""
_KILL: Final = "signal=SIGKILL"
_SMALL: Final = 50
_PROBES: Final = 5


@dataclass(frozen=True)
class Case:
    """One run: where the first process dies, and what comes then. `second` is where the recovery dies."""

    behaviour: str
    variant: str
    first: Point
    second: Point | None = None

    def __str__(self) -> str:
        then = f", then {self.second}" if self.second else ""
        return f"server {self.behaviour}, {self.variant}: killed before {self.first}{then}"


@dataclass
class Verdict:
    """What a case came to. `hits`: kills that took place; `why`: what kept it from being resolved."""

    case: Case
    hits: int = 0
    processes: int = 0
    problems: list[str] = field(default_factory=list)
    why: str | None = None


def play(case: Case) -> Verdict:
    """Play one case in a world of its own."""
    verdict = Verdict(case)
    try:
        with World(case.behaviour) as world:
            _kill(world, case.first, verdict)
            if case.variant == "double" and case.second is not None:
                world.calm()
                _kill(world, case.second, verdict)
            elif case.variant in {"rewound", "wiped"}:
                world.wipe(world.committed if case.variant == "rewound" else None)
            problems, verdict.why = world.converge(wiped=case.variant == "wiped")
            verdict.problems += problems
            verdict.processes = world.processes
    except Exception as error:  # noqa: BLE001 - a bug of the harness must not hide what the other cases say
        verdict.problems.append(f"the harness: {type(error).__name__}: {error}")
    return verdict


def freeze(case: Case) -> Verdict:
    """Play one case in which the process stands still and goes on."""
    verdict = Verdict(case)
    try:
        with World(case.behaviour) as world:
            ran, stopped = world.frozen(case.first, FREEZE)
            verdict.hits = int(stopped)
            if ran.code not in _ENDS:
                verdict.problems.append(f"the process ended with {ran.code}: {ran.err}")
            verdict.problems += world.check(ran, unmanaged=frozenset({world.there}))
            problems, verdict.why = world.converge()
            verdict.problems += problems
            verdict.processes = world.processes
    except Exception as error:  # noqa: BLE001 - a bug of the harness must not hide what the other cases say
        verdict.problems.append(f"the harness: {type(error).__name__}: {error}")
    return verdict


def run_frozen(limit: int | None = None, seed: int = 0, workers: int = 16) -> dict[str, Any]:
    """Stop the process at each point that tells, at most `limit` of them, and count. Needs strace.

    A stopped process costs nothing, so many stand still at once.
    """
    began = time.monotonic()
    small = limit is not None and limit <= _SMALL
    watched = BEHAVIOURS[1:2] if small else BEHAVIOURS
    found = dict(zip(watched, spread(min(workers, 2), enumerate_points, watched), strict=True))
    everything = [
        Case(behaviour, "frozen", point) for behaviour in watched for point in _telling(found[behaviour][0])
    ]
    chosen = everything if limit is None else even(everything, limit, random.Random(seed))
    verdicts = list(spread(workers, freeze, chosen))
    return {**count(verdicts), "cases": len(everything), "seconds": round(time.monotonic() - began, 1)}


_ENDS: Final = frozenset({0, 5, 6, 9, 10})


def _kill(world: World, point: Point, verdict: Verdict) -> None:
    ran = world.strace(*point.options(world.project.folder, _KILL))
    verdict.hits += ran.code == -9
    if ran.code not in {-9, 0}:
        verdict.problems.append(f"the process ended with {ran.code}: {ran.err}")
    verdict.problems += world.check(ran, unmanaged=frozenset({world.there}))


def enumerate_points(behaviour: str) -> tuple[list[Point], int]:
    """Every point of an undisturbed run, and how many strace can't tell apart from others."""
    with World(behaviour) as world:
        return points_of(world.watched())


def _recovery_points(start: tuple[str, Point]) -> list[Point]:
    """Every point of the run that comes after a kill."""
    behaviour, first = start
    with World(behaviour) as world:
        world.strace(*first.options(world.project.folder, _KILL))
        world.calm()
        return points_of(world.watched())[0]


def _telling(points: Iterable[Point]) -> list[Point]:
    """Without what is only shown: of the lines on a terminal one is as good as the other."""
    return [point for point in points if point.about != "stream"]


def even(of: Sequence[_T], count: int, dice: random.Random | None = None) -> list[_T]:
    """So many, evenly spread: one of each stretch, by the dice or the middle one."""
    if count >= len(of):
        return list(of)
    return [of[int((n + (dice.random() if dice else 0.5)) * len(of) / count)] for n in range(count)]


def cases(
    behaviour: str, points: Sequence[Point], second: Sequence[Point], dice: random.Random
) -> Iterator[Case]:
    """Each point by itself, and those that tell with each of the other variants."""
    for point in points:
        yield Case(behaviour, "single", point)
        if point.about != "stream":
            yield Case(behaviour, "double", point, dice.choice(second))
            yield Case(behaviour, "rewound", point)
            yield Case(behaviour, "wiped", point)


def spread(workers: int, what: Any, of: Sequence[Any]) -> Iterator[Any]:
    """Map over processes; in this one if there is to be but one."""
    if workers <= 1:
        yield from map(what, of)
        return
    # Fresh interpreters: a fork would take the threads' locks along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(what, of)


def run(limit: int | None = None, seed: int = 0, workers: int = 2) -> dict[str, Any]:
    """Play the cases, at most `limit` of them, and count. Needs strace."""
    began, dice = time.monotonic(), random.Random(seed)
    small = limit is not None and limit <= _SMALL
    # Watching takes as long as killing: where there is little time, one behaviour's points serve for all.
    watched = BEHAVIOURS[1:2] if small else BEHAVIOURS
    found = dict(zip(watched, spread(workers, enumerate_points, watched), strict=True))
    starts = [
        (behaviour, point)
        for behaviour, (points, _) in found.items()
        for point in even(_telling(points), 1 if small else _PROBES)
    ]
    second: dict[str, list[Point]] = {behaviour: [] for behaviour in watched}
    for (behaviour, _), points in zip(starts, spread(workers, _recovery_points, starts), strict=True):
        second[behaviour] += _telling(points)
    like = {behaviour: behaviour if behaviour in found else watched[0] for behaviour in BEHAVIOURS}
    everything = [
        case
        for behaviour in BEHAVIOURS
        for case in cases(behaviour, found[like[behaviour]][0], second[like[behaviour]], dice)
    ]
    chosen = everything if limit is None else even(everything, limit, dice)
    verdicts = list(spread(workers, play, chosen))
    return {
        "kill_points": dict(Counter(point.call for points, _ in found.values() for point in points)),
        "kill_points_by_server": {behaviour: len(points) for behaviour, (points, _) in found.items()},
        "told_apart_not": sum(hidden for _, hidden in found.values()),
        "cases": len(everything),
        **count(verdicts),
        "seconds": round(time.monotonic() - began, 1),
    }


def count(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The figures of some verdicts."""
    unresolved = Counter(f"{each.case.variant}: {each.why}" for each in verdicts if each.why is not None)
    by_variant = Counter(each.case.variant for each in verdicts)
    resolved = Counter(each.case.variant for each in verdicts if each.why is None)
    return {
        "runs": len(verdicts),
        "processes": sum(each.processes for each in verdicts),
        "kills": sum(each.hits for each in verdicts),
        "not_reached": sum(each.processes - each.hits for each in verdicts),
        "duplicates": _mentions(verdicts, "I1"),
        "lost": _mentions(verdicts, "I2"),
        "wrong_patches": _mentions(verdicts, "I5"),
        "key_findings": _mentions(verdicts, "I7"),
        "resolved": resolved.total(),
        "resolved_by_variant": {name: f"{resolved[name]} of {by_variant[name]}" for name in by_variant},
        "unresolved": dict(unresolved),
        "failures": [
            f"{each.case}: {problem} {asdict(each.case)}" for each in verdicts for problem in each.problems
        ],
    }


def _mentions(verdicts: Iterable[Verdict], invariant: str) -> int:
    """Runs in which it did not hold."""
    return sum(any(problem.startswith(f"{invariant}:") for problem in each.problems) for each in verdicts)
