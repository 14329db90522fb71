"""Every call that changes a file of the project fails once, or from then on: a full disk, a broken one, no quota.

The calls are those that an undisturbed `apply` makes on three grounds: a state with things to do, the same after a run
that was cut off, and no state at all. Whatever fails: no traceback, the message names what happened, the old state
stays readable, the promises hold, and the next run resolves everything.
"""

from __future__ import annotations

import errno
import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tests.builders import blueprint
from tests.harness import Ran
from tests.torture.ground import SOURCING, World
from tests.torture.kills import even, spread
from tests.torture.tracing import QUICK, Point, points_of

ERRNOS: Final = ("ENOSPC", "EIO", "EDQUOT", "EACCES", "EINTR")
# What an apply may end with when a disk fails it: an error, the state, part of it, unknown.
_CODES: Final = frozenset({0, 1, 8, 9, 10})
_NETWORK: Final = frozenset({"sendto", "recvfrom", "poll"})
# A note for people in the lock, the end of what was only read, and a temporary file that is in no one's way are not
# worth a failure.
_TOLERATED: Final = frozenset(
    {
        ("write", "lock"),
        ("ftruncate", "lock"),
        ("close", "lock"),
        ("close", "folder"),
        ("close", "state"),
        ("unlink", "temporary"),
    }
)
_CUT_OFF: Final = Point("write", "journal", 5)
_SMALL: Final = 50
_STREAM_POINTS: Final = 6  # one line on a terminal is as good as the other


def _as_it_is(world: World) -> None:
    """A state, and things to do."""


def _cut_off(world: World) -> None:
    """The run before died when it was to record what it had made."""
    world.strace(*_CUT_OFF.options(world.project.folder, "signal=SIGKILL"))
    world.quiet()


def _without_state(world: World) -> None:
    world.wipe()
    world.forgotten = frozenset({world.old})
    world.project.write(SOURCING, {"new": blueprint("New"), "there": blueprint("There")})
    del world.wanted["Old"]


GROUNDS: Final[dict[str, Callable[[World], None]]] = {
    "a state": _as_it_is,
    "a run cut off": _cut_off,
    "no state": _without_state,
}


@dataclass(frozen=True)
class Case:
    """One run on a ground: the call that fails, and how. `onwards`: every later call of the kind fails too."""

    ground: str
    point: Point
    error: str
    onwards: bool

    def __str__(self) -> str:
        return f"{self.ground}: {self.error} at {self.point}{' and all after it' if self.onwards else ''}"


@dataclass
class Verdict:
    """What a case came to. `hit`: the call that failed was the one that was meant."""

    case: Case
    hit: bool = False
    code: int | None = None
    problems: list[str] = field(default_factory=list)
    why: str | None = None
    called_a_bug: bool = False


def play(case: Case) -> Verdict:
    """Play one case in a world of its own."""
    verdict = Verdict(case)
    try:
        with World() as world:
            GROUNDS[case.ground](world)
            options = case.point.options(world.project.folder, f"error={case.error}", onwards=case.onwards)
            ran = world.strace(QUICK, *options)
            failed = [
                line for line in world.trace.read_text(errors="replace").splitlines() if "(INJECTED)" in line
            ]
            # Where the interpreter made another call than last time, an import may have failed: that says nothing.
            verdict.hit = bool(failed) and (
                case.point.about == "stream" or str(world.project.folder) in failed[0]
            )
            verdict.code, verdict.called_a_bug = ran.code, _a_bug(ran)
            if verdict.hit:
                verdict.problems += _said(case, ran)
            verdict.problems += world.check(ran, unmanaged=world.forgotten | {world.there})
            if world.project.run("state", "list").code:
                verdict.problems.append("the state can't be read afterwards")
            problems, verdict.why = world.converge()
            verdict.problems += problems + ([f"the next run: {verdict.why}"] if verdict.why else [])
    except Exception as error:  # noqa: BLE001 - a bug of the harness must not hide what the other cases say
        verdict.problems.append(f"the harness: {type(error).__name__}: {error}")
    return verdict


def _said(case: Case, ran: Ran) -> list[str]:
    """What was said about it, and what should have been."""
    said, problems = ran.out + ran.err, []
    if "Traceback" in said or (_a_bug(ran) and case.point.about != "stream"):
        problems.append(f"a traceback, or a bug: {said[-600:]}")
    if ran.code not in _CODES:
        problems.append(f"ended with {ran.code}: {said[-600:]}")
    if case.point.about == "stream":
        return problems
    tolerated = (case.point.call, case.point.about) in _TOLERATED or case.error == "EINTR"
    if os.strerror(getattr(errno, case.error)) not in said and (ran.code or not tolerated):
        problems.append(f"ended with {ran.code} and does not say what happened: {said[-600:]}")
    return problems


def _a_bug(ran: Ran) -> bool:
    return "a bug in kalentops" in ran.err


def enumerate_points(ground: str) -> tuple[list[Point], int]:
    """Every call on a ground that changes a file or shows something, and how many can't be told apart."""
    with World() as world:
        GROUNDS[ground](world)
        points, hidden = points_of(world.watched("close"))
    shown = [point for point in points if point.about == "stream"]
    files = [point for point in points if point.about != "stream" and point.call not in _NETWORK]
    return [*even(shown, _STREAM_POINTS), *files], hidden


def cases(ground: str, points: Sequence[Point]) -> Iterator[Case]:
    for point, error in itertools.product(points, ERRNOS):
        yield Case(ground, point, error, onwards=False)
        # What goes on being interrupted is tried again for ever, as it should be; and nothing could be said any more
        # if all writes failed, whatever they are to.
        if error != "EINTR" and point.about != "stream" and (point.on or point.call != "write"):
            yield Case(ground, point, error, onwards=True)


def run(limit: int | None = None, seed: int = 0, workers: int = 2) -> dict[str, Any]:
    """Play the cases, at most `limit` of them, and count. Needs strace."""
    began, dice = time.monotonic(), random.Random(seed)
    # Watching takes as long as playing: where there is little time, one ground has to do.
    grounds = tuple(GROUNDS)[:1] if limit is not None and limit <= _SMALL else tuple(GROUNDS)
    found = dict(zip(grounds, spread(workers, enumerate_points, grounds), strict=True))
    everything = [case for ground, (points, _) in found.items() for case in cases(ground, points)]
    chosen = everything if limit is None else even(everything, limit, dice)
    verdicts: list[Verdict] = list(spread(workers, play, chosen))
    hit = [each for each in verdicts if each.hit]
    return {
        "error_points": dict(Counter(point.call for points, _ in found.values() for point in points)),
        "told_apart_not": sum(hidden for _, hidden in found.values()),
        "cases": len(everything),
        "runs": len(verdicts),
        "errors": dict(Counter(each.case.error for each in hit)),
        "not_reached": len(verdicts) - len(hit),
        "ended_with": {str(code): times for code, times in Counter(each.code for each in hit).most_common()},
        # Only where stdout or stderr failed: anywhere else it is among the failures.
        "called_a_bug": sum(each.called_a_bug for each in hit),
        "duplicates": _mentions(verdicts, "I1"),
        "lost": _mentions(verdicts, "I2"),
        "wrong_patches": _mentions(verdicts, "I5"),
        "resolved": sum(each.why is None for each in verdicts),
        "unresolved": dict(Counter(each.why for each in verdicts if each.why)),
        "failures": [
            f"{each.case}: {problem} {asdict(each.case)}" for each in verdicts for problem in each.problems
        ],
        "seconds": round(time.monotonic() - began, 1),
    }


def _mentions(verdicts: Sequence[Verdict], invariant: str) -> int:
    """Runs in which it did not hold."""
    return sum(any(problem.startswith(f"{invariant}:") for problem in each.problems) for each in verdicts)


@contextmanager
def short_writes(room: int | None = None) -> Iterator[None]:
    """Every write takes one byte; the disk is full after `room` of them."""
    real, left = os.write, itertools.count(room or 0, -1)

    def write(descriptor: int, data: Any) -> int:
        if room is not None and next(left) <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, bytes(data[:1]))

    os.write = write
    try:
        yield
    finally:
        os.write = real


def run_short(rooms: int = 40, seed: int = 0) -> dict[str, Any]:
    """An apply, in this process, whose writes are short, and whose disk is full after so many bytes of them."""
    dice = random.Random(seed)
    failures: list[str] = []
    for room in (None, *sorted(dice.randrange(7000) for _ in range(rooms))):
        with World() as world:
            with short_writes(room):
                ran = world.project.apply()
            problems = world.check(ran, unmanaged=frozenset({world.there}))
            if "Traceback" in ran.err or _a_bug(ran):
                problems.append(f"a traceback, or a bug: {ran.err[-600:]}")
            if room is None and ran.code:
                problems.append(f"short writes alone end with {ran.code}: {ran.out}{ran.err}")
            if world.project.run("state", "list").code:
                problems.append("the state can't be read afterwards")
            more, why = world.converge()
            problems += more + ([f"the next run: {why}"] if why else [])
            failures += [f"full after {room} bytes, one at a time: {problem}" for problem in problems]
    return {"runs": rooms + 1, "failures": failures}
