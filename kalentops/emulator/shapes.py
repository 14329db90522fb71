"""The shape of a body as data: each `Check` returns what is wrong with one value, and never raises."""

from collections.abc import Callable, Mapping

from kalentops.emulator.errors import Issue

Check = Callable[[object, str], list[Issue]]


def text(*, empty: bool) -> Check:
    def check(value: object, path: str) -> list[Issue]:
        if not isinstance(value, str):
            return [Issue(path, "must be a string")]
        return [] if value or empty else [Issue(path, "must not be empty")]

    return check


def one_of(*allowed: str) -> Check:
    def check(value: object, path: str) -> list[Issue]:
        # A tuple, not a set: the value may be a list or an object, which no set can look up.
        return [] if value in allowed else [Issue(path, f"must be one of {', '.join(allowed)}")]

    return check


def boolean(value: object, path: str) -> list[Issue]:
    return [] if isinstance(value, bool) else [Issue(path, "must be a boolean")]


def positive_integer(value: object, path: str) -> list[Issue]:
    # `type`, since True is an int to `isinstance`.
    return [] if type(value) is int and value > 0 else [Issue(path, "must be a positive integer")]


def free_object(value: object, path: str) -> list[Issue]:
    return [] if isinstance(value, dict) else [Issue(path, "must be an object")]


def array_of(item: Check) -> Check:
    def check(value: object, path: str) -> list[Issue]:
        if not isinstance(value, list):
            return [Issue(path, "must be an array")]
        return [issue for index, each in enumerate(value) for issue in item(each, f"{path}[{index}]")]

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    fields = {**required, **optional}

    def check(value: object, path: str) -> list[Issue]:
        if not isinstance(value, dict):
            return [Issue(path, "must be an object")]
        prefix = f"{path}." if path else ""
        issues = [Issue(prefix + key, "is required") for key in required if key not in value]
        for key, each in value.items():
            known = fields.get(key)
            issues += known(each, prefix + key) if known else [Issue(prefix + key, "unknown key")]
        return issues

    return check
