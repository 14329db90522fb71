"""The page in a browser: what a recruiter clicks and types, sees and prints."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.builders import blueprint, step
from tests.chromium import axe
from tests.harness import Project
from tests.preview.conftest import Look
from tests.preview.pages import CADENCE, commit

pytestmark = [pytest.mark.processes, pytest.mark.thorough]

SAMPLES = "samples:\n  - {firstname: Ada, candidateCompanyName: Example}\n  - {firstname: Zoé}\n"


def project_in(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"), "http://127.0.0.1:9/api")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sequences in two sourcings; one with a finding."""
    bare = project_in(tmp_path_factory)
    wrong = blueprint("Wrong words", steps=1)
    wrong["steps"][0]["content"] = "Hi {{firstName}}, pineapple"
    bare.write("sourcing_a", {"one": CADENCE, "wrong": wrong})
    bare.write("sourcing_b", {"three": blueprint("Third of them", steps=3)})
    (bare.folder / "kalentops.yaml").write_text(SAMPLES, encoding="utf-8")
    assert bare.run("preview").code == 3
    return bare.folder / "kalentops-preview.html"


@pytest.fixture(scope="module")
def diff_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sequence that changed, one that did not, one that is new, one that is gone."""
    bare = project_in(tmp_path_factory)
    bare.write("sourcing_a", {"one": CADENCE, "two": blueprint("Two"), "gone": blueprint("Gone")})
    commit(bare.folder)
    body = copy.deepcopy(CADENCE)
    body["steps"][0]["content"] = "Hi {{firstname}}, one short word?"
    del body["steps"][4]
    bare.write("sourcing_a", {"one": body, "two": blueprint("Two"), "new": blueprint("Brand new")})
    assert bare.run("preview", "--against", "HEAD", "--all").code == 0
    return bare.folder / "kalentops-preview.html"


def article(page: Page, address: str) -> str:
    return page.locator(f'[id="{address}"]').inner_text()


def shown(page: Page) -> list[str]:
    return page.locator("article:visible h3 bdi").all_inner_texts()


def test_who_has_never_seen_yaml_can_say_who_gets_what_when(page_file: Path, look: Look) -> None:
    text = look(page_file).locator('[id="sourcing_a/one"] .steps').inner_text()
    order = ["Day 0", "LinkedIn invitation", "Hi Ada, a word?", "2 days later", "Day 2", "E-mail"]
    order += [
        "Hi Ada,\n\nhow is Example?",
        "after the invitation (at most 5 days)",
        "LinkedIn message",
        "WhatsApp",
        "SMS",
    ]
    places = [text.index(each) for each in order]
    assert places == sorted(places)


def test_another_candidate_reads(page_file: Path, look: Look) -> None:
    page = look(page_file)
    reader = page.get_by_label("Read as")
    assert reader.locator("option").all_inner_texts() == ["Ada", "Zoé", "With the variables"]
    letter = page.locator('[id="sourcing_a/one/2"]')
    expect(letter.locator(".text")).to_have_text("Hi Ada,\n\nhow is Example?", use_inner_text=True)
    assert "24 characters" in letter.inner_text()
    reader.select_option("Zoé")
    expect(letter.locator(".text")).to_have_text(
        "Hi Zoé,\n\nhow is candidateCompanyName missing?", use_inner_text=True
    )
    assert "at least 17 characters" in letter.inner_text()
    reader.select_option("With the variables")
    raw = "Hi {{firstname}},\n\nhow is {{candidateCompanyName}}?"
    expect(letter.locator(".text")).to_have_text(raw, use_inner_text=True)
    assert page.evaluate("location.hash") == "#?as=2"


def test_sequences_are_found_by_words_in_their_texts(page_file: Path, look: Look) -> None:
    page = look(page_file)
    expect(page.get_by_role("status")).to_have_text("3 of 3 shown")
    page.get_by_label("Find in names and texts").fill("HI pineapple")
    assert shown(page) == ["Wrong words"]
    expect(page.get_by_role("status")).to_have_text("1 of 3 shown")
    assert page.locator(".index li:visible").count() == 1
    page.get_by_label("Find in names and texts").fill("nobody wrote this")
    assert shown(page) == []
    expect(page.get_by_text("Nothing fits what is asked for.")).to_be_visible()
    page.get_by_label("Find in names and texts").fill("")
    page.get_by_label("Only with findings").check()
    assert shown(page) == ["Four ways", "Wrong words"]
    page.get_by_label("Find in names and texts").fill("did you mean")
    assert shown(page) == ["Wrong words"]
    expect(page.locator("article:visible .note")).to_contain_text("did you mean {{firstname}}?")


def test_sequences_fold(page_file: Path, look: Look) -> None:
    page = look(page_file)
    first = page.locator('[id="sourcing_a/one"]')
    first.locator("h3").click()
    expect(first.locator(".steps")).to_be_hidden()
    page.get_by_role("button", name="Fold all").click()
    assert page.locator(".steps:visible").count() == 0
    page.get_by_role("link", name="Third of them").click()
    expect(page.locator('[id="sourcing_b/three"] .steps')).to_be_visible()
    page.get_by_role("button", name="Fold all").click()
    assert page.locator(".steps:visible").count() == 3


def test_an_address_leads_to_what_its_sender_saw(page_file: Path, look: Look) -> None:
    page = look(page_file, "#sourcing_b/three?as=1&find=third", viewport={"width": 1200, "height": 600})
    assert shown(page) == ["Third of them"]
    expect(page.get_by_label("Read as")).to_have_value("1")
    assert page.evaluate("document.activeElement.id") == "sourcing_b/three"
    page.evaluate("location.hash = '#sourcing_a/wrong'")
    expect(page.get_by_role("status")).to_have_text("3 of 3 shown")
    expect(page.locator('[id="sourcing_a/wrong"]')).to_be_in_viewport()
    page.get_by_role("link", name="InMail").or_(page.get_by_role("link", name="Day 2 E-mail").first).click()
    assert page.evaluate("location.hash").startswith("#sourcing_")


@pytest.mark.parametrize(
    "nonsense", ["#x?as=99&find=%ZZ", "#?as=-1", "#%00<script>?as=NaN&all=&x=1", "#?find="]
)
def test_an_address_may_hold_nonsense(nonsense: str, page_file: Path, look: Look) -> None:
    page = look(page_file, nonsense)
    expect(page.get_by_label("Read as")).to_have_value("0")


def test_only_what_changed_is_shown_at_first(diff_file: Path, look: Look) -> None:
    page = look(diff_file)
    assert shown(page) == ["Four ways", "Brand new", "Gone"]
    assert page.locator("article:visible h3 .mark").all_inner_texts() == ["changed", "new", "removed"]
    page.get_by_label("Only changed messages").uncheck()
    assert shown(page) == ["Four ways", "Two", "Brand new", "Gone"]
    assert page.evaluate("location.hash") == "#?all=1"


def test_an_unchanged_message_is_one_line_that_unfolds(diff_file: Path, look: Look) -> None:
    page = look(diff_file)
    first, letter = (page.locator(f'[id="sourcing_a/one/{number}"]') for number in (1, 2))
    expect(first.locator(".message").first).to_be_visible()
    expect(letter.locator("summary").first).to_contain_text("E-mail")
    expect(letter.locator("summary").first).to_contain_text("unchanged")
    expect(letter.locator(".message")).to_be_hidden()
    letter.locator("summary").first.click()
    expect(letter.locator(".message")).to_be_visible()
    page.get_by_label("Only changed messages").uncheck()
    assert page.locator("article.changed .message:visible").count() == 6
    page.get_by_label("Only changed messages").check()
    expect(letter.locator(".message")).to_be_hidden()
    page.locator('[id="sourcing_a/one"] .overview a').nth(1).click()
    expect(letter.locator(".message")).to_be_visible()


def test_the_page_speaks_the_language_of_the_browser(diff_file: Path, look: Look) -> None:
    page = look(diff_file, locale="fr-FR")
    assert page.evaluate("document.documentElement.lang") == "fr"
    expect(page).to_have_title(re.compile("aperçu des messages"))
    expect(page.get_by_role("status")).to_have_text("3 sur 4 affichées")
    expect(page.get_by_label("Chercher un mot")).to_have_attribute("placeholder", "Chercher un mot")
    assert page.locator("article:visible h3 .mark").all_inner_texts() == ["modifiée", "nouvelle", "supprimée"]
    text = page.locator('[id="sourcing_a/one"] .steps').inner_text()
    order = [
        "Jour 0",
        "Invitation LinkedIn",
        "Avant",
        "Après",
        "2 jours plus tard",
        "invitation (5 jours au plus)",
    ]
    places = [text.index(each, text.index("Jour 0")) for each in order]
    assert places == sorted(places)
    page.get_by_label("Lire en tant que").select_option("Zoé Modèle")
    expect(page.locator('[id="sourcing_a/one/2"]')).to_contain_text("candidateCompanyName manquant")
    page.get_by_role("button", name="English").click()
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.locator('[id="sourcing_a/one/2"]')).to_contain_text("candidateCompanyName missing")
    expect(page.get_by_role("status")).to_have_text("3 of 4 shown")
    page.reload()
    assert page.evaluate("document.documentElement.lang") == "en", "a reader's choice is kept"


def test_the_language_of_the_command_comes_before_that_of_the_browser(
    tmp_path_factory: pytest.TempPathFactory, look: Look
) -> None:
    bare = project_in(tmp_path_factory)
    bare.write("sourcing_a", {"one": CADENCE})
    assert bare.run("preview", "--language", "fr").code == 0
    file = bare.folder / "kalentops-preview.html"
    assert look(file, locale="en-US").locator(".day").first.inner_text() == "Jour 0"
    assert look(file, java_script_enabled=False).locator(".day").first.inner_text() == "Jour 0"


def test_before_and_after_stand_side_by_side(diff_file: Path, look: Look) -> None:
    first = look(diff_file).locator('[id="sourcing_a/one/1"]')
    before, after = first.locator(".versions section").all()
    assert before.locator(".text").inner_text() == "Hi Ada, a word?"
    assert before.locator("del").all_inner_texts() == ["a "]
    assert after.locator(".text").inner_text() == "Hi Ada, one short word?"
    assert after.locator("ins").all_inner_texts() == ["one short "]
    boxes = before.bounding_box(), after.bounding_box()
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["page", "diff"])
def test_it_is_accessible(scheme: str, kind: str, look: Look, request: pytest.FixtureRequest) -> None:
    file = request.getfixturevalue(f"{kind}_file")
    page = look(file, "#?as=1", color_scheme=scheme)
    found = axe(page)
    told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
    assert told == []
    # Of overlapping colours axe can't tell: an icon on its disc, a word on its highlight.
    assert {each["id"] for each in found["incomplete"]} <= {"color-contrast"}
    assert len(found["passes"]) > 20


def test_dark_and_light_are_switched_and_remembered(page_file: Path, look: Look) -> None:
    page = look(page_file, color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.locator("#theme")
    expect(button).to_have_text("Dark")
    button.click()
    expect(button).to_have_text("Light")
    dark = page.evaluate(paper)
    assert sum(map(int, dark[4:-1].split(", "))) < 150 < sum(map(int, light[4:-1].split(", ")))
    page.reload()
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(paper) == light
    expect(button).to_have_text("Dark")


def test_on_linkedin_an_invitation_looks_other_than_a_message(page_file: Path, look: Look) -> None:
    steps = look(page_file).locator('[id="sourcing_a/one"] .steps > li.linkedin')
    icons = steps.locator(".dot use").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    kinds = steps.locator(".kind").all_inner_texts()
    assert dict(zip(kinds, icons, strict=True)) == {
        "LinkedIn invitation": "#icon-linkedin",
        "LinkedIn message": "#icon-linkedin-message",
    }
    drawn = look(page_file).evaluate("[...document.querySelectorAll('use')].map(e => e.getBBox().width)")
    assert all(drawn), "each icon that is named is there"


def test_the_keyboard_is_enough(page_file: Path, look: Look) -> None:
    page = look(page_file)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the sequences")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Read as")).to_have_value("1")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Find in names and texts")).to_be_focused()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("link", name="Wrong words")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "sourcing_a/wrong"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator('[id="sourcing_a/wrong"] .steps')).to_be_hidden()


def test_nothing_is_wider_than_the_screen(diff_file: Path, look: Look) -> None:
    page = look(diff_file)
    for width in (320, 420, 768, 1100, 1600):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        wide = page.evaluate(
            "[...document.querySelectorAll('main *')].filter((each) => !each.closest('.overview') &&"
            " each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.className)"
        )
        assert wide == []


def test_on_paper_everything_is_there_and_nothing_to_click(page_file: Path, look: Look) -> None:
    page = look(page_file, color_scheme="dark")
    page.get_by_role("button", name="Fold all").click()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".controls")).to_be_hidden()
    expect(page.get_by_role("navigation")).to_be_hidden()
    assert page.locator(".steps:visible").count() == 3
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.locator(".steps:visible").count() == 0


def test_without_script_everything_can_be_read(page_file: Path, look: Look) -> None:
    page = look(page_file, java_script_enabled=False)
    assert "Hi Ada, a word?" in article(page, "sourcing_a/one")
    expect(page.get_by_label("Read as")).to_be_hidden()
    assert len(shown(page)) == 3


def test_the_served_page_loads_itself_again(bare: Project, look: Look) -> None:
    bare.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    process = bare.start("preview", "--serve", "--port", "0")
    try:
        assert process.stdout is not None
        page = look(process.stdout.readline().strip(), "#sourcing_a/two?as=1")
        bare.write(
            "sourcing_a", {"one": blueprint("One"), "two": {"name": "Two of them", "steps": [step(1)]}}
        )
        expect(page.locator("h3", has_text="Two of them")).to_be_visible(timeout=120_000)
        expect(page.get_by_label("Read as")).to_have_value("1")
        (bare.folder / "kalentops.yaml").write_text("nonsense")
        expect(page.get_by_role("heading", name="There is nothing to show")).to_be_visible(timeout=120_000)
        (bare.folder / "kalentops.yaml").unlink()
        expect(page.locator("h3", has_text="Two of them")).to_be_visible(timeout=120_000)
        page.goto("about:blank")
    finally:
        process.kill()
        process.communicate(timeout=120)
