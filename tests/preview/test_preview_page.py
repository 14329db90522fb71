"""What the page says, before it is laid out."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any

import pytest

from kalentops.preview.phrases import NOTHING
from kalentops.preview.view import Change, Sequence
from tests.builders import blueprint, step
from tests.harness import Project
from tests.platforms import needs_links
from tests.preview.pages import CADENCE, commit, linkedin, page_of, sequence_of


def facts(of: Sequence, number: int) -> dict[str, str]:
    return {fact.label.en: fact.text.en for fact in of.steps[number - 1].facts}


def figures(of: Sequence, number: int) -> dict[str, tuple[str, ...]]:
    return {each.label.en: tuple(value.en for value in each.values) for each in of.steps[number - 1].counters}


def english(changes: Iterable[Change]) -> set[tuple[str, str, str]]:
    return {(each.label.en, each.before.en, each.after.en) for each in changes}


def test_each_step_has_its_day_and_the_wait_before_it(bare: Project) -> None:
    shown = sequence_of(bare, CADENCE)
    assert [step.day.text.en for step in shown.steps] == [
        "Day 0",
        "Day 2",
        "After the invitation, at most 5 days",
        "After the invitation, + 1 hour 30 minutes",
        "After the invitation, + 5 days 1 hour",
    ]
    assert [(step.wait.text.en, step.wait.size) for step in shown.steps] == [
        ("", 0),
        ("2 days later", 3),
        ("after the invitation (at most 5 days)", 7),
        ("1 hour 30 minutes later", 2),
        ("5 days later", 4),
    ]
    assert shown.settles
    assert shown.summary.en == "5 messages, the last one 5 days 1 hour after the invitation"
    assert shown.channels == ("linkedin", "email", "whatsapp", "sms")


@pytest.mark.parametrize(
    ("delays", "summary", "last"),
    [
        ([], "No messages yet", ""),
        ([{}], "1 message, at once", "Day 0"),
        ([{"value": 45, "unit": "minute"}], "1 message over 45 minutes", "Day 0, + 45 minutes"),
        (
            [{"value": 3, "unit": "day"}, {"value": 30, "unit": "second"}],
            "2 messages over 3 days 30 seconds",
            "",
        ),
        ([{"value": 1, "unit": "day"}] * 3, "3 messages over 3 days", "Day 3"),
        ([{"value": 2000, "unit": "day"}], "1 message over 2,000 days", "Day 2,000"),
    ],
)
def test_a_sequence_says_how_long_it_takes(
    delays: list[dict[str, Any]], summary: str, last: str, bare: Project
) -> None:
    steps = [step(number, delay=delay) for number, delay in enumerate(delays, 1)]
    for each in steps:
        if not each["delay"]:
            each["temporalityType"] = "ASAP"
            del each["delay"]
    shown = sequence_of(bare, {"name": "One", "steps": steps})
    assert shown.summary.en == summary
    assert not last or shown.steps[-1].day.text.en == last


def test_only_what_is_unusual_is_said(bare: Project) -> None:
    shown = sequence_of(bare, CADENCE)
    assert [facts(shown, number) for number in range(1, 6)] == [
        {},
        {},
        {},
        {"Sent by": "user u_1"},
        {"Without a mobile number": "the sequence stops here"},
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"contentSource": "manual"}, {}),
        ({"policy": {"skipStepIfNoContact": True, "autoValidateAIDraft": False}}, {}),
        (
            {"contentSource": "suggestedByKalent"},
            {"Text": "Kalent's AI drafts it for each candidate, so the real text differs from this one"},
        ),
        (
            {"policy": {"skipStepIfNoContact": True, "autoValidateAIDraft": True}},
            {"AI draft": "sent without approval"},
        ),
        (
            {"policy": {"skipStepIfNoContact": True, "inviteTimeoutDays": 1}},
            {"Invitation": "waits at most 1 day for an answer"},
        ),
    ],
)
def test_what_the_ai_does_is_said_in_words(
    fields: dict[str, Any], said: dict[str, str], bare: Project
) -> None:
    shown = sequence_of(bare, {"name": "One", "steps": [step(1, **fields)]})
    assert facts(shown, 1) == said


def test_figures_count_the_rendered_text_and_name_the_worst(bare: Project) -> None:
    (bare.folder / "kalentops.yaml").write_text(
        "samples:\n  - {firstname: Al}\n  - {firstname: " + "A" * 100 + "}\n  - {}\n", encoding="utf-8"
    )
    body = linkedin("LINKEDIN_INVITATION_WITH_MESSAGE", content="Hi {{firstname}} " + "x" * 290)
    shown = sequence_of(bare, {"name": "One", "steps": [body]})
    [length, time] = shown.steps[0].counters
    assert tuple(value.en for value in length.values) == (
        "296 of 300 characters",
        "394 of 300 characters",
        "at least 294 of 300 characters",
        "307 of 300 characters",
    )
    assert length.over == (False, True, False, True)
    assert (
        length.warning.en
        == f"Too long for 1 of 3 candidates; the worst is {'A' * 47}…: 394 of 300 characters"
    )
    assert (time.label.en, time.values[0].en, time.warning) == ("Reading time", "5 seconds", NOTHING)


def test_figures_fit_the_channel(bare: Project) -> None:
    steps = [
        linkedin("LINKEDIN_INVITATION", content=""),
        linkedin("LINKEDIN_INMAIL", 2, subject="S" * 201, content="word " * 700),
        step(3, type="SMS", content="x" * 160),
        step(4, type="SMS", content="x" * 71 + "👋"),
    ]
    for each in steps[2:]:
        del each["subject"]
    shown = sequence_of(bare, {"name": "One", "steps": steps})
    assert figures(shown, 1) == {}
    assert figures(shown, 2)["Subject"][0] == "201 of 200 characters"
    assert figures(shown, 2)["Reading time"][0] == "about 3 minutes"
    assert figures(shown, 3)["Length"][0] == "1 segment, 160 of 160 characters"
    assert figures(shown, 4)["Length"][0] == "2 segments, 73 characters (70 fit in one)"
    assert shown.steps[3].counters[0].warning.en.startswith("Too long for every candidate")


def test_a_plain_invitation_and_a_drafted_message_say_why_there_is_no_text(bare: Project) -> None:
    steps = [
        linkedin("LINKEDIN_INVITATION", content="dropped"),
        step(2, content="", contentSource="suggestedByKalent"),
        step(3, content=" \n"),
    ]
    shown = sequence_of(bare, {"name": "One", "steps": steps})
    notes = [each.message.note.en for each in shown.steps]
    assert notes[0] == (
        "An invitation without a message. Kalent does not send the text that is written for it."
    )
    assert notes[1] == "Kalent's AI writes this message for each candidate."
    assert [bool(each.message.body) for each in shown.steps] == [False, False, True]


def test_findings_stand_beside_what_they_are_about(bare: Project) -> None:
    body = blueprint("One", steps=3)
    body["steps"][1]["content"] = "Hi {{firstName}}"
    del body["steps"][2]["policy"]
    (bare.folder / "blueprints").mkdir()
    (bare.folder / "blueprints" / "broken.yaml").write_text("a: [")
    project_page = sequence_of_with_twin(bare, body)
    one, two = project_page.sequences
    assert [[note.code for note in each.notes] for each in one.steps] == [[], ["KAL101"], ["KAL304"]]
    assert one.steps[1].notes[0].hint == "did you mean `{{firstname}}`?"
    assert one.steps[1].notes[0].where.startswith("blueprints/sourcing_a.yaml:")
    assert (one.errors, one.warnings) == (1, 1)
    assert [note.code for note in two.notes] == ["KAL018"]
    assert [(each.file, [note.code for note in each.notes]) for each in project_page.files] == [
        ("blueprints/broken.yaml", ["KAL003"])
    ]


def sequence_of_with_twin(project: Project, body: dict[str, Any]) -> Any:
    project.write("sourcing_a", {"one": body, "two": blueprint("one", steps=1)})
    return page_of(project)


def test_what_could_not_be_read_is_not_shown_as_if_it_were_there(bare: Project) -> None:
    (bare.folder / "blueprints").mkdir()
    (bare.folder / "blueprints" / "a.yaml").write_text(
        "sourcingId: s\nblueprints:\n  one:\n    name: 5\n    steps:\n"
        "      - {id: a, name: A, type: EMIAL, subject: S, content: Hi, temporalityType: ASAP}\n"
        "      - {id: b, name: B, type: SMS, content: 7, temporalityType: DELAYED, delay: soon}\n"
        "      - {id: c, name: C, type: SMS, content: Hi, temporalityType: ASAP}\n"
        "      - just a text\n"
    )
    [shown] = page_of(bare).sequences
    first, second, third, fourth = shown.steps
    assert shown.name.en == "(no name)"
    assert (first.kind.en, first.channel, first.facts) == ("Message of an unknown kind", "unknown", ())
    assert second.message.note.en == "The text can't be read: see the error beside it."
    assert [each.day.title.en for each in shown.steps] == ["Day 0", "Day ?", "Day ?", "Day ?"]
    assert second.wait.text.en == "later; the delay can't be read"
    assert third.kind.en == "SMS"
    assert (fourth.name.en, fourth.kind.en) == ("(no name)", "Message of an unknown kind")
    assert shown.summary.en == "4 messages"
    assert all(each.notes for each in (first, second, fourth))


def test_without_files_there_is_a_page_that_says_so(bare: Project) -> None:
    (bare.folder / "blueprints").mkdir()
    shown = page_of(bare)
    assert shown.groups == ()
    assert shown.summary.en == "0 sequences for 0 positions"


def test_two_of_one_address_have_anchors_of_their_own(bare: Project) -> None:
    for name in ("a", "b"):
        bare.write("sourcing_a", {"one": blueprint(f"One {name}")}, name=name)
    shown = page_of(bare).sequences
    assert [each.anchor for each in shown] == ["sourcing_a/one", "sourcing_a/one~2"]
    assert len({step.anchor for each in shown for step in each.steps}) == 4


@pytest.fixture
def before(bare: Project) -> Project:
    bare.write("sourcing_a", {"one": CADENCE, "two": blueprint("Two")})
    bare.write("sourcing_b", {"three": blueprint("Three")})
    commit(bare.folder)
    return bare


@pytest.mark.processes
def test_what_did_not_change_is_the_same(before: Project) -> None:
    shown = page_of(before, "HEAD")
    assert [each.status for each in shown.sequences] == ["same", "same", "same"]
    assert shown.against.startswith("HEAD (")
    assert all(step.before is None for each in shown.sequences for step in each.steps)


@pytest.mark.processes
def test_new_changed_and_removed_are_told_apart(before: Project) -> None:
    body = copy.deepcopy(CADENCE)
    body["name"] = "Five ways"
    invite, letter, once, chat, _ = body["steps"]
    invite["content"] = "Hi {{firstname}}, one word?"
    letter |= {"delay": {"value": 4, "unit": "day"}, "policy": {}}
    del chat["config"]
    body["steps"] = [invite, once, letter, step(9, name="Added"), chat]
    before.write("sourcing_a", {"one": body, "four": blueprint("Four")})
    shown = page_of(before, "main")
    assert {each.address: each.status for each in shown.sequences} == {
        "sourcing_a/one": "changed",
        "sourcing_a/two": "removed",
        "sourcing_a/four": "new",
        "sourcing_b/three": "same",
    }
    assert shown.summary.en.startswith("3 sequences for 2 positions, 1 new, 1 changed, 1 removed")
    one = next(each for each in shown.sequences if each.status == "changed")
    assert english(one.changes[0][0]) == {("Name", "Four ways", "Five ways")}
    assert [(each.name.en, each.status) for each in one.steps] == [
        ("Invite", "changed"),
        ("Once connected", "changed"),
        ("Letter", "changed"),
        ("Added", "new"),
        ("Chat", "changed"),
        ("Text", "removed"),
    ]
    first = one.steps[0]
    assert first.before is not None
    assert [run.mark for run in first.before.body] == ["same", "old", "same"]
    assert [run.mark for run in first.message.body] == ["same", "new", "same"]
    moved = next(
        each for each in one.steps if any(change.label.en == "Place in the order" for change in each.changes)
    )
    assert moved.name.en == "Once connected"
    letter_shown = one.steps[2]
    assert ("Delay", "2 days", "4 days") in english(letter_shown.changes)
    assert ("Without a contact", "the step is skipped", "the sequence stops") in english(letter_shown.changes)
    assert letter_shown.was.en == "Day 2"
    assert letter_shown.day.text.en == "After the invitation, + 4 days"
    assert ("Sent by", "user u_1", "the owner of the sequence") in english(one.steps[4].changes)


@pytest.mark.processes
def test_a_renamed_key_is_no_new_sequence(before: Project) -> None:
    path = before.write("sourcing_a", {"renamed": blueprint("Two words"), "two-b": CADENCE})
    moves = [("two", "two-a"), ("two-a", "renamed"), ("one", "two-b"), ("never-was", "renamed")]
    data = json.loads(path.read_text()) | {"moved": [{"from": old, "to": new} for old, new in moves]}
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    shown = page_of(before, "HEAD")
    assert {each.address: each.status for each in shown.sequences} == {
        "sourcing_a/renamed": "changed",
        "sourcing_a/two-b": "same",
        "sourcing_b/three": "same",
    }


@pytest.mark.processes
def test_every_field_that_changes_is_reported(before: Project) -> None:
    body = copy.deepcopy(CADENCE)
    body["config"] = {"deep": {"x": 1}}
    body["steps"][1] |= {
        "name": "Renamed",
        "type": "LINKEDIN",
        "linkedInType": "LINKEDIN_INMAIL",
        "contentSource": "manual",
        "config": {"userId": "u_9"},
        "policy": {"skipStepIfNoContact": False, "autoValidateAIDraft": False, "inviteTimeoutDays": 1},
    }
    before.write("sourcing_a", {"one": body, "two": blueprint("Two")})
    one = next(each for each in page_of(before, "HEAD").sequences if each.status == "changed")
    assert english(one.changes[0][0]) == {("Settings", "", '{"deep": {"x": 1}}')}
    assert english(one.steps[1].changes) == {
        ("Name", "Letter", "Renamed"),
        ("Channel", "E-mail", "LinkedIn"),
        ("Kind", "", "InMail"),
        ("Text", "", "sent as written"),
        ("Sent by", "the owner of the sequence", "user u_9"),
        ("Without a contact", "the step is skipped", "the sequence stops"),
        ("AI draft", "", "sent after approval"),
        ("Longest wait for the invitation", "", "1 day"),
    }
    assert one.steps[1].before is not None
    assert one.steps[1].before.style == "email"


@pytest.mark.processes
def test_a_file_with_an_error_does_not_seem_to_have_lost_its_sequences(before: Project) -> None:
    (before.folder / "blueprints" / "sourcing_a.yaml").write_text("sourcingId: [")
    shown = page_of(before, "HEAD")
    assert [each.address for each in shown.sequences] == ["sourcing_b/three"]
    assert tuple(each.en for each in shown.remarks) == (
        "2 sequences of blueprints/sourcing_a.yaml can't be compared: an error in the file hides what is there now",
    )


@needs_links
@pytest.mark.processes
def test_what_was_not_readable_before_is_said(before: Project) -> None:
    (before.folder / "blueprints" / "sourcing_b.yaml").write_bytes(b"\xff")
    (before.folder / "blueprints" / "c.yaml").symlink_to("sourcing_a.yaml")
    (before.folder / "blueprints" / ".hidden.yaml").write_text("a: [")
    (before.folder / "blueprints" / "notes.txt").write_text("a: [")
    before.write("sourcing_d", {"one": {"name": 5, "steps": []}, "two": blueprint("Two")})
    commit(before.folder)
    (before.folder / "blueprints" / "c.yaml").unlink()
    before.write("sourcing_b", {"three": blueprint("Three")})
    shown = page_of(before, "HEAD")
    assert tuple(each.en for each in shown.remarks) == (
        "2 files could not be read completely in HEAD: what they held there may seem new here",
    )
    assert {member.anchor: each.status for each in shown.sequences for member in each.members} == {
        "sourcing_a/one": "same",
        "sourcing_a/two": "same",
        "sourcing_b/three": "new",
        "sourcing_d/one": "same",
        "sourcing_d/two": "same",
    }
