"""Where moves end: a stranger may have written thousands of them."""

from __future__ import annotations

from kalentops.lint.rule import ends
from tests.counting import lines_executed


def test_each_move_is_followed_to_its_end() -> None:
    assert ends({"a": "b", "b": "c", "d": None, "e": "d", "f": "b"}) == {
        "a": "c",
        "b": "c",
        "d": None,
        "e": None,
        "f": "c",
    }


def test_in_a_circle_the_end_is_a_key_of_the_circle() -> None:
    found = ends({"a": "b", "b": "c", "c": "b", "d": "d"})
    assert {found["a"], found["b"], found["c"]} <= {"b", "c"}
    assert found["d"] == "d"


def test_a_chain_costs_as_much_as_it_has_moves() -> None:
    def chain(length: int) -> int:
        targets: dict[str, str | None] = {str(number): str(number + 1) for number in range(length)}
        return lines_executed(lambda: ends(targets))

    assert chain(2000) < 2.5 * chain(1000)
