"""What is filled in: Kalent's variables, for each candidate, and the markers of templates, by kalentops."""

from __future__ import annotations

import re
from typing import Final

VARIABLES: Final = (
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

MARKER: Final = re.compile(r"\{\{(param|snippet)\.([^{}]*)\}\}")
"""`{{param.pitch}}` or `{{snippet.signature}}`: the kind and the name."""
MARKED_FIELDS: Final = ("name", "subject", "content")
"""The fields of a step in which markers are filled; of a blueprint, it is `name` alone."""
