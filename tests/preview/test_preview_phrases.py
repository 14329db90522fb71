"""The words of the page in both languages."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from kalentops.preview.html import render
from kalentops.preview.phrases import LANGUAGES, joined, plain, say, span, table
from tests.builders import blueprint
from tests.harness import Project
from tests.preview.pages import page_of

PREVIEW = Path(str(files("kalentops.preview")))
TEMPLATES = sorted((PREVIEW / "templates").glob("*.j2"))
# Keys that are put together: `kind_` and the API's own word, …
PREFIXES = ("kind_", "without_", "field_", "value_", "sequence_", "message_", "count_")


def forms(of: str | list[str]) -> list[str]:
    return of if isinstance(of, list) else [of]


def test_each_key_has_words_in_each_language_with_the_same_gaps() -> None:
    for key, words in table().items():
        assert set(words) == set(LANGUAGES), key
        gaps = {
            frozenset(name for _, name, _, _ in Formatter().parse(form) if name)
            for of in words.values()
            for form in forms(of)
        }
        assert len(gaps) == 1, key
        assert all(
            form.strip() == form or key == "subject_" for of in words.values() for form in forms(of)
        ), key
        assert all(len(of) == 2 and "{n}" in of[0] for of in words.values() if isinstance(of, list)), key


def test_each_key_is_used_and_each_used_key_is_there() -> None:
    sources = [*PREVIEW.glob("*.py"), *TEMPLATES]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for key in table():
        assert f'"{key}"' in code or key.startswith(PREFIXES) or key in {"error", "warning"}, key
    used = set(re.findall(r'\b(?:say|w|words\.text|words\.number)\("([a-zA-Z_.]+)"[,)]', code))
    used |= set(re.findall(r'attribute\("[a-z-]+", "([a-zA-Z_.]+)"\)', code))
    assert used - set(table()) == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_words_of_its_own(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    assert re.findall(r'\b(?:title|placeholder|aria-label|alt|label)="[^"]*\w', bare) == []
    words = re.sub(r"<[^>]*>", " ", bare)
    assert re.findall(r"[^\W\d_]{2,}", words) == []


def test_no_script_holds_words_of_its_own() -> None:
    script = (PREVIEW / "script.js").read_text(encoding="utf-8")
    code = re.sub(r"//.*", "", script)
    assert re.findall(r"""["'`][A-Za-z]*[a-z] [a-z]+|textContent = ["'`]""", code) == ['"use strict']


def test_numbers_and_plurals_follow_the_language() -> None:
    assert [(said.en, said.fr) for said in (say("day", n=number) for number in (0, 1, 2, 1234))] == [
        ("0 days", "0 jour"),
        ("1 day", "1 jour"),
        ("2 days", "2 jours"),
        ("1,234 days", "1\u202f234 jours"),
    ]
    assert span(93_600).fr == "1 jour 2 heures"
    assert say("on_day", day=1500).fr == "Jour 1\u202f500"


def test_what_fills_a_gap_is_filled_in_once() -> None:
    said = say("wait_later", span=plain("{n} {0} {{firstname}}"))
    assert said.en == "{n} {0} {{firstname}} later"
    assert joined([], ", ").en == ""


def test_a_page_begins_in_the_language_that_is_asked_for(bare: Project) -> None:
    bare.write("sourcing_a", {"one": blueprint("One", steps=2)})
    page = page_of(bare)
    french, english = render(page, language="fr").decode(), render(page).decode()
    assert (
        french.splitlines()[1].strip() == '<html lang="fr" data-language="fr">'
        or '<html lang="fr" data-language="fr">' in french
    )
    assert ">Jour 1</span>" in french
    assert 'placeholder="Chercher un mot"' in french
    assert '<html lang="en">' in english
    assert ">Day 1</span>" in english
    assert 'class="text" lang=""' in english
