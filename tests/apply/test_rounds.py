"""How often `apply` normalises and hashes a body: once for each form of it that has to be compared or recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from kalentops.blueprint import body as bodies
from tests.builders import blueprint, step
from tests.harness import Project

# The file's for the plan and again to send it, the stub's and the list's; of an update the file's two, the state's, and
# the list's before and after. The state's is hashed again when it is read again.
PLAIN = ((4, 4), (5, 6))
# What a list does not show makes a second form of the file's, and of the state's.
HIDDEN = ((5, 5), (7, 7))


@pytest.mark.parametrize(
    ("fields", "rounds"),
    [
        ({}, PLAIN),
        ({"config": {"team": "x"}}, HIDDEN),
        ({"steps": [step(config={"userId": "user_1"})]}, HIDDEN),
    ],
    ids=["plain", "settings", "sender"],
)
def test_a_body_is_normalised_and_hashed_once(
    fields: dict[str, Any],
    rounds: tuple[tuple[int, int], ...],
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts: Counter[str] = Counter()

    def counted(what: str, original: Callable[[Any], str]) -> Callable[[Any], str]:
        def count(of: Any) -> str:
            counts[what] += 1
            return original(of)

        return count

    for name, what in (("_normal_text", "texts"), ("_observable_text", "texts"), ("_hash", "hashes")):
        monkeypatch.setattr(bodies, name, counted(what, getattr(bodies, name)))
    for name, (texts, hashes) in zip(("One", "Another"), rounds, strict=True):
        counts.clear()
        project.write("sourcing_a", {"one": blueprint(name) | fields})
        assert project.apply().code == 0
        assert counts == {"texts": texts, "hashes": hashes}
