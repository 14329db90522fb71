"""docs/reference/exit-codes.md, made from `errors.EXIT_CODES`; and which command can end with which.

`tests/harness.py` holds each run of the tests against `codes_by_name`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from kalentops.errors import EXIT_CODES
from website.click_tree import Documented, commands
from website.parts import fill, table

_ALWAYS: Final = frozenset({0, 1, 130})
_BY_OPTION: Final = {
    "--environment": {3},  # reads kalentops.yaml
    "--timeout": {4, 5},  # sends requests
    "--state": {8},
    "--detailed-exitcode": {2},
    "--max-creates": {6},
}
_OF_COMMAND: Final = {
    "init": {3},
    "plan": {7},  # a file changed during the run
    "show": {7},
    "apply": {7, 9, 10},
    "import": {6, 9},
    "state merge": {8},
    "state push": {7},  # with --probe, which plans
}


def codes_of(command: Documented) -> list[int]:
    """The codes that a command can end with, by what its options let it do."""
    options = {name for each in command.parameters for name in each.opts}
    found = {code for option, codes in _BY_OPTION.items() if option in options for code in codes}
    return sorted(_ALWAYS | found | _OF_COMMAND.get(command.name, set()))


@cache
def codes_by_name() -> Mapping[str, list[int]]:
    """`codes_of` for the name of each command."""
    return {each.name: codes_of(each) for each in commands()}


def page() -> str:
    """The text of the whole page."""
    return fill(
        "exit-codes.md",
        {
            "CODES": table(
                ("exit", "result", "meaning", "what to do"),
                (
                    (str(code), f"`{each.result}`", each.meaning, each.remedy)
                    for code, each in EXIT_CODES.items()
                ),
            ),
            "COMMANDS": table(
                ("command", "can also end with"),
                (
                    (f"[`{each.name}`](commands.md#{each.anchor})", ", ".join(map(str, further)))
                    for each in commands()
                    if (further := [code for code in codes_of(each) if code not in _ALWAYS])
                ),
            ),
        },
    )
