"""A stand-in for GitHub for each test, and no waiting between attempts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.github.stand_in import StandIn


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts(no_backoff: None) -> None:
    """None of these tests waits."""


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running
