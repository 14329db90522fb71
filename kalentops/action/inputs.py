"""Which inputs of the GitHub Action reach which options: each command gets what it has an option for.

An input comes as the variable `INPUT_` with its name in capitals, `_` for `-`. A flag is `true` or `false`; what an
option takes several times stands one to a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from kalentops.cli.main import parameters
from kalentops.errors import UsageError
from kalentops.support.text import clip

OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "paths": ("paths", "plan_or_paths"),
    "state": ("--state",),
    "sourcing": ("--sourcing",),
    "target": ("--target",),
    "errors-only": ("--errors-only",),
    "strict": ("--strict",),
    "online": ("--online",),
    "refresh": ("--refresh",),
    "overwrite": ("--overwrite",),
    "plan-file": ("--out", "plan_or_paths"),
    "resend": ("--resend",),
    "max-creates": ("--max-creates",),
    "max-updates": ("--max-updates",),
    "parallelism": ("--parallelism",),
    "settle": ("--settle",),
    "lock-timeout": ("--lock-timeout",),
    "verbose": ("--verbose",),
    "against": ("--against",),
    "author": ("--author",),
    "target-name": ("--target-name",),
    "repository": ("--repository",),
    "pull-request": ("--pull-request",),
    "timeout": ("--timeout",),
    "ca-file": ("--ca-file",),
    "proxy": ("--proxy",),
    "debug-http": ("--debug-http",),
}
"""Each input, and what it is called by the commands: options by their long names, arguments by their own."""


class Inputs:
    """What the job gave. An empty input leaves what the environment and the configuration say."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.folder = environment.get("INPUT_FOLDER") or "."

    def get(self, name: str) -> str:
        return self._environment.get(f"INPUT_{name.upper().replace('-', '_')}", "").strip()

    def flag(self, name: str) -> bool:
        """Raises UsageError."""
        given = self.get(name)
        if given not in {"", "true", "false"}:
            raise UsageError(f"the input {name} is `{clip(given)}`", hint="it is true or false")
        return given == "true"

    def args(self, command: str, *own: str, but: Iterable[str] = ()) -> list[str]:
        """A command, the folder, what the action itself says, and each input that the command has an option for,
        `but` some. Raises UsageError.
        """
        options: list[str] = []
        rest: list[str] = []
        for parameter in parameters(command):
            given = [name for name in OPTIONS if {*OPTIONS[name]} & {*parameter.opts} and name not in but]
            for name in given:
                if parameter.param_type_name == "argument":
                    rest += self._lines(name)
                else:
                    options += self._options(name, parameter)
        return [*command.split(), "-C", self.folder, *own, *options, *(("--", *rest) if rest else ())]

    def _options(self, name: str, parameter: Any) -> Iterator[str]:
        option = next(each for each in parameter.opts if each in OPTIONS[name])
        if parameter.is_flag:
            if self.flag(name):
                yield option
        elif parameter.multiple:
            yield from (f"{option}={line}" for line in self._lines(name))
        elif self.get(name):
            yield f"{option}={self.get(name)}"

    def _lines(self, name: str) -> list[str]:
        return [line.strip() for line in self.get(name).splitlines() if line.strip()]
