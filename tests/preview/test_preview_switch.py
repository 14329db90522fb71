"""The switch between positions in a browser: each one's own words, by mouse, keyboard and address."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kalentops.support.text import unseen
from tests.harness import Project
from tests.hostile import CLASSES, quoted
from tests.preview.conftest import Look
from tests.preview.pages import commit
from tests.preview.test_preview_hostile import ELEMENTS, expected, read_elements

pytestmark = [pytest.mark.processes, pytest.mark.thorough]
TEMPLATE = """\
template: talk
parameters: {pitch: {about: One sentence about the role}}
name: A talk
steps:
  - id: letter
    name: Letter
    type: EMAIL
    subject: "{{sourcingJobTitle}}?"
    temporalityType: ASAP
    policy: {skipStepIfNoContact: true}
    content: "Hi {{firstname}}, {{param.pitch}}"
  - id: chat
    name: Chat
    type: WHATSAPP
    temporalityType: DELAYED
    delay: {value: 2, unit: day}
    policy: {skipStepIfNoContact: true}
    content: Could we talk for ten minutes?
  - id: last
    name: Last
    type: WHATSAPP
    temporalityType: DELAYED
    delay: {value: 3, unit: day}
    policy: {skipStepIfNoContact: true}
    content: A last word.
"""


def use(project: Project, name: str, title: str, pitch: str, more: str = "", sample: str = "") -> None:
    lines = [
        f"sourcingId: sourcing_{name}",
        f"title: {quoted(title)}",
        f"sample: {{sourcingJobTitle: {quoted(sample or title)}}}",
        f"blueprints: {{talk: {{use: talk, with: {{pitch: {quoted(pitch)}}}{more}}}}}",
    ]
    (project.folder / "blueprints" / f"{name}.yaml").write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three positions with one changed sentence; the second has another pitch and delay, the third lacks a step."""
    project = Project(tmp_path_factory.mktemp("group"), "http://127.0.0.1:9/api")
    template = project.folder / "blueprints" / "talk.yaml"
    template.parent.mkdir()
    template.write_text(TEMPLATE, encoding="utf-8")
    use(project, "c", "Designer", "you would draw.")
    use(project, "a", "Engineer", "you would build.", ", change: {last: {delay: {value: 9, unit: day}}}")
    use(project, "b", "Tester", "you would test.", ", remove: [last]")
    commit(project.folder)
    template.write_text(TEMPLATE.replace("ten minutes", "fifteen minutes"), encoding="utf-8")
    assert project.run("preview", "--against", "HEAD").code == 0
    return project.folder / "kalentops-preview.html"


def read(page: Page) -> tuple[str, str]:
    """The subject and the text of the e-mail."""
    page.locator(".step:visible details.unchanged").first.evaluate("each => { each.open = true; }")
    letter = page.locator(".step:visible").first
    return letter.locator(".subject [data-part]").inner_text(), letter.locator(".text").inner_text()


def test_a_changed_sentence_is_read_once_and_for_each_position(file: Path, look: Look) -> None:
    page = look(file)
    assert page.locator("ins:visible").all_inner_texts() == ["fifteen "]
    assert page.locator(".positions a").all_inner_texts() == ["Designer", "Engineer", "Tester"]
    assert read(page) == ("Designer?", "Hi Ada, you would draw.")
    switch = page.get_by_label("Shown for")
    assert switch.locator("option").all_inner_texts() == ["Designer", "Engineer", "Tester"]
    switch.select_option("Engineer")
    assert read(page) == ("Engineer?", "Hi Ada, you would build.")
    assert page.locator("ins:visible").all_inner_texts() == ["fifteen "]
    expect(page.locator(".step:visible")).to_have_count(3)
    expect(page.get_by_text("9 days later")).to_be_visible()
    expect(page.locator('.positions a[aria-current="true"]')).to_have_text("Engineer")
    expect(page.locator(".sequence-about")).to_contain_text("over 11 days")
    switch.select_option("Tester")
    expect(page.locator(".step:visible")).to_have_count(2)
    expect(page.locator(".overview li:visible")).to_have_count(2)
    expect(page.locator(".sequence-about")).to_contain_text("2 messages over 2 days")
    page.locator(".sequence .technical summary").first.click()
    expect(page.locator(".sequence .technical .place").first).to_contain_text("sourcing_b/talk")


def test_a_position_has_an_address_of_its_own(file: Path, look: Look) -> None:
    page = look(file, "#sourcing_b/talk?as=2")
    switch = page.get_by_label("Shown for")
    expect(switch.locator("option:checked")).to_have_text("Tester")
    assert read(page) == ("Tester?", "Hi Zoé, you would test.")
    switch.select_option("Engineer")
    assert page.evaluate("location.hash") == "#sourcing_a/talk?as=2"
    page.go_back()
    expect(switch.locator("option:checked")).to_have_text("Tester")
    page.locator(".positions a", has_text="Designer").click()
    assert page.evaluate("[location.hash, document.activeElement.id]") == [
        "#sourcing_c/talk?as=2",
        "sourcing_c/talk",
    ]
    page.evaluate("location.hash = '#sourcing_a/talk/3'")
    expect(switch.locator("option:checked")).to_have_text("Engineer")
    expect(page.locator(".text:visible", has_text="A last word.")).to_have_count(1)


def test_a_link_stays_at_the_position_that_is_shown(file: Path, look: Look) -> None:
    page = look(file)
    page.get_by_label("Shown for").select_option("Tester")
    page.locator(".index a").click()
    assert page.evaluate("location.hash") == "#sourcing_b/talk"
    expect(page.get_by_label("Shown for").locator("option:checked")).to_have_text("Tester")
    page.get_by_label("Shown for").select_option("Engineer")
    page.locator(".overview li:visible a").last.click()
    assert page.evaluate("location.hash") == "#sourcing_a/talk/3"
    shared = look(file, "#sourcing_a/talk/3")
    expect(shared.get_by_label("Shown for").locator("option:checked")).to_have_text("Engineer")
    expect(shared.locator(".text:visible", has_text="A last word.")).to_be_in_viewport()


def test_the_language_and_the_reader_change_and_the_position_stays(file: Path, look: Look) -> None:
    page = look(file, locale="fr-FR")
    page.get_by_label("Affiché pour").select_option("Engineer")
    expect(page.get_by_text("9 jours plus tard")).to_be_visible()
    page.get_by_role("button", name="English").click()
    assert read(page) == ("Engineer?", "Hi Ada, you would build.")
    expect(page.get_by_text("9 days later")).to_be_visible()
    page.get_by_label("Read as").select_option("With the variables")
    assert read(page) == ("{{sourcingJobTitle}}?", "Hi {{firstname}}, you would build.")
    page.get_by_label("Shown for").select_option("Designer")
    assert read(page) == ("{{sourcingJobTitle}}?", "Hi {{firstname}}, you would draw.")


def test_each_position_is_found_by_its_title_and_by_its_words(file: Path, look: Look) -> None:
    page = look(file)
    for words, number in (("tester", 1), ("would build", 1), ("plumber", 0)):
        page.get_by_label("Find in names and texts").fill(words)
        assert page.locator("article:visible").count() == number


def test_the_keyboard_switches(file: Path, look: Look) -> None:
    page = look(file)
    page.get_by_label("Shown for").focus()
    page.keyboard.press("ArrowDown")
    assert read(page) == ("Engineer?", "Hi Ada, you would build.")
    page.locator(".positions a", has_text="Tester").focus()
    page.keyboard.press("Enter")
    assert read(page) == ("Tester?", "Hi Ada, you would test.")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.position select')).outlineStyle") == "none"
    )
    page.get_by_label("Shown for").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_without_a_script_the_message_and_its_positions_are_there(file: Path, look: Look) -> None:
    page = look(file, "#sourcing_a/talk", java_script_enabled=False)
    assert page.locator(".positions a").all_inner_texts() == ["Designer", "Engineer", "Tester"]
    assert page.locator("ins").all_inner_texts() == ["fifteen "]
    expect(page.locator(".position select")).to_be_hidden()
    expect(page.locator(".step", has_text="you would")).to_have_count(1)
    for each in page.locator(".positions a").all():
        assert page.locator(f'[id="{str(each.get_attribute("href"))[1:]}"]').count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_at_each_width(scheme: str, file: Path, look: Look) -> None:
    page = look(file, color_scheme=scheme)
    page.get_by_label("Shown for").select_option("Tester")
    page.get_by_label("Only changed messages").uncheck()
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    for width in (1280, 360, 320):
        page.set_viewport_size({"width": width, "height": 800})
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
        assert told == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        widths = page.evaluate("[...document.querySelectorAll('select')].map((each) => each.offsetWidth)")
        assert min(widths) > 100


@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_hostile_words_of_a_position_are_read_and_do_nothing(kind: str, bare: Project, look: Look) -> None:
    texts = [text for _, text in CLASSES[kind] if text.strip()]
    (bare.folder / "blueprints").mkdir()
    (bare.folder / "blueprints" / "talk.yaml").write_text(TEMPLATE, encoding="utf-8")
    for number, text in enumerate(texts):
        use(bare, f"p{number:03}", f"{number:03} {text}", text)
    bare.run("preview")
    page = look(bare.folder / "kalentops-preview.html", viewport={"width": 400, "height": 800})
    page.get_by_label("Read as").select_option("With the variables")
    read_texts: list[str] = []
    for section in page.locator(".sourcing").all():
        switch = section.locator(".position select")
        for value in range(switch.locator("option").count() or 1):
            if switch.count():
                switch.select_option(str(value))
            read_texts += section.locator(".step .text").first.evaluate("e => [e.textContent]")
            found = read_elements(page)
            assert set(found["names"]) <= ELEMENTS
            assert (found["scripts"], found["styles"]) == (1, 1)
            assert unseen(found["texts"]) == []
            assert unseen(found["titles"]) == []
            assert page.evaluate("document.scrollingElement.scrollWidth") <= 400
    assert sorted(read_texts) == sorted("Hi {{firstname}}, " + expected(text) for text in texts)
