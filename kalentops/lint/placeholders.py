"""What other tools fill in, and Kalent does not: their merge fields, and what authors leave for later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from kalentops.blueprint.variables import VARIABLES
from kalentops.lint.summary import Prose
from kalentops.lint.texts import marker_meant
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
    """`candidateLastname` and its like: what only looks like it may be another person's name."""
    for word, variable in NAMES.items():
        if variable in _PEOPLE:
            yield from ((f"{who}{word}", variable) for who in _CANDIDATE.split())
            yield from ((f"{who}{word}", f"recruiter{variable.capitalize()}") for who in _RECRUITER.split())


NAMES: Final[dict[str, str]] = {fold(name): name for name in VARIABLES} | _by_word(_PEOPLE)
"""Names that are given to variables alone, folded, and the variable that each means."""
MEANT: Final[dict[str, str]] = NAMES | _by_word(_OTHERS) | dict(_of_people())
"""These, and words that a text may hold for their own sake."""


def variable_for(name: str) -> str | None:
    """The variable that a name means or is near to. What is not a name of a recruiter is never taken for one: a message
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


class Placeholder(NamedTuple):
    """A placeholder as it stands in a text, where, and what stands in it. `certain`: it can't be anything else."""

    at: int
    token: str
    inner: str
    certain: bool


class _Sure(Enum):
    """How much the delimiters say, whatever stands between them."""

    ALWAYS = "certain"
    STRONG = "certain around a name that is known, probable around another"
    WEAK = "certain around the name of a variable, probable around another that is known"
    PROBABLE = "probable"


_WORDS: Final = r"[^\W\d][\w .'\u2019/-]{0,40}"
_FIELD: Final = rf"[ ]?[$@]?{_WORDS}(?:(?:[:=]|,(?=\w+=))[^{{}}|\n]{{0,40}})?|\d\d?"
_OPEN: Final = "\uff5b\ufe5b\u2774\u2983"  # full-width braces and their like
_CLOSE: Final = "\uff5d\ufe5c\u2775\u2984"
_OPEN_OTHER: Final = "\u3008\u300a\u300c\u300e\u27e6\u27e8\u27ea\u276c\u276e\uff1c\u02c2"
_CLOSE_OTHER: Final = "\u3009\u300b\u300d\u300f\u27e7\u27e9\u27eb\u276d\u276f\uff1e\u02c3"
# Names as programs write them, which no prose holds, whatever stands around them.
_NAME: Final = "|".join(
    ["(?:first|last|f|l)_?name", *(re.sub(r"(?<=[a-z])(?=[A-Z])", "_?", each) for each in VARIABLES)]
)
_SIGN: Final = r"[*_~^|#@!&+:$%=\u00a7\uff03\uff04\uff05\uff0a\uff20\uff5c-]"
_OF_NAMES: Final = tuple(
    f"{begin}{between}{end}"
    for begin, ends in {
        "t": "name",
        "f": "name",
        "l": "name",
        "date": "job comp loc",
        "ng": "job loc",
        "ter": "f l",
    }.items()
    for between in ("", "_")
    for end in ends.split()
)
"""What each of these holds. No `i` and no `s` in it: with case ignored, each matches a third letter as well."""
# How sure they are; of what a text with one of them holds at least one, in small letters where case does not count; and
# how they look. Few texts hold one, so each pattern is compiled when it is needed first: all of them take as long as
# the check of ten files.
_FORMS: Final[tuple[tuple[_Sure, Iterable[str], str], ...]] = (
    (_Sure.ALWAYS, ("*|",), r"\*\|([^|*\n]{1,60})\|\*"),
    (_Sure.ALWAYS, ("%%",), r"%%([^\W\d][\w .-]{0,40})%%"),
    (_Sure.ALWAYS, ("{%",), r"\{%([^{}\n]{1,80})%\}"),
    (_Sure.ALWAYS, ("{!",), r"\{!([\w$.]{1,60})\}"),
    (_Sure.ALWAYS, ("field=",), r"\{(?:contact|subscriber|owner)field=([\w|]{1,40})\}"),
    (
        _Sure.ALWAYS,
        ("&",),
        r"(?i:(?:&(?:#0*123|#x0*7b|lbrace|lcub);){1,2}([^&\n]{0,60})(?:&[#\w]{1,8};){0,2})",
    ),
    (_Sure.ALWAYS, ("\\{",), r"\\\{(?:\\?\{)?([^{}\\\n]{1,60})\\?\}(?:\\?\})?"),
    (_Sure.ALWAYS, ("{", *_OPEN), rf"[{_OPEN}{{]{{2}}([^{{}}{_OPEN}{_CLOSE}\n]{{1,60}})[{_CLOSE}}}]{{2}}"),
    (_Sure.ALWAYS, ("|",), r"(?<!\{)\{([^{}|\n]{0,80}(?:\|[^{}|\n]{0,80}){1,20})\}(?!\})"),
    (_Sure.ALWAYS, ("lor",), r"(?i:\b(lorem ipsum|dolor sit amet)\b)"),
    (_Sure.ALWAYS, ("%(",), r"%\(([^\W\d][\w .-]{0,40})\)[sdr]"),
    (_Sure.ALWAYS, ("<",), r"<[%?](?!xml)[=:#-]?([^<>%?\n]{1,60})[%?]>"),
    (_Sure.ALWAYS, _OF_NAMES, rf"(?i:(?<!\w){_SIGN}{{1,3}}({_NAME}){_SIGN}{{1,3}}(?!\w))"),
    (
        _Sure.ALWAYS,
        ("{",),
        rf"(?i:(?<!\{{)\{{[^\w{{}}]{{0,4}}({_NAME})\b[^\w{{}}]{{0,4}}\}}?(?!\}}))",
    ),
    (_Sure.ALWAYS, ("}",), rf"(?i:(?<!\{{\{{)\b({_NAME})[^\w{{}}]{{0,4}}\}}(?!\}}))"),
    (_Sure.STRONG, ("{",), rf"(?<!\{{)[$#%@]?\{{({_FIELD})\}}(?!\}})"),
    (_Sure.STRONG, ("<<",), rf"<<[ ]?({_WORDS})>>"),
    (_Sure.STRONG, ("%",), r"(?<![\w%])%([^\W\d][\w.]{1,40})%(?![\w%])"),
    (_Sure.STRONG, _OPEN, rf"[{_OPEN}]([^{_OPEN}{_CLOSE}\n]{{1,40}})[{_CLOSE}]"),
    (_Sure.STRONG, "\u3010\uff3b\u3014", r"[\u3010\uff3b\u3014]([ -~]{1,40})[\u3011\uff3d\u3015]"),
    (_Sure.STRONG, ("<",), rf"(?<![\w<])<({_WORDS})>(?!>)"),
    (_Sure.STRONG, ("__",), r"(?<!\w)__([A-Z](?:_?[A-Z0-9]){1,30})__(?!\w)"),
    (_Sure.WEAK, ("__",), r"(?<!\w)__([a-zA-Z](?:_?[a-zA-Z0-9]){1,30})__(?!\w)"),
    (_Sure.WEAK, "\u00ab\u2039", rf"[\u00ab\u2039][ \u00a0\u202f]?({_WORDS})[\u00a0\u202f]?[\u00bb\u203a]"),
    (_Sure.WEAK, _OPEN_OTHER, rf"[{_OPEN_OTHER}]{{1,2}}[ ]?({_WORDS})[{_CLOSE_OTHER}]{{1,2}}"),
    (_Sure.WEAK, ("%7",), r"(?:%7[Bb]){1,2}([\w.+-]{1,40})(?:%7[Dd]){1,2}"),
    (_Sure.WEAK, ("$",), r"(?<![\w$])\$([^\W\d]\w{1,40})\b\$?"),
    (_Sure.WEAK, ("#",), r"(?<![\w#])#([^\W\d]\w{1,40})#(?![\w#])"),
    (_Sure.PROBABLE, ("$",), r"\$(\0+)"),  # a mixture of `${name}` and `{{name}}`
    (_Sure.PROBABLE, ("TODO", "TBD", "TBC", "FIXME", "XXX"), r"\b(TODO|TBD|TBC|FIXME|XXX+)\b"),
    (_Sure.PROBABLE, ("nsert", "n\u017fert"), r"(?i:\b(insert (?:[\w']{1,20} ){1,4}here)\b)"),
    (_Sure.PROBABLE, ("%",), r"(?<![\w%])%(?:\d\d?\$)?([sd])(?![\w%])"),
    (_Sure.PROBABLE, ("{",), r"(?<=\w )\{( ?)\}(?=[,.!?])"),
    # A part of an address on the web or of an e-mail may have such a name.
    (
        _Sure.PROBABLE,
        _OF_NAMES,
        rf"(?i:(?<![\w./=?])(?<!\{{\{{)(?<!\{{\{{ )({_NAME})(?!\w|=\S|\s?\}}\}}|[\w.-]{{0,60}}@\w))",
    ),
    (_Sure.PROBABLE, ("___", "???"), r"(?<=\S )(_{3,}|\?{3,})(?!\w)"),
)
_OPENING: Final = frozenset(f"{{}}<\u00ab\u2039{_OPEN}{_OPEN_OTHER}\u3010\uff3b\u3014")
_SIGNS: Final = re.compile(r"\$(?:[^\W\d]|\n)|%[\w(]|\*\||#\w|&[#lL]|__")
_NAME_ENDS: Final = re.compile(r"[nN](?:ame|AME)(?<=\w\w{4})")
_NAME_BEGINS: Final = re.compile(r"(?:candidate|sourcing|recruiter)[_A-Z]")
_INSERT: Final = re.compile(r"[iI](?:nsert|NSERT) ")
_OWN: Final = re.compile(r"(?<!\{)\{\{[^{}]*\}\}(?!\})")
# These are HTML, which has a rule of its own.
_TAG_NAMES: Final = """
a b i u p s q br hr em ul ol li td th tr dl dt dd h1 h2 h3 h4 h5 h6 div img pre sub sup span font form code table tbody
thead strong center label input button head html body style script meta small big strike blockquote
"""
TAGS: Final = frozenset(_TAG_NAMES.split())
_SEPARATORS: Final = re.compile(r"[.=:|!$@]+")
_WORD_ENDS: Final = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_FEW_WORDS: Final = 5
_QUOTES: Final = {
    "\u201c": "\u201d\u201c",
    "\u201e": "\u201c\u201d",
    "\u2018": "\u2019",
    "\u00ab": "\u00bb",
    '"': '"',
}


_IN_CAPITALS: Final = ("???", "TODO", "TBD", "TBC", "FIXME", "XXX")


@lru_cache(maxsize=1)  # two rules ask about each blueprint
def may_hold_placeholders(of: Prose) -> bool:
    """Whether a text has what one of the forms begins with, or a word of them, as few texts have."""
    text, lower = of.text, of.lower
    return (
        of.has(_OPENING)
        or (of.has("$%*#&_") and _SIGNS.search(text) is not None)
        or any(word in of.odd and word in text for word in _IN_CAPITALS)
        or "sit amet" in text
        or b"ipsum" in lower
        or (b"insert " in lower and _INSERT.search(text) is not None)
        or (b"name" in lower and _NAME_ENDS.search(text) is not None)
        or (
            ("candidate" in text or "sourcing" in text or "recruiter" in text)
            and _NAME_BEGINS.search(text) is not None
        )
    )


@lru_cache(maxsize=64)  # two rules ask about each text of a blueprint
def placeholders(text: str) -> tuple[Placeholder, ...]:
    """All of them, in their order. What stands in double braces and in square brackets has rules of its own."""
    prose = Prose.of(text)
    if not may_hold_placeholders(Prose.of(_OWN.sub("\n", text)) if prose.has("{}") else prose):
        return ()
    rest = _OWN.sub(lambda match: "\0" * len(match[0]), text)
    kept: list[Placeholder] = []
    end = 0
    for each in sorted(_found(rest, text), key=lambda each: (each.at, -len(each.token))):
        if each.at >= end:
            kept.append(each)
            end = each.at + len(each.token)
    return tuple(kept)


def wrapped(text: str) -> bool:
    """Whether a text as a whole is in quotes: they were meant for YAML, which has straight ones only."""
    text = text.strip()
    closing = _QUOTES.get(text[:1], "") if len(text) > 2 else ""  # noqa: PLR2004 - two quotes and something in them
    return text[-1:] in set(closing) and not any(c in text[1:-1] for c in text[0] + closing)


def _found(rest: str, text: str) -> Iterator[Placeholder]:
    holds = f"{rest}\n{rest.lower()}".__contains__
    named = any(map(holds, _OF_NAMES))
    for sure, needs, pattern in _FORMS:
        may_match = named if needs is _OF_NAMES else any(map(holds, needs))
        for match in re.finditer(pattern, rest) if may_match else ():
            token, inner = text[match.start() : match.end()], match[1].strip()
            tag = token[0] == "<" and inner.rstrip("/ ").casefold() in TAGS
            certain = None if token.startswith("{{") or tag else _is_certain(sure, token, inner)
            if certain is not None:
                yield Placeholder(match.start(), token, inner, certain)


def _is_certain(sure: _Sure, token: str, inner: str) -> bool | None:
    """None: it is no placeholder at all."""
    if sure in {_Sure.ALWAYS, _Sure.PROBABLE}:
        return sure is _Sure.ALWAYS
    if sure is _Sure.WEAK:
        return fold(inner) in NAMES or (False if fold(inner) in MEANT else None)
    if asks_for(inner) is not None:
        return True
    # A program in braces has blanks within, as in `{ return x }`, and `100 %and 5 %` no capitals; `{x}` is mathematics.
    other = (
        "{ " in token or (token[0] == "%" and not inner.isupper()) or (len(inner) == 1 and inner.isalpha())
    )
    return None if other else False


@lru_cache(maxsize=1024)
def asks_for(name: str) -> str | None:
    """The variable that a name asks for: empty if there is none for what it asks, None if the name is not known. For
    `param.pitch` it is the marker of a template.
    """
    marker = marker_meant(name) if "." in name else None
    if marker:
        return marker
    parts = [fold(part) for part in (name, _SEPARATORS.sub("", name), *_SEPARATORS.split(name))]
    words = [fold(word) for word in _WORD_ENDS.split(name) if word]
    for word in (*parts, *(words if len(words) <= _FEW_WORDS else ())):
        if word in MEANT or word in UNKNOWN_HERE:
            return MEANT.get(word, "")
    return None
