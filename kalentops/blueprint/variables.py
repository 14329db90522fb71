"""What is filled in: Kalent's variables, for each candidate, and the markers of templates, by kalentops."""

from __future__ import annotations

import re
from typing import Final

MEANINGS: Final = {
    "firstname": "the candidate's first name",
    "lastname": "the candidate's last name",
    "candidateJobTitle": "the candidate's present job title",
    "candidateCompanyName": "the candidate's present company",
    "candidateLocation": "where the candidate is",
    "sourcingJobTitle": "the job title of the position",
    "sourcingLocation": "where the position is",
    "recruiterFirstname": "the recruiter's first name",
    "recruiterLastname": "the recruiter's last name",
}
VARIABLES: Final = tuple(MEANINGS)

MARKER: Final = re.compile(r"\{\{(param|snippet)\.([^{}]*)\}\}")
"""`{{param.pitch}}` or `{{snippet.signature}}`: the kind and the name."""
MARKED_FIELDS: Final = ("name", "subject", "content")
"""The fields of a step in which markers are filled; of a blueprint, it is `name` alone."""
