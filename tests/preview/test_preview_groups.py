"""Positions with like sequences are on the page once: who they are, what each has of its own, who is left out."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest

from kalentops.preview.html import render
from kalentops.preview.merge import merge
from kalentops.preview.page import Before, make_page
from kalentops.preview.view import Message, Page, Sequence
from kalentops.project.load import Repository, load
from tests.builders import blueprint, step

TWELVE = Path(__file__).parents[1] / "project" / "twelve_positions"
TEMPLATE = """\
template: talk
parameters: {pitch: {about: One sentence about the role}}
languages: [en]
name: A talk
steps:
  - id: first
    name: First
    type: EMAIL
    subject: "{{sourcingJobTitle}}"
    temporalityType: ASAP
    policy: {skipStepIfNoContact: true}
    content: "Hi {{firstname}}, I am hiring. {{param.pitch}} Could we talk for ten minutes?"
  - id: last
    name: Last
    type: WHATSAPP
    temporalityType: DELAYED
    delay: {value: 2, unit: day}
    policy: {skipStepIfNoContact: true}
    content: "Hi {{firstname}}, a last word."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "blueprints").mkdir()
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / "blueprints" / f"{name}.yaml").write_text(text, encoding="utf-8")


def use(folder: Path, name: str, title: str, pitch: str, more: str = "") -> None:
    sample = f"sample: {{sourcingJobTitle: {title.partition(',')[0]}}}"
    values = f", with: {{pitch: {pitch}}}" if pitch else ""
    lines = f"sourcingId: sourcing_{name}", f'title: "{title}"', sample
    write(folder, name, "\n".join([*lines, f"blueprints: {{talk: {{use: talk{values}{more}}}}}"]))


def copy_of(folder: Path, name: str, sentence: str) -> None:
    body = {"name": "Direct", "steps": [step(1, content=sentence)]}
    write(folder, name, json.dumps({"sourcingId": f"sourcing_{name}", "blueprints": {"direct": body}}))


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / "blueprints" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def loaded(folder: Path) -> Repository:
    return load(folder, [folder / "blueprints"], bodies=True, origins=True)


def page_of(folder: Path, before: Repository | None = None) -> Page:
    was = None
    if before is not None:
        was = Before("main", "0" * 40, {each.address: each for each in before.declared})
    return make_page(loaded(folder), [], "page", was)


def titles(of: Sequence) -> list[str]:
    return [each.title for each in of.members]


def text_of(message: Message) -> str:
    return "".join(part.text for run in message.body for part in run.parts)


def texts_for(of: Sequence, title: str) -> list[str]:
    """What a member reads: the steps that it has, each with the member's own variant."""
    number = titles(of).index(title)
    mine = [(each, dict(each.choice)) for each in of.steps]
    return [text_of(each.variants[choice[number]].message) for each, choice in mine if number in choice]


def test_one_changed_sentence_of_a_template_is_one_message_for_each_language(tmp_path: Path) -> None:
    shutil.copytree(TWELVE, tmp_path / "blueprints")
    before = loaded(tmp_path)
    edit(tmp_path, "linkedin-first", "would ten minutes", "would fifteen minutes")
    shown = page_of(tmp_path, before)
    [changed] = [each for each in shown.sequences if each.status == "changed"]
    assert len(changed.members) > 1
    assert titles(changed) == sorted(titles(changed), key=str.casefold)
    assert [step.key for step in changed.steps if step.status == "changed"] == ["message"]
    assert f"{len(changed.members)} changed" in shown.summary.en
    assert sum(len(each.members) for each in shown.sequences) == 12
    html = render(shown).decode()
    assert len(re.findall(r"<ins>fifteen", html)) == 1


def test_each_position_has_its_own_words_steps_and_sample(folder: Path) -> None:
    write(folder, "template", TEMPLATE)
    use(folder, "b", "Designer, Lyon", "You would draw.")
    use(folder, "a", "Engineer, Paris", "You would build.", ", remove: [last]")
    use(folder, "c", "Tester, Nice", "You would test.", ", change: {last: {delay: {value: 5, unit: day}}}")
    sequences = page_of(folder).sequences
    merged = merge(sequences)  # alone they are not equal: a step is gone, or has another day
    assert titles(merged) == [title for each in sequences for title in titles(each)]
    assert texts_for(merged, "Engineer, Paris") == [
        "Hi firstname, I am hiring. You would build. Could we talk for ten minutes?"
    ]
    assert texts_for(merged, "Designer, Lyon")[0].split(". ")[1] == "You would draw"
    assert len(texts_for(merged, "Tester, Nice")) == 2
    days = {each.wait.text.en: each.choice for each in merged.steps if each.key == "last"}
    assert set(days) == {"2 days later", "5 days later"}
    assert [len(choice) for choice in days.values()] == [1, 1]
    assert [dict(each.sample) for each in merged.members if each.title == "Designer, Lyon"] == [
        {"sourcingJobTitle": "Designer"}
    ]


def test_a_step_of_one_stands_where_it_has_it_and_each_step_has_an_address_of_its_own(folder: Path) -> None:
    late = step(9, delay={"value": 8, "unit": "day"})
    for name, steps in (("a", [step(1), step(2), step(9)]), ("b", [step(5), step(1), step(7), late])):
        body = {"name": "Direct", "steps": steps}
        write(folder, name, json.dumps({"sourcingId": f"sourcing_{name}", "blueprints": {"direct": body}}))
    merged = merge(page_of(folder).sequences)
    assert [each.key for each in merged.steps] == ["s5", "s1", "s1", "s7", "s2", "s9", "s9"]
    assert len({each.anchor for each in merged.steps}) == 7


def test_what_only_one_of_them_has_counts_for_all(folder: Path) -> None:
    invitation = step(
        2,
        type="LINKEDIN",
        linkedInType="LINKEDIN_INVITATION",
        content="Unread.",
        subject=None,
        temporalityType="ASAP",
    )
    late = step(3, temporalityType="AFTER_INVITATION_SETTLED", content="Hi {{firstName}}, pineapple")
    for name, steps in (("a", [step(1)]), ("b", [step(1), invitation, late])):
        body = {"name": "Direct", "steps": steps}
        write(folder, name, json.dumps({"sourcingId": f"sourcing_{name}", "blueprints": {"direct": body}}))
    one, other = page_of(folder).sequences
    merged = merge([one, other])
    assert (one.errors, one.settles) == (0, False)
    assert merged.channels == ("email", "linkedin")
    assert merged.settles
    assert (merged.errors, merged.warnings) == (other.errors, other.warnings)
    assert other.errors
    assert other.warnings


def test_users_of_a_template_with_other_values_are_shown_once(folder: Path) -> None:
    write(folder, "template", TEMPLATE)
    for number, word in enumerate(("draw", "build", "test")):
        use(folder, f"p{number}", f"{word.title()}er, Paris", f"You would {word}.")
    shown = page_of(folder)
    [found] = shown.sequences
    assert titles(found) == ["Builder, Paris", "Drawer, Paris", "Tester, Paris"]
    assert shown.groups[0].title.en == "3 positions"
    assert shown.groups[0].title.fr == "3 postes"
    assert shown.summary.en == "3 sequences for 3 positions"


FIVE = "Own 0, Paris · Own 1, Paris · Own 2, Paris · Own 3, Paris · Own 4, Paris"


@pytest.mark.parametrize(
    ("number", "en", "fr"),
    [
        (
            1,
            "1 position keeps its own text and does not get this change: Own 0, Paris",
            "1 poste garde son propre texte et ne reçoit pas cette modification\u00a0: Own 0, Paris",
        ),
        (
            7,
            f"7 positions keep their own text and do not get this change: {FIVE} and 2 more",
            f"7 postes gardent leur propre texte et ne reçoivent pas cette modification\u00a0: {FIVE} et 2 autres",
        ),
    ],
)
def test_who_keeps_a_text_of_its_own_is_named(number: int, en: str, fr: str, folder: Path) -> None:
    write(folder, "template", TEMPLATE.replace("{{param.pitch}}", "").replace("parameters:", "#"))
    for each in range(2):
        use(folder, f"p{each}", f"Place {each}", "")
    for each in range(number):
        use(folder, f"own{each}", f"Own {each}, Paris", "", ", change: {first: {content: My own words.}}")
    before = loaded(folder)
    edit(folder, "template", "ten minutes", "fifteen minutes")
    [changed] = [each for each in page_of(folder, before).sequences if each.status == "changed"]
    assert titles(changed) == ["Place 0", "Place 1"]
    assert [(each.en, each.fr) for each in changed.remarks] == [(en, fr)]


def test_a_forgotten_copy_is_named(folder: Path) -> None:
    for name in "abc":
        copy_of(folder, name, "Hi {{firstname}}, could we talk for ten minutes this week?")
    before = loaded(folder)
    for name in "ab":
        copy_of(folder, name, "Hi {{firstname}}, could we talk for fifteen minutes this week?")
    changed, same = page_of(folder, before).sequences
    assert titles(changed) == ["sourcing_a", "sourcing_b"]
    assert [each.en for each in changed.remarks] == [
        "1 more position has the old text and does not get this change: sourcing_c"
    ]
    assert (titles(same), same.remarks) == (["sourcing_c"], ())


def test_two_sequences_of_one_position_are_told_apart(folder: Path) -> None:
    body = blueprint("Direct", steps=1)
    both = {"one": body, "two": body}
    write(folder, "a", json.dumps({"sourcingId": "sourcing_a", "title": "Engineer", "blueprints": both}))
    write(folder, "b", json.dumps({"sourcingId": "sourcing_b", "blueprints": {"one": body}}))
    [group] = page_of(folder).groups
    assert group.labels == ("Engineer · Direct", "Engineer · Direct", "sourcing_b")


def test_a_finding_of_some_positions_names_them(folder: Path) -> None:
    write(folder, "template", TEMPLATE)
    use(folder, "a", "Engineer, Paris", "You would build.")
    use(folder, "b", "Designer, Lyon", '"You would draw at {{companyName}}."')
    html = render(page_of(folder)).decode()
    assert "Only for:</span> Designer, Lyon · " in html


def test_a_changed_name_is_shown_to_each_position_with_its_own_words(folder: Path) -> None:
    template = TEMPLATE.replace("name: A talk", 'name: "A talk: {{param.pitch}}"')
    write(folder, "template", template)
    for name, pitch in (("a", "Build."), ("b", "Draw."), ("c", "Draw.")):
        use(folder, name, name, pitch)
    before = loaded(folder)
    edit(folder, "template", "A talk", "A word")
    [changed] = page_of(folder, before).sequences
    assert [([each.after.en for each in same], choice) for same, choice in changed.changes] == [
        (["A word: Build."], ((0, 0),)),
        (["A word: Draw."], ((1, 0), (2, 0))),
    ]
    html = render(page_of(folder, before)).decode()
    shown = re.findall(r'<dl class="changes"([^>]*)>', html)
    assert shown == [' data-choice="[[0,0]]"', ' data-choice="[[1,0],[2,0]]" hidden']


def test_the_page_grows_with_the_positions_and_not_with_their_square(folder: Path) -> None:
    write(folder, "template", TEMPLATE)
    sizes = []
    for number in range(40):  # each has a sender of its own
        more = f", change: {{first: {{config: {{userId: user_{number:03}}}}}}}"
        use(folder, f"p{number:03}", f"Place {number:03}", f"Sentence {number:03}.", more)
        if number % 10 == 9:
            sizes.append(len(render(page_of(folder))))
    steps = [after - before for before, after in itertools.pairwise(sizes)]
    assert max(steps) < 1.05 * min(steps)


def test_what_positions_have_in_common_is_in_the_page_once(folder: Path) -> None:
    write(folder, "template", TEMPLATE)
    counts, sizes = [], []
    for number in range(12):
        use(folder, f"p{number}", f"Engineer {number}, Paris", f"You would build {number} things.")
        html = render(page_of(folder)).decode()
        if number in {1, 11}:
            counts.append([html.count(each) for each in ("I am hiring", "ten minutes", "a last word")])
            sizes.append(len(html))
    assert counts[0] == counts[1]
    assert sizes[1] - sizes[0] < 10 * 1500
