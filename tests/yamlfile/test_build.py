"""What is written is what is read again, whatever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import Body
from kalentops.blueprint.files import SourcingFile
from kalentops.blueprint.model import Blueprint
from kalentops.errors import Unwritable
from kalentops.lint.project import DEFAULTS
from kalentops.project.check import check_text
from kalentops.project.document import read_document
from kalentops.project.result import CheckOptions
from kalentops.yamlfile import build
from kalentops.yamlfile.fmt import print_document
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.tree import MAPPING, SEQUENCE, STREAM_END, VALUE, Child, Document, Node, Token
from tests.sizes import examples
from tests.strategies import blueprints, keys
from tests.yamlfile.texts import WORDS, json_values, texts, wild_documents, wild_files


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types all the way down: `1 == True == 1.0` is not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return isinstance(one, type(other)) and repr(one) == repr(other)


def read(text: str) -> Any:
    parsed = parse(text)
    assert parsed.faults == [], text
    return parsed.data


def printed(part: Child, depth: int = 0) -> str:
    """An entry of a mapping, or an item of a list, below some keys."""
    root = Node(MAPPING if part.key else SEQUENCE, children=[part])
    for _ in range(depth):
        root = Node(MAPPING, children=[Child(root, key=build.scalar("x"), sign=Token(VALUE, ":"))])
    return print_document(Document([], root, [], Token(STREAM_END, "")))


def nested(text: str, depth: int) -> Any:
    data = read(text)
    for _ in range(depth):
        data = data["x"]
    return data


def entry(field: str, value: Any) -> str:
    return printed(build.entry(field, value, 0, layout=build.STEP))


@given(texts(), wild_files())
@settings(max_examples=examples(400), deadline=None)
def test_any_file_is_read_as_what_was_written(sourcing_id: str, by_key: dict[str, Any]) -> None:
    text = build.file_text(sourcing_id, by_key)
    assert same(read(text), {"sourcingId": sourcing_id, "blueprints": by_key}), text
    assert text.endswith("\n")
    assert not text.startswith("\n")


@given(texts(), wild_files())
@settings(max_examples=examples(150), deadline=None)
def test_readers_of_yaml_1_1_see_the_same(sourcing_id: str, by_key: dict[str, Any]) -> None:
    text = build.file_text(sourcing_id, by_key)
    assert same(yaml.safe_load(text), {"sourcingId": sourcing_id, "blueprints": by_key}), text


@given(wild_documents())
@settings(max_examples=examples(300), deadline=None)
def test_a_file_of_any_kind_is_read_as_what_was_written(data: dict[str, Any]) -> None:
    text = build.document_text(data)
    assert same(read(text), data), text
    assert same(yaml.safe_load(text), data), text


@given(st.dictionaries(keys(), blueprints(), max_size=3))
@settings(max_examples=examples(100), deadline=None)
def test_valid_blueprints_come_through_the_whole_of_the_loader(by_key: dict[str, Blueprint]) -> None:
    bodies = {key: each.model_dump(exclude_none=True) for key, each in by_key.items()}
    document = read_document("f.yaml", build.file_text("sourcing_1", bodies))
    assert document.findings == []
    assert isinstance(document.model, SourcingFile)
    assert document.model.blueprints == by_key


def test_what_apply_knows_of_a_file_is_what_was_rendered() -> None:
    body = {
        "name": "A",
        "steps": [{"id": "s", "name": "N", "type": "SMS", "content": "Hi\n", "temporalityType": "ASAP"}],
    }
    text = build.file_text("sourcing_1", {"a": body})
    job = CheckOptions(root=Path(), severities=DEFAULTS, bodies=True)
    [desired] = check_text(job, "f.yaml", text).declared
    assert desired.body == Body.of_blueprint(Blueprint.read(body))


@given(st.dictionaries(texts(), json_values(), max_size=4), st.sampled_from([0, 1, 3]))
@settings(max_examples=examples(150), deadline=None)
def test_a_step_fits_where_it_is_put(step: dict[str, Any], depth: int) -> None:
    text = printed(build.item(step, 2 * depth), depth)
    assert same(nested(text, depth), [step]), text


@given(
    st.sampled_from(["content", "subject", "delay", "policy", "config", "x"]),
    json_values(),
    st.sampled_from([0, 4]),
)
@settings(max_examples=examples(300), deadline=None)
def test_a_value_fits_behind_its_field(field: str, value: Any, depth: int) -> None:
    text = printed(build.entry(field, value, 2 * depth, layout=build.STEP), depth)
    assert same(nested(text, depth), {field: value}), text


@given(texts())
@settings(max_examples=examples(500), deadline=None)
@example("k" * 2000)
def test_any_text_is_a_text_for_every_reader(text: str) -> None:
    for field in ("content", "name"):
        written = entry(field, text)
        assert read(written) == {field: text}, written
        assert yaml.safe_load(written) == {field: text}, written


@pytest.mark.parametrize("place", ["entry", "item", "key", "flow", "flow-key"])
def test_each_word_of_ill_repute(place: str) -> None:
    for text in WORDS:
        data: Any = {
            "entry": {"x": text},
            "item": {"x": [text, [text]]},
            "key": {"x": {text: text}},
            "flow": {"policy": {"a": text}},
            "flow-key": {"policy": {text: 1}},
        }[place]
        written = printed(build.item(data, 0))
        assert same(read(written), [data]), written
        assert same(yaml.safe_load(written), [data]), written


def test_a_file_looks_as_people_write_it() -> None:
    step = {
        "content": "Hi {{firstname}}, may I tell you more?",
        "id": "invite",
        "name": "Invitation, with a message",
        "type": "EMAIL",
        "temporalityType": "DELAYED",
        "policy": {"skipStepIfNoContact": True, "inviteTimeoutDays": 5},
        "subject": "{{sourcingJobTitle}}: a question",
        "delay": {"value": 3, "unit": "day"},
    }
    other = {"id": "no", "content": "Hi,\n\nbye \n", "name": "010", "type": "SMS", "temporalityType": "NEW"}
    body = {"steps": [step, other], "name": "First", "config": {"a": {"b": [1, "x"]}, "c": {}}}
    last = {"name": "Last", "steps": [{**other, "content": "two\n\n"}]}
    assert build.file_text("sourcing_1", {"one": body, "2": last, "three": {"name": "x", "steps": []}}) == (
        """\
sourcingId: sourcing_1
blueprints:
  one:
    name: First
    config:
      a:
        b:
          - 1
          - x
      c: {}
    steps:
      - id: invite
        name: Invitation, with a message
        type: EMAIL
        subject: "{{sourcingJobTitle}}: a question"
        temporalityType: DELAYED
        delay: {value: 3, unit: day}
        policy: {skipStepIfNoContact: true, inviteTimeoutDays: 5}
        content: |-
          Hi {{firstname}}, may I tell you more?
      - id: "no"
        name: "010"
        type: SMS
        temporalityType: NEW
        content: |
          Hi,

          bye\x20

  "2":
    name: Last
    steps:
      - id: "no"
        name: "010"
        type: SMS
        temporalityType: NEW
        content: |+
          two

  three:
    name: x
    steps: []
"""
    )


def test_a_template_looks_as_people_write_it() -> None:
    steps = [
        {
            "content": {
                "en": "Hi {{firstname}}, {{param.pitch}}",
                "fr": "Bonjour {{firstname}},\n{{param.pitch}}",
            },
            "subject": {"en": "A role", "fr": "Un poste"},
            "delay": {"unit": "day", "value": 3},
            "name": {
                "en": "First message: what the role is, and why it fits this person",
                "fr": "Premier message " * 3,
            },
            "id": "message",
        },
        {"content": "Bye", "id": "bye"},
    ]
    data = {
        "steps": steps,
        "name": {"fr": "LinkedIn", "en": "LinkedIn first"},
        "languages": ["en", "fr"],
        "parameters": {
            "pitch": {"about": "One sentence about the role"},
            "closing": {
                "default": {"en": "Thank you", "fr": "Merci, au revoir et à bientôt"},
                "about": "The last line " * 3,
            },
            "lines": {"default": "a\nb"},
        },
        "template": "linkedin-first",
    }
    assert build.document_text(data) == (
        """\
template: linkedin-first
parameters:
  pitch: {about: One sentence about the role}
  closing:
    about: "The last line The last line The last line "
    default:
      en: Thank you
      fr: Merci, au revoir et à bientôt
  lines:
    default: |-
      a
      b
languages: [en, fr]
name: {fr: LinkedIn, en: LinkedIn first}
steps:
  - id: message
    name:
      en: "First message: what the role is, and why it fits this person"
      fr: "Premier message Premier message Premier message "
    subject: {en: A role, fr: Un poste}
    delay: {value: 3, unit: day}
    content:
      en: Hi {{firstname}}, {{param.pitch}}
      fr: |-
        Bonjour {{firstname}},
        {{param.pitch}}
  - id: bye
    content: |-
      Bye
"""
    )


def test_a_use_of_a_template_and_snippets_look_as_people_write_them() -> None:
    use = {
        "add": [{"content": "Hi", "id": "second-mail", "after": "follow-up", "type": "SMS"}],
        "remove": ["whatsapp"],
        "change": {
            "follow-up": {"delay": {"unit": "day", "value": 4}},
            "invite": {"content": "Hello", "name": "Hi"},
            "mail": {"subject": None},
        },
        "with": {"pitch": "je recrute pour une équipe de six."},
        "use": "linkedin-first",
    }
    data = {
        "blueprints": {"linkedin-first": use, "other": {"use": "x", "with": {"a": "one\ntwo", "b": "c"}}},
        "moved": [{"to": "b", "from": "a"}],
        "sample": {"sourcingLocation": "Paris"},
        "language": "fr",
        "title": "Senior backend engineer, Paris",
        "sourcingId": "sourcing_123",
    }
    assert build.document_text(data) == (
        """\
sourcingId: sourcing_123
title: Senior backend engineer, Paris
language: fr
sample: {sourcingLocation: Paris}
moved: [{from: a, to: b}]
blueprints:
  linkedin-first:
    use: linkedin-first
    with: {pitch: je recrute pour une équipe de six.}
    change:
      follow-up: {delay: {value: 4, unit: day}}
      invite:
        name: Hi
        content: |-
          Hello
      mail: {subject: null}
    remove: [whatsapp]
    add:
      - after: follow-up
        id: second-mail
        type: SMS
        content: |-
          Hi

  other:
    use: x
    with:
      a: |-
        one
        two
      b: c
"""
    )
    assert build.document_text({"snippets": {"bye": {"en": "Bye", "fr": "À bientôt"}, "lines": "a\nb"}}) == (
        "snippets:\n  bye: {en: Bye, fr: À bientôt}\n  lines: |-\n    a\n    b\n"
    )


def test_the_parts_of_a_step_stand_as_people_say_them() -> None:
    assert entry("delay", {"unit": "day", "value": 3}) == "delay: {value: 3, unit: day}\n"
    policy = {"new": 1, "inviteTimeoutDays": 5, "skipStepIfNoContact": True}
    assert entry("policy", policy) == "policy: {skipStepIfNoContact: true, inviteTimeoutDays: 5, new: 1}\n"


def test_what_can_not_be_seen_is_an_escape_where_there_are_quotes() -> None:
    assert entry("subject", "a\u202eb\x00\u2028👋🏽\tc") == 'subject: "a\\u202Eb\\0\\u2028👋🏽\\tc"\n'


@pytest.mark.parametrize(
    ("where", "by_key"),
    [
        ("blueprints/a/steps/1/content", {"a": {"steps": [{}, {"content": "x\ud83d"}]}}),
        ("blueprints/a/config/b/0", {"a": {"config": {"b": ["\udc00"]}}}),
        ("blueprints/a/steps/0/policy/x", {"a": {"steps": [{"policy": {"x": "\udc00"}}]}}),
        ("blueprints/a/\\u{dc00}", {"a": {"\udc00": 1}}),
    ],
)
def test_half_a_character_is_refused_with_its_place(where: str, by_key: Any) -> None:
    with pytest.raises(Unwritable, match="half a character") as caught:
        build.file_text("sourcing_1", by_key)
    assert where.encode(errors="replace") in str(caught.value).encode(errors="replace")


def test_numbers_that_the_loader_refuses_are_written_for_it_to_refuse() -> None:
    text = build.file_text(
        "s", {"a": {"name": 10**70, "steps": [], "config": {"x": float("inf"), "y": float("nan")}}}
    )
    assert [fault.code for fault in parse(text).faults] == ["KAL012"] * 3
    assert str(10**70) in text
