"""A stand-in for GitHub for each test, and no waiting between attempts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from kalentops.api.retrying import ATTEMPTS
from tests.github.stand_in import StandIn


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=ATTEMPTS, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running
