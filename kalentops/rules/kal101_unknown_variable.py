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

from kalentops.finding import Problem
from kalentops.model import VARIABLES, Blueprint
from kalentops.rules.base import Rule
from kalentops.rules.texts import occurrences, variables
from kalentops.text import clip, nearest

# What people write, and what they mean by it where spelling alone does not tell.
_MEANT = {
    "company": "candidateCompanyName",
    "companyname": "candidateCompanyName",
    "employer": "candidateCompanyName",
    "name": "firstname",
    "prenom": "firstname",
    "nom": "lastname",
    "job": "sourcingJobTitle",
    "jobtitle": "candidateJobTitle",
    "title": "candidateJobTitle",
    "position": "sourcingJobTitle",
    "role": "sourcingJobTitle",
    "city": "sourcingLocation",
    "location": "candidateLocation",
    "recruiter": "recruiterFirstname",
    "recruitername": "recruiterFirstname",
    "sender": "recruiterFirstname",
    "signature": "recruiterFirstname",
}


def check(blueprint: Blueprint) -> Iterator[Problem]:
    for place, text in occurrences(blueprint, "{{"):
        for token, name, at in variables(text):
            if name.strip() not in VARIABLES:
                meant = _MEANT.get(name.strip().casefold()) or nearest(name, VARIABLES)
                hint = (
                    f"did you mean `{{{{{meant}}}}}`?"
                    if meant
                    else "the variables are " + ", ".join(VARIABLES)
                )
                yield Problem(place, f"`{clip(token)}` is not a variable", hint, at)


RULE = Rule("KAL101", "unknown-variable", __doc__, check, reads=frozenset({"content", "subject"}))
