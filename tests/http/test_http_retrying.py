"""Trying again."""

from __future__ import annotations

import sys

import pytest
import stamina

from kalentops.http.retry import ATTEMPTS, TryAgain, retrying


def test_it_counts_from_one_and_gives_the_last_value() -> None:
    seen: list[int] = []

    def attempt(number: int) -> str:
        seen.append(number)
        if number < 3:
            raise TryAgain(number)
        return "done"

    assert retrying(attempt) == "done"
    assert seen == [1, 2, 3]


def test_it_gives_up() -> None:
    def attempt(number: int) -> str:
        raise TryAgain(number)

    with stamina.set_testing(True, attempts=ATTEMPTS, cap=True), pytest.raises(TryAgain) as caught:
        retrying(attempt)
    assert caught.value.value == ATTEMPTS
    with stamina.set_testing(True, attempts=9, cap=True), pytest.raises(TryAgain) as caught:
        retrying(attempt, attempts=2)
    assert caught.value.value == 2


def test_anything_else_goes_through_at_once() -> None:
    seen: list[int] = []

    def attempt(number: int) -> str:
        seen.append(number)
        raise KeyError(number)

    with pytest.raises(KeyError):
        retrying(attempt)
    assert seen == [1]


def test_it_is_silent(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Left alone, stamina logs to stdout by itself where structlog is installed; stdout is for results."""
    import types

    class Loud:
        def __getattr__(self, name: str) -> object:
            print("a log line")  # noqa: T201
            return lambda *_args, **_kwargs: self

    fake = types.ModuleType("structlog")
    fake.get_logger = lambda *_args: Loud()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "structlog", fake)

    def attempt(number: int) -> str:
        if number < 2:
            raise TryAgain(None)
        return "done"

    assert retrying(attempt) == "done"
    assert capfd.readouterr() == ("", "")
