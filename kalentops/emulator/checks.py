"""What a request may hold (docs/reference/kalent-api.md, "A step", "Rules over a whole blueprint", "Text").

That an id, a name or a subject must not be empty is how "required" is read here; `content` may be.
The 300 characters of an invitation are the vendor's advice, and are accepted when exceeded.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from kalentops.emulator import ApiFailure, Issue, refusal

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


STEP_TYPES = ("LINKEDIN", "WHATSAPP", "EMAIL", "SMS")
LINKEDIN_TYPES = (
    "LINKEDIN_INVITATION",
    "LINKEDIN_INVITATION_WITH_MESSAGE",
    "LINKEDIN_MESSAGE",
    "LINKEDIN_INMAIL",
)
INVITATIONS = ("LINKEDIN_INVITATION", "LINKEDIN_INVITATION_WITH_MESSAGE")
TEMPORALITIES = ("ASAP", "DELAYED", "AFTER_INVITATION_SETTLED")
DELAY_UNITS = ("day", "minute", "second")
CONTENT_SOURCES = ("manual", "suggestedByKalent")
INMAIL_SUBJECT = 200

_label = text(empty=False)
_STEP = record(
    required={
        "id": _label,
        "name": _label,
        "type": one_of(*STEP_TYPES),
        "content": text(empty=True),
        "temporalityType": one_of(*TEMPORALITIES),
    },
    optional={
        "linkedInType": one_of(*LINKEDIN_TYPES),
        "subject": _label,
        "delay": record({"value": positive_integer, "unit": one_of(*DELAY_UNITS)}, {}),
        "contentSource": one_of(*CONTENT_SOURCES),
        "config": record({}, {"userId": _label}),
        "policy": record(
            {},
            {
                "skipStepIfNoContact": boolean,
                "autoValidateAIDraft": boolean,
                "inviteTimeoutDays": positive_integer,
            },
        ),
    },
)
_OPTIONAL = {"steps": array_of(_STEP), "config": free_object}
_CREATE = record(required={"name": _label}, optional=_OPTIONAL)
_UPDATE = record(required={}, optional={"name": _label, **_OPTIONAL})


def create_issues(body: dict[str, Any]) -> list[Issue]:
    return _CREATE(body, "") + _rules(body)


def update_issues(body: dict[str, Any]) -> list[Issue]:
    if not body:
        return [Issue("", "at least one of name, steps, config is required")]
    return _UPDATE(body, "") + _rules(body)


def _rules(body: dict[str, Any]) -> list[Issue]:
    """What no single field shows; fields of a wrong type were reported before and are passed over."""
    steps = body.get("steps")
    if not isinstance(steps, list):
        return []
    indexed = [(f"steps[{index}]", step) for index, step in enumerate(steps) if isinstance(step, dict)]
    issues = [issue for path, step in indexed for rule in _STEP_RULES for issue in rule(step, path)]
    return issues + _repeated_ids(indexed) + _invitations(indexed)


def _linkedin_type(step: dict[str, Any], path: str) -> list[Issue]:
    kind, present = step.get("type"), "linkedInType" in step
    if kind == "LINKEDIN" and not present:
        return [Issue(f"{path}.linkedInType", "is required with type LINKEDIN")]
    if kind in STEP_TYPES and kind != "LINKEDIN" and present:
        return [Issue(f"{path}.linkedInType", f"is not allowed with type {kind}")]
    return []


def _subject(step: dict[str, Any], path: str) -> list[Issue]:
    path = f"{path}.subject"
    kind, subject = step.get("type"), step.get("subject")
    if kind == "EMAIL":
        return [] if "subject" in step else [Issue(path, "is required with type EMAIL")]
    if "subject" not in step or kind not in STEP_TYPES:
        return []
    if kind == "LINKEDIN" and step.get("linkedInType") == "LINKEDIN_INMAIL":
        too_long = isinstance(subject, str) and len(subject) > INMAIL_SUBJECT
        return [Issue(path, f"is longer than {INMAIL_SUBJECT} characters")] if too_long else []
    return [Issue(path, "is only allowed with type EMAIL or linkedInType LINKEDIN_INMAIL")]


def _delay(step: dict[str, Any], path: str) -> list[Issue]:
    when, present = step.get("temporalityType"), "delay" in step
    if when == "DELAYED" and not present:
        return [Issue(f"{path}.delay", "is required with temporalityType DELAYED")]
    if when in TEMPORALITIES and when != "DELAYED" and present:
        return [Issue(f"{path}.delay", f"is not allowed with temporalityType {when}")]
    return []


def _texts(step: dict[str, Any], path: str) -> list[Issue]:
    texts = [(f"{path}.{field}", step.get(field)) for field in ("subject", "content")]
    return [issue for where, value in texts if isinstance(value, str) for issue in text_issues(value, where)]


_STEP_RULES = (_linkedin_type, _subject, _delay, _texts)


def _repeated_ids(steps: list[tuple[str, dict[str, Any]]]) -> list[Issue]:
    first: dict[str, str] = {}
    issues = []
    for path, step in steps:
        identity = step.get("id")
        if not isinstance(identity, str):
            continue
        if identity in first:
            issues.append(Issue(f"{path}.id", f"is already the id of {first[identity]}"))
        first.setdefault(identity, path)
    return issues


def _invitations(steps: list[tuple[str, dict[str, Any]]]) -> list[Issue]:
    invited = ""
    issues = []
    for path, step in steps:
        # Settling is checked first: a step does not come before itself.
        if step.get("temporalityType") == "AFTER_INVITATION_SETTLED" and not invited:
            issues.append(Issue(f"{path}.temporalityType", "needs an invitation step before it"))
        if step.get("type") == "LINKEDIN" and step.get("linkedInType") in INVITATIONS:
            if invited:
                issues.append(Issue(f"{path}.linkedInType", f"is a second invitation, after {invited}"))
            invited = invited or path
    return issues


VARIABLES = (
    "firstname",
    "lastname",
    "candidateJobTitle",
    "candidateCompanyName",
    "candidateLocation",
    "sourcingJobTitle",
    "sourcingLocation",
    "recruiterFirstname",
    "recruiterLastname",
)
_KNOWN = frozenset(VARIABLES)

# Markdown's `[text](url)` is a link, and what starts with punctuation (`[...]`, `[ ]`) names nothing.
_PLACEHOLDER = re.compile(r"\[(?=[^\W_])[^\[\]\r\n]{1,80}\](?!\()")
_SHOWN = 80


def text_issues(text: str, path: str) -> list[Issue]:
    unknown = [f"unknown variable {{{{{_short(name)}}}}}" for name in _variables(text) if name not in _KNOWN]
    unresolved = [f"unresolved placeholder {found}" for found in _PLACEHOLDER.findall(text)]
    return [Issue(path, message) for message in dict.fromkeys(unknown + unresolved)]


def _variables(text: str) -> Iterator[str]:
    # Not a regular expression: on a body of nothing but "{{" its time would grow with the square.
    end = 0
    while (start := text.find("{{", end)) >= 0:
        close = text.find("}}", start + 2)
        if close < 0:
            return
        yield text[start + 2 : close]
        end = close + 2


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN else name[:_SHOWN] + "…"


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
