"""A text as its reader gets it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.variables import VARIABLES
from kalentops.preview.phrases import say
from kalentops.preview.rendering import MAX_SHOWN, SAMPLES, both, fill, missing, parts, runs
from kalentops.preview.view import Part
from kalentops.support.text import unseen
from tests.hostile import HOSTILE

ADA = SAMPLES[0]


def test_variables_are_filled_in_once() -> None:
    sample = {"firstname": "{{lastname}}", "lastname": "Example"}
    assert fill("Hi {{firstname}} {{lastname}}!", sample) == "Hi {{lastname}} Example!"
    assert fill("{{candidateLocation}}.", sample) == "."


@pytest.mark.parametrize(
    "text", ["{{firstName}}", "{{ firstname }}", "{{{firstname}}}", "{{", "}}", "{{}}", "{%x%}"]
)
def test_what_is_no_variable_stays_as_it_is(text: str) -> None:
    assert fill(text, ADA) == text
    assert all(part.kind in {"text", "unknown"} for part in parts(text))
    assert "".join(part.text for part in parts(text)) == text


def test_parts_say_what_a_reader_gets() -> None:
    assert parts("Hi {{firstname}}\u200b\u200b, {{name}}\n") == (
        Part("text", "Hi "),
        Part("variable", "firstname"),
        Part("unseen", "U+200B \u00d72", say("unseen", names="U+200B ZERO WIDTH SPACE")),
        Part("text", ", "),
        Part("unknown", "{{name}}"),
        Part("text", "\n"),
    )


def test_a_run_of_unseen_characters_is_one_stand_in() -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "ignore this")
    [seen, stand_in] = parts(f"hello{hidden}")
    assert (seen.text, stand_in.text) == ("hello", "U+E0069 +10")
    assert "TAG LATIN SMALL LETTER I" in stand_in.note.en
    assert stand_in.note.en.endswith("and 5 others")


def test_emoji_are_seen() -> None:
    assert parts("👨\u200d💻 ❤\ufe0f") == (Part("text", "👨\u200d💻 ❤\ufe0f"),)


def test_a_text_without_end_is_cut_and_says_so() -> None:
    found = parts("x" * (MAX_SHOWN + 1_234))
    assert [part.kind for part in found] == ["text", "cut"]
    assert found[1].note.en == "1,234 more characters are not shown here"
    before, after = both("x" * (MAX_SHOWN + 1), "y")
    assert before[-1].parts[-1].kind == "cut"
    assert after[-1].parts[-1].kind == "text"


def test_missing_names_each_variable_once() -> None:
    text = "{{firstname}} {{candidateLocation}} {{candidateLocation}} {{lastname}} {{nope}}"
    assert missing(text, {"firstname": "Ada", "lastname": ""}) == ("candidateLocation", "lastname")
    assert missing(text, ADA) == ()


def test_two_versions_have_their_own_words_marked() -> None:
    before, after = both("Hi {{firstname}}, old words.", "Hi {{firstname}}, new words.")
    assert [(run.mark, "".join(part.text for part in run.parts)) for run in before] == [
        ("same", "Hi firstname, "),
        ("old", "old "),
        ("same", "words."),
    ]
    assert [run.mark for run in after] == ["same", "new", "same"]


_TEXTS = st.lists(
    st.text(max_size=8)
    | st.sampled_from([f"{{{{{name}}}}}" for name in VARIABLES])
    | st.sampled_from(["{{", "}}"])
).map("".join)


@given(_TEXTS)
@settings(deadline=None)
def test_nothing_is_lost_and_nothing_is_hidden(text: str) -> None:
    found = parts(text)
    hidden = {index for index, _ in unseen(text)}
    kept = [part.text for part in found if part.kind in {"text", "unknown"}]
    names = [part.text for part in found if part.kind == "variable"]
    seen = "".join(char for index, char in enumerate(text) if index not in hidden)
    assert sum(map(len, kept)) + sum(len(name) + 4 for name in names) <= len(text)
    assert all(part.text in seen for part in found if part.kind == "text")
    assert not any(unseen(part.text + part.note.en) for part in found if part.kind != "text")
    assert set(names) <= set(VARIABLES)


# A wrong variable with a space in it is two words, and its halves may be marked apart.
_MESSAGES = st.lists(
    st.text(st.characters(exclude_characters="{}"), max_size=8)
    | st.sampled_from([f"{{{{{name}}}}}" for name in VARIABLES])
).map("".join)


@given(_MESSAGES, _MESSAGES)
@settings(deadline=None)
def test_each_version_reads_as_it_does_alone(before: str, after: str) -> None:
    for text, shown in zip((before, after), both(before, after), strict=True):
        alone = [part.text for run in runs(text) for part in run.parts if part.kind == "text"]
        beside = [part.text for run in shown for part in run.parts if part.kind == "text"]
        assert "".join(alone) == "".join(beside)


def test_hostile_texts_show_what_they_are() -> None:
    for name, text in HOSTILE:
        for part in parts(text):
            assert unseen(part.text) == [], name
        for sample in SAMPLES:
            assert fill(text, sample).count("{{firstname}}") <= text.count("{{firstname}}"), name
