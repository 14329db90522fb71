"""Every hostile text, wherever one may stand, in a real browser: it is read, and that is all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from kalentops.preview.rendering import parts
from kalentops.support.text import unseen
from tests.harness import Project
from tests.hostile import CLASSES, quoted
from tests.preview.conftest import Look
from tests.preview.pages import commit

# What our own page consists of; none of it loads anything.
ELEMENTS = set(
    "html head meta title style body script main header nav section article div details summary "  # noqa: SIM905
    "a h1 h2 h3 h4 h5 p ul ol li dl dt dd b br span bdi code ins del label select option button input "
    "svg symbol use circle rect path".split()
)


pytestmark = [pytest.mark.processes, pytest.mark.thorough]
TEXTS = {kind: [(name, text) for name, text in texts if text.strip()] for kind, texts in CLASSES.items()}


def write_all(project: Project, *, more: str = "") -> None:
    for kind, texts in TEXTS.items():
        write(project, texts, kind, more=more)


def write(project: Project, texts: list[tuple[str, str]], kind: str = "", *, more: str = "") -> None:
    """A sequence with three steps for each text; an e-mail, a chat, and an InMail of a sender of this name."""
    steps: list[str] = []
    for number, (_, text) in enumerate(texts):
        said, new = quoted(text), quoted(text + more)
        letter = f"id: e{number}, name: {said}, type: EMAIL, subject: {said}, content: {new}"
        chat = f"id: w{number}, name: {said}, type: WHATSAPP, content: {said}"
        inmail = f"id: i{number}, name: {said}, type: LINKEDIN, linkedInType: LINKEDIN_INMAIL"
        sender = f"subject: {new}, content: {said}, config: {{userId: {said}}}"
        steps += [f"{{temporalityType: ASAP, {each}}}" for each in (letter, chat, f"{inmail}, {sender}")]
    lines = [f"sourcingId: {quoted(texts[0][1])}", "blueprints:"]
    for number, (_, text) in enumerate(texts):
        lines += [
            f"  k{number}: {{name: {quoted(text)}, config: {{{quoted('x' + text[:60])}: 1}}, steps: []}}"
        ]
    lines += [
        "  all:",
        f"    name: {quoted(texts[-1][1])}",
        "    steps:",
        *(f"      - {step}" for step in steps),
    ]
    folder = project.folder / "blueprints"
    folder.mkdir(exist_ok=True)
    (folder / f"<img src=x onerror=pwned=1> {{{{7*7}}}}{kind}.yaml").write_text(
        "\n".join(lines), encoding="utf-8"
    )
    (folder / f"broken{kind}.yaml").write_text(
        f"sourcingId: x\n{quoted(texts[0][1])}: 1\nblueprints: [{quoted(texts[0][1])}]\n"
    )


def read_elements(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """() => {
            const all = [...document.querySelectorAll("*")];
            return {
                names: [...new Set(all.map((each) => each.localName))],
                attributes: [...new Set(all.flatMap((each) => each.getAttributeNames()))],
                scripts: document.scripts.length,
                styles: document.styleSheets.length,
                links: all.filter((each) => each.hasAttribute("href")).map((each) => each.getAttribute("href")),
                texts: document.body.textContent,
                titles: all.map((each) => each.title ?? "").join(""),
                bodies: [...document.querySelectorAll('.step .text')].map((each) => each.textContent),
            };
        }"""
    )
    return found


def expected(text: str) -> str:
    """What stands in a message whose text is this, with its variables."""
    shown = {"variable": "{{%s}}", "cut": " … %s"}
    return "".join(shown.get(part.kind, "%s") % part.text for part in parts(text))


def test_hostile_texts_are_read_and_do_nothing(bare: Project, look: Look) -> None:
    samples = "".join(
        f"  - {{firstname: {quoted(text)}, lastname: {quoted(text)}}}\n"
        for texts in TEXTS.values()
        for _, text in texts[:4]
    )
    (bare.folder / "kalentops.yaml").write_text(f"samples:\n{samples}")
    write_all(bare)
    bare.run("preview")
    page = look(bare.folder / "kalentops-preview.html")
    page.get_by_label("Read as").select_option("With the variables")
    found = read_elements(page)
    assert set(found["names"]) <= ELEMENTS
    assert not [
        name for name in found["attributes"] if name.startswith("on") or name in {"src", "style", "action"}
    ]
    assert (found["scripts"], found["styles"]) == (1, 1)
    assert all(link.startswith("#") for link in found["links"])
    assert unseen(found["texts"]) == []
    assert unseen(found["titles"]) == []
    wanted = [expected(text) for texts in TEXTS.values() for _, text in texts for _ in range(3)]
    assert Counter(found["bodies"]) == Counter(wanted)


@pytest.mark.parametrize("kinds", [("html",), ("bidi", "long", "null", "template")])
def test_hostile_values_of_candidates_do_nothing(kinds: tuple[str, ...], bare: Project, look: Look) -> None:
    texts = [text for kind in kinds for _, text in CLASSES[kind]]
    samples = "".join(
        f"  - {{firstname: {quoted(text)}, candidateJobTitle: {quoted(text)}}}\n" for text in texts
    )
    (bare.folder / "kalentops.yaml").write_text(f"samples:\n{samples}")
    write(bare, [("plain", "Hi {{firstname}}!")])
    bare.run("preview")
    page = look(bare.folder / "kalentops-preview.html", viewport={"width": 400, "height": 800})
    reader = page.get_by_label("Read as")
    assert reader.locator("option").count() == len(texts) + 1
    for number in range(len(texts)):
        reader.select_option(str(number))
        found = read_elements(page)
        assert set(found["names"]) <= ELEMENTS
        assert unseen(found["texts"]) == []
        assert found["scripts"] == 1
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 400


def test_hostile_changes_do_nothing_and_stay_within_their_place(bare: Project, look: Look) -> None:
    write_all(bare)
    commit(bare.folder)
    write_all(bare, more=" and {{firstname}} more")
    bare.run("preview", "--against", "HEAD", "--out", str(Path("page.html")))
    page = look(bare.folder / "page.html", "#?all=1", viewport={"width": 400, "height": 900})
    found = read_elements(page)
    assert len(found["bodies"]) >= 3 * sum(map(len, TEXTS.values()))
    assert set(found["names"]) <= ELEMENTS
    assert unseen(found["texts"]) == []
    assert (found["scripts"], found["styles"]) == (1, 1)
    for width in (400, 1200):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        too_wide = page.evaluate(
            "[...document.querySelectorAll('.step, .note, .changes')]"
            ".filter((each) => each.getBoundingClientRect().right > innerWidth + 1).length"
        )
        assert too_wide == 0
