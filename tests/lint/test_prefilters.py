"""A prefilter clears a blueprint of a rule only where the rule finds nothing: each rule with prefilters, and without.

The texts are those of the case files and of the attacks, cut up and put together again.
"""

# ruff: noqa: RUF001 - quotes and dashes as people write them
from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from kalentops.blueprint.model import Blueprint, Channel, LinkedInType, Temporality
from kalentops.blueprint.variables import VARIABLES
from kalentops.lint import placeholders
from kalentops.lint.engine import rules_that_may_find
from kalentops.lint.rule import rules
from kalentops.lint.summary import Prose
from kalentops.lint.texts import Sign
from kalentops.project.document import read_document
from tests import hostile
from tests.lint.test_rule_cases import CASES, MARK, _files

_ABOUT_BLUEPRINTS: Final = [rule for rule in rules().values() if rule.check]
# Prose as recruiters write it, and what is easily mistaken for another thing.
_PROSE: Final = [
    "We hire. ", "L’équipe – à Paris – « recrute ». ", "Un âge, un cœur, 20 € ?\n", "❤️ 👋🏽 👩‍💻 ", "R&D ", "#1 ",
    "100 % ", "$5k ", "file name ", "As a recruiter, ", "a candidate ", "strategic sourcing ", "(insert) ", "IPSUM ",
    "Dolor Sit Amet", "lor\u0131em", "F\u0131rstname", "la\u017ftname", "\u017fourcingLocation",
    "\0", " ", "\t", "\n", "\u00a0", "\u2028",
    *(f"{{{{{name}}}}}" for name in VARIABLES), "{", "}", "[", "]", "|", "^", "_", "{{firstname}}}", "{{{firstname}}",
    "{{ firstname }}", "(kalentops a-b 01234567)", "https://a.io/b", "www.a.fr", "\u00c3\u00a9", "&eacute;",
]  # fmt: skip


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.replace(MARK, "")
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _pool() -> list[str]:
    cases = [
        text for path in sorted(CASES.iterdir()) for text in _strings(yaml.safe_load(path.read_text("utf-8")))
    ]
    return [*cases, *(text for _, text in hostile.HOSTILE)]


_POOL: Final = _pool()


def _files_of_cases() -> list[str]:
    cases = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(CASES.iterdir())]
    contents = [_files(case) for each in cases for kind in ("pass", "fail") for case in each[kind]]
    texts = [file["text"] for files in contents for file in files.values() if "text" in file]
    return [text.replace(MARK, "") for text in texts if len(text) < 20_000]


# What else may stand around a text in a file, or within it.
_AROUND: Final = [
    " #1", " # so", "# so\n", "\n          # deep", "\n#", "#", ",", ", now", "&a ", "*a", "! ", "!!str ", " |-\n",
    " >\n",
    '"', "'", "''", "\\", "\\x7b", "\r", "\n", "\n\n", "\x85", "\u2028", "{{", "}}", "{", "\uff5b", "{{firstname}}",
    "{{param.x}}", "{param.x}", "  ",
]  # fmt: skip


def _mutated(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(_AROUND) + text[at + chance.choice([0, 0, 1, 4]) :]
    return text


def _text(chance: random.Random, most: int = 5) -> str:
    """Some prose, and one time in two a piece of another text."""
    parts = chance.choices(_PROSE, k=chance.randint(0, most))
    if chance.random() < 0.5:
        text = chance.choice(_POOL)
        start = chance.randrange(len(text) + 1)
        parts.insert(0, text[start : start + chance.choice([3, 12, 60])])
    return "".join(parts)


def _one_of(chance: random.Random, kinds: Any) -> Any:
    return chance.choice(kinds.__args__)


def _blueprint(chance: random.Random) -> Blueprint:
    steps = [_step(chance, number) for number in range(chance.randint(0, 3))]
    config = {_text(chance, 1): 1} if chance.random() < 0.1 else None
    return Blueprint.read({"name": _text(chance, 2) or "Name", "steps": steps, "config": config})


def _step(chance: random.Random, number: int) -> dict[str, Any]:
    kind = _one_of(chance, Channel)
    policy = {
        "skipStepIfNoContact": chance.choice([None, True, False]),
        "autoValidateAIDraft": chance.choice([None, True, False]),
    }
    return {
        "id": chance.choice([f"s{number}", "s", _text(chance, 1) or "s"]),
        "name": _text(chance, 2) or "Step",
        "type": kind,
        "linkedInType": _one_of(chance, LinkedInType)
        if (kind == "LINKEDIN") is (chance.random() < 0.9)
        else None,
        "subject": chance.choice([None, "", " ", "x" * 201, _text(chance, 2)]),
        "content": _text(chance) * chance.choice([1, 1, 1, 9]),
        "temporalityType": _one_of(chance, Temporality),
        "delay": chance.choice([None, {"value": chance.randint(1, 2), "unit": "day"}]),
        "contentSource": chance.choice([None, "manual", "suggestedByKalent"]),
        "policy": chance.choice([None, policy]),
    }


def test_clears_no_blueprint_in_which_a_rule_finds_something() -> None:
    chance = random.Random(14)
    seen: set[str] = set()
    for _ in range(1600):
        blueprint = _blueprint(chance)
        may_find = {rule.code for rule, _ in rules_that_may_find(blueprint)}
        found = {rule.code for rule in _ABOUT_BLUEPRINTS if rule.check and any(rule.check(blueprint))}
        assert found <= may_find, blueprint
        seen |= found
    assert seen == {rule.code for rule in _ABOUT_BLUEPRINTS}


def test_clears_no_text_of_a_file_in_which_a_rule_finds_something() -> None:
    chance = random.Random(14)
    about_texts = [rule for rule in rules().values() if rule.check_written]
    seen = Sign(0)
    cases = _files_of_cases()
    for text in (*cases, *(_mutated(chance, text) for text in cases * 2)):
        document = read_document("a.yaml", text)
        every = document.texts(every=True)
        assert document.texts() == [each for each in every if each.signs]
        for each in every:
            for rule in about_texts:
                if rule.check_written and any(rule.check_written(each)):
                    assert rule.signs & each.signs, (rule.code, each)
                    seen |= rule.signs & each.signs
    assert seen == ~Sign(0)


def test_each_rule_about_blueprints_has_a_prefilter() -> None:
    without = [r.code for r in _ABOUT_BLUEPRINTS if (r.step_prefilter is None) is (r.prefilter is None)]
    assert without == []


def test_clears_prose_in_any_language_of_every_rule() -> None:
    content = "L’équipe – à Lisboa – não espera : 20 € à 30 € ? Grüße, {{firstname}}! Zażółć… 👋 Привет, 你好。 (CTO)"
    step = {"id": "one", "name": "Première relance", "type": "LINKEDIN", "linkedInType": "LINKEDIN_MESSAGE"}
    step |= {"content": content, "temporalityType": "ASAP"}
    assert rules_that_may_find(Blueprint.read({"name": "Développeur", "steps": [step]})) == ()


# As one expression, which takes fifty times as long.
_SUSPECT: Final = re.compile(
    "[{}<\u00ab\u2039\uff5b\ufe5b\u2774\u2983\u3008\u300a\u300c\u300e\u27e6\u27e8\u27ea\u276c\u276e\uff1c\u02c2\u3010\uff3b\u3014]"
    r"|\$(?:[^\W\d]|\n)|%[\w(]|\*\||#\w|&[#lL]|__|\?\?\?|TODO|TB[DC]|FIXME|XXX"
    r"|[iI][pP][sS][uU][mM]|sit amet|[iI](?:nsert|NSERT) |[nN](?:ame|AME)(?<=\w\w{4})"
    r"|(?:candidate|sourcing|recruiter)[_A-Z]"
)


def _texts_with_placeholders(chance: random.Random) -> Iterator[str]:
    """The texts of the cases of both rules, with letters that are the same where case does not count, and cut up."""
    for code in ("KAL108", "KAL310"):
        for text in _strings(yaml.safe_load((CASES / f"{code}.yaml").read_text("utf-8"))):
            yield from (text, text.upper(), text.lower(), text.title(), text.swapcase())
            yield from (text.replace("i", "\u0131"), text.replace("s", "\u017f"))
            for _ in range(3):
                start = chance.randrange(len(text) + 1)
                yield text[start : start + chance.choice([12, 60])]


def test_tells_texts_without_placeholders() -> None:
    chance = random.Random(14)
    for text in (*(_text(chance) for _ in range(1500)), *_texts_with_placeholders(chance)):
        prose = Prose.of(text)
        assert placeholders.may_hold_placeholders(prose) is bool(_SUSPECT.search(prose.text)), prose.text


def test_a_text_with_a_placeholder_has_what_its_form_needs() -> None:
    seen: set[str] = set()
    for text in _texts_with_placeholders(random.Random(14)):
        both = f"{text}\n{text.lower()}"
        for _, needs, pattern in placeholders._FORMS:
            if re.search(pattern, text):
                assert any(each in both for each in needs), (pattern, text)
                seen.add(pattern)
    # A text of NUL stands for variables, in one form.
    assert {pattern for *_, pattern in placeholders._FORMS} - seen == {r"\$(\0+)"}
