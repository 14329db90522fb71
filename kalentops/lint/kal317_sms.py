"""It is not documented that Kalent can send an SMS.

The API accepts steps of type SMS, but Kalent's pages name only LinkedIn, WhatsApp and e-mail as channels that a
workspace can connect. A sequence may stop at such a step. Turn this rule off once you have seen an SMS arrive.

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
from kalentops.lint.summary import is_sms, steps_where


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for index, _ in steps_where(is_sms, blueprint):
        yield Problem(
            ("steps", index, "type"),
            "it is not documented that Kalent can send an SMS",
            "use WHATSAPP or EMAIL, or test one on yourself and set `rules: {KAL317: off}` in kalentops.yaml",
        )


RULE = Rule(
    "KAL317",
    "sms",
    __doc__,
    check,
    reads=frozenset({"type"}),
    severity=Severity.WARNING,
    step_prefilter=is_sms,
)
