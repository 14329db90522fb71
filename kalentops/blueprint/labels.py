"""What the steps' fields and values are called by whatever shows them: reports, and the page of `preview`. Each word
stands here once; what only one of them says stands there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kalentops.blueprint.model import SECONDS
from kalentops.support.text import count

CHANNELS: Final = {
    "LINKEDIN": "LinkedIn",
    "EMAIL": "e-mail",
    "WHATSAPP": "WhatsApp",
    "SMS": "SMS",
}
LINKEDIN_KINDS: Final = {
    "LINKEDIN_INVITATION": "LinkedIn invitation without a message",
    "LINKEDIN_INVITATION_WITH_MESSAGE": "LinkedIn invitation",
    "LINKEDIN_MESSAGE": "LinkedIn message",
    "LINKEDIN_INMAIL": "InMail",
}
AT_ONCE: Final = "at once"
SETTLED: Final = "when the invitation has settled"
GROUPS: Final = ("policy", "config")
"""The fields of a step that are changed part by part."""
_KINDS: Final = {**CHANNELS, **LINKEDIN_KINDS}
_UNITS: Final = (("day", SECONDS["day"]), ("hour", 3600), ("minute", SECONDS["minute"]), ("second", 1))


def kind(step: Mapping[str, Any]) -> str:
    """Such as `LinkedIn invitation`, from the `type` and the `linkedInType` of a step."""
    return _KINDS.get(str(step.get("linkedInType") or step.get("type")), "message")


def delay(value: Any) -> str:
    """`3 days` for `{value: 3, unit: day}`."""
    if not isinstance(value, Mapping):
        return "none"
    return f"{value.get('value')} {value.get('unit')}{'' if value.get('value') == 1 else 's'}"


def span(seconds: int) -> str:
    """The two largest units of a time: `3 days`, `1 day 2 hours`; empty for none."""
    found = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            found.append(count(number, unit))
    return " ".join(found[:2])
