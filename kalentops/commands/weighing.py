"""The options that say how much warnings weigh, of `validate` and `plan`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from kalentops.errors import UsageError


def weighing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options --errors-only and --strict. Raises UsageError for both at once."""

    @click.option("--errors-only", is_flag=True, help="Leave warnings out.")
    @click.option("--strict", is_flag=True, help="Take warnings for errors: exit code 3.")
    @wraps(command)
    def checked(*args: Any, errors_only: bool, strict: bool, **values: Any) -> Any:
        if errors_only and strict:
            raise UsageError("--errors-only leaves out what --strict makes an error", hint="give one of them")
        return command(*args, errors_only=errors_only, strict=strict, **values)

    return checked
