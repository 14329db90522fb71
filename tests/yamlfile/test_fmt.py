"""One layout, and whatever a file says stays what it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kalentops.support.text import line_end_of
from kalentops.yamlfile import build, fmt
from kalentops.yamlfile.fmt import format_text
from kalentops.yamlfile.parse import parse, tokens
from kalentops.yamlfile.tree import read
from tests.site.blocks import texts_of
from tests.sizes import examples
from tests.yamlfile.messy import EVERYTHING, EXAMPLES, JSON, LISTS, TEMPLATE, USE, messy
from tests.yamlfile.texts import texts, wild_documents, wild_files

ROOT = Path(__file__).parents[2]
_HEADER = re.compile(r"([|>])[-+0-9]{0,2}[ \t]*(?=#|\r|\n|$)")
_NOISE = st.sampled_from(
    [
        *"{}[]:-?&*!|>'\"%@#,\t\n ",
        *(
            "\n  ",
            "\n    ",
            "a: ",
            "b:",
            "- ",
            "? ",
            ": ",
            "k",
            "x y",
            "&a ",
            "*a ",
            "!!str ",
            " # c",
            "# d\n",
        ),
        *(
            "|\n",
            "|-\n",
            ">\n",
            "|+\n",
            "|2\n",
            "'q'",
            '"w"',
            "\r\n",
            "1",
            "~",
            "%YAML 1.2\n",
            "\\\n",
            "<<: *a\n",
            "\n\n",
        ),
    ]
)


def laid_out(text: str) -> str:
    done = format_text("f.yaml", text)
    assert (done.findings, done.problem) == ([], "")
    return done.after


def order(data: Any) -> Any:
    """Data with the order of its keys, and with the types of its values."""
    if isinstance(data, dict):
        return [(key, order(value)) for key, value in data.items()]
    return [order(each) for each in data] if isinstance(data, list) else (type(data), data)


def ink(text: str) -> str:
    """All that is no blank, but commas, which may be dropped at an end or moved before a comment, and the indicators
    of blocks, which may need others.
    """
    return re.sub(r"[\s,\ufeff]", "", _HEADER.sub(r"\1", text))


def between(text: str) -> list[str]:
    """What stands between the tokens of a text."""
    found, end = [], 0
    for token in tokens(text):
        if token.end_mark.index > token.start_mark.index:
            found.append(text[end : token.start_mark.index])
            end = token.end_mark.index
    return [*found, text[end:]]


def check(text: str) -> None:
    """Everything that has to hold for a text that can be read, without what `fmt` itself looks at."""
    after = laid_out(text)
    if "\r" in after:
        assert line_end_of(text) == "\r\n"
        assert after.count("\r") == after.count("\n") == after.count("\r\n")
        after = after.replace("\r\n", "\n")
    assert order(parse(after).data) == order(parse(text.lstrip("\ufeff")).data)
    assert ink(after) == ink(text)
    assert re.findall(r"# c\d+", after) == re.findall(r"# c\d+", text)
    assert not re.search("\r|\ufeff", after)
    assert after.endswith("\n")
    assert laid_out(after) == after
    for gap in between(after):
        assert not re.search(r"[ \t]\n|\n\n\n", gap), repr(gap)
        assert all(len(blanks) % 2 == 0 for blanks in re.findall(r"\n( +)$", gap)), repr(gap)


@given(messy())
@settings(max_examples=examples(60), deadline=None)
def test_whatever_the_mess_the_file_says_the_same(text: str) -> None:
    assume(not parse(text.lstrip("\ufeff")).faults)
    check(text)


@given(st.lists(_NOISE, max_size=20).map("".join))
@settings(max_examples=examples(500), deadline=None)
def test_any_yaml_like_text_is_laid_out_or_left_alone(text: str) -> None:
    done = format_text("f.yaml", text)
    if done.findings or done.problem:
        assert done.after == done.before == text
    else:
        assert order(parse(done.after).data) == order(parse(text).data)
        assert laid_out(done.after) == done.after


@given(st.text(max_size=60))
@settings(max_examples=examples(200), deadline=None)
def test_any_text_is_laid_out_or_left_alone(text: str) -> None:
    done = format_text("f.yaml", text)
    assert done.after == text or not done.findings


@given(texts(), wild_files())
@settings(max_examples=examples(150), deadline=None)
def test_what_is_rendered_is_laid_out_already(sourcing_id: str, by_key: dict[str, Any]) -> None:
    text = build.file_text(sourcing_id, by_key)
    assert laid_out(text) == text


@given(wild_documents())
@settings(max_examples=examples(150), deadline=None)
def test_a_file_of_any_kind_that_is_rendered_is_laid_out_already(data: dict[str, Any]) -> None:
    text = build.document_text(data)
    assert laid_out(text) == text


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.partition("\n")[0][2:40])
def test_the_own_blueprints_are_laid_out(text: str) -> None:
    assert laid_out(text) == text


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "docs/tutorial/first-position.md",
        "docs/how-to/write-blueprints.md",
        "docs/how-to/share-a-sequence.md",
        "docs/how-to/positions.md",
        "docs/reference/layout.md",
    ],
)
def test_the_examples_in_the_documents_are_laid_out(document: str) -> None:
    blocks = texts_of((ROOT / document).read_text(encoding="utf-8"), "yaml")
    files = [each for each in blocks if re.search("^(sourcingId|template|snippets):", each, re.MULTILINE)]
    assert files
    for block in files:
        assert laid_out(block) == block


@pytest.mark.parametrize("text", [EVERYTHING, TEMPLATE, USE, JSON, LISTS])
def test_all_that_yaml_has_comes_through(text: str) -> None:
    check(text)


CASES = {
    "indentation": (
        "a:\n    b:\n    - c: 1\n      d:\n           - e\n    f: [ 1,2 ]\n",
        "a:\n  b:\n    - c: 1\n      d:\n        - e\n  f: [1, 2]\n",
    ),
    "blanks": ("\n\na :   1   \n\n\n\nb:\t2\n \n", "a: 1\n\nb: 2\n"),
    "nested lists": ("- - a\n  -\n    b: c\n-\n  - d\n", "- - a\n  - b: c\n- - d\n"),
    "a value on the next line": ("a:\n  b\nc:\n  'd'\ne:\n  {f: g}\n", "a: b\nc: 'd'\ne: {f: g}\n"),
    "a comment above each level": (
        "a:\n   b:\n     - c: 1\n       # at c\n     # at the list\n   # at b\n  # at the top\n",
        "a:\n  b:\n    - c: 1\n      # at c\n    # at the list\n  # at b\n# at the top\n",
    ),
    "a comment below a list that is not indented": (
        "a:\n  b:\n  - c\n  # at the list\nd:\n- e\n# at f\nf: 1\n",
        "a:\n  b:\n    - c\n    # at the list\nd:\n  - e\n# at f\nf: 1\n",
    ),
    "a comment goes with what follows": (
        "a:\n# for b\n  b: 1\n      # for c\n  c: 2\nd:\n- 1\n# for e\ne: 3\n",
        "a:\n  # for b\n  b: 1\n  # for c\n  c: 2\nd:\n  - 1\n# for e\ne: 3\n",
    ),
    "a comment where a value could be": ("a:\n    # nothing yet\nb: 1\n", "a:\n  # nothing yet\nb: 1\n"),
    "comments at the end of lines": (
        "a: # of a\n- # of the item\n   b: 1# no comment\n   c: 'x'    # of c\n",
        "a:  # of a\n  -  # of the item\n    b: 1# no comment\n    c: 'x'  # of c\n",
    ),
    "comments below each other stay so": (
        "a: 1          # one\nbb: 2         # two\n              # three\nc: 3 # four\n",
        "a: 1   # one\nbb: 2  # two\n       # three\nc: 3  # four\n",
    ),
    "comments between key, anchor and value": (
        "a: &x # 1\n   # 2\n   b: c\nd:  # 3\n  # 4\n  *x\n",
        "a: &x  # 1\n  # 2\n  b: c\nd:  # 3\n  # 4\n  *x\n",
    ),
    "a block and what follows it": (
        "a:\n  b: |-   # of the block\n       x  \n\n        y\n\n\n\n  # of a\n# of c\nc: |\n z\n\n\n",
        "a:\n  b: |-  # of the block\n    x  \n\n     y\n\n  # of a\n# of c\nc: |\n  z\n",
    ),
    "a block that keeps its blank lines": (
        "a: |+\n    x\n\n\nb: >+\n x\n\n\n\n",
        "a: |+\n  x\n\n\nb: >+\n  x\n\n\n\n",
    ),
    "a block that keeps them, then comments": (
        "a: |+\n x\n\n\n# c\n\n\nb: 1\n",
        "a: |+\n  x\n\n\n# c\n\nb: 1\n",
    ),
    "figures of a block": (
        "a:\n    b: |4-\n            x\n          y\n",
        "a:\n  b: |2-\n        x\n      y\n",
    ),
    "a figure that is not needed": ("a: |1\n x\n  y\n", "a: |\n  x\n   y\n"),
    "blank lines before a block's text": ("a: |-\n\n\n   x\n", "a: |-\n\n\n  x\n"),
    "tabs in a block": ("a: |1-\n \tx\t\n", "a: |2-\n  \tx\t\n"),
    "blanks alone in a block": ("a: |1-\n x\n    \n", "a: |-\n  x\n     \n"),
    "no line feed at the end": ("a: 1", "a: 1\n"),
    "no line feed at the end of a block": ("a: |\n  x", "a: |-\n  x\n"),
    "no line feed at the end of a block that keeps": ("a: >+\n  x", "a: >-\n  x\n"),
    "only blanks behind a block": ("a: |+\n  x\n ", "a: |+\n  x\n"),
    "empty blocks": ("a: |\n\n\nb: |-\nc: >+\n\n\nd: |+", "a: |\n\nb: |-\nc: >+\n\n\nd: |+\n"),
    "lines of a plain text": ("a: b\n      c\n\n\n      d  # e\n", "a: b\n  c\n\n\n  d  # e\n"),
    "lines of quoted texts": (
        "a: 'b   \n     c'\nd: \"e\\ \n   f \\\n   \\ g\\\n\n\"\n",
        "a: 'b\n  c'\nd: \"e\\ \n  f \\\n  \\ g\\\n\n  \"\n",
    ),
    "quotes stay": ("a: 'b'\n\"c\": d\n'e': \"\\u0066\"\n", "a: 'b'\n\"c\": d\n'e': \"\\u0066\"\n"),
    "words stay": (
        "a: no\nb: ~\nc: null\nd:\ne: 0x1F\nf: 010\n",
        "a: no\nb: ~\nc: null\nd:\ne: 0x1F\nf: 010\n",
    ),
    "flow on several lines": ("a: {b: 1,\n   c: [\n  2,3 ],}\n", "a: {b: 1, c: [2, 3]}\n"),
    "comments in flow": (
        "a: { # 1\n b: 1 # 2\n , # 3\n c: # 4\n 2, d: [ 3, 4 ] # 5\n # 6\n}\n",
        "a:\n  {  # 1\n    b: 1,  # 2\n    # 3\n    c:  # 4\n      2,\n    d: [3, 4]  # 5\n    # 6\n  }\n",
    ),
    "flow that is too long": (
        f"a:\n- {{b: {'x' * 60}, c: {'y' * 40}}}\n- {{b: {'x' * 40}}}\n",
        f"a:\n  - {{\n      b: {'x' * 60},\n      c: {'y' * 40}\n    }}\n  - {{b: {'x' * 40}}}\n",
    ),
    "flow that fits on the next line": (f"{'k' * 50}: [{'x' * 60}]\n", f"{'k' * 50}:\n  [{'x' * 60}]\n"),
    "odd things in flow": (
        "a: {? b : c, d, e: , *f : 1, g: !!str , h: [i: j]}\nk: &f x\n".replace("*f", "'f'"),
        "a: {? b: c, d, e: , 'f': 1, g: !!str , h: [i: j]}\nk: &f x\n",
    ),
    "aliases": (
        "a: &x  {b: 1}\nc:\n  <<:   *x\n  *y : 1\n".replace("  *y : 1\n", ""),
        "a: &x {b: 1}\nc:\n  <<: *x\n",
    ),
    "an alias as a key": ("a: &x b\n*x   : 1\n", "a: &x b\n*x : 1\n"),
    "keys with a question mark": (
        "?   a # c\n:   b\n? c\n: - d\n  - e\n",
        "? a  # c\n: b\n? c\n:\n  - d\n  - e\n",
    ),
    "markers": (
        "%YAML 1.2  # v\n---   # d\n\n\na: 1\n...\n\n# end\n",
        "%YAML 1.2  # v\n---  # d\n\na: 1\n...\n\n# end\n",
    ),
    "two ends": ("a: 1\n...\n# c\n...\n", "a: 1\n...\n# c\n...\n"),
    "nothing": ("--- # a\n # b\n...\n", "---  # a\n# b\n...\n"),
    "a value beside the marker": ("--- {a: 1}\n", "---\n{a: 1}\n"),
    "line ends of Windows": (
        "a: |\r\n  x\r\n\r\n  y\r\nb: 1 # c\r\n",
        "a: |\r\n  x\r\n\r\n  y\r\nb: 1  # c\r\n",
    ),
    "most line ends of Windows": ("a: 1\r\nb: 2\nc: 3\r\n", "a: 1\r\nb: 2\r\nc: 3\r\n"),
    "some line ends of Windows": ("a: 1\nb: 2\r\nc: 3\n", "a: 1\nb: 2\nc: 3\n"),
    "as many of both": ("a: 1\r\nb: 2\n", "a: 1\nb: 2\n"),
    "line ends of old": ("a: 'x\r\r y'\rb: 2\r", "a: 'x\n\n  y'\nb: 2\n"),
    "a byte order mark": ("\ufeffa: 1\n", "a: 1\n"),
    "a comment right behind a quote": ("a: 'x'# c\nb: 'y'#", "a: 'x'  # c\nb: 'y'  #\n"),
    "emoji": ("👋:   '👩‍💻  # no'   # 👋\n", "👋: '👩‍💻  # no'  # 👋\n"),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_the_layout(before: str, after: str) -> None:
    assert laid_out(before) == after
    check(before)


BEFORE = "# c\na: 'x'\nb: [1, 2]\nc: |-\n  text  \nd: &e 1\nf: *e\n"


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (BEFORE.replace("'x'", "'x '"), "other data"),
        (BEFORE.replace("text  ", "text"), "other data"),
        (BEFORE.replace("[1, 2]", "[1, 2.0]"), "other data"),
        (BEFORE.replace("[1, 2]", "[1, true]"), "other data"),
        ("b: [1, 2]\n" + BEFORE.replace("b: [1, 2]\n", ""), "other data"),
        (BEFORE.replace("'x'", '"x"'), "in another way"),
        (BEFORE.replace("'x'", "x"), "in another way"),
        (BEFORE.replace("|-", ">-"), "in another way"),
        (BEFORE.replace("*e", "1"), "in another way"),
        (BEFORE.replace("[1, 2]", "\n  - 1\n  - 2"), "in another way"),
        (BEFORE.replace("# c\n", ""), "comments"),
        (BEFORE.replace("# c", "#  c"), "comments"),
        (BEFORE.replace("[1", "[ 1"), "twice"),
        (BEFORE.replace("'x'", "'x"), "could not be read"),
    ],
)
def test_what_must_not_happen_would_be_seen(after: str, said: str) -> None:
    data = parse(BEFORE).data
    assert fmt._difference(data, read(BEFORE), BEFORE) == ""
    assert said in fmt._difference(data, read(BEFORE), after)


@pytest.mark.parametrize("text", ["  --- a: 1\n", "  ...\n", "[ # c\n-]\n", "a: 1\n\ufeff# c\n"])
def test_what_can_not_be_laid_out_safely_is_left_as_it_is(text: str) -> None:
    done = format_text("f.yaml", text)
    assert done.problem
    assert not done.changed
