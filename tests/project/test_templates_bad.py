"""Each mistake with templates, alone and in pairs, is reported once, where its words stand, and nothing else is."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from kalentops.lint.finding import Finding, Severity
from kalentops.lint.rule import rules
from kalentops.project.config import load_config
from kalentops.project.load import load, load_with_users, of_texts
from kalentops.project.result import CheckOptions
from kalentops.yamlfile import MAX_BYTES
from tests.sizes import examples, some

MARK: Final = "▸"
STEP: Final = "type: EMAIL, subject: More, temporalityType: DELAYED, delay: {value: 1, unit: day}"
T, S, A, B, P = "t.yaml", "s.yaml", "a.yaml", "b.yaml", "p.yaml"
BASE: Final = {
    T: """\
template: first
parameters:
  pitch: {about: One sentence}
  closing: {default: {en: Thank you., fr: Merci.}}
  offer: {}
languages: [en, fr]
name: {en: First, fr: D'abord}
steps:
  - id: invite
    name: {en: Invitation, fr: Invitation}
    type: LINKEDIN
    linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE
    temporalityType: ASAP
    content: {en: "Hi, {{param.pitch}}", fr: "Bonjour, {{param.pitch}}"}
  - id: mail
    name: Mail
    type: EMAIL
    subject: Hello
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true}
    content: "{{param.closing}} {{snippet.bye}}"
  - id: third
    name: Third
    type: EMAIL
    subject: {en: Again, fr: Encore}
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true}
    content: "{{param.offer}} and so on"
  - id: last
    name: Last
    type: EMAIL
    subject: Once more
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true}
    content: The last one
""",
    S: """\
snippets:
  bye: {en: "Bye, {{recruiterFirstname}}", fr: "Au revoir, {{recruiterFirstname}}"}
  spare: Nothing uses it
""",
    A: """\
sourcingId: s_a
title: Engineer, Paris
language: en
sample: {sourcingJobTitle: Engineer}
blueprints:
  one:
    use: first
    with:
      pitch: I hire.
      offer: A desk
    change:
      mail:
        delay: {value: 4, unit: day}
        subject: Another
    remove: [last]
    add:
      - after: mail
        id: extra
        name: Extra
        type: EMAIL
        subject: More
        temporalityType: DELAYED
        delay: {value: 2, unit: day}
        policy: {skipStepIfNoContact: true}
        content: "{{snippet.bye}} again"
    config: {speed: slow}
    protect: true
""",
    B: """\
sourcingId: s_b
blueprints:
  one:
    use: first
    language: fr
    protect: false
    with: {pitch: Je recrute., offer: Un bureau}
""",
    P: """\
sourcingId: s_p
blueprints:
  plain:
    name: Plain
    steps:
      - id: s
        name: Step
        type: EMAIL
        subject: Hello
        temporalityType: ASAP
        policy: {skipStepIfNoContact: true}
        content: A text
""",
}


class Mistake(NamedTuple):
    """`old` becomes `new` in a file, or a file `old` of the text `new` is there; each ▸ is the place of a finding."""

    code: str
    file: str
    old: str
    new: str
    says: str = ""


MISTAKES: Final = [
    # Which template, which snippet
    Mistake("KAL401", A, "use: first", "use: ▸frist", "there is no template `frist`"),
    Mistake("KAL402", "u.yaml", "", "template: ▸first\nname: Other\n"),
    Mistake("KAL402", "v.yaml", "", "snippets:\n  ▸spare: Other\n"),
    Mistake("KAL406", T, '"{{param.closing}} {{snippet.bye}}"', '"{{param.closing}} {{snippet.▸bey}}"'),
    Mistake("KAL406", A, '"{{snippet.bye}} again"', '"{{snippet.▸byebye}} again"'),
    # Parameters
    Mistake("KAL403", T, 'en: "Hi, {{param.pitch}}"', 'en: "Hi, {{param.pitch}} {{param.▸pithc}}"'),
    Mistake("KAL403", A, "offer: A desk", "offer: A desk\n      ▸nonsense: Hi"),
    Mistake("KAL403", A, "subject: Another", 'subject: "Another {{param.▸zzz}}"'),
    Mistake("KAL404", A, "    with:\n      pitch: I hire.\n", "    ▸with:\n"),
    Mistake(
        "KAL405",
        A,
        "offer: A desk\n    change:\n",
        "▸offer: A desk\n    change:\n      third: {content: Other}\n",
    ),
    Mistake("KAL408", A, "pitch: I hire.", "pitch: ▸|\n        I hire."),
    Mistake("KAL408", T, "fr: Merci.", 'fr: ▸"Merci.\\n"'),
    # Markers where none is filled
    Mistake("KAL407", A, "offer: A desk", 'offer: "A ▸{{param.pitch}}"'),
    Mistake("KAL407", A, "pitch: I hire.", 'pitch: "▸{{snippet.bye}}"'),
    Mistake("KAL407", T, "en: Thank you.", 'en: "Thank you ▸{{snippet.bye}}"'),
    Mistake("KAL407", S, 'fr: "Au revoir,', 'fr: "Au revoir ▸{{param.pitch}},'),
    Mistake("KAL407", S, "Nothing uses it", '"Nothing ▸{{snippet.bye}}"'),
    Mistake("KAL407", T, "content: The last one", 'content: "▸{{ param.pitch }}"', "is not a marker"),
    # Languages
    Mistake("KAL409", B, "language: fr", "language: ▸de"),
    Mistake("KAL409", T, "name: Third", "name: {en: Third, fr: Troisième, ▸de: Dritter}"),
    Mistake("KAL410", B, "use: first\n    language: fr\n", "use: ▸first\n", "has no language"),
    Mistake("KAL410", T, "{en: Again, fr: Encore}", "▸{en: Again}", "is not there in `fr`"),
    Mistake(
        "KAL410",
        S,
        BASE[S].split("\n")[1],
        '  bye: ▸{en: "Bye, {{recruiterFirstname}}"}',
        "is not there in `fr`",
    ),
    Mistake("KAL411", A, "subject: Another", "subject: ▸{en: Another, fr: Autre}"),
    Mistake("KAL411", B, "offer: Un bureau", "offer: ▸{fr: Un bureau}"),
    # Overrides
    Mistake(
        "KAL412", A, "      mail:\n        delay", "      ▸mial: {subject: Hi}\n      mail:\n        delay"
    ),
    Mistake("KAL412", A, "remove: [last]", "remove: [last, ▸lst]"),
    Mistake("KAL412", A, "after: mail", "after: ▸mall"),
    Mistake("KAL413", A, "subject: Another\n", "subject: Another\n      ▸last: {subject: Hi}\n"),
    Mistake("KAL413", A, "remove: [last]", "remove: [last, ▸last]"),
    Mistake("KAL413", A, "after: mail", "after: ▸last"),
    Mistake("KAL414", A, "id: extra", "id: ▸third"),
    Mistake("KAL415", A, "      - after: mail\n        id: extra", "      - ▸id: extra"),
    Mistake("KAL415", A, "after: mail\n", "after: mail\n        ▸before: mail\n"),
    Mistake("KAL416", A, "subject: Another", "subject: Another\n        ▸id: letter"),
    Mistake("KAL416", A, "subject: Another", "content: ▸null"),
    Mistake("KAL417", B, "    language: fr\n", "    language: fr\n    ▸steps: []\n"),
    Mistake("KAL417", P, "    name: Plain\n", "    name: Plain\n    ▸remove: [s]\n"),
    # The position itself
    Mistake("KAL419", "c.yaml", "", "sourcingId: s_a\ntitle: ▸Designer\nremoved: [gone]\n"),
    Mistake("KAL420", A, "sourcingJobTitle: Engineer", "sourcingJobTitle: Engineer, ▸jobTitle: E"),
    # Shapes
    Mistake("KAL010", A, "    config: {speed: slow}\n", "    config: {speed: slow}\n    ▸nonsense: 1\n"),
    Mistake("KAL010", A, "        delay: {value: 4, unit: day}\n", "        ▸nonsense: 1\n"),
    Mistake("KAL010", T, "  pitch: {about: One sentence}", "  pitch: {about: One sentence, ▸nonsense: 1}"),
    Mistake("KAL011", T, "id: last\n    name: Last\n    type: EMAIL\n", "▸id: last\n    name: Last\n"),
    Mistake("KAL012", A, "offer: A desk", "offer: ▸7"),
    Mistake("KAL012", A, "remove: [last]", "remove: ▸last"),
    Mistake("KAL012", T, "  offer: {}", "  offer: ▸7"),
    Mistake("KAL012", S, "spare: Nothing uses it", "spare: ▸7"),
    Mistake("KAL013", T, "linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE", "linkedInType: ▸INVITATION"),
    Mistake("KAL016", T, "  offer: {}", "  offer: {}\n  ▸Not A Key: {}"),
    Mistake(
        "KAL018",
        B,
        "  one:\n",
        "  two: {use: first, name: D'abord, language: fr, with: {pitch: a, offer: b}}\n  ▸one:\n",
    ),
    # What every candidate would see
    Mistake("KAL101", T, "content: The last one", 'content: "The ▸{{nope}}"'),
    Mistake("KAL101", T, 'content: "{{param.offer}} and', 'content: "▸{{offer}} and'),
    Mistake("KAL104", T, 'content: "{{param.offer}} and', 'content: "▸{{param.offer} and'),
    Mistake("KAL103", S, 'en: "Bye, ', 'en: "Bye ▸[company], '),
]


# What isn't known once something else is wrong, by the codes of the two. A parameter is unused for sure only where all
# texts are known; an added step without a place is not looked at; an unknown field may be a misspelt default.
HIDES: Final = {
    "KAL101": {"KAL405"},
    "KAL104": {"KAL405"},
    "KAL401": {"KAL103", "KAL403", "KAL404", "KAL405", "KAL406", "KAL412", "KAL413", "KAL414"},
    "KAL403": {"KAL405"},
    "KAL406": {"KAL410"},
    "KAL407": {"KAL405"},
    "KAL409": {"KAL018", "KAL410"},
    "KAL410": {"KAL018", "KAL410"},
    "KAL411": {"KAL405"},
    "KAL412": {"KAL406"},
    "KAL413": {"KAL406"},
    "KAL414": {"KAL406"},
    "KAL415": {"KAL406"},
    "KAL010": {"KAL404", "KAL405"},
    "KAL011": {"KAL405"},
    "KAL012": {"KAL405", "KAL413"},
    "KAL013": {"KAL405"},
    "KAL016": {"KAL403", "KAL405"},
}


def _applied(*mistakes: Mistake) -> dict[str, str] | None:
    """The files with the mistakes, or None where one is in the way of another."""
    files = dict(BASE)
    for each in mistakes:
        text = files.get(each.file, "")
        if text.count(each.old) != 1:
            return None
        files[each.file] = text.replace(each.old, each.new)
    return files


def _unmarked(files: Mapping[str, str]) -> dict[str, str]:
    return {name: text.replace(MARK, "") for name, text in files.items()}


def _found(files: Mapping[str, str]) -> list[Finding]:
    return of_texts(CheckOptions(Path("/")), _unmarked(files)).findings


def _marked(files: Mapping[str, str]) -> list[tuple[str, int, int]]:
    return [
        (name, number, mark.start() + 1 - nth)
        for name, text in sorted(files.items())
        for number, line in enumerate(text.split("\n"), 1)
        for nth, mark in enumerate(re.finditer(MARK, line))
    ]


def _places(found: list[Finding]) -> list[tuple[str, int, int]]:
    return [(each.file, each.line, each.column) for each in found]


def test_the_base_is_in_order() -> None:
    assert _found(BASE) == []


def test_every_rule_of_templates_is_among_the_mistakes() -> None:
    codes = {code for code in rules() if code.startswith("KAL4")}
    assert codes - {each.code for each in MISTAKES} == {"KAL418"}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: f"{each.code} {each.new}")
def test_a_mistake_is_reported_where_its_words_stand(mistake: Mistake) -> None:
    files = _applied(mistake)
    assert files is not None
    found = _found(files)
    assert _places(found) == _marked(files)
    assert {each.code for each in found} == {mistake.code}
    assert all(mistake.says in each.message for each in found)
    assert all(each.users in {1, 2} for each in found if each.file == T)
    assert not any(each.users for each in found if each.file not in {T, S})


def test_two_mistakes_are_reported_as_each_of_them_alone() -> None:
    pairs = [
        (pair, files)
        for pair in itertools.combinations(MISTAKES, 2)
        if (files := _applied(*pair)) is not None
    ]
    assert len(pairs) > 1_000
    for (one, other), files in some(pairs, 300):
        found, expected = _found(files), _marked(files)
        assert len(set(_places(found))) == len(found)
        assert set(_places(found)) <= set(expected), (one, other, found)
        hidden = HIDES.get(one.code, set()) | HIDES.get(other.code, set())
        if {one.code, other.code}.isdisjoint(hidden):
            assert _places(found) == expected, (one, other)
        assert {one.code, other.code} - {each.code for each in found} <= hidden, (one, other)


def _write(folder: Path) -> None:
    for name, text in BASE.items():
        (folder / name).write_text(text, encoding="utf-8")


BROKEN: Final = {
    T: [
        ("subject: Hello", "subject: 'Hello"),
        ("template: first", "template: [first]"),
        ("template: first\n", ""),
        ("template: first", "tempalte: first"),
        ("template: first", "sourcingId: s_t\ntemplate: first"),
        ("steps:\n", "steps: 7\nconfig:\n"),
        ("id: last", "id: '{{param.pitch}}'"),
    ],
    S: [("spare: ", "spare: '"), ("snippets:", "snippet:"), ("  bye:", "\t bye:")],
}


@pytest.mark.parametrize("file", BROKEN)
def test_what_can_not_be_read_hides_what_depends_on_it(tmp_path: Path, file: str) -> None:
    _write(tmp_path)
    config = replace(load_config(tmp_path), blueprints=tmp_path)
    for old, new in BROKEN[file]:
        text = BASE[file].replace(old, new, 1)
        assert text != BASE[file]
        (tmp_path / file).write_text(text, encoding="utf-8")
        assert {each.file for each in load(tmp_path, [tmp_path]).findings} == {file}, new
        user, plain = (load_with_users(config, [tmp_path / each]) for each in (A, P))
        assert {each.file for each in user.findings} == {file}, new
        assert plain.findings == []


@pytest.mark.parametrize(
    "change",
    [
        "7",
        "{s: 7}",
        "{s: {content: 7, policy: {skipStepIfNoContact: true}}}",
        "{s: {content: Salut, policy: 7}}",
        "{s: {content: Salut, policy: {skipStepIfNoContact: 7}}}",
    ],
)
def test_a_change_that_can_not_be_read_hides_what_it_may_have_changed(change: str) -> None:
    first = f"  - {{id: a, name: A, {STEP}, content: Hi}}\n"
    second = f"  - {{id: s, name: S, {STEP}, content: {{en: Hi}}}}\n"
    template = f"template: t\nlanguages: [en, fr]\nname: T\nsteps:\n{first}{second}"
    use = f"sourcingId: s_a\nlanguage: fr\nblueprints: {{one: {{use: t, change: {change}}}}}\n"
    assert [(each.file, each.code) for each in _found({T: template, A: use})] == [(A, "KAL012")]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("name: T", "name: {en: 7, fr: T}"), ("{default: Hi}", "{default: {en: 7, fr: Salut}}")],
)
def test_a_text_that_can_not_be_read_in_one_language_has_no_other_mistake(right: str, wrong: str) -> None:
    head = "template: t\nlanguages: [en, fr]\nparameters: {p: {default: Hi}}\nname: T\n"
    template = f"{head}steps:\n  - {{id: s, name: S, {STEP}, content: '{{{{param.p}}}}'}}\n".replace(
        right, wrong
    )
    uses = "one: {use: t}, two: {use: t}" if right == "name: T" else "one: {use: t}"
    found = _found({T: template, A: f"sourcingId: s_a\nlanguage: en\nblueprints: {{{uses}}}\n"})
    assert [(each.file, each.code) for each in found] == [(T, "KAL012")]


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        (S, BASE[S].split("\n")[1], "  bye: {en: 7}", "KAL012"),
        (S, 'fr: "Au revoir,', 'fr: 7, es: "', "KAL012"),
        (T, "languages: [en, fr]\n", "", "KAL409"),
        (T, "languages: [en, fr]\nname: {en: First, fr: D'abord}", "name: {de: Erste}", "KAL409"),
        (T, "{default: {en: Thank you., fr: Merci.}}", "{default: {EN: Thanks}}", "KAL016"),
        (T, "{en: Thank you., fr: Merci.}", "{}", "KAL410"),
        (S, BASE[S].split("\n")[1], "  bye: {}", "KAL410"),
        (S, BASE[S].split("\n")[1], "  bye: {EN: Bye}", "KAL016"),
    ],
)
def test_texts_in_languages_are_wrong_or_missing_and_not_both(
    file: str, old: str, new: str, code: str
) -> None:
    assert old in BASE[file]
    found = _found(dict(BASE) | {file: BASE[file].replace(old, new)})
    assert {(each.file, each.code) for each in found} == {(file, code)}


@pytest.mark.parametrize(
    ("template", "head", "uses", "codes"),
    [
        (
            "languages: [en, fr]\nname: {en: Hi, fr: Salut}\nsteps: []",
            "language: 7\n",
            "{use: t}",
            ["KAL012", "KAL316"],
        ),
        ("name: T\nsteps: 7", "", "{use: t}", ["KAL012"]),
        ("name: 7", "", "{use: t, name: Own}, two: {use: t, name: Own}", ["KAL012", "KAL018", "KAL316"]),
    ],
)
def test_a_value_that_can_not_be_read_hides_what_it_decides_and_no_more(
    template: str, head: str, uses: str, codes: list[str]
) -> None:
    use = f"sourcingId: s_a\n{head}blueprints: {{one: {uses}}}\n"
    found = _found({T: f"template: t\n{template}\n", A: use})
    assert sorted(each.code for each in found) == sorted(codes)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (T, "{default: {en: Thank you., fr: Merci.}}", "{default: 7}"),
        (T, "languages: [en, fr]", "languages: [7, fr]"),
        (A, "id: extra", "id: 7"),
        (A, "after: mail", "after: 7"),
        (A, "[last]", "[7]"),
        (A, "subject: Another", "name: 7"),
    ],
)
def test_a_value_of_another_type_has_no_other_mistake(file: str, old: str, new: str) -> None:
    found = _found(dict(BASE) | {file: BASE[file].replace(old, new)})
    assert [(each.file, each.code) for each in found] == [(file, "KAL012")]


def test_the_blueprints_of_a_file_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalentops.project.check.MAX_RESOLVED", 100)
    uses = ", ".join(f"{each}: {{use: t, name: {each}}}" for each in "abcd")
    files = {T: "template: t\nname: T\n", A: f"sourcingId: s_a\nblueprints: {{{uses}}}\n"}
    assert [each.code for each in _found(files)] == ["KAL418", "KAL316"]


@pytest.mark.parametrize("content", ["7", "{en: Hi}"])
def test_an_added_step_that_can_not_be_read_has_no_other_mistake(content: str) -> None:
    added = f"{{after: s, id: b, name: B, {STEP}, policy: {{skipStepIfNoContact: true}}, content: {content}}}"
    template = f"template: t\nname: T\nsteps:\n  - {{id: s, name: S, {STEP}, content: Hi}}\n"
    use = f"sourcingId: s_a\nblueprints: {{one: {{use: t, add: [{added}]}}}}\n"
    assert len(_found({T: template, A: use})) == 1


@pytest.mark.parametrize("file", [T, S])
@pytest.mark.parametrize("data", [b"\xff", b"x" * (MAX_BYTES + 1)])
def test_a_file_that_can_not_be_read_is_reported_with_what_may_use_it(
    tmp_path: Path, file: str, data: bytes
) -> None:
    _write(tmp_path)
    config = replace(load_config(tmp_path), blueprints=tmp_path)
    with (tmp_path / file).open("ab") as stream:
        stream.write(b"#" + data)
    assert [each.file for each in load(tmp_path, [tmp_path]).findings] == [file]
    user, plain = (load_with_users(config, [tmp_path / each]) for each in (B, P))
    assert [each.file for each in user.findings] == [file]
    assert plain.findings == []


LEAK: Final = "{{param.x}}"
LEAKS: Final = [
    (A, "Engineer, Paris"),
    (A, "sourcingJobTitle: Engineer", "sourcingJobTitle: "),
    (A, "language: en", "language: "),
    (A, "s_a"),
    (A, "  one", "  "),
    (A, "use: first", "use: "),
    (A, "A desk"),
    (A, "speed"),
    (A, "slow"),
    (A, "day"),
    (A, "after: mail", "after: "),
    (A, "id: extra", "id: "),
    (A, "Extra"),
    (A, "Another"),
    (A, "last"),
    (A, "mail"),
    (A, "pitch"),
    (A, "protect: true", "name: "),
    (A, "    protect: true", "removed: "),
    (P, "Plain"),
    (P, "plain"),
    (P, "Step"),
    (P, "Hello"),
    (P, "A text"),
    (P, "EMAIL"),
    (P, "id: s", "id: "),
    (T, "first"),
    (T, "fr]", ""),
    (T, "pitch"),
    (T, "Thank you."),
    (T, "Third"),
    (T, "Hello"),
    (T, "The last one"),
    (S, "spare"),
    (S, "Nothing uses it"),
    (S, "fr:", ""),
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda each: f"{each[0]} {each[1]}")
def test_a_marker_that_nothing_fills_is_an_error_wherever_it_stands(leak: tuple[str, ...]) -> None:
    file, old, *before = leak
    closing = "]" if old.endswith("]") else ":" if old.endswith(":") else ""
    files = dict(BASE) | {file: BASE[file].replace(old, f"{''.join(before)}'{LEAK}'{closing}", 1)}
    found = [each for each in _found(files) if each.severity is Severity.ERROR]
    lines = files[file].split("\n")
    assert any(LEAK in lines[each.line - 1][each.column - 1 :] or "`x`" in each.message for each in found), (
        found
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "\x07",
        "a\x1b[31mb",
        "\u202eevil",
        "x" * 100_000,
        "no",
        "1",
        "~",
        "*a",
        "{a: b}",
        "ümlaut",
        "__",
    ],
)
def test_names_are_shown_cut_and_without_control_characters(name: str) -> None:
    quoted = json.dumps(name)
    for file, old, new in (
        (T, "template: first", f"template: {quoted}"),
        (T, "  offer:", f"  {quoted}:"),
        (S, "spare", quoted),
        (A, "use: first", f"use: {quoted}"),
        (A, "offer:", f"{quoted}:"),
        (A, "      mail:", f"      {quoted}:"),
        (A, "after: mail", f"after: {quoted}"),
        (A, "[last]", f"[{quoted}]"),
        (A, "language: en", f"language: {quoted}"),
        (A, '"{{snippet.bye}} again"', json.dumps(f"{{{{snippet.{name}}}}}")),
        (B, "{pitch:", f"{{{quoted}: a, pitch:"),
    ):
        for each in _found(dict(BASE) | {file: BASE[file].replace(old, new, 1)}):
            assert len(each.message) < 400, each
            assert len(each.hint or "") < 400, each


def test_a_template_with_many_parameters_names_a_few() -> None:
    names = [f"p{number}" for number in range(200)]
    texts = " ".join(f"{{{{param.{each}}}}}" for each in names)
    template = (
        f"template: t\nparameters: {{{', '.join(f'{each}: {{}}' for each in names)}}}\nname: '{texts}'\n"
    )
    values = ", ".join(f"{each}: '{each} {{{{param.p0}}}}'" for each in names)
    found = _found({T: template, A: "sourcingId: s_a\nblueprints: {one: {use: t}}\n"})
    assert Counter(each.code for each in found) == {"KAL404": 20, "KAL316": 1}
    assert sum(each.message.endswith("and 180 more in this blueprint") for each in found) == 1
    use = f"sourcingId: s_a\nblueprints: {{one: {{use: t, with: {{{values}}}}}}}\n"
    leaks = [each for each in _found({T: template, A: use}) if each.code != "KAL316"]
    assert {each.code for each in leaks} == {"KAL407"}
    assert len({*_places(leaks)}) == 200
    near = _found({T: template, A: use.replace("p0: 'p0 {{param.p0}}'", "pp0: Hi")})
    assert len([each for each in near if each.code == "KAL403"]) == 1


def test_the_findings_of_a_template_stand_once_however_many_use_it() -> None:
    keys = examples(2_000)
    uses = ", ".join(f"k{number}: {{use: t, name: N{number}}}" for number in range(keys))
    files = {f"{number}.yaml": f"sourcingId: s_{number}\nblueprints: {{{uses}}}\n" for number in range(5)}
    step = "{id: s, name: '[who]', nonsense: 1, type: SMS, content: '{{param.no}}'}"
    template = f"template: t\nname: T\nsteps:\n  - {step}\n"
    found = _found({T: template, **files})
    assert {each.file for each in found} == {T}
    assert {each.users for each in found} == {5 * keys}
    assert {len(each.used_by) for each in found} == {3}
    assert sum(len(str(each)) for each in found) < 10_000


def test_a_template_as_large_as_a_file_may_be_is_filled_up_to_the_limit() -> None:
    head = "template: t\nparameters: {x: {}}\nname: T\nsteps:\n"
    step = f"  - {{id: s, name: S, {STEP}, policy: {{skipStepIfNoContact: true}}, content: '{{{{param.x}}}}%s'}}\n"
    room = MAX_BYTES - len(head + step)
    for size, codes in ((10, []), (10_000, ["KAL418"])):
        use = f"sourcingId: s_a\nblueprints: {{one: {{use: t, with: {{x: {'y' * size}}}}}}}\n"
        found = _found({T: head + step % ("a " * ((room - 100) // 2)), A: use})
        assert [each.code for each in found if each.severity is Severity.ERROR] == codes
