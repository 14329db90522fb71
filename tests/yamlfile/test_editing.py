"""One case for each kind of change in each style: what is edited, and what is left alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kalentops.blueprint.body import Body
from kalentops.errors import CannotEdit
from kalentops.yamlfile.edit import edit_blueprint, edit_mapping
from kalentops.yamlfile.fmt import format_text
from kalentops.yamlfile.parse import parse
from tests.builders import step
from tests.hostile import HOSTILE
from tests.sizes import some
from tests.yamlfile.texts import WORDS

ROOT = Path(__file__).parents[2]
PLAIN_FILES = [
    ROOT / "blueprints/support/conseiller-clientele-bilingue.yaml",
    *sorted((ROOT / "kalentops/cli/commands/demo_blueprints").glob("*.yaml")),
]
Data = dict[str, Any]
Change = Callable[[Data], object]


def _shown(text: str, key: str = "k") -> Data:
    """What the API shows of a blueprint in a file."""
    data: Any = parse(text.lstrip("\ufeff")).data
    return dict(Body.listed(data["blueprints"][key]).data)


def _edited(text: str, change: Change, key: str = "k") -> str:
    body = _shown(text, key)
    change(body)
    return edit_blueprint("f.yaml", text, key, body)


def _clean(text: str) -> str:
    return format_text("f.yaml", text).after


def _set(number: int, **fields: Any) -> Change:
    """Fields of a step; None takes one away."""

    def change(body: Data) -> None:
        for name, value in fields.items():
            body["steps"][number][name] = value
            if value is None:
                del body["steps"][number][name]

    return change


HEAD = "sourcingId: s_1\nblueprints:\n  k:\n    name: K\n    steps:\n"

BLOCK = (
    HEAD
    + """\
      # The first one.
      - id: a  # stable
        name: A  # of a
        type: EMAIL
        subject: 'It''s {{firstname}}'  # in quotes

        # when
        temporalityType: DELAYED
        delay: {value: 3, unit: day}  # three
        policy:
          # nobody without an address
          skipStepIfNoContact: true  # no mail, no step
        content: |-  # the text
          Hi {{firstname}},

            indented
          bye
          # not a comment

      # The second one.
      - name: "B"
        id: b
        type: LINKEDIN
        linkedInType: LINKEDIN_INVITATION
        content: Not sent, kept here.
        temporalityType: ASAP
        config: {userId: u_1}  # hidden
"""
)

CONTENT = BLOCK[BLOCK.index("|-  # the text") : BLOCK.index("\n      # The second")]


def _in_block(old: str, new: str, *more: str) -> str:
    text = BLOCK
    for before, after in zip([old, *more[::2]], [new, *more[1::2]], strict=True):
        assert text.count(before) == 1
        text = text.replace(before, after)
    return text


IN_BLOCK: dict[str, tuple[Change, str]] = {
    "nothing": (lambda body: None, BLOCK),
    "a plain text by a plain one": (
        _set(0, name="A new one"),
        _in_block("name: A  #", "name: A new one  #"),
    ),
    "a plain text that has to be quoted": (
        _set(0, name="no: 1 # x"),
        _in_block("name: A  #", 'name: "no: 1 # x"  #'),
    ),
    "a plain text that would be no text": (
        _set(0, name="null"),
        _in_block("name: A  #", 'name: "null"  #'),
    ),
    "a plain text that gets lines": (
        _set(0, name="A\n b\n"),
        _in_block("name: A  # of a\n", "name: |  # of a\n          A\n           b\n"),
    ),
    "single quotes by single quotes": (
        _set(0, subject="We're: 'in'"),
        _in_block("'It''s {{firstname}}'", "'We''re: ''in'''"),
    ),
    "single quotes that can't carry it": (
        _set(0, subject="a\u200bb"),
        _in_block("'It''s {{firstname}}'", '"a\\u200Bb"'),
    ),
    "double quotes by double quotes": (_set(1, name='B "b"'), _in_block('"B"', '"B \\"b\\""')),
    "one line of a block": (
        _set(0, content="Hi {{firstname}},\n\n  indented\nCiao\n# not a comment"),
        _in_block("bye", "Ciao"),
    ),
    "a block that ends with a line feed": (
        _set(0, content="Hi\n"),
        _in_block(
            CONTENT,
            "|  # the text\n          Hi\n",
        ),
    ),
    "a block that begins with blanks": (
        _set(0, content="  Hi\n\n there"),
        _in_block(
            CONTENT,
            "|2-  # the text\n            Hi\n\n           there\n",
        ),
    ),
    "a block that no block can carry": (
        _set(0, content="Hi\r\nthere"),
        _in_block(
            CONTENT,
            '"Hi\\r\\nthere"  # the text\n',
        ),
    ),
    "a block by nothing": (
        _set(0, content=""),
        _in_block(
            CONTENT,
            '""  # the text\n',
        ),
    ),
    "a number between braces": (
        _set(0, delay={"value": 5, "unit": "day"}),
        _in_block("{value: 3, unit", "{value: 5, unit"),
    ),
    "a part that comes": (
        _set(0, policy={"skipStepIfNoContact": True, "inviteTimeoutDays": 9}),
        _in_block("# no mail, no step\n", "# no mail, no step\n          inviteTimeoutDays: 9\n"),
    ),
    "a part for another": (
        _set(0, policy={"autoValidateAIDraft": False}),
        _in_block(
            "          # nobody without an address\n          skipStepIfNoContact: true  # no mail, no step\n",
            "          autoValidateAIDraft: false\n",
        ),
    ),
    "fields that go, with their comments": (
        _set(0, temporalityType="ASAP", delay=None, policy=None),
        _in_block(
            "DELAYED\n        delay: {value: 3, unit: day}  # three\n        policy:\n"
            "          # nobody without an address\n          skipStepIfNoContact: true  # no mail, no step\n",
            "ASAP\n",
        ),
    ),
    "a field that goes with the comment above it": (
        _set(0, temporalityType=None),
        _in_block("\n        # when\n        temporalityType: DELAYED\n", "\n"),
    ),
    "a field that comes": (
        _set(0, contentSource="manual"),
        _in_block("# three\n", "# three\n        contentSource: manual\n"),
    ),
    "fields that come together": (
        _set(
            1, temporalityType="DELAYED", delay={"unit": "day", "value": 2}, policy={"inviteTimeoutDays": 7}
        ),
        _in_block(
            "        temporalityType: ASAP\n        config: {userId: u_1}  # hidden\n",
            "        temporalityType: DELAYED\n        delay: {value: 2, unit: day}\n"
            "        config: {userId: u_1}  # hidden\n        policy: {inviteTimeoutDays: 7}\n",
        ),
    ),
    "an invitation that gets a text": (
        _set(1, linkedInType="LINKEDIN_INVITATION_WITH_MESSAGE", content="Hi"),
        _in_block(
            "LINKEDIN_INVITATION\n", "LINKEDIN_INVITATION_WITH_MESSAGE\n", "Not sent, kept here.", "Hi"
        ),
    ),
    "an invitation that is none any more": (
        _set(1, linkedInType="LINKEDIN_MESSAGE"),
        _in_block("LINKEDIN_INVITATION\n", "LINKEDIN_MESSAGE\n", "Not sent, kept here.", '""'),
    ),
    "the name of the blueprint": (
        lambda body: body.update(name="K: two"),
        _in_block("name: K\n", 'name: "K: two"\n'),
    ),
    "steps that change places": (
        lambda body: body["steps"].reverse(),
        HEAD
        + BLOCK[BLOCK.index("      # The second") :]
        + "\n"
        + BLOCK[len(HEAD) : BLOCK.index("\n      # The second")],
    ),
    "the last step goes": (lambda body: body["steps"].pop(), BLOCK[: BLOCK.index("\n      # The second")]),
    "the first step goes": (
        lambda body: body["steps"].pop(0),
        HEAD + BLOCK[BLOCK.index("      # The second") :],
    ),
    "all steps go": (lambda body: body["steps"].clear(), HEAD.replace("steps:", "steps: []")),
    "a step comes": (
        lambda body: body["steps"].insert(1, step(7)),
        _in_block(
            "\n      # The second",
            """
      - id: s7
        name: Step 7
        type: EMAIL
        subject: "{{sourcingJobTitle}}"
        temporalityType: DELAYED
        delay: {value: 7, unit: day}
        policy: {skipStepIfNoContact: true}
        content: |-
          Hi {{firstname}}, message 7

      # The second""",
        ),
    ),
}


@pytest.mark.parametrize("name", IN_BLOCK)
def test_a_change_in_block_style(name: str) -> None:
    change, wanted = IN_BLOCK[name]
    assert _edited(BLOCK, change) == wanted


@pytest.mark.parametrize("name", IN_BLOCK)
def test_the_same_change_with_other_line_ends_a_mark_and_no_last_line_end(name: str) -> None:
    change, wanted = IN_BLOCK[name]
    for eol, left in (("\r\n", "\r\n"), ("\r", "\n")):
        given = "\ufeff" + BLOCK.removesuffix("\n").replace("\n", eol)
        expected = given if wanted == BLOCK else wanted.replace("\n", left)
        assert _edited(given, change) == expected


def test_a_first_field_that_goes_leaves_its_dash() -> None:
    text = f"{HEAD}      - subject: S  # s\n        id: a\n        type: SMS\n"
    assert _edited(text, _set(0, subject=None)) == f"{HEAD}      - id: a\n        type: SMS\n"
    text = f"{HEAD}      - subject: S # s\n        # about the id\n        id: a\n        type: SMS\n"
    wanted = f"{HEAD}      -\n        # about the id\n        id: a\n        type: SMS\n"
    assert _edited(text, _set(0, subject=None)) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("steps: []", "steps:"),
        ("steps: []  # none yet", "steps:  # none yet"),
        ("steps:", "steps:"),
        ("steps:  # none yet", "steps:  # none yet"),
        ("steps:\n      # none yet\n", "steps:\n      # none yet"),
        ("steps: ~", "steps:"),
    ],
)
def test_the_first_step_of_all(given: str, wanted: str) -> None:
    text = f"sourcingId: s\nblueprints:\n  k:\n    name: K\n    {given}\n\n  l: {{name: L}}\n"
    made = _edited(text, lambda body: body["steps"].append({"id": "a", "type": "SMS", "content": "x\n\n"}))
    assert made == (
        f"sourcingId: s\nblueprints:\n  k:\n    name: K\n    {wanted}\n"
        "      - id: a\n        type: SMS\n        content: |+\n          x\n\n  l: {name: L}\n"
    )


def test_steps_where_none_were_said() -> None:
    text = "blueprints:\n  k:\n    name: K  # k\n    protect: true\n"
    made = _edited(f"{text}\n# end\n", lambda body: body["steps"].append({"id": "a", "type": "SMS"}))
    assert made == text + "    steps:\n      - id: a\n        type: SMS\n\n# end\n"
    assert _edited(
        "blueprints: {k: {name: K}}", lambda body: body["steps"].append({"id": "a", "type": "SMS"})
    ) == ("blueprints: {k: {name: K, steps: [{id: a, type: SMS}]}}\n")


def test_what_stands_by_itself_stays_where_it_is() -> None:
    text = (
        HEAD
        + "      - id: a\n\n      # of nobody\n\n      # of b\n      - id: b\n        # below b\n      - id: c\n"
    )
    wanted = HEAD + "      - id: c\n      - id: a\n\n      # of nobody\n"
    made = _edited(text, lambda body: body.update(steps=[body["steps"][2], body["steps"][0]]))
    assert made == wanted


FLOW = (
    "sourcingId: s\nblueprints:\n"
    "  k: {name: K, steps: [{id: a, name: 'A', delay: {value: 3, unit: day}}, "
    '{id: b, name: "B"}, {id: c}], x: 1} # k\n'
)
IN_FLOW: dict[str, tuple[Change, str, str]] = {
    "plain": (_set(0, id="a", delay={"value": 4, "unit": "day"}), "value: 3", "value: 4"),
    "single quotes": (_set(0, name="it's"), "'A'", "'it''s'"),
    "double quotes, with lines": (_set(1, name="B\nb"), '"B"', '"B\\nb"'),
    "a plain text that braces can't hold": (
        lambda body: body.update(name="K, [x]"),
        "name: K",
        'name: "K, [x]"',
    ),
    "a field that comes": (_set(2, name="C", type="SMS"), "{id: c}", "{id: c, name: C, type: SMS}"),
    "a field that goes": (_set(0, delay=None), ", delay: {value: 3, unit: day}}", "}"),
    "a field between others goes": (_set(0, name=None), "name: 'A', ", ""),
    "a step goes": (lambda body: body["steps"].pop(1), ', {id: b, name: "B"}', ""),
    "the first step goes": (
        lambda body: body["steps"].pop(0),
        "{id: a, name: 'A', delay: {value: 3, unit: day}}, ",
        "",
    ),
    "the last steps go": (
        lambda body: body.update(steps=body["steps"][:1]),
        ', {id: b, name: "B"}, {id: c}]',
        "]",
    ),
    "all steps go": (lambda body: body["steps"].clear(), FLOW[FLOW.index("[") : FLOW.index("]") + 1], "[]"),
    "a step comes": (
        lambda body: body["steps"].append({"id": "d", "delay": {"unit": "day", "value": 1}, "name": "D"}),
        "{id: c}]",
        "{id: c}, {id: d, name: D, delay: {value: 1, unit: day}}]",
    ),
    "a step moves": (
        lambda body: body["steps"].insert(0, body["steps"].pop()),
        "[" + FLOW[FLOW.index("[") + 1 : FLOW.index("]") + 1],
        "[{id: c}, " + FLOW[FLOW.index("[") + 1 : FLOW.index(", {id: c}]")] + "]",
    ),
    "all steps are others": (
        lambda body: body.update(steps=[{"id": "u"}, {"id": "v"}]),
        FLOW[FLOW.index("[") : FLOW.index("]") + 1],
        "[{id: u}, {id: v}]",
    ),
}


@pytest.mark.parametrize("name", IN_FLOW)
def test_a_change_between_braces(name: str) -> None:
    change, old, new = IN_FLOW[name]
    assert FLOW.count(old) == 1
    assert _edited(FLOW, change) == _clean(FLOW.replace(old, new))


LINES = """\
sourcingId: s
blueprints: {
  k: {
    name: K,  # of k
    steps: [
      # of a
      {
        id: a,   # a
        # above the name
        name: A,
        delay: {value: 3, unit: day}  # the last
      },  # end of a

      # of b
      {id: b, name: B} # no comma
      # at the end
    ]
  }
}
"""


def test_lines_between_braces() -> None:
    added = _edited(LINES, _set(0, policy={"inviteTimeoutDays": 1}, type="SMS", name=None))
    assert added == _clean(
        LINES.replace(
            "        # above the name\n        name: A,\n        delay: {value: 3, unit: day}  # the last\n",
            "        type: SMS,\n        delay: {value: 3, unit: day},  # the last\n"
            "        policy: {inviteTimeoutDays: 1}\n",
        )
    )
    gone = _edited(LINES, _set(0, delay=None))
    wanted = LINES.replace("name: A,\n        delay: {value: 3, unit: day}  # the last\n", "name: A\n")
    assert gone == _clean(wanted)
    turned = _edited(LINES, lambda body: body["steps"].reverse())
    first = LINES[LINES.index("      # of a") : LINES.index("\n      # of b")]
    second = LINES[LINES.index("      # of b") : LINES.index("      # at the end")]
    wanted = second.replace("B}", "B},") + "\n" + first.replace("},  # end", "}  # end")
    assert turned == _clean(LINES.replace(first + "\n" + second, wanted))
    more = _edited(LINES, lambda body: body["steps"].append({"id": "c", "name": "C"}))
    assert more == _clean(
        LINES.replace(
            "B} # no comma\n",
            "B}, # no comma\n\n      {\n        id: c,\n        name: C\n      }\n",
        )
    )


@pytest.mark.parametrize(
    "layout", [{"indent": 2}, {"indent": 4}, {"indent": "\t"}, {}, {"separators": (",", ":")}]
)
def test_json_stays_json_as_its_author_would_have_written_it(layout: Any) -> None:
    data = {"sourcingId": "s", "blueprints": {"k": {"name": "K", "steps": [step(1), step(2), step(3)]}}}
    text = json.dumps(data, **layout)
    if layout.get("indent") == "\t":  # YAML lets no tab be indentation
        text = text.replace("\t", "   ")
        layout = {"indent": 3}
    del data["blueprints"]["k"]["steps"][0]["subject"]  # type: ignore[index]
    data["blueprints"]["k"]["steps"].pop(1)  # type: ignore[index]
    new = {"id": "n", "name": 'N "👋\u2028\x7f', "delay": {"value": 1, "unit": "day"}}
    data["blueprints"]["k"]["steps"].append(new)  # type: ignore[index]
    made = edit_blueprint("f.yaml", text, "k", data["blueprints"]["k"])  # type: ignore[index]
    assert json.loads(made) == data
    escaped = (
        json.dumps(data, ensure_ascii=False, **layout).replace("\u2028", "\\u2028").replace("\x7f", "\\u007f")
    )
    assert made == _clean(escaped)


FOLDED = (
    HEAD
    + """\
      - id: a
        content: >-  # folded
          The first paragraph is
          broken after 23 columns.

          The second one as well, by
          hand.
        name: A
"""
)


def test_a_folded_text_keeps_the_paragraphs_that_stay() -> None:
    first, second = "The first paragraph is broken after 23 columns.", "The second one as well, by hand."
    made = _edited(
        FOLDED, _set(0, content=f"{first}\nThe third comes between the other two of them.\n\n{second}\n")
    )
    assert made == FOLDED.replace(">-", ">").replace(
        "columns.\n\n",
        "columns.\n\n          The third comes between\n          the other two of them.\n\n\n",
    )
    literal = _edited(FOLDED, _set(0, content="  indented\nnot\n"))
    assert "        content: |2  # folded\n            indented\n          not\n        name: A\n" in literal


def test_a_figure_in_a_header_goes_with_the_blanks_that_needed_it() -> None:
    text = HEAD + "      - id: a\n        content: |2-\n            x\n"
    assert _edited(text, _set(0, content="y")) == text.replace("|2-\n            x", "|-\n          y")


def test_blank_lines_that_were_part_of_a_text_or_become_one() -> None:
    text = (
        HEAD
        + "      - id: a\n        content: |+\n          x\n\n\n      - id: b\n"
        + "        content: |-\n          y\n\n      - id: c\n"
    )
    made = _edited(text, _set(0, content="x"))
    assert made == text.replace("|+\n          x\n\n\n", "|-\n          x\n")
    made = _edited(text, _set(1, content="y\n\n"))
    assert made == text.replace("|-\n          y\n", "|+\n          y\n")
    made = _edited(text, lambda body: body["steps"].pop(1))
    assert made == text.replace("      - id: b\n        content: |-\n          y\n\n", "")
    made = _edited(text, lambda body: body["steps"].append(body["steps"].pop(0)))
    assert (
        made
        == HEAD
        + "      - id: b\n        content: |-\n          y\n\n      - id: c\n"
        + text[len(HEAD) : text.index("      - id: b")]
    )


TEXTS = (
    *(
        "trailing  ",
        " leading",
        "a\n\n\nb",
        "👋🏽 👨‍💻",
        "a\tb\n\tc",
        "# no comment",
        "'\"`",
        "a\r\nb",
        "a\n",
        "\n",
        " ",
    ),
    *(
        "\u2028",
        "\ufeffx",
        "- a\n- b",
        "? x",
        "x" * 5000,
        "word " * 2000,
        "--- \n...",
        "{{firstname}}",
        "<<: *x",
        "\x07",
    ),
    *("a: b\n c", "~", "1e5", ""),
)
STYLES = (
    *(
        "x",
        "'x'",
        '"x"',
        "|-\n          x",
        ">\n          x",
        "|1+\n         x\n",
        "*x",
        "",
        "!!str x",
        "&y x",
    ),
    *("'x\n\n\n          x'", "x\n          x"),
)


@pytest.mark.parametrize("given", some(STYLES, 6), ids=ascii)
@pytest.mark.parametrize("field", ["content", "name"])
def test_any_text_for_a_text_of_any_style(field: str, given: str) -> None:
    value = f" {given}" if given else ""
    text = f"x: &x y\n{HEAD}      - id: a\n        {field}:{value}  # c\n        type: SMS  # t\n"
    if given[:1] in {"|", ">"}:
        text = text.replace("  # c\n", "\n")
    for value in (*TEXTS, *WORDS, *(hostile for _, hostile in HOSTILE)):
        made = _edited(text, _set(0, **{field: value}))
        data: Any = parse(made).data
        assert data["blueprints"]["k"]["steps"] == [{"id": "a", field: value, "type": "SMS"}]
        assert made.endswith("        type: SMS  # t\n")
        assert made.startswith(f"x: &x y\n{HEAD}      - id: a\n        {field}:")


STEP = HEAD + "      - id: a\n        "
MARKED = "%YAML 1.2\n---\nblueprints:\n  k:\n    steps: !!seq\n"
ODD: dict[str, tuple[str, Change, str]] = {
    "keys with a ?": (
        STEP + "? content\n        : Hi\n        ? name # n\n        : |-\n          A\n        type: SMS\n",
        _set(0, content=None, name="B"),
        STEP + "? name # n\n        : |-\n          B\n        type: SMS\n",
    ),
    "a first key with a ?": (
        HEAD + "      - ? content\n        : Hi\n        id: a\n",
        _set(0, content=None, name="A"),
        HEAD + "      - id: a\n        name: A\n",
    ),
    "keys in quotes": (
        STEP + "\"name\": A\n        'content' : Hi\n",
        _set(0, name="B", content="Ho"),
        STEP + "\"name\": B\n        'content' : Ho\n",
    ),
    "values below their keys": (
        STEP + "content: # c\n\n          # d\n          Hi # e\n        name:\n          |\n           A\n",
        _set(0, content="a\nb", name="B"),
        STEP
        + "content: # c\n\n          # d\n          |- # e\n          a\n          b\n"
        + "        name:\n          |-\n           B\n",
    ),
    "a document with its marks": (
        MARKED + "    - id: a\n    - &b\n      id: b # b\n    name: K\n...\n# end\n",
        lambda body: body["steps"].reverse(),
        MARKED + "    - &b\n      id: b # b\n    - id: a\n    name: K\n...\n# end\n",
    ),
    "a mapping by a text": (
        STEP + "content: # c\n          a: 1\n          b: [] # b\n        type: SMS\n",
        _set(0, content="x\ny"),
        STEP + "content: |- # c\n          x\n          y\n        type: SMS\n",
    ),
    "an anchored mapping by a text": (
        STEP + "content: &c # c\n          a: 1\n        type: SMS\n",
        _set(0, content="x"),
        STEP + "content: &c x # c\n        type: SMS\n",
    ),
    "an empty block by a text": (
        STEP + "content: |- # c\n        type: SMS\n",
        _set(0, content="x\ny"),
        STEP + "content: |- # c\n          x\n          y\n        type: SMS\n",
    ),
    "an empty folded block by a text": (
        STEP + "content: >- # c\n\n        type: SMS\n",
        _set(0, content="x"),
        STEP + "content: >- # c\n          x\n\n        type: SMS\n",
    ),
    "steps that are all others, and end with blank lines": (
        HEAD + "      - id: a\n\n      - id: b\n\n\n  l: {name: L}\n",
        lambda body: body.update(steps=[{"id": "c", "content": "x\n\n"}]),
        HEAD + "      - id: c\n        content: |+\n          x\n\n  l: {name: L}\n",
    ),
    "comments at the ends of lines between braces": (
        HEAD
        + "      - {id: a, # a\n         content: Hi, # c\n"
        + "         # n\n         name: A, type: SMS # t\n        } # b\n",
        _set(0, content=None, type=None),
        HEAD + "      - {id: a, # a\n         # n\n         name: A\n        } # b\n",
    ),
    "the last between braces, behind a comment": (
        HEAD + "      - {id: a, # a\n         name: A}\n",
        _set(0, name=None),
        HEAD + "      - {id: a # a\n         }\n",
    ),
    "one between braces, before a comment that is not its own": (
        HEAD + "      - {id: a, name: A,\n         # t\n         type: SMS}\n",
        _set(0, name=None),
        HEAD + "      - {id: a, \n         # t\n         type: SMS}\n",
    ),
    "one in the middle of a line, with a comment": (
        HEAD + "      - {id: a, name: A, # n\n         type: SMS}\n",
        _set(0, name=None),
        HEAD + "      - {id: a, \n         type: SMS}\n",
    ),
    "commas at the beginnings of lines": (
        HEAD + "      - {\n          id: a\n        , name: A # n\n        , type: SMS\n        }\n",
        _set(0, name=None, content="Hi"),
        HEAD + "      - {\n          id: a\n        , type: SMS, content: Hi\n        }\n",
    ),
    "keys without values between braces": (
        HEAD + "      - {id: a, name, type: , }\n",
        _set(0, name="A", type="SMS"),
        HEAD + "      - {id: a, name: A, type: SMS , }\n",
    ),
    "no steps between braces": (
        "{blueprints: {k: {steps: , name: K}}}\n",
        lambda body: body["steps"].append({"id": "a"}),
        "{blueprints: {k: {steps: [{id: a}] , name: K}}}\n",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_ways_to_write(name: str) -> None:
    text, change, wanted = ODD[name]
    assert _edited(text, change) == _clean(wanted)


@pytest.mark.parametrize("path", PLAIN_FILES, ids=lambda path: path.stem)
def test_the_examples_edited_there_and_back(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    data: Any = parse(text).data
    for key, blueprint in data["blueprints"].items():
        shown = _shown(text, key)
        assert edit_blueprint("f.yaml", text, key, shown) == text

        def change(body: Data) -> None:
            for each in body["steps"]:
                each["content"] = each["content"] and each["content"].replace("e", "é")
                each["name"] += "!"

        edited = _edited(text, change, key)
        assert edited.count("\n") == text.count("\n")
        assert edit_blueprint("f.yaml", edited, key, shown) == text
        turned = _edited(text, lambda body: body["steps"].reverse(), key)
        assert sorted(turned.split("\n")) == sorted(text.split("\n"))
        assert len(blueprint["steps"]) > 1


def test_hidden_and_unknown_fields_stay() -> None:
    text = (
        "sourcingId: s\nblueprints:\n  k:\n    name: K\n    protect: true\n    config: {a: [1, null]}\n    steps:\n"
        "      - id: a\n        config: {userId: u}\n        colour: red\n"
        "        policy: {skipStepIfNoContact: true, x: 1}\n"
    )
    made = _edited(text, _set(0, name="A", policy=None))
    assert made == text.replace("{skipStepIfNoContact: true, x: 1}", "{x: 1}").replace(
        "- id: a\n", "- id: a\n        name: A\n"
    )


def test_config_is_changed_where_the_body_has_one() -> None:
    text = (
        "blueprints:\n  k:\n    name: K\n    config:\n      a: 1  # one\n      b: {c: [1, 2]}  # two\n    steps:\n"
        "      - id: a\n        config: {userId: u}  # who\n"
    )
    body = {
        "name": "K",
        "config": {"a": 1.5, "b": {"c": [1, {"d": None}], "e": True}},
        "steps": [{"id": "a", "config": {"userId": "v"}}],
    }
    assert edit_blueprint("f.yaml", text, "k", body) == (
        text.replace("a: 1  #", "a: 1.5  #")
        .replace("{c: [1, 2]}", "{c: [1, {d: null}], e: true}")
        .replace("userId: u", "userId: v")
    )


ANCHORS = (
    (
        HEAD
        + """\
      - &base
        id: a
        name: &name A
        type: SMS
        delay: &delay {value: 3, unit: day}
        content: &unused Hi
      - <<: *base
        id: b
        name: *name
        delay: *delay
      - {<<: *base, id: c}
      - *last
"""
    )
    .replace("steps:\n", "steps:\n")
    .replace("sourcingId: s_1\n", "last: &last {id: z, name: Z}\nsourcingId: s_1\n")
)


def test_an_alias_or_merged_field_is_overridden_where_it_is_used() -> None:
    made = _edited(ANCHORS, _set(1, name="B", delay={"value": 9, "unit": "day"}, type="EMAIL"))
    assert made == ANCHORS.replace(
        "        name: *name\n        delay: *delay\n",
        "        name: B\n        type: EMAIL\n        delay: {value: 9, unit: day}\n",
    )
    made = _edited(ANCHORS, _set(2, content="Hi, you", delay={"value": 3, "unit": "minute"}))
    assert made == ANCHORS.replace("id: c}", 'id: c, delay: {value: 3, unit: minute}, content: "Hi, you"}')


def test_an_anchor_that_no_one_repeats_changes() -> None:
    text = ANCHORS.replace("  - <<: *base\n        id: b\n", "  - id: b\n").replace(
        "      - {<<: *base, id: c}\n", ""
    )
    assert _edited(text, _set(0, content="Ho")) == text.replace("&unused Hi", "&unused Ho")
    assert _edited(text, _set(0, type="EMAIL")) == text.replace("type: SMS", "type: EMAIL")


def test_what_others_repeat_may_move_and_change_as_long_as_they_stay_the_same() -> None:
    made = _edited(ANCHORS, lambda body: body["steps"].insert(0, body["steps"].pop()))
    assert made == ANCHORS.replace("      - *last\n", "").replace(
        "      - &base", "      - *last\n      - &base"
    )
    text = (
        ANCHORS.replace("        id: c}", "id: c}")
        .replace("- {<<: *base, id: c}", "- {<<: *base, id: c, type: SMS}")
        .replace("delay: *delay\n", "type: SMS\n        delay: *delay\n")
    )
    assert _edited(text, _set(0, type="EMAIL")) == text.replace(
        "name: &name A\n        type: SMS", "name: &name A\n        type: EMAIL"
    )


REFUSED: dict[str, tuple[str, Change, str]] = {
    "an anchored text": (
        ANCHORS,
        _set(0, name="X"),
        "other places repeat what it says by way of &base, &name",
    ),
    "an anchored mapping": (
        ANCHORS,
        _set(0, delay={"value": 4, "unit": "day"}),
        "other places repeat what it says by way of &base, &delay",
    ),
    "an anchored step": (
        ANCHORS,
        _set(0, content="X"),
        "other places repeat what it says by way of &base",
    ),
    "a step that is an alias": (
        ANCHORS,
        _set(3, name="X"),
        "step `z` is the alias *last, which repeats what stands elsewhere",
    ),
    "a merged field that goes": (
        ANCHORS,
        _set(2, content=None),
        "`content` of step `c` comes by way of `<<`, and has to go",
    ),
    "an anchored step that goes": (
        ANCHORS,
        lambda body: body["steps"].pop(0),
        "the file would no longer be valid: the alias *base has no anchor before it",
    ),
    "steps by way of a merge": (
        "blueprints:\n  a: &a {name: A, steps: [{id: x}]}\n  k: {<<: *a, name: K}\n",
        lambda body: body["steps"].append({"id": "y"}),
        "its `steps` come by way of `<<`",
    ),
    "a step by way of a merge": (
        "blueprints:\n  a: &a {name: A, steps: [{id: x}]}\n  k: {<<: *a, name: K}\n",
        _set(0, name="X"),
        "its `steps` come by way of `<<`",
    ),
    "a blueprint that is an alias": (
        "blueprints:\n  a: &a {name: A, steps: []}\n  k: *a\n",
        lambda body: body.update(name="X"),
        "it is the alias *a, which repeats what stands elsewhere",
    ),
    "half a character": (HEAD + "      - id: a\n", _set(0, name="\ud83d"), "half a character"),
    "a file with faults": (
        HEAD + "      - id: a\n      - id: b\n        id: b\n",
        lambda body: None,
        "the file is not valid, in line 8: the key `id` is used twice",
    ),
    "blueprints by way of a merge": (
        "x: &x {blueprints: {k: {name: K, steps: []}}}\n<<: *x\n",
        lambda body: body.update(name="X"),
        "`blueprints` comes by way of `<<`",
    ),
    "steps without ids": (HEAD + "      - name: a\n", lambda body: None, "a step has no `id` in the file"),
    "two steps of one id": (
        HEAD + "      - id: a\n      - id: a\n",
        lambda body: None,
        "several steps have the id `a` in the file",
    ),
    "two steps of one id there": (
        HEAD + "      - id: a\n",
        lambda body: body["steps"].append({"id": "a"}),
        "several steps have the id `a` in Kalent",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_edited(name: str) -> None:
    text, change, reason = REFUSED[name]
    with pytest.raises(CannotEdit) as caught:
        _edited(text, change)
    assert str(caught.value).startswith("`k` in f.yaml can't be changed in place: ")
    assert reason in str(caught.value)
    assert caught.value.hint
    assert "ADDRESS" not in caught.value.hint
    assert caught.value.exit_code == 1


def test_a_refusal_says_what_to_type() -> None:
    with pytest.raises(CannotEdit) as caught:
        _edited(ANCHORS, _set(0, name="X"))
    assert caught.value.hint == (
        "change it by hand, or put it back with `kalentops apply --overwrite s_1/k --target s_1/k`"
    )


def test_a_blueprint_that_is_not_there() -> None:
    with pytest.raises(CannotEdit, match=r"`other` .* there is no such blueprint"):
        edit_blueprint("f.yaml", BLOCK, "other", {"name": "K", "steps": []})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- a\n", "the file is not valid, it holds no blueprints"),
        ("blueprints: []\n", "there is no such blueprint"),
        ("blueprints: {k: }\n", "there is no such blueprint"),
        ("blueprints: {k: {}}\n", "there is no such blueprint"),
        ("blueprints: {k: {name: K, steps: {}}}\n", "its `steps` are not a list"),
        ("blueprints: {k: {name: K, steps: [x]}}\n", "a step has no `id` in the file"),
        ("blueprints: {k: {name: K, steps: [{id: {a: b}}]}}\n", "a step has no `id` in the file"),
        ("", "the file is not valid, in line 1: the file is empty"),
    ],
)
def test_a_file_of_another_shape(text: str, reason: str) -> None:
    with pytest.raises(CannotEdit, match=re.escape(reason)):
        edit_blueprint("f.yaml", text, "k", {"name": "X", "steps": []})


def test_a_file_that_would_become_too_large() -> None:
    text = HEAD + f"      - id: a\n        name: {'x' * 600_000}\n      - id: b\n"
    with pytest.raises(CannotEdit, match="larger than 1 MiB"):
        _edited(text, _set(1, name="y" * 600_000))


def test_comments_below_each_other_stay_so_only_if_they_are_aligned() -> None:
    close = HEAD + "      - id: a  # a\n        name: A  # n\n"
    assert _clean(close) == close
    assert _edited(close, _set(0, name="A longer one")) == close.replace("A  #", "A longer one  #")
    aligned = HEAD + "      - id: a\n        name: A    # n\n        type: SMS  # t\n"
    assert _clean(aligned) == aligned
    assert _edited(aligned, _set(0, name="A longer one")) == aligned.replace(
        "A    #", "A longer one  #"
    ).replace("SMS  #", "SMS" + " " * 11 + "#")


USE = """\
sourcingId: s_1
blueprints:
  k:
    use: linkedin-first
    with: {pitch: "one: two"}  # what we say
    change:
      # a week is too long
      follow-up:
        delay: {value: 4, unit: day}  # four
    # nobody reads it
    remove: [sms, whatsapp]
    add:
      # once more
      - {after: follow-up, id: again, type: SMS, content: Hi}
"""


def test_a_use_of_a_template_is_edited_in_place() -> None:
    data: Any = parse(USE).data
    use = json.loads(json.dumps(data["blueprints"]["k"]))
    use["with"] |= {"pitch": "one: three", "closing": "Bye"}
    use["change"]["follow-up"] |= {"content": "Hi {{firstname}}", "policy": {"inviteTimeoutDays": 3}}
    use["change"]["invite"] = {"subject": "A role"}
    use["remove"] = ["whatsapp"]
    use["add"][0]["content"] = "Hello"
    use["add"].append({"content": "Two\nlines", "id": "last", "after": "again", "type": "SMS"})
    use["name"] = "Ours"
    edited = edit_mapping("f.yaml", USE, ("blueprints", "k"), use)
    assert edited == (
        """\
sourcingId: s_1
blueprints:
  k:
    use: linkedin-first
    name: Ours
    with: {pitch: "one: three", closing: Bye}  # what we say
    change:
      # a week is too long
      follow-up:
        delay: {value: 4, unit: day}  # four
        policy: {inviteTimeoutDays: 3}
        content: |-
          Hi {{firstname}}
      invite: {subject: A role}
    # nobody reads it
    remove: [whatsapp]
    add:
      # once more
      - {after: follow-up, id: again, type: SMS, content: Hello}
      - after: again
        id: last
        type: SMS
        content: |-
          Two
          lines
"""
    )
    for name in ("with", "change", "remove", "add"):
        del use[name]
    assert edit_mapping("f.yaml", edited, ("blueprints", "k"), use).endswith(
        "  k:\n    use: linkedin-first\n    name: Ours\n"
    )


def test_a_title_stands_behind_the_id() -> None:
    data: Any = parse(USE).data
    edited = edit_mapping("f.yaml", USE, (), {**data, "title": "Backend: Paris"})
    assert edited == USE.replace("sourcingId: s_1\n", 'sourcingId: s_1\ntitle: "Backend: Paris"\n')
