"""What looks alike and is not: which characters tell it apart, wherever two values stand side by side."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.diff import FieldChange
from kalentops.cli.main import run
from kalentops.lint.finding import Finding
from kalentops.output import markdown_sequences, text_plan
from kalentops.output.terminal import plain
from kalentops.preview.rendering import both
from kalentops.preview.steps import changes_of
from kalentops.project.check import check_text
from kalentops.project.result import CheckOptions
from kalentops.support.text import nearest, same_name, skeleton
from kalentops.support.text_diff import (
    compare,
    did_you_mean,
    hidden_difference,
    lookalike_note,
    reveal,
    side_by_side,
)
from tests.builders import body
from tests.output.rich_example import PITCH

ALIKE = {
    "no-break space": ("Hi you", "Hi\u00a0you", "U+00A0 NO-BREAK SPACE instead of U+0020 SPACE"),
    "thin space": ("Hi you", "Hi\u2009you", "U+2009 THIN SPACE"),
    "NFD": ("Caf\u00e9", "Cafe\u0301", "U+0301 COMBINING ACUTE ACCENT instead of U+00E9"),
    "Cyrillic": ("Paris", "\u0420aris", "U+0420 CYRILLIC CAPITAL LETTER ER instead of U+0050"),
    "Greek": ("Oslo", "\u039fslo", "U+039F GREEK CAPITAL LETTER OMICRON instead of U+004F"),
    "Georgian, which no table has": ("Anna", "Ann\u10d0", "U+10D0 GEORGIAN LETTER AN instead of U+0061"),
    "full width": ("A1", "\uff211", "U+FF21 FULLWIDTH LATIN CAPITAL LETTER A"),
    "zero width": ("word", "wo\u200brd", "U+200B ZERO WIDTH SPACE added"),
    "soft hyphen gone": ("wo\u00adrd", "word", "U+00AD SOFT HYPHEN removed"),
    "variation selector": ("\u2764", "\u2764\ufe0f", "U+FE0F VARIATION SELECTOR-16 added"),
    "dash": ("a - b", "a \u2013 b", "U+2013 EN DASH instead of U+002D HYPHEN-MINUS"),
    "quote": ("it's", "it\u2019s", "U+2019 RIGHT SINGLE QUOTATION MARK instead of U+0027"),
    "tab": ("a b", "a\tb", "U+0009 TAB instead of U+0020 SPACE"),
    "trailing spaces": ("word", "word  ", "2 times U+0020 SPACE added"),
    "carriage return": ("a\nb", "a\r\nb", "U+000D CARRIAGE RETURN added"),
    "ASCII alone": ("Il", "ll", "U+006C LATIN SMALL LETTER L instead of U+0049"),
    "long": ("\u00e9" * 400, "e\u0301" * 400, "U+0301 COMBINING ACUTE ACCENT added"),
}


@pytest.mark.parametrize(("old", "new", "said"), ALIKE.values(), ids=ALIKE)
def test_what_tells_them_apart_is_named_in_every_report(old: str, new: str, said: str) -> None:
    found = hidden_difference(old, new)
    assert found is not None
    assert said in found.said
    before, after = (body("A", PITCH | {"content": f"Well: {text} and so on"}) for text in (old, new))
    assert said in "\n".join(plain(each) for each in text_plan.changed(before, after, ""))
    shown = markdown_sequences.changed(before, after).full.replace("`", "")
    assert said in shown
    assert said in markdown_sequences.brief(before, after).replace(
        "`", ""
    ) or "rewritten" in markdown_sequences.brief(before, after)
    sides = both(f"x {old} y", f"x {new} y")
    assert any(part.kind == "unseen" for side in sides for run in side for part in run.parts) or old == "Il"
    one, other, note = side_by_side(old, new, 80)
    assert (one != other, said in note) == (True, True) or len(old) > 80
    (change,) = changes_of(FieldChange("changed", "s", "name", old, new))
    assert said in change.apart


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "new"),
        ("Hello", "Hallo"),
        ("\u041f\u0440\u0438\u0432\u0435\u0442", "Hello!"),  # Russian for hello, and as long
        ("cafe", "caf\u00e9"),
        ("a b", "ab"),
        ("one\ntwo", "one two"),
        ("same", "same"),
        ("Team B", "Team 2"),
        ("3 \u20ac", "3 k"),
        ("10 km", "10 \u20acm"),
        ("a \u6771", "a b"),
        ('"Data"', "\u00abData\u00bb"),
    ],
)
def test_what_a_reader_sees_is_not_explained(old: str, new: str) -> None:
    assert hidden_difference(old, new) is None


def test_a_word_that_both_texts_have_is_not_explained() -> None:
    old = "L\u2019\u00e9quipe \u00ab Data \u00bb : 50 % \u201c sur place \u201d"
    before, after = (body("A", PITCH | {"content": each}) for each in (old, old.replace("50", "60")))
    shown = markdown_sequences.changed(before, after).full
    assert ("alike" in shown, "\\u{" in shown) == (False, False)


@given(st.text(max_size=30))
def test_a_skeleton_is_its_own_and_that_of_each_normal_form(text: str) -> None:
    assert skeleton(unicodedata.normalize("NFD", text)) == skeleton(unicodedata.normalize("NFC", text))


def test_a_word_that_looks_alike_is_found_among_others_that_really_changed() -> None:
    pieces, said = reveal(compare("meet in Paris soon", "come to \u0420aris now"))
    assert said == "U+0420 CYRILLIC CAPITAL LETTER ER instead of U+0050 LATIN CAPITAL LETTER P"
    assert "\\u{420}aris" in "".join(text for _, text in pieces)


def test_long_values_are_cut_where_they_differ() -> None:
    one, other, said = side_by_side("x" * 500 + "a", "x" * 500 + "b", 60)
    assert (one[-1], other[-1], one[0], said) == ("a", "b", "…", "")
    assert max(len(one), len(other)) <= 60


@pytest.mark.parametrize(
    ("old", "new"),
    [(1, "1"), (True, "yes"), (None, "none"), ("e-mail", "EMAIL"), ([1], "[1]"), (None, "null")],
)
def test_values_of_two_kinds_are_told_apart(old: Any, new: Any) -> None:
    before, after = (
        body("A", PITCH, config={"x": each} if each is not None else {"y": 1}) for each in (old, new)
    )
    shown = [plain(each) for each in text_plan.changed(before, after, "")]
    assert all(
        each.partition(" → ")[0].rpartition(" ")[2] != each.partition(" → ")[2]
        for each in shown
        if "→" in each
    )
    assert any("→" in each for each in shown)


def test_steps_whose_ids_look_alike() -> None:
    before, after = (body("A", PITCH | {"id": each}) for each in ("mail", "m\u0430il"))
    shown = "\n".join(plain(each) for each in text_plan.changed(before, after, ""))
    assert "U+0430 CYRILLIC SMALL LETTER A instead of U+0061" in shown


FILE = """\
sourcingId: s_1
blueprints:
  one:
    name: One
    steps:
      - {id: a, name: A, type: EMAIL, subject: S, temporalityType: ASAP,
         policy: {skipStepIfNoContact: true}, content: Hi}
"""


def _hints(text: str) -> list[Finding]:
    return check_text(CheckOptions(Path()), "f.yaml", text).findings


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "Hi}",
            '"Hi {{f\u0456rstname}}"}',
            "U+0456 CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I instead of U+0069",
        ),
        ("EMAIL", "EM\u0410IL", "U+0410 CYRILLIC CAPITAL LETTER A instead of U+0041"),
        ("EMAIL", "EMAIL\u00a0", "an extra U+00A0 NO-BREAK SPACE"),
        ("subject:", "sub\u0458ect:", "U+0458 CYRILLIC SMALL LETTER JE instead of U+006A"),
        ("skipStepIfNoContact", "skipStepIfNo\u0421ontact", "U+0421 CYRILLIC CAPITAL LETTER ES"),
        ("  one:", "  \u043ene:", "here stands U+043E CYRILLIC SMALL LETTER O"),
    ],
)
def test_a_message_with_two_words_that_look_alike_names_the_character(
    right: str, wrong: str, said: str
) -> None:
    found = _hints(FILE.replace(right, wrong))
    assert any(said in each.hint for each in found), found


def test_what_is_meant_is_found_whatever_the_letters_are() -> None:
    assert nearest("\u0455\u0443\u0440\u0435", ["type", "sype", "kind"]) == "sype"  # all of it Cyrillic
    assert did_you_mean("frist", "first") == "did you mean `first`?"
    assert lookalike_note("first-contact") == ""


@pytest.mark.parametrize(
    "args",
    [
        ["pl\u0430n"],
        ["validate", "\u2014online"],
        ["validate", "--form\u0430t", "text"],
        ["rule", "\u041aAL101x"],
    ],
)
def test_the_command_line_too(args: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(args) == 1
    assert "holds U+" in capfd.readouterr().err


def test_marks_are_sorted_in_short_runs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    longest, real = 0, unicodedata.normalize

    def normalize(form: Any, text: str) -> str:
        nonlocal longest
        marks = "".join("x" if unicodedata.combining(char) else " " for char in text)
        longest = max(longest, *map(len, marks.split(" ")))
        return real(form, text)

    monkeypatch.setattr(unicodedata, "normalize", normalize)
    marks = "a" + "\u0301\u0316" * 5000
    for text in (marks, f"{marks}\U0001d165{marks}", "\u05b0" * 2000 + marks):
        skeleton(text)
        same_name(text)
    assert 0 < longest < 100
    assert skeleton("e\u0301 \u1100\u1161") == "\u00e9 \uac00"
