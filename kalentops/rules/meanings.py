"""What people call what the variables hold, in the words of other tools and of other languages."""

from __future__ import annotations

from typing import Final

from kalentops.model import VARIABLES
from kalentops.text import fold

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


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: variable for variable, words in table.items() for word in words.split()}


NAMES: Final[dict[str, str]] = {fold(name): name for name in VARIABLES} | _by_word(_PEOPLE)
"""Names that are given to variables alone, folded, and the variable that each means."""
MEANT: Final[dict[str, str]] = NAMES | _by_word(_OTHERS)
"""These, and words that a text may hold for their own sake."""
_NO_VARIABLE: Final = """
email phone phonenumber mobile date today weekday salary linkedin linkedinurl url link unsubscribe website skill skills
industry school university hook icebreaker insert custom customfield
"""
UNKNOWN_HERE: Final = frozenset(_NO_VARIABLE.split())
"""Names of what other tools know, and for which there is no variable."""
