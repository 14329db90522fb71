"""An edit in Kalent of a blueprint from a template: what of it goes to `with`, `change`, `remove` and `add`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.adopt.overrides import UseEdit, edit_use
from kalentops.adopt.pull import edit_files, plan_pull, write_edits
from kalentops.blueprint.body import Address, Body
from kalentops.blueprint.remote import RemoteLists
from kalentops.errors import CannotEdit, StoreFailure
from kalentops.project.config import Config
from kalentops.project.document import Document, read_document
from kalentops.project.library import Library
from kalentops.project.load import load, of_texts
from kalentops.project.resolve import resolve
from kalentops.project.result import CheckOptions
from kalentops.state.model import State
from kalentops.state.store.location import Location
from kalentops.yamlfile.build import document_text
from tests.builders import AT, entry, remote, state, step
from tests.sizes import examples

Data = dict[str, Any]
Change = Callable[[Data], object]
TEMPLATE = """\
template: first
parameters:
  pitch: {about: One sentence}
  team: {default: {en: the team, fr: l'équipe}}
languages: [en, fr]
name: {en: "First, for {{param.team}}", fr: "D'abord"}
config: {speed: slow}
steps:
  - id: invite
    name: Invitation
    type: LINKEDIN
    linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE
    temporalityType: ASAP
    content:
      en: "Hi {{firstname}}, {{param.pitch}} Shall we talk? {{snippet.bye}}"
      fr: "Bonjour {{firstname}}, {{param.pitch}} On se parle ?"
  - id: mail
    name: Mail
    type: EMAIL
    subject: "A word from {{param.team}}"
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true}
    config: {userId: user_1}
    content: "Hello, {{param.pitch}} I write for {{param.team}}."
  - id: last
    name: Last
    type: EMAIL
    subject: Bye
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true}
    content: That was all. {{snippet.bye}}
"""
SNIPPETS = "snippets:\n  bye: {en: 'Bye, {{recruiterFirstname}}', fr: Au revoir}\n"
SHARED = {"blueprints/s.yaml": SNIPPETS, "blueprints/t.yaml": TEMPLATE}
LIBRARY = Library.of(read_document(name, text) for name, text in SHARED.items())
PITCH = {"pitch": "we build boats."}


def position(use: Data) -> Document:
    data = {"sourcingId": "s_1", "language": "en", "blueprints": {"key": {"use": "first", **use}}}
    return read_document("blueprints/p.yaml", document_text(data))


def shown(use: Data, library: Library = LIBRARY) -> Data:
    """What Kalent shows of a use."""
    made = resolve(position(use), "key", library)
    assert made.blueprint is not None
    assert not made.placeholders
    data: Data = json.loads(Body.of_blueprint(made.blueprint).observable.text)
    return data


def edited(use: Data, change: Change, *, into_template: bool = False) -> UseEdit:
    body = shown(use)
    change(body)
    return edit_use(position(use), Address("s_1", "key"), LIBRARY, body, into_template=into_template)


def says(use: Data, change: Change) -> Data:
    """The use after the edit, without its template."""
    found = edited(use, change)
    assert not found.shared
    assert found.use.pop("use") == "first"
    return found.use


def put(number: int, **fields: Any) -> Change:
    return lambda body: body["steps"][number].update(fields)


def words(old: str, new: str) -> Change:
    """Other words, wherever they stand."""

    def change(body: Data) -> None:
        body["name"] = body["name"].replace(old, new)
        for each in body["steps"]:
            each.update(
                {name: text.replace(old, new) for name, text in each.items() if isinstance(text, str)}
            )

    return change


def both(*changes: Change) -> Change:
    return lambda body: [change(body) for change in changes]


def new_step(ident: str, **fields: Any) -> Data:
    made = step(ident, **fields)
    return {name: made[name] for name in sorted(made)}


BOTH_PITCHES = words("we build boats.", "we sail.")
CASES: dict[str, tuple[Data, Change, Data]] = {
    "a parameter, everywhere": ({"with": PITCH}, BOTH_PITCHES, {"with": {"pitch": "we sail."}}),
    "the end of a parameter": (
        {"with": PITCH},
        words("boats.", "boats. And sails."),
        {"with": {"pitch": "we build boats. And sails."}},
    ),
    "a line break behind a parameter": (
        {"with": PITCH},
        both(BOTH_PITCHES, put(1, content="Hello, we sail.\n I write for the team.")),
        {
            "with": {"pitch": "we sail."},
            "change": {"mail": {"content": "Hello, we sail.\n I write for the team."}},
        },
    ),
    "a default": (
        {"with": PITCH},
        words("the team", "the crew"),
        {"with": {**PITCH, "team": "the crew"}},
    ),
    "two parameters at once": (
        {"with": PITCH},
        both(BOTH_PITCHES, words("the team", "the crew")),
        {"with": {"pitch": "we sail.", "team": "the crew"}},
    ),
    "a parameter in one of two places": (
        {"with": PITCH},
        put(1, content="Hello, we sail. I write for the team."),
        {"with": PITCH, "change": {"mail": {"content": "Hello, we sail. I write for the team."}}},
    ),
    "a parameter, and in one place the words around it": (
        {"with": PITCH},
        both(BOTH_PITCHES, words("Hello", "Ahoy")),
        {
            "with": {"pitch": "we sail."},
            "change": {"mail": {"content": "Ahoy, we sail. I write for the team."}},
        },
    ),
    "the words of a snippet": (
        {"with": PITCH},
        put(2, content="That was all. Ciao"),
        {"with": PITCH, "change": {"last": {"content": "That was all. Ciao"}}},
    ),
    "a value that no text uses any more": (
        {"with": {**PITCH, "team": "us"}},
        both(
            put(1, content="Other", subject="Other"),
            lambda body: body.update(name="Other"),
        ),
        {"name": "Other", "with": PITCH, "change": {"mail": {"content": "Other", "subject": "Other"}}},
    ),
    "a delay and a part of the policy": (
        {"with": PITCH},
        put(
            1, delay={"value": 1, "unit": "day"}, policy={"skipStepIfNoContact": True, "inviteTimeoutDays": 2}
        ),
        {
            "with": PITCH,
            "change": {"mail": {"delay": {"value": 1, "unit": "day"}, "policy": {"inviteTimeoutDays": 2}}},
        },
    ),
    "an optional field that is gone": (
        {"with": PITCH},
        lambda body: body["steps"][1].pop("policy"),
        {"with": PITCH, "change": {"mail": {"policy": None}}},
    ),
    "a change that is edited": (
        {"with": PITCH, "change": {"last": {"content": "Mine.", "subject": "Mine"}}},
        put(2, content="Ours."),
        {"with": PITCH, "change": {"last": {"content": "Ours.", "subject": "Mine"}}},
    ),
    "a change with markers: they stay": (
        {"with": PITCH, "change": {"last": {"content": "Mine, {{snippet.bye}}"}}},
        words("Mine", "Ours"),
        {"with": PITCH, "change": {"last": {"content": "Ours, {{snippet.bye}}"}}},
    ),
    "a change that becomes the template's value": (
        {"with": PITCH, "change": {"last": {"content": "Mine.", "subject": "Mine", "policy": None}}},
        put(2, content="That was all. Bye, {{recruiterFirstname}}", policy={"skipStepIfNoContact": True}),
        {"with": PITCH, "change": {"last": {"subject": "Mine"}}},
    ),
    "the last change goes with its step": (
        {"with": PITCH, "change": {"last": {"subject": "Mine"}}},
        put(2, subject="Bye"),
        {"with": PITCH},
    ),
    "a name": ({"with": PITCH}, lambda body: body.update(name="Mine"), {"name": "Mine", "with": PITCH}),
    "a name that becomes the template's": (
        {"name": "Mine", "with": PITCH},
        lambda body: body.update(name="First, for the team"),
        {"with": PITCH},
    ),
    "a step that is gone": (
        {"with": PITCH, "change": {"last": {"subject": "Mine"}}},
        lambda body: body["steps"].pop(),
        {"with": PITCH, "remove": ["last"]},
    ),
    "a step that is back": (
        {"with": PITCH, "remove": ["last", "mail"]},
        lambda body: body["steps"].append(
            {
                "id": "last",
                "name": "Last",
                "type": "EMAIL",
                "subject": "Bye",
                "temporalityType": "ASAP",
                "content": "That was all. Bye, {{recruiterFirstname}}",
            }
        ),
        {
            "with": PITCH,
            "remove": ["mail"],
            "change": {"last": {"temporalityType": "ASAP", "delay": None, "policy": None}},
        },
    ),
    "a step that is back, without the sender that Kalent hides": (
        {"with": PITCH, "remove": ["mail"]},
        lambda body: body["steps"].insert(1, new_step("mail")),
        {"with": PITCH, "remove": ["mail"], "add": [{"after": "invite", **new_step("mail")}]},
    ),
    "new steps": (
        {"with": PITCH},
        lambda body: body["steps"].extend([new_step("x"), new_step("y")]),
        {"with": PITCH, "add": [{"after": "last", **new_step("x")}, {"after": "x", **new_step("y")}]},
    ),
    "a new first step": (
        {"with": PITCH},
        lambda body: body["steps"].insert(0, new_step("x")),
        {"with": PITCH, "add": [{"before": "invite", **new_step("x")}]},
    ),
    "a step between others that were added": (
        {"with": PITCH, "add": [{"after": "mail", **new_step("x")}, {"after": "x", **new_step("y")}]},
        lambda body: body["steps"].insert(3, new_step("z")),
        {
            "with": PITCH,
            "add": [
                {"after": "mail", **new_step("x")},
                {"after": "x", **new_step("y")},
                {"after": "x", **new_step("z")},
            ],
        },
    ),
    "an added step that is edited, its sender stays": (
        {"with": PITCH, "add": [{"after": "mail", **new_step("x", config={"userId": "u"})}]},
        put(2, content="Other", subject="{{firstname}}", policy={"skipStepIfNoContact": False}),
        {
            "with": PITCH,
            "add": [
                {
                    "after": "mail",
                    **new_step(
                        "x",
                        config={"userId": "u"},
                        content="Other",
                        subject="{{firstname}}",
                        policy={"skipStepIfNoContact": False},
                    ),
                }
            ],
        },
    ),
    "the step that another was anchored on": (
        {"with": PITCH, "add": [{"after": "mail", **new_step("x")}]},
        lambda body: body["steps"].pop(1),
        {"with": PITCH, "remove": ["mail"], "add": [{"after": "invite", **new_step("x")}]},
    ),
    "an added step that is moved": (
        {"with": PITCH, "add": [{"after": "mail", **new_step("x")}]},
        lambda body: body["steps"].insert(0, body["steps"].pop(2)),
        {"with": PITCH, "add": [{"before": "invite", **new_step("x")}]},
    ),
    "an added step that is gone": (
        {"with": PITCH, "add": [{"after": "mail", **new_step("x")}]},
        lambda body: body["steps"].pop(2),
        {"with": PITCH},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_edit_goes_where_it_belongs(name: str) -> None:
    before, change, after = CASES[name]
    assert says(before, change) == after


@pytest.mark.parametrize(
    ("use", "change", "reason", "hint"),
    [
        (
            {"with": PITCH},
            lambda body: body["steps"].reverse(),
            "the steps have another order than in the template",
            "`kalentops detach s_1/key`",
        ),
        (
            {"with": PITCH},
            lambda body: body.update(steps=[new_step("x")]),
            "no step of the template is left",
            "`kalentops detach s_1/key`",
        ),
        (
            {"with": PITCH},
            words("boats", "{{param.team}}"),
            "contains `{{param.team}}",
            "correct it in Kalent's web app",
        ),
        (
            {"with": PITCH},
            put(2, subject="{{ snippet.bye }}"),
            "`subject` of step `last` contains",
            "correct it in Kalent's web app",
        ),
        (
            {"with": PITCH},
            lambda body: body["steps"].append(new_step("x", content="{{snippet.bye}}")),
            "`content` of step `x` contains",
            "correct it in Kalent's web app",
        ),
        (
            {"with": PITCH, "add": [{"after": "mail", **new_step("x")}]},
            put(2, content="Hi {{param.team}}, message 1"),
            "`content` of step `x` contains `{{param.team}}",
            "correct it in Kalent's web app",
        ),
        ({"with": PITCH}, put(2, subject="a\ud800"), "half a character", "fix the text in Kalent's web app"),
        ({"with": PITCH}, put(2, type="PIGEON"), "a file can't say what Kalent shows", "detach s_1/key"),
    ],
)
def test_what_a_use_can_not_say_is_refused(use: Data, change: Change, reason: str, hint: str) -> None:
    with pytest.raises(CannotEdit) as caught:
        edited(use, change)
    assert reason in str(caught.value)
    assert hint in caught.value.hint


def test_with_into_template_words_are_changed_where_they_stand() -> None:
    use = {"with": PITCH, "change": {"last": {"delay": {"value": 9, "unit": "day"}}}}
    change = both(
        words("Shall we talk", "May I call"),
        words("Bye, ", "So long, "),
        BOTH_PITCHES,
        put(1, delay={"value": 4, "unit": "day"}, policy={"skipStepIfNoContact": False}),
        put(2, delay={"value": 8, "unit": "day"}, subject="Later"),
    )
    found = edited(use, change, into_template=True)
    assert found.use == {
        "use": "first",
        "with": {"pitch": "we sail."},
        "change": {"last": {"delay": {"value": 8, "unit": "day"}}},
    }
    template, snippets = (found.shared[name] for name in ("blueprints/t.yaml", "blueprints/s.yaml"))
    expected = yaml.safe_load(TEMPLATE)
    invite, mail, last = expected["steps"]
    invite["content"]["en"] = "Hi {{firstname}}, {{param.pitch}} May I call? {{snippet.bye}}"
    mail |= {"delay": {"value": 4, "unit": "day"}, "policy": {"skipStepIfNoContact": False}}
    last["subject"] = "Later"
    assert template == expected
    assert snippets["snippets"]["bye"] == {"en": "So long, {{recruiterFirstname}}", "fr": "Au revoir"}


def test_with_into_template_a_snippet_that_differs_in_its_places_stays() -> None:
    found = edited({"with": PITCH}, put(2, content="That was all. Ciao"), into_template=True)
    assert not found.shared
    assert found.use["change"] == {"last": {"content": "That was all. Ciao"}}


def test_with_into_template_a_part_that_the_use_replaces_is_changed_there() -> None:
    use = {"with": PITCH, "change": {"mail": {"policy": {"inviteTimeoutDays": 3}}}}
    policy = {"skipStepIfNoContact": True, "inviteTimeoutDays": 5}
    found = edited(use, put(1, policy=policy), into_template=True)
    assert not found.shared
    assert found.use["change"] == {"mail": {"policy": {"inviteTimeoutDays": 5}}}


def test_the_words_of_another_language_stay() -> None:
    use = {"language": "fr", "with": PITCH}
    found = edited(use, words("On se parle", "On s'appelle"), into_template=True)
    content = found.shared["blueprints/t.yaml"]["steps"][0]["content"]
    assert content == {
        "en": "Hi {{firstname}}, {{param.pitch}} Shall we talk? {{snippet.bye}}",
        "fr": "Bonjour {{firstname}}, {{param.pitch}} On s'appelle ?",
    }


_WORDS = st.sampled_from(
    ["we", "build", "boats.", "Hi", "the", "team", "Bye,", "\n", "a", "{{firstname}}", ": "]
)
_TEXTS = st.lists(_WORDS, min_size=1, max_size=5).map(" ".join).map(str.strip).filter(bool)


@st.composite
def uses(draw: st.DrawFn) -> Data:
    use: Data = {"with": {"pitch": draw(_TEXTS)}}
    if draw(st.booleans()):
        use["with"]["team"] = draw(_TEXTS)
    optional = {"subject": _TEXTS, "content": _TEXTS | st.just("{{param.pitch}} {{snippet.bye}}")}
    changed = draw(
        st.dictionaries(st.sampled_from(["mail", "last"]), st.fixed_dictionaries({}, optional=optional))
    )
    use["change"] = {each: fields for each, fields in changed.items() if fields}
    use["add"] = [
        {"after": draw(st.sampled_from(["invite", "mail"])), **new_step(ident, content=draw(_TEXTS))}
        for ident in draw(st.lists(st.sampled_from("xy"), unique=True))
    ]
    if draw(st.booleans()):
        use["remove"] = ["last"]
        use["change"].pop("last", None)
    return use


@st.composite
def edits(draw: st.DrawFn, body: Data) -> Data:
    """The body after a person's edits: in words, in fields, of steps."""
    steps = [json.loads(json.dumps(each)) for each in body["steps"]]
    name = draw(st.sampled_from([body["name"], "Other", body["name"] + "!"]))
    for each in steps:
        kind = draw(st.sampled_from(["", "", "word", "word", "text", "delay", "policy", "subject"]))
        if kind == "word":
            at = draw(st.integers(0, len(each["content"])))
            end = draw(st.integers(at, min(at + 9, len(each["content"]))))
            each["content"] = each["content"][:at] + draw(_TEXTS | st.just("")) + each["content"][end:]
        elif kind == "text":
            each["content"] = draw(_TEXTS)
        elif kind == "delay":
            each |= {"temporalityType": "DELAYED", "delay": {"value": draw(st.integers(1, 4)), "unit": "day"}}
        elif kind == "policy":
            each["policy"] = {"inviteTimeoutDays": draw(st.integers(1, 3))}
        elif kind == "subject" and each["type"] == "EMAIL":
            each["subject"] = draw(_TEXTS)
    if draw(st.booleans()):
        old, new = draw(_WORDS), draw(_WORDS)
        for each in steps:
            each["content"] = each["content"].replace(old, new)
    gone = draw(st.sets(st.sampled_from([each["id"] for each in steps]), max_size=len(steps) - 1))
    steps = [each for each in steps if each["id"] not in gone]
    for ident in draw(st.lists(st.sampled_from(["m", "n", *gone]), unique=True, max_size=2)):
        steps.insert(draw(st.integers(0, len(steps))), new_step(ident, content=draw(_TEXTS)))
    return {"name": name, "steps": steps}


_REASONS = ("another order than in the template", "no step of the template is left")


@given(st.data(), uses(), st.booleans())
@settings(max_examples=examples(400), deadline=None)
def test_after_any_edit_the_files_say_what_kalent_shows(data: st.DataObject, use: Data, into: bool) -> None:  # noqa: FBT001
    """And they are as valid as before: no value is left over, no override of what is not there."""
    wanted = data.draw(edits(shown(use)))
    try:
        found = edit_use(position(use), Address("s_1", "key"), LIBRARY, wanted, into_template=into)
    except CannotEdit as error:
        reason = str(error)
    else:
        reason = ""
    if reason:
        assert reason.endswith(_REASONS)
        return
    assert into or not found.shared
    shared = SHARED | {name: document_text(each) for name, each in found.shared.items()}
    library = Library.of(read_document(name, text) for name, text in shared.items())
    assert Body.listed(shown(found.use, library)) == Body.listed(wanted)
    document = position(found.use)
    codes = {
        each.code
        for each in of_texts(CheckOptions(Path()), {**shared, document.file: document.text}).findings
    }
    assert not {code for code in codes if code.startswith("KAL4")}


@given(st.data(), st.lists(uses(), min_size=2, max_size=4), st.booleans())
@settings(max_examples=examples(60), deadline=None)
def test_an_edit_changes_no_other_user_but_those_that_are_listed(
    data: st.DataObject,
    made: list[Data],
    into: bool,  # noqa: FBT001
) -> None:
    wanted = data.draw(edits(shown(made[0])))
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "blueprints").mkdir()
        for name, text in SHARED.items():
            (root / name).write_text(text)
        for number, use in enumerate(made):
            text = position(use).text.replace("s_1", f"s_{number}")
            (root / "blueprints" / f"p{number}.yaml").write_text(text)
        before = load(root, [root / "blueprints"], bodies=True)
        bodies = {each.address: each.body for each in before.declared if each.body}
        recorded = state(*(entry(address, of, f"b{address}") for address, of in bodies.items()))
        lists = {address.sourcing_id: (remote(f"b{address}", of),) for address, of in bodies.items()}
        lists["s_0"] = (remote("bs_0/key", wanted),)
        taking = plan_pull(before.declared, recorded, RemoteLists(lists), AT)
        found = edit_files(
            taking,
            before,
            Config(root, root / "blueprints", Location.of_file(root / "state.json")),
            into_template=into,
        )
        write_edits(found, Keeper(recorded))
        after = {each.address: each for each in load(root, [root / "blueprints"], bodies=True).declared}
    changed = {each for each in bodies if after[each].body != bodies[each]}
    if found.taken:
        assert after[Address("s_0", "key")].body == found.taken[0].entry.sent
    assert changed - {"s_0/key"} == {each.address for each in found.users}
    assert into or not found.users


@dataclass
class Keeper:
    state: State

    def replace(self, state: State) -> None:
        self.state = state


def test_a_blueprint_without_an_edit_stays() -> None:
    assert edited({"with": PITCH}, lambda body: body) == UseEdit({"use": "first", "with": PITCH})


def test_where_one_file_can_not_be_written_none_is_changed(tmp_path: Path) -> None:
    """Words of a template and a field of the position say together what Kalent shows."""
    (tmp_path / "blueprints").mkdir()
    texts = SHARED | {"blueprints/p.yaml": position({"with": PITCH}).text}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    before = load(tmp_path, [tmp_path / "blueprints"], bodies=True)
    (body,) = (each.body for each in before.declared if each.body)
    wanted = json.loads(json.dumps(dict(body.observable.data)))
    both(words("That was all", "This is all"), words("boats", "ships"))(wanted)
    recorded = state(entry("s_1/key", body, "b1"))
    taking = plan_pull(before.declared, recorded, RemoteLists({"s_1": (remote("b1", wanted),)}), AT)
    config = Config(tmp_path, tmp_path / "blueprints", Location.of_file(tmp_path / "state.json"))
    found = edit_files(taking, before, config, into_template=True)
    assert [each.name for each in found.files] == ["blueprints/p.yaml", "blueprints/t.yaml"]
    (tmp_path / "blueprints" / "t.yaml").write_text(TEMPLATE + "# saved meanwhile\n")
    keeper = Keeper(recorded)
    with pytest.raises(StoreFailure, match=r"t\.yaml has changed meanwhile"):
        write_edits(found, keeper)
    assert keeper.state == recorded
    assert (tmp_path / "blueprints" / "p.yaml").read_text() == texts["blueprints/p.yaml"]
