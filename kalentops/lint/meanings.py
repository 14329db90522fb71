"""What people call what the variables hold, in the words of other tools and of other languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalentops.blueprint.model import VARIABLES
from kalentops.support.text import fold, nearest

_PEOPLE: Final = {
    "firstname": "first fname givenname forename prenom prénom vorname nombre nome voornaam",
    "lastname": "last lname surname familyname nom nachname apellido cognome achternaam",
}
_OTHERS: Final = {
    "firstname": "name fullname candidate candidatename contactname",
    "candidateCompanyName": "company companyname employer organization organisation entreprise firma empresa",
    "candidateJobTitle": "jobtitle title currenttitle currentposition headline",
    "sourcingJobTitle": "job position role jobname vacancy poste stelle",
    "sourcingLocation": "city joblocation office ville stadt",
    "candidateLocation": "location country address",
    "recruiterFirstname": "recruiter recruitername sender sendername senderfirstname yourname myname signature",
    "recruiterLastname": "senderlastname",
}


_CANDIDATE: Final = "candidate contact prospect lead person recipient receiver applicant talent customer"
_RECRUITER: Final = "recruiter sender my owner author"
"""What stands before a name and says whose it is."""


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: variable for variable, words in table.items() for word in words.split()}


def _of_people() -> Iterator[tuple[str, str]]:
    """`candidateLastname` and its like: what only looks like it may be the name of somebody else."""
    for word, variable in NAMES.items():
        if variable in _PEOPLE:
            yield from ((f"{who}{word}", variable) for who in _CANDIDATE.split())
            yield from ((f"{who}{word}", f"recruiter{variable.capitalize()}") for who in _RECRUITER.split())


NAMES: Final[dict[str, str]] = {fold(name): name for name in VARIABLES} | _by_word(_PEOPLE)
"""Names that are given to variables alone, folded, and the variable that each means."""
MEANT: Final[dict[str, str]] = NAMES | _by_word(_OTHERS) | dict(_of_people())
"""These, and words that a text may hold for their own sake."""


def variable_for(name: str) -> str | None:
    """The variable that a name means or is near to. What is no name of a recruiter is never taken for one: a message
    would greet the candidate with it.
    """
    word = fold(name.replace(".", ""))
    if word in MEANT:
        return MEANT[word]
    near = nearest(word, VARIABLES)
    other = near is not None and near.startswith("recruiter") and not word.startswith("re")
    return None if other else near


_NO_VARIABLE: Final = """
email phone phonenumber mobile date today weekday salary linkedin linkedinurl url link unsubscribe website skill skills
industry school university hook icebreaker insert custom customfield
"""
UNKNOWN_HERE: Final = frozenset(_NO_VARIABLE.split())
"""Names of what other tools know, and for which there is no variable."""
