"""Nothing says that Kalent can send an SMS.

The API takes steps of type SMS, but no page of the vendor names SMS among the channels that a workspace can connect:
LinkedIn, WhatsApp and e-mail. A sequence may stop at such a step. Turn this off once you have seen one arrive.

Wrong:
    type: SMS

Right:
    type: WHATSAPP
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Problem, Severity
from kalentops.lint.rule import Rule


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, step in enumerate(blueprint.steps):
        if step.type == "SMS":
            yield Problem(
                ("steps", index, "type"),
                "no page of Kalent says that an SMS can be sent",
                "use WHATSAPP or EMAIL, or try one on yourself and set `rules: {KAL317: off}` in kalentops.yaml",
            )


RULE = Rule("KAL317", "sms", __doc__, check, reads=frozenset({"type"}), severity=Severity.WARNING)
