"""What of a plan is asked for: `--sourcing`, `--target`, and paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from kalentops.errors import UsageError
from kalentops.support.text import clip, nearest, some

_MOST_NAMED: Final = 3
_WILD: Final = re.compile(r"[*?\[\]!]")


@dataclass(frozen=True, slots=True)
class Scope:
    """The addresses that fit at least one pattern; without a pattern, all of them.

    In a pattern, `*` stands for any characters, `?` for one and `[…]` for one of those; case counts. `sourcings` are
    matched against the id of the sourcing, `targets` against the address, or, without a `/`, against the key. Where
    `addresses` is given, only those of them.
    """

    sourcings: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    addresses: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        return self._unlimited and self.addresses is None

    @property
    def _unlimited(self) -> bool:
        return not self.sourcings and not self.targets

    def covers(self, address: str) -> bool:
        """Whether an address (SOURCING_ID/KEY) is asked for."""
        if self.addresses is not None and address not in self.addresses:
            return False
        sourcing_id, _, key = address.partition("/")
        return (
            self._unlimited
            or any(fnmatchcase(sourcing_id, pattern) for pattern in self.sourcings)
            or any(fnmatchcase(address if "/" in pattern else key, pattern) for pattern in self.targets)
        )

    def check(self, addresses: Iterable[str]) -> None:
        """Raises UsageError for a pattern that fits none of the addresses, with what may have been meant."""
        known = sorted(set(addresses))
        for option, patterns in (("--sourcing", self.sourcings), ("--target", self.targets)):
            for pattern in patterns:
                if not _fits(option, pattern, known):
                    what = "sourcing" if option == "--sourcing" else "blueprint"
                    hint = _meant(option, pattern, known)
                    raise UsageError(f"{option} {clip(pattern)} fits no {what}", hint=hint)


def _fits(option: str, pattern: str, known: Iterable[str]) -> bool:
    alone = Scope(sourcings=(pattern,)) if option == "--sourcing" else Scope(targets=(pattern,))
    return any(alone.covers(address) for address in known)


def _meant(option: str, pattern: str, known: list[str]) -> str:
    """What to write instead: the other option, the nearest names, or some of those that there are."""
    if not known:
        return "neither the files nor the state holds a blueprint"
    other = "--target" if option == "--sourcing" else "--sourcing"
    if _fits(other, pattern, known):
        return f"did you mean {other} {clip(pattern)}?"
    names = list(dict.fromkeys(_part(option, pattern, address) for address in known))
    near = _nearest(_WILD.sub("", pattern), names)
    if near:
        return f"did you mean {' or '.join(map(clip, near))}?"
    return f"what there is: {some(list(map(clip, names)), _MOST_NAMED)}"


def _part(option: str, pattern: str, address: str) -> str:
    """The part of an address that the pattern is compared with."""
    if option == "--target" and "/" in pattern:
        return address
    sourcing_id, _, key = address.partition("/")
    return sourcing_id if option == "--sourcing" else key


def _nearest(word: str, names: list[str]) -> list[str]:
    found: list[str] = []
    while len(found) < _MOST_NAMED:
        one = nearest(word, [name for name in names if name not in found])
        if one is None:
            break
        found.append(one)
    return found
