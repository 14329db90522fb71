"""Whether each fault that is put into kalentops on purpose is noticed by the machinery that attacks it.

`python -m tests.torture.mutants NAME` puts one in place in a process of its own, runs the attacks, and says which of
them noticed. The faults are in `faulty.py`.
"""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.fakeclock import without_backoff
from tests.torture.attacks import ATTACKS
from tests.torture.faulty import MUTANTS, Mutant

_ROOT = Path(__file__).parents[2]


@contextmanager
def in_place(mutant: Mutant) -> Iterator[Callable[[], bool]]:
    """While the block runs, kalentops has the fault. Gives whether it was reached.

    Raises ValueError where the target is not there any more, or takes other parameters.
    """
    owner, name = _owner(mutant)
    original = vars(owner).get(name)
    if original is None:
        raise ValueError(f"the mutant {mutant.name!r} does not fit: there is no {mutant.target}")
    reached: list[bool] = []
    new = _faulty(mutant, original, reached) if inspect.isfunction(original) else mutant.replacement(original)
    everywhere = isinstance(owner, ModuleType) and getattr(original, "__module__", None) == owner.__name__
    _swap(original, new, None if everywhere else owner)
    try:
        yield lambda: bool(reached) or not inspect.isfunction(original)
    finally:
        _swap(new, original, None if everywhere else owner)


def _owner(mutant: Mutant) -> tuple[Any, str]:
    module, _, path = mutant.target.partition(":")
    *classes, name = path.split(".")
    owner: Any = importlib.import_module(f"kalentops.{module}")
    for each in classes:
        owner = getattr(owner, each)
    return owner, name


def _faulty(mutant: Mutant, original: Callable[..., Any], reached: list[bool]) -> Callable[..., Any]:
    expected = inspect.signature(original)
    if _shape(mutant.replacement)[1:] not in (_shape(original), _ANYTHING):
        raise ValueError(f"the mutant {mutant.name!r} does not fit: {mutant.target} takes {expected}")

    @wraps(original)
    def faulty(*args: Any, **kwargs: Any) -> Any:
        reached.append(True)
        given = expected.bind(*args, **kwargs)
        given.apply_defaults()
        return mutant.replacement(original, *given.args, **given.kwargs)

    return faulty


def _shape(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """The parameters by name and kind."""
    return [(each.name.lstrip("_"), each.kind) for each in inspect.signature(function).parameters.values()]


_ANYTHING = _shape(lambda **_kwargs: None)
"""What a replacement that takes anything at all has behind its first parameter."""


def _swap(old: Any, new: Any, owner: Any) -> None:
    """Put `new` where `old` is: in `owner`, or in every module of kalentops."""
    package = [module for name, module in sys.modules.items() if name.partition(".")[0] == "kalentops"]
    for each in [owner] if owner else package:
        for name in [name for name, value in vars(each).items() if value is old]:
            setattr(each, name, new)


def notice(mutant: Mutant | None, seeds: int) -> str | None:
    """What the attacks notice of a mutant, or of the real thing: first the one that is said to."""
    order = sorted(ATTACKS, key=lambda attack: mutant is None or attack.__name__ != mutant.noticed_by)
    for attack in order:
        try:
            with without_backoff():
                problem = attack(seeds)
        except Exception as error:  # noqa: BLE001 - a mutant that makes the program fall over is noticed, too
            problem = f"{type(error).__name__}: {error}"
        if problem:
            return f"{attack.__name__}: {' '.join(problem.split())[:200]}"
    return None


def run(workers: int = 2, seeds: int = 500) -> dict[str, Any]:
    """Every mutant in a process of its own: who noticed it, or that no one did.

    Raises ValueError where one does not fit any more.
    """
    for mutant in MUTANTS:
        with in_place(mutant):
            pass

    def one(mutant: Mutant) -> tuple[str, str]:
        command = [sys.executable, "-m", "tests.torture.mutants", mutant.name, str(seeds)]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=600)
        last = (done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or [""])[-1]
        return mutant.name, last if done.returncode == 1 else f"ALIVE (exit {done.returncode}): {last}"

    with ThreadPoolExecutor(workers) as pool:
        noticed = dict(pool.map(one, MUTANTS))
    alive = sorted(name for name, by in noticed.items() if by.startswith("ALIVE"))
    return {"mutants": len(MUTANTS), "killed": len(MUTANTS) - len(alive), "alive": alive, "noticed": noticed}


def main(name: str, seeds: int) -> int:
    """Run the attacks against one mutant ("none" for the real thing): 1 if one notices, 0 if none does, 2 if one
    notices something although the fault was not reached.
    """
    chosen = {mutant.name: mutant for mutant in MUTANTS}
    if name == "none":
        said, reached = notice(None, seeds), True
    else:
        with in_place(chosen[name]) as was_reached:
            said, reached = notice(chosen[name], seeds), was_reached()
    sys.stdout.write(f"{said or 'nobody noticed'}{'' if reached else ' (the fault was not reached)'}\n")
    return (1 if reached else 2) if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 500))
