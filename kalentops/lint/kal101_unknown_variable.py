"""A variable is not one of the nine that exist.

The API refuses anything else in double braces, spelling and capitals included. The variables are {{firstname}},
{{lastname}}, {{candidateJobTitle}}, {{candidateCompanyName}}, {{candidateLocation}}, {{sourcingJobTitle}},
{{sourcingLocation}}, {{recruiterFirstname}} and {{recruiterLastname}}.

Wrong:
    content: Hi {{firstName}}, how are things at {{company}}?

Right:
    content: Hi {{firstname}}, how are things at {{candidateCompanyName}}?
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kalentops.blueprint.model import Blueprint
from kalentops.blueprint.variables import VARIABLES
from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.placeholders import variable_for
from kalentops.lint.rule import Rule
from kalentops.lint.summary import Summary
from kalentops.lint.texts import first, marker_meant, occurrences, variables
from kalentops.support.text import clip, is_key
from kalentops.support.text_diff import did_you_mean


def _may_find(of: Summary) -> bool:
    return of.prose.has("{}")


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for place, text in occurrences(blueprint, "{{"):
        unknown = (each for each in variables(text) if not _is_known(each[1]))
        yield from first(unknown, partial(_tell, place))


def _is_known(name: str) -> bool:
    """Whether it is a variable, or a marker, of which KAL407 speaks."""
    return name.strip() in VARIABLES or marker_meant(name) is not None


def _tell(place: DataPath, found: tuple[str, str, int]) -> Problem:
    token, name, at = found
    meant = variable_for(name)
    if meant:
        hint = did_you_mean(name, meant, f"`{{{{{meant}}}}}`")
    else:
        hint = "the variables are " + ", ".join(VARIABLES)
        hint += f"; in a template, a parameter is `{{{{param.{clip(name)}}}}}`" if is_key(name) else ""
    return Problem(place, f"`{clip(token)}` is not a variable", hint, at)


RULE = Rule(
    "KAL101", "unknown-variable", __doc__, check, reads=frozenset({"content", "subject"}), prefilter=_may_find
)
