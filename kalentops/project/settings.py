"""What `kalentops.yaml` says, as it stands there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

FILE: Final = "kalentops.yaml"
STATE: Final = "kalentops.state.json"

Level: TypeAlias = Literal["error", "warning", "off"]
Create: TypeAlias = Literal["reserve", "whole"]


class Guards(NamedTuple):
    """How much one run may write."""

    max_creates: int = 50
    max_updates: int = 200


class EnvironmentSettings(NamedTuple):
    """Those of one environment; None for what is as in the file."""

    blueprints: str | None
    state: str | None
    guards: Guards
    confirm: bool
    branch: str | None


class Settings(NamedTuple):
    """All of them, with the defaults."""

    blueprints: str = "blueprints/"
    state: str = STATE
    parallelism: int = 8
    create: Create = "reserve"
    guards: Guards = Guards()
    rules: Mapping[str, Level] = {}
    samples: tuple[Mapping[str, str], ...] = ()
    environments: Mapping[str, EnvironmentSettings] = {}

    def of_environment(self, name: str) -> Settings:
        each = self.environments[name]
        return self._replace(
            blueprints=self.blueprints if each.blueprints is None else each.blueprints,
            state=f"{name}.state.json" if each.state is None else each.state,
            guards=each.guards,
        )

    def to_json(self) -> str:
        return json.dumps(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Settings:
        """Raises TypeError or ValueError for what `to_json` does not make."""
        blueprints, state, parallelism, create, guards, rules, samples, others = json.loads(text)
        return cls(
            blueprints,
            state,
            parallelism,
            create,
            Guards(*guards),
            rules,
            tuple(samples),
            {
                name: EnvironmentSettings(folder, place, Guards(*own), confirm, branch)
                for name, (folder, place, own, confirm, branch) in others.items()
            },
        )
