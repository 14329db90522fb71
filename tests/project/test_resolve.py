"""Templates, parameters, snippets and overrides make plain blueprints, and each value knows where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Alike
from kalentops.project import document as documents
from kalentops.project.check import check_text
from kalentops.project.document import checked_document, read_document
from kalentops.project.library import Library
from kalentops.project.load import of_texts
from kalentops.project.resolve import Resolved, resolve
from kalentops.project.result import CheckOptions
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.positions import Parsed
from tests.sizes import examples

TEMPLATE = """\
template: first
parameters:
  pitch: {about: One sentence}
  closing: {default: {en: Thank you., fr: Merci.}}
languages: [en, fr]
name: {en: "First, {{param.pitch}}", fr: "D'abord, {{param.pitch}}"}
config: {speed: slow}
steps:
  - id: invite
    name: Invitation
    type: LINKEDIN
    linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE
    temporalityType: ASAP
    content:
      en: "Hi {{firstname}}, {{param.pitch}} {{snippet.bye}}"
      fr: "Bonjour {{firstname}}, {{param.pitch}} {{snippet.bye}}"
  - id: mail
    name: Mail
    type: EMAIL
    subject: Hello
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true, inviteTimeoutDays: 3}
    content: "{{param.closing}}"
  - id: last
    name: Last
    type: EMAIL
    subject: Bye
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true}
    content: Last one
"""
SNIPPETS = "snippets:\n  bye: {en: 'Bye, {{recruiterFirstname}}', fr: 'Au revoir, {{recruiterFirstname}}'}\n"
SHARED = {"blueprints/t.yaml": TEMPLATE, "blueprints/s.yaml": SNIPPETS}


def _position(use: str, head: str = "language: en\n") -> str:
    return f"sourcingId: s_1\n{head}blueprints:\n  key:\n    use: first\n" + "".join(
        f"    {line}\n" for line in use.splitlines()
    )


def _resolve(use: str, head: str = "language: en\n", shared: dict[str, str] = SHARED) -> Resolved:
    library = Library.of(read_document(name, text) for name, text in shared.items())
    return resolve(read_document("blueprints/p.yaml", _position(use, head)), "key", library)


def _data(of: Resolved) -> dict[str, Any]:
    assert of.blueprint is not None
    return of.blueprint.model_dump(exclude_none=True)


def _steps(of: Resolved) -> dict[str, dict[str, Any]]:
    return {step["id"]: step for step in _data(of)["steps"]}


def test_parameters_and_snippets_fill_the_texts_of_the_language() -> None:
    found = _data(_resolve("with: {pitch: je recrute.}", "language: fr\n"))
    assert found["name"] == "D'abord, je recrute."
    assert found["steps"][0]["content"] == (
        "Bonjour {{firstname}}, je recrute. Au revoir, {{recruiterFirstname}}"
    )
    assert found["steps"][1]["content"] == "Merci."
    assert found["config"] == {"speed": "slow"}


def test_a_blueprint_may_say_another_language_than_its_position() -> None:
    assert _steps(_resolve("language: fr\nwith: {pitch: x}"))["mail"]["content"] == "Merci."


def test_markers_in_values_and_snippets_are_not_filled() -> None:
    shared = {**SHARED, "blueprints/s.yaml": "snippets: {bye: 'a {{param.pitch}}'}\n"}
    found = _steps(_resolve('with: {pitch: "{{snippet.bye}} {{param.closing}}"}', shared=shared))
    assert found["invite"]["content"] == (
        "Hi {{firstname}}, {{snippet.bye}} {{param.closing}} a {{param.pitch}}"
    )


def test_a_field_of_change_takes_the_place_of_the_field() -> None:
    found = _steps(
        _resolve(
            "with: {pitch: x}\nchange:\n  mail:\n    delay: {value: 1, unit: minute}\n    subject: Other\n"
            "    policy: {inviteTimeoutDays: null, autoValidateAIDraft: false}\n    contentSource: manual\n"
            "  last: {policy: null, content: '{{param.pitch}}!'}"
        )
    )
    mail = found["mail"]
    assert (mail["delay"], mail["subject"], mail["contentSource"]) == (
        {"value": 1, "unit": "minute"},
        "Other",
        "manual",
    )
    assert mail["policy"] == {"skipStepIfNoContact": True, "autoValidateAIDraft": False}
    assert "policy" not in found["last"]
    assert found["last"]["content"] == "x!"


def test_a_policy_without_fields_goes_away() -> None:
    found = _steps(_resolve("with: {pitch: x}\nchange: {last: {policy: {skipStepIfNoContact: null}}}"))
    assert "policy" not in found["last"]


def test_steps_are_removed_and_added_where_they_are_said() -> None:
    step = "name: N, type: SMS, temporalityType: ASAP, content: 'a {{param.pitch}}'"
    found = _steps(
        _resolve(
            f"with: {{pitch: x}}\nremove: [mail]\nadd:\n  - {{after: invite, id: b, {step}}}\n"
            f"  - {{before: b, id: a, {step}}}\n  - {{after: last, id: z, {step}}}"
        )
    )
    assert list(found) == ["invite", "a", "b", "last", "z"]
    assert found["a"]["content"] == "a x"
    assert "before" not in found["a"]


def test_name_config_and_protect_of_a_use_win() -> None:
    found = _data(_resolve("name: '{{param.pitch}}'\nconfig: {a: 1}\nprotect: true\nwith: {pitch: x}"))
    assert (found["name"], found["config"], found["protect"]) == ("{{param.pitch}}", {"a": 1}, True)
    assert "config" not in _data(_resolve("config: null"))


def test_the_template_is_not_changed_by_its_users() -> None:
    library = Library.of(read_document(name, text) for name, text in SHARED.items())
    first = read_document(
        "a.yaml", _position("with: {pitch: x}\nchange: {mail: {policy: {inviteTimeoutDays: null}}}")
    )
    second = read_document("b.yaml", _position("with: {pitch: y}"))
    assert "inviteTimeoutDays" not in _steps(resolve(first, "key", library))["mail"]["policy"]
    assert _steps(resolve(second, "key", library))["mail"]["policy"]["inviteTimeoutDays"] == 3
    assert _steps(resolve(second, "key", library))["invite"]["content"].startswith("Hi {{firstname}}, y ")


@pytest.mark.parametrize(
    ("path", "at", "place", "word"),
    [
        (("steps", 0, "content"), 0, "blueprints/t.yaml", "Hi {{firstname}}"),
        (("steps", 0, "content"), 18, "blueprints/p.yaml", "pitch here"),
        (("steps", 0, "content"), 29, "blueprints/s.yaml", "Bye,"),
        (("steps", 1, "content"), 0, "blueprints/t.yaml", "Thank you."),
        (("steps", 1, "delay", "value"), None, "blueprints/p.yaml", "5, unit"),
        (("steps", 1, "policy", "skipStepIfNoContact"), None, "blueprints/t.yaml", "true, inviteTimeoutDays"),
        (("steps", 1, "policy", "inviteTimeoutDays"), None, "blueprints/p.yaml", "9}"),
        (("steps", 1, "type"), None, "blueprints/t.yaml", "EMAIL\n    subject: Hello"),
        (("steps", 2, "content"), 0, "blueprints/p.yaml", "added"),
        (("name",), 7, "blueprints/p.yaml", "pitch here"),
        (("config",), None, "blueprints/t.yaml", "{speed: slow}"),
    ],
)
def test_each_value_is_placed_where_it_stands(
    path: tuple[str | int, ...], at: int | None, place: str, word: str
) -> None:
    use = (
        'with: {pitch: "pitch here"}\nchange: {mail: {delay: {value: 5, unit: day}, policy: {inviteTimeoutDays: 9}}}\n'
        "remove: [last]\nadd: [{after: mail, id: a, name: A, type: SMS, temporalityType: ASAP, content: added}]"
    )
    found = _resolve(use)
    placed = found.place(Problem(path, "", "", at, code="KAL101"))
    texts = {**SHARED, "blueprints/p.yaml": _position(use)}
    assert placed.file == place
    line = "\n".join(texts[placed.file].split("\n")[placed.line - 1 :])
    assert line[placed.column - 1 :].startswith(word)


def test_what_is_missing_is_missing_where_the_rest_was_changed() -> None:
    found = _resolve("with: {pitch: x}\nchange: {invite: {temporalityType: DELAYED}}")
    placed = found.place(Problem(("steps", 0, "delay"), "", "", code="KAL201"))
    assert (placed.file, placed.line) == ("blueprints/p.yaml", 7)
    untouched = _resolve("with: {pitch: x}").place(Problem(("steps", 0, "delay"), "", "", code="KAL201"))
    assert untouched.file == "blueprints/t.yaml"
    added = _resolve(
        "add:\n  - {after: last, temporalityType: DELAYED, id: a, name: A, type: SMS, content: Hi}"
    )
    placed = added.place(Problem(("steps", 3, "delay"), "", "", code="KAL201"))
    assert (placed.line, placed.column) == (7, 9)


def test_origins_say_where_each_part_of_a_text_comes_from() -> None:
    parts = _resolve("with: {pitch: x}").origins()["invite", "content"]
    assert [(start, origin.file) for start, origin in parts] == [
        (0, "blueprints/t.yaml"),
        (18, "blueprints/p.yaml"),
        (19, "blueprints/t.yaml"),
        (20, "blueprints/s.yaml"),
    ]


def test_a_resolved_blueprint_is_bounded() -> None:
    shared = {
        "t.yaml": "template: first\nname: A\nsteps:\n  - {id: a, name: A, type: SMS, temporalityType: ASAP, content: '"
        + "{{snippet.bye}}" * 1000
        + "'}\n",
        "s.yaml": f"snippets: {{bye: '{'x' * 2000}'}}\n",
    }
    found = _resolve("", "", shared)
    assert found.blueprint is None
    assert found.context.size > found.context.limit


_VALUES = st.dictionaries(
    st.sampled_from(["pitch", "closing"]), st.text("ab{}[] .éx", max_size=8), max_size=2
)


@given(st.lists(_VALUES, min_size=1, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_resolving_does_not_depend_on_the_order_of_files(values: list[dict[str, str]], random: Any) -> None:
    texts = dict(SHARED)
    for number, each in enumerate(values):
        use = {"use": "first", "with": each}
        text = yaml.safe_dump({"sourcingId": f"s_{number}", "language": "en", "blueprints": {"key": use}})
        texts[f"blueprints/{number}.yaml"] = text
    order = list(texts)
    random.shuffle(order)
    before = of_texts(CheckOptions(Path("/nowhere")), texts)
    after = of_texts(CheckOptions(Path("/nowhere")), {name: texts[name] for name in order})
    assert after.findings == before.findings
    assert [each.used_by for each in after.findings] == [each.used_by for each in before.findings]
    assert after.declared == before.declared


def test_a_template_in_place_of_a_copy_has_the_same_digest() -> None:
    options = CheckOptions(Path(), bodies=True, shared=SHARED)
    (used,) = check_text(options, "p.yaml", _position("with: {pitch: x}")).declared
    plain = _data(_resolve("with: {pitch: x}"))
    text = yaml.safe_dump({"sourcingId": "s_1", "blueprints": {"key": plain}}, allow_unicode=True)
    (copied,) = check_text(options, "p.yaml", text).declared
    assert used.digest == copied.digest
    assert (used.template, copied.template) == ("first", "")


@pytest.mark.parametrize("name", ["subject", "pitch"])
@pytest.mark.parametrize("kind", ["with", "default", "snippet"])
def test_a_warning_takes_no_text_away(kind: str, name: str) -> None:
    folded = ">-\n        We are six.\n        - one\n        - two\n"
    marker = f"{{{{{'snippet' if kind == 'snippet' else 'param'}.{name}}}}}"
    default = f"    default: {folded}" if kind == "default" else "    about: Who we are\n"
    texts = {
        "blueprints/t.yaml": f"""\
template: first
parameters:
  {name}:
{default}
name: First
steps:
  - {{id: s, name: S, type: SMS, temporalityType: ASAP, content: "Hi {{{{firstname}}}}, {marker}"}}
""",
        "blueprints/s.yaml": f"snippets:\n  {name}: {folded}",
        "blueprints/p.yaml": "sourcingId: s_1\nblueprints:\n  key:\n    use: first\n"
        + (f"    with:\n      {name}: {folded}" if kind == "with" else ""),
    }
    library = Library.of(checked_document(name, text, {}) for name, text in texts.items())
    found = resolve(checked_document("blueprints/p.yaml", texts["blueprints/p.yaml"], {}), "key", library)
    assert _steps(found)["s"]["content"] == "Hi {{firstname}}, We are six. - one - two"
    assert not found.placeholders


def test_a_warning_hides_no_error() -> None:
    change = "change:\n  subject:\n    content: >-\n      Hi {{name}}, we are six.\n      - one\n      - two"
    template = TEMPLATE.replace("id: mail", "id: subject")
    found = of_texts(
        CheckOptions(Path("/")),
        SHARED
        | {"blueprints/t.yaml": template, "blueprints/p.yaml": _position(f"with: {{pitch: x}}\n{change}")},
    )
    assert {each.code for each in found.findings} >= {"KAL313", "KAL101"}


@pytest.mark.parametrize(
    "text",
    [
        'name: "A\ntemplate: other"\n    steps: []',
        "name: A\n    steps: []\n    config:\n      template: other",
    ],
)
def test_a_text_of_a_position_is_no_template(text: str) -> None:
    other = f"sourcingId: s_2\nblueprints:\n  key:\n    {text}\n"
    use = _position("").replace("first", "other")
    found = of_texts(CheckOptions(Path("/")), SHARED | {"blueprints/a.yaml": other, "blueprints/p.yaml": use})
    assert [each.code for each in found.findings if each.file == "blueprints/p.yaml"] == ["KAL401"]


@pytest.mark.parametrize(
    "text", ["\ufeff" + TEMPLATE, "".join(f"  {line}\n" for line in TEMPLATE.splitlines())]
)
def test_a_template_is_found_however_its_file_begins(text: str) -> None:
    position = _position("with: {pitch: x}")
    found = of_texts(
        CheckOptions(Path("/")), SHARED | {"blueprints/t.yaml": text, "blueprints/p.yaml": position}
    )
    assert found.valid


@pytest.mark.parametrize(
    ("head", "own", "language"),
    [("", "", ""), ("language: fr", "", "fr"), ("language: fr", "language: en", "en")],
)
def test_a_blueprint_of_either_kind_has_the_language_of_its_texts(head: str, own: str, language: str) -> None:
    shared = {"t.yaml": "template: t\nname: T\n"}
    text = f"sourcingId: s_1\n{head}\nblueprints:\n  plain:\n    name: P\n    {own}\n  made:\n    use: t\n    {own}\n"
    declared = check_text(CheckOptions(Path(), shared=shared), "p.yaml", text).declared
    assert [each.language for each in declared] == [language, language]


@pytest.mark.parametrize("change", ["change:", "change: {mail: }", "change: {mail: {name: 1}}"])
def test_a_change_that_can_not_be_read_is_one_finding(change: str) -> None:
    texts = SHARED | {"blueprints/p.yaml": _position(f"with: {{pitch: x}}\n{change}")}
    assert [(each.file, each.code) for each in of_texts(CheckOptions(Path("/")), texts).findings] == [
        ("blueprints/p.yaml", "KAL012")
    ]


def test_users_of_a_template_are_alike_but_for_their_own_words() -> None:
    def alike(*uses: str) -> list[Alike | None]:
        text = "sourcingId: s_1\nlanguage: en\nblueprints:\n" + "".join(
            f"  b-{n}: {{use: first, {use}}}\n" for n, use in enumerate(uses)
        )
        return [
            each.alike for each in check_text(CheckOptions(Path(), shared=SHARED), "p.yaml", text).declared
        ]

    one, other, changed = alike(
        "with: {pitch: One.}", "with: {pitch: Two.}", "with: {pitch: One.}, remove: [invite]"
    )
    assert one is not None
    assert other is not None
    assert changed is not None
    assert one.key == other.key != changed.key
    assert (set(one.words), set(other.words)) == ({"One."}, {"Two."})


def test_a_shared_file_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counted(text: str) -> Parsed:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(documents, "parse", counted)
    texts = {**SHARED, "blueprints/p.yaml": _position("with: {pitch: x}")}
    of_texts(CheckOptions(Path()), texts)
    assert sorted(parsed) == sorted(texts.values())
