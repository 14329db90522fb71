"""`config.userId` would reach several environments.

A user of Kalent belongs to one environment. A position that is in several of them, or a template that positions of
several use, would carry the id of a user from one into another.

Wrong:
    sourcingId: {production: sourcing_123, trial: sourcing_789}
    blueprints:
      linkedin-first:
        use: linkedin-first
        change: {invite: {config: {userId: user_7}}}

Right:
    sourcingId: {production: sourcing_123}
    blueprints:
      linkedin-first:
        use: linkedin-first
        change: {invite: {config: {userId: user_7}}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalentops.lint.finding import MOST_USERS, Finding
from kalentops.lint.rule import Declarations, Rule, Sender
from kalentops.support.text import clip, some

_SHOWN: Final = 4


def check(project: Declarations) -> Iterator[Finding]:
    by_place: dict[tuple[str, int, int], list[Sender]] = {}
    for each in project.senders:
        by_place.setdefault(each.origin.place, []).append(each)
    for place, senders in by_place.items():
        names = dict.fromkeys(name for each in senders for name in each.environments)
        if len(names) > 1:
            yield _finding(place, senders, sorted(names))


def _finding(place: tuple[str, int, int], senders: list[Sender], names: list[str]) -> Finding:
    first = senders[0]
    what = f"the template `{clip(first.template)}` is used" if first.template else "this position is"
    many = f"{len(names)}: {some(names, _SHOWN)}"
    hint = (
        "remove it here, and set it below `change` in a position of one environment"
        if first.template
        else "remove it, or write a file for each environment"
    )
    users = sorted({each.user for each in senders}) if first.template else []
    return Finding(
        *place,
        "KAL032",
        f"`config.userId` belongs to one environment, but {what} in {many}",
        hint,
        path=first.path,
        users=len(users),
        used_by=tuple(users[:MOST_USERS]),
    )


RULE = Rule("KAL032", "user-of-one-environment", __doc__, check_project=check)
