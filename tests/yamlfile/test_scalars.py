"""What words mean: the core schema of YAML 1.2.2, not YAML 1.1."""

from __future__ import annotations

from typing import Any

import pytest

from kalentops.yamlfile import scalars
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import BROKEN, Map, Parsed

CORE: dict[str, Any] = {
    "no": "no",
    "No": "No",
    "NO": "NO",
    "yes": "yes",
    "on": "on",
    "Off": "Off",
    "y": "y",
    "12:30:45": "12:30:45",
    "9:30": "9:30",
    "2026-11-22": "2026-11-22",
    "010": 10,
    "0o10": 8,
    "0o8": "0o8",
    "0x1F": 31,
    "0X1F": "0X1F",
    "0b11": "0b11",
    "-0x1F": "-0x1F",
    "1e3": 1000.0,
    "1E-2": 0.01,
    "1_000": "1_000",
    "1,000": "1,000",
    "~": None,
    "null": None,
    "Null": None,
    "nULL": "nULL",
    "": None,
    "true": True,
    "False": False,
    "tRUE": "tRUE",
    ".5": 0.5,
    "5.": 5.0,
    ".": ".",
    "+1": 1,
    "-0": 0,
    "+": "+",
    "-.5e+1": -5.0,
    "1.2.3": "1.2.3",
    "١٢": "١٢",
    "1e": "1e",
    "=": "=",
    "<<": "<<",
    ".info": ".info",
    "9" * 64: int("9" * 64),
}
REFUSED = [
    ".inf",
    "-.INF",
    "+.Inf",
    ".nan",
    ".NaN",
    "1e999",
    "-1e999",
    "9" * 65,
    "0x" + "f" * 70,
    "-" + "1" * 5000,
]


@pytest.mark.parametrize(("written", "meant"), CORE.items(), ids=lambda part: repr(part)[:20])
def test_plain_words(written: str, meant: Any) -> None:
    parsed = parse(f"x: {written}\n")
    assert parsed.faults == []
    assert isinstance(parsed.data, dict)
    assert parsed.data["x"] == meant
    assert type(parsed.data["x"]) is type(meant)


@pytest.mark.parametrize("written", REFUSED, ids=lambda text: text[:12])
def test_numbers_that_json_can_not_carry(written: str) -> None:
    parsed = parse(f"x: {written}\n")
    assert [(f.code, f.line, f.column) for f in parsed.faults] == [("KAL012", 1, 4)]
    assert parsed.data == {"x": BROKEN}


@pytest.mark.parametrize("written", [*CORE, *REFUSED], ids=lambda text: text[:20] or "empty")
def test_what_is_quoted_is_text(written: str) -> None:
    for source in (f"x: '{written}'", f'x: "{written}"', f"x: !!str {written}" if written else "x: !!str ''"):
        parsed = parse(source + "\n")
        assert (parsed.data, parsed.faults) == ({"x": written}, [])


OTHERS = [
    "'text'",
    "|\n  text",
    "x" * 300,
    "&a 5",
    "! 5",
    "! 'x'",
    "!!str 5",
    "!x 5",
    "*a",
    "{name: 5}",
    "[5]",
    "{{x}}",
]


@pytest.mark.parametrize("written", [*CORE, *REFUSED, *OTHERS], ids=lambda text: text[:12] or "empty")
def test_the_short_way_of_known_fields_gives_what_the_long_one_gives(written: str) -> None:
    known, other = (parse(f"z: &a 1\n{key}: {written}\n{key}: 2\n{key}: 3") for key in ("name", "eman"))
    assert _seen(known, "name") == _seen(other, "eman")


def _seen(parsed: Parsed, key: str) -> Any:
    faults = [(each.code, each.line, each.column, each.message.replace(key, "KEY")) for each in parsed.faults]
    if not isinstance(parsed.data, Map):
        return faults, parsed.data
    places = [(each.start_mark.index, each.end_mark.index) for each in parsed.data.marks[key]]
    return faults, repr(parsed.data[key]), parsed.data.size, parsed.data.height, places


def test_words_and_numbers_that_are_looked_up_are_what_they_mean() -> None:
    for written, meant in scalars.FREQUENT.items():
        assert (scalars.plain(written), type(scalars.plain(written))) == (meant, type(meant))
    looked_at = [each for each in (*CORE, *scalars.WORDS) if each >= scalars.AFTER_NUMBERS]
    assert [each for each in looked_at if scalars.plain(each) != each and each not in scalars.WORDS] == []
