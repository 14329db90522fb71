"""From the bytes of a request to a JSON object that can be stored and sent back."""

import json
import math
from typing import Any, NoReturn

from kalentops.emulator.errors import ApiFailure, Issue, refusal

# Deeper than any blueprint needs, and far from Python's own limit, which would turn up as a 500.
MAX_DEPTH = 64


def parse(raw: bytes, content_type: str) -> dict[str, Any]:
    """The object in `raw`.

    Raises `ApiFailure` (400) for another content type, invalid UTF-8 or JSON, numbers that JSON or a double
    can't hold, strings with NUL or lone surrogates, and anything that is not an object.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise _refused("the body must be sent as application/json")
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_not_json, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise _refused(f"the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise _refused("the body must be an object")
    issues = _unfit_values(value)
    if issues:
        raise refusal(issues)
    return value


def _refused(message: str) -> ApiFailure:
    return refusal([Issue("", message)])


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:40]} is out of range")
    return number


def _unfit_values(body: dict[str, Any]) -> list[Issue]:
    issues: list[Issue] = []
    pending: list[tuple[str, int, object]] = [("", 0, body)]
    while pending:
        path, depth, value = pending.pop()
        if isinstance(value, str):
            if _unfit(value):
                issues.append(Issue(path, "holds NUL or a lone surrogate"))
        elif isinstance(value, dict | list) and depth >= MAX_DEPTH:
            issues.append(Issue(path, f"nested more than {MAX_DEPTH} levels deep"))
        elif isinstance(value, dict):
            issues += [
                Issue(path, f"the key {key!a} holds NUL or a lone surrogate") for key in value if _unfit(key)
            ]
            pending += [(f"{path}.{key}" if path else key, depth + 1, each) for key, each in value.items()]
        elif isinstance(value, list):
            pending += [(f"{path}[{index}]", depth + 1, each) for index, each in enumerate(value)]
    return issues


def _unfit(text: str) -> bool:
    # `isascii` settles most strings without looking at each character.
    if "\0" in text:
        return True
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
