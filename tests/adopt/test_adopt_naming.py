"""Keys and file names: whatever a name holds, what comes out is safe, and is one thing on every disk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.adopt.naming import (
    MAX_KEY,
    MAX_TITLE,
    FileNames,
    key_of,
    keys_for,
    slug,
    stem_of,
    stem_of_template,
    title_of,
)
from kalentops.project.check import check_text
from kalentops.project.result import CheckOptions
from kalentops.support.text import visible
from kalentops.yamlfile.build import file_text
from kalentops.yamlfile.parse import parse
from tests.builders import blueprint
from tests.hostile import HOSTILE as HOSTILE_TEXTS

HOSTILE = (
    *(
        "..",
        "../../etc/passwd",
        "C:\\boot.ini",
        "con",
        "NUL",
        "com1",
        "lpt\u00b9",
        ".hidden",
        "-rf",
        "a. ",
        "~",
    ),
    *(
        "",
        "\0",
        "\x1b[2J",
        "a\nb",
        "\u202egnp.exe",
        "🎉🎉",
        "Ищем",
        "採用",
        "kalentops",
        "2024",
        "no",
        "null",
    ),
    *("x" * 500, "é" * 200, "ß" * 100, "\ufdfa" * 60, "\ud800", "a" * 63 + " b", "İstanbul", "1e999", "0x1f"),
)
NAMES = st.text(max_size=120) | st.sampled_from(HOSTILE)
IDS = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}", fullmatch=True)
WINDOWS = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("LinkedIn first, then e-mail", "linkedin-first-then-e-mail"),
        ("L'été à Köln", "l-ete-a-koln"),
        ("Straße / Œuvre / Łódź / Þór", "strasse-oeuvre-lodz-thor"),
        ("İSTANBUL", "istanbul"),
        ("\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48", "full-width"),
        ("🎉", "blueprint"),
        ("Ищем", "blueprint"),
        ("", "blueprint"),
        ("2024", "blueprint-2024"),
        ("no", "blueprint-no"),
        ("1e999", "blueprint-1e999"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 70, "x" * 64),
        (
            "seven words that are " + "long " * 20,
            "seven-words-that-are-long-long-long-long-long-long-long-long",
        ),
    ],
)
def test_a_key_is_made_from_the_name(name: str, key: str) -> None:
    assert key_of(name) == key


@given(NAMES)
def test_a_key_is_one_that_the_loader_takes_without_quotes(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", key_of(name))
    assert key_of(key_of(name)) == key_of(name)


@given(
    st.lists(NAMES, max_size=12), st.sets(st.sampled_from(["a", "blueprint", "blueprint-2", "etc-passwd"]))
)
def test_no_key_is_given_twice_and_the_order_of_the_list_does_not_matter(
    names: list[str], taken: set[str]
) -> None:
    by_id = {f"bp_{number:03}": name for number, name in enumerate(names)}
    keys = keys_for(by_id, taken)
    assert keys.keys() == by_id.keys()
    assert len(set(keys.values()) | taken) == len(names) + len(taken)
    assert all(len(key) <= MAX_KEY for key in keys.values())
    assert keys_for(dict(reversed(by_id.items())), taken) == keys


def test_the_first_of_several_with_one_name_gets_the_plain_key() -> None:
    names = {"c": "First", "a": "first!", "b": "First 2", "d": "FIRST"}
    assert keys_for(names, {"first-4"}) == {"a": "first", "b": "first-2", "c": "first-3", "d": "first-5"}


def test_many_of_one_long_name_stay_within_a_key() -> None:
    keys = keys_for({f"{number:05}": "x" * 80 for number in range(1500)}, ())
    assert len(set(keys.values())) == 1500
    assert max(map(len, keys.values())) == MAX_KEY
    assert keys["01499"] == "x" * 59 + "-1500"


@given(st.lists(st.tuples(NAMES, IDS), max_size=12))
def test_a_file_name_can_be_a_file_on_every_system_and_leaves_no_folder(names: list[tuple[str, str]]) -> None:
    taken = ["CON.YAML", "Blueprint.yml", "sourcing.yaml"]
    free = FileNames(taken)
    made = [free.take(stem_of(name, sourcing_id)) for name, sourcing_id in names]
    for name in made:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.yaml", name), name
        assert len(name.encode()) <= 80
        stem = name.removesuffix(".yaml")
        assert stem not in WINDOWS
        assert stem != "kalentops"
    folded = [each.casefold().rpartition(".")[0] for each in [*taken, *made]]
    assert len(set(folded)) == len(folded)


@pytest.mark.parametrize(
    ("name", "sourcing_id", "stem"),
    [
        ("Backend engineer, Paris", "sourcing_1", "backend-engineer-paris"),
        ("🎉", "sourcing_1", "sourcing-1"),
        ("", "___", "sourcing"),
        ("CON", "sourcing_1", "sourcing-con"),
        ("com\u00b9", "sourcing_1", "sourcing-com1"),
        ("kalentops", "sourcing_1", "sourcing-kalentops"),
    ],
)
def test_a_file_is_called_after_the_sourcing(name: str, sourcing_id: str, stem: str) -> None:
    assert stem_of(name, sourcing_id) == stem


def test_a_file_name_that_differs_in_case_alone_is_in_use() -> None:
    free = FileNames(["Backend.YAML", "backend-2.yml", "other"])
    assert [free.take("backend"), free.take("backend"), free.take("other"), free.take("other")] == [
        *("backend-3.yaml", "backend-4.yaml", "other-2.yaml", "other-3.yaml"),
    ]


@given(NAMES, st.integers(1, 70))
def test_a_slug_keeps_its_limit(name: str, limit: int) -> None:
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", slug(name, limit))
    assert len(slug(name, limit)) <= limit


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Senior Backend Engineer / Berlin", "Senior Backend Engineer / Berlin"),
        ("  a\n\tb\u2028c\x07 ", "a b c"),
        ("\u202egnp.exe", "gnp.exe"),
        ("Équipe 👩\u200d💻", "Équipe 👩\u200d💻"),
        ("é" * 500, "é" * 119 + "…"),
        ("x" * 118 + "👩\u200d💻" * 2, "x" * 118 + "👩…"),
        ("a\ud800b", "ab"),
        ("\u200b\n", ""),
        ("sourcing_1", ""),
    ],
)
def test_a_title_is_the_name_on_one_line(name: str, title: str) -> None:
    assert title_of(name, "sourcing_1") == title


@given(NAMES | st.sampled_from([text for _, text in HOSTILE_TEXTS]))
def test_a_title_is_read_as_it_was_written_and_has_no_finding(name: str) -> None:
    title = title_of(name, "sourcing_1")
    assert len(title) <= MAX_TITLE
    assert visible(title) == title == title.strip()
    text = file_text("sourcing_1", {"a": blueprint()}, title)
    assert parse(text).data.get("title", "") == title  # type: ignore[union-attr]
    assert not check_text(CheckOptions(Path("/")), "a.yaml", text).findings


@pytest.mark.parametrize(
    ("name", "stem"),
    [("first-contact", "first-contact"), ("con", "template-con"), ("kalentops", "template-kalentops")],
)
def test_a_file_is_called_after_the_template(name: str, stem: str) -> None:
    assert stem_of_template(name) == stem
