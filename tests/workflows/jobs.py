"""What the tests of `state push` have in common: a job's environment, and what a branch has recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.harness import STATE, Project
from tests.repositories import Remote

ROOT = Path(__file__).parents[2]
ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example.com",
    "GITHUB_REPOSITORY": "example/outreach",
    "GITHUB_RUN_ID": "42",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "PATH": os.environ["PATH"],
}
GH006 = "echo 'error: GH006: Protected branch update failed for refs/heads/main.' >&2; exit 1"

Checkout = Callable[..., Project]


def state_on(remote: Remote) -> dict[str, str]:
    """The ids that are recorded on the branch."""
    state = json.loads(remote.show(STATE))
    return {address: entry["blueprintId"] for address, entry in state["blueprints"].items()}
