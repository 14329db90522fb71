"""What create and update bodies may hold (docs/kalent-api.md, "A step" and "Rules over a whole blueprint").

That an id, a name or a subject must not be empty is how "required" is read here; `content` may be.
The 300 characters of an invitation are the vendor's advice, and are accepted when exceeded.
"""

from typing import Any

from kalentops.emulator.errors import Issue
from kalentops.emulator.shapes import (
    array_of,
    boolean,
    free_object,
    one_of,
    positive_integer,
    record,
    text,
)
from kalentops.emulator.texts import text_issues

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
