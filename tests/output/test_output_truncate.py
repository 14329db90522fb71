"""A report that is too long loses whole blocks, and says how many."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.blueprint.body import Address
from kalentops.github.comment import CommentTarget, compose, fold
from kalentops.output import markdown
from kalentops.output.folded import MOST
from kalentops.output.markdown_blocks import COMMENT, Block, LazyBlocks, Section, fit, utf8_bytes, utf16_units
from kalentops.plan.build import Action, Change, Plan
from tests.builders import body, form, saying
from tests.output import judges
from tests.output.rich_example import PITCH, PLAN

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
_BLOCKS = st.lists(
    st.builds(Block, _TEXTS.map("F{}".format), st.just("") | _TEXTS.map("B{}".format)), max_size=8
)
_SECTIONS = st.lists(
    st.builds(
        Section,
        _BLOCKS,
        st.just("block"),
        st.just("blocks"),
        head=st.sampled_from(["", "head\n"]),
        tail=st.sampled_from(["", "\ntail"]),
        texts=st.just("the texts of {}"),
        share=st.sampled_from([0.5, 1.0]),
    ),
    max_size=4,
)


@given(_SECTIONS, st.integers(-9, 900), st.sampled_from([utf16_units, utf8_bytes]))
def test_a_report_fits_its_limit_and_counts_what_is_missing(
    sections: list[Section], limit: int, measure: type[int]
) -> None:
    sections = [each for each in sections if each.blocks]
    said = fit("Opening.", sections, limit, measure, "POINTER")
    assert measure(said) <= max(limit, 0)
    whole = fit("Opening.", sections, 1 << 30, measure, "POINTER")
    assert "POINTER" not in whole
    if measure(whole) <= limit:
        assert said == whole
    elif said not in {"", "Opening.", "There is no room for this report."}:
        assert said.endswith("POINTER")
        missing = sum(
            int(each) for each in re.findall(r"(\d+) blocks?\b", said.rpartition("**Not shown here:**")[2])
        )
        assert 0 <= missing <= sum(len(each.blocks) for each in sections)


def test_utf16_counts_what_is_beyond_the_first_plane_twice() -> None:
    assert [utf16_units(each) for each in ("", "abc", "é", "😀", "a😀\ud800")] == [0, 3, 1, 2, 4]
    assert [utf8_bytes(each) for each in ("", "abc", "é", "😀")] == [0, 3, 2, 4]


def _large(number: int) -> Plan:
    texts = "A sentence of some length that says something to {}. " * 20
    changes = tuple(
        Change(
            Address.parse(f"sourcing_{each:04}/classic"),
            Action.CREATE,
            "Classic 😀",
            None,
            f"blueprints/{each:04}.yaml",
            3,
            None,
            form(
                body(
                    "Classic",
                    *(
                        PITCH | {"id": f"s{step}", "content": texts.replace("{}", f"{each:04}")}
                        for step in range(4)
                    ),
                )
            ),
        )
        for each in range(number)
    )
    return replace(PLAN, changes=changes, refresh_report=None, findings=(), state_edits=())


def test_a_large_plan_is_cut_to_a_comment_at_whole_blocks() -> None:
    for number in (5, 40, 1_000):
        said = markdown.plan(_large(number))
        assert utf16_units(said) <= COMMENT
        assert said.startswith(f"**Plan:** {number:,} to create.")
        page = judges.Page(said)
        assert page.problems == []
        assert judges.other_reading(said) == []
        rows = len(re.findall(r"^\| Classic ", said, re.MULTILINE))
        if number > MOST:
            folded = (
                f"| {number:,} blueprints | {number:,} to create | {number:,} positions | `blueprints/` |"
            )
            assert folded in said
            rows += number
        blocks = said.count("<details")
        assert blocks == said.count("</details>")
        last = said.rpartition("\n\n")[2]
        missing = {
            "row": number - rows,
            "blueprint": number - blocks,
            "texts": blocks - said.count("**Step 1, e-mail:**"),
        }
        for what, left in missing.items():
            assert (what in last.replace("blueprints in detail", "blueprint")) == bool(left), (number, what)
            assert not left or f"{left:,}" in last
        if number == 5:
            assert not any(missing.values())


def test_a_summary_takes_a_mebibyte() -> None:
    said = markdown.plan(_large(1_000), limit=1 << 20, measure=utf8_bytes)
    assert 900_000 < utf8_bytes(said) <= 1 << 20


def test_the_pointer_says_where_the_rest_is() -> None:
    said = markdown.plan(_large(40), limit=9_000, pointer="[All of it](https://example.com/run).")
    assert said.endswith("[All of it](https://example.com/run).")
    assert utf16_units(said) <= 9_000


def test_a_plan_without_changes_is_one_line() -> None:
    same = Change(Address.parse("s1/a"), Action.NO_OP, "A", "b1", "a.yaml", 3)
    gone = Change(Address.parse("s1/b"), Action.ORPHAN, "B", "b2", reason=saying("why"))
    assert markdown.plan(Plan(None, 0, ())) == "No changes."
    assert markdown.plan(Plan(None, 0, (same, gone))) == "No changes. 1 unchanged, 1 orphan."
    warned = Plan(None, 0, (same,), PLAN.findings)
    assert markdown.plan(warned) == "No changes. 1 unchanged. 1 warning."


@pytest.mark.parametrize("char", ["a", "\u202e", "`", "\U0001f600", "\U000e0041"])
def test_a_report_leaves_room_for_what_a_comment_adds(char: str) -> None:
    target = CommentTarget(char * 200)
    whole = compose(target, "x" * COMMENT)
    assert max(utf16_units(whole), utf16_units(fold(target, whole))) <= 65_536


def test_blocks_without_room_are_not_made() -> None:
    made: list[int] = []

    def make(number: int) -> Block:
        made.append(number)
        return Block(f"block {number} " * 10, f"block {number}")

    blocks = LazyBlocks(partial(make, number) for number in range(1_000))
    said = fit("Opening.", [Section(blocks, "block", "blocks")], 500, utf16_units, "POINTER")
    assert len(made) == len(set(made)) < 60
    assert re.search(r"\*\*Not shown here:\*\* 9\d\d blocks. POINTER$", said)
    assert [each.brief for each in blocks[998:]] == ["block 998", "block 999"]
    assert blocks[-1].brief == "block 999"
