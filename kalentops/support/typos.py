"""Which id was meant by a word that is none. A wrong guess would put blueprints into another position, so only a slip
of the pen is one: nearness as such means little among ids that all begin alike.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from kalentops.support.text import clip, fold

_SHORT: Final = 8
_LONGEST: Final = 80
_CANDIDATES: Final = 3
# What stands in for an id that nobody has filled in yet.
_PLACEHOLDER: Final = re.compile(
    r"replace|change.?me|fill.?in|to.?do|fix.?me|place.?holder|example|your|x{2,}|_id$|\.\.\.|…",
    re.IGNORECASE,
)


# The same where nobody can doubt it: words of their own in an id, and not what chance may put there.
_UNFILLED: Final = re.compile(
    r"(?:.*[_.-])?(?:(?:replace|change|fix|fill)[_-]?(?:me|this|in)|to-?do|place[_-]?holder|x{3,}|your[_-](?:.*[_-])?id)"
    r"(?:[_.-].*)?",
    re.IGNORECASE,
)


def is_placeholder(word: str) -> bool:
    """Whether an id is none yet: `sourcing_REPLACE_ME`."""
    return len(word) <= _LONGEST and _UNFILLED.fullmatch(word) is not None


def meant_by(word: str, names: Mapping[str, str]) -> str | None:
    """The id, with its name, that was meant by an id or a name, as in `s_1 ("Paris")`. `names` are those of the ids.

    None for a placeholder, where nothing is near, and where several are equally near.
    """
    if _PLACEHOLDER.search(word):
        return None
    found = slip(word, names)
    if found is None:
        ids = {name: each for each, name in sorted(names.items(), reverse=True)}
        name = slip(word, ids)
        found = ids[name] if name is not None else None
    return f'{found} ("{clip(names[found], 40)}")' if found is not None else None


def slip(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` of which a word differs by a character or, where it is long, by two: lost, added, changed or
    swapped. None where there is none, or more than one. Case and separators weigh nothing.
    """
    folded: dict[str, list[str]] = {}
    for each in known:
        folded.setdefault(fold(each), []).append(each)
    word = fold(word[:_LONGEST])
    # Counting what differs takes long, so only the likeliest of thousands are looked at so closely.
    likely = [word] if word in folded else difflib.get_close_matches(word, list(folded), _CANDIDATES, 0.6)
    most = 1 if len(word) < _SHORT else 2
    steps = {each: _steps(word, each) for each in likely}
    least = min(steps.values(), default=most + 1)
    near = [original for each in likely if steps[each] == least for original in folded[each]]
    return near[0] if least <= most and len(near) == 1 else None


def _steps(one: str, other: str) -> int:
    """How many characters were lost, added, changed or swapped with the next one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before = before, row
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
