"""The rules over all files of a project, and over what the API shows; the severities that the settings give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import Declarations, Sourcings, rule_of, rules

Severities = Mapping[str, Severity | None]
"""The severities that the configuration sets, by code; None is "off"."""

DEFAULTS: Final[Severities] = {}

OVER_FILES: Final = ("KAL017", "KAL018", "KAL024", "KAL031", "KAL032", "KAL402", "KAL419")
"""The rules with `check_project`: where no file has changed, no others are loaded."""


def check_project(declarations: Declarations, severities: Severities = DEFAULTS) -> Iterator[Finding]:
    """What only shows in several files together."""
    for rule in map(rule_of, OVER_FILES):
        severity = severities.get(rule.code, rule.severity)
        if severity is not None and rule.check_project:
            for finding in rule.check_project(declarations):
                yield replace(finding, severity=severity)


def check_online(sourcings: Sourcings, severities: Severities = DEFAULTS) -> Iterator[Finding]:
    """What only the API knows."""
    for rule in rules().values():
        severity = severities.get(rule.code, rule.severity)
        if severity is not None and rule.check_online:
            for finding in rule.check_online(sourcings):
                yield replace(finding, severity=severity)


def with_severities(findings: Iterable[Finding], severities: Severities) -> Iterator[Finding]:
    """The findings of rules without a check, with the severity that each rule has; without those that are off."""
    for finding in findings:
        severity = severities.get(finding.code, rule_of(finding.code).severity)
        if severity is not None:
            yield finding if severity is finding.severity else replace(finding, severity=severity)
