"""A click, a link and the way back lead to the very sequence: texts that look alike stand thousands of pixels apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.builders import blueprint
from tests.harness import Project
from tests.preview.conftest import Look

pytestmark = [pytest.mark.processes, pytest.mark.thorough]
POSITIONS, EACH = 12, 5
MOVING: dict[str, Any] = {"reduced_motion": "no-preference"}

# In view, below what stays there, under its own position, and still so two frames later.
LANDED = """async ([address, heading]) => {
  const within = (selector, of) => (of.matches(selector) ? of : of.querySelector(selector));
  const target = document.getElementById(address);
  const uncovered = (element) => {
    const box = element.getBoundingClientRect();
    const hit = document.elementFromPoint(box.left + 3, box.top + Math.min(box.height, 20) / 2);
    return box.top >= 0 && box.bottom <= innerHeight && hit !== null && element.contains(hit);
  };
  const judge = () => uncovered(within(heading, target)) && uncovered(target.closest(".sourcing").querySelector("h2"));
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const before = scrollY;
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  return judge() && scrollY === before;
}"""


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty sequences of one to six steps, of which each has its like in each position."""
    project = Project(tmp_path_factory.mktemp("sixty"), "http://127.0.0.1:9/api")
    for position in range(POSITIONS):
        project.write(
            f"sourcing_{position}",
            {f"key-{number}": alike(position, number) for number in range(EACH)},
        )
    assert project.run("preview").code == 0
    return project.folder / "kalentops-preview.html"


def alike(position: int, number: int) -> dict[str, Any]:
    made = blueprint(f"First contact, way {number}", steps=1 + (position + number) % 6)
    made["steps"][0]["content"] = f"Hi {{{{firstname}}}}, position {position}"  # no copy of another one
    return made


def landed(page: Page, address: str, heading: str = "h3 bdi") -> None:
    page.wait_for_function(LANDED, arg=[address, heading], timeout=120_000)


def click(page: Page, address: str) -> None:
    page.locator(f'.index a[href="#{address}"]').click()
    landed(page, address)
    assert page.evaluate("location.hash").startswith(f"#{address}")


@pytest.mark.parametrize("width", [1280, 900, 400])
def test_what_was_asked_for_is_what_one_sees(width: int, sixty: Path, look: Look) -> None:
    first, second, last = "sourcing_3/key-2", "sourcing_10/key-2", f"sourcing_{POSITIONS - 1}/key-{EACH - 1}"
    page = look(sixty, f"#{second}", viewport={"width": width, "height": 700}, **MOVING)
    landed(page, second)
    if width < 896:
        page.locator(".index summary").click()
    for address in (first, "sourcing_0/key-0", second, last, "sourcing_7/key-4"):
        click(page, address)
    for address in (last, second, "sourcing_0/key-0", first):
        page.go_back()
        landed(page, address)
    for address in ("sourcing_0/key-0", second):
        page.go_forward()
        landed(page, address)
    page.locator("#fold").click()
    click(page, first)
    page.locator("#fold").click()
    page.locator("#fold").click()
    landed(page, first)
    page.locator("#filter").fill("way 3")
    click(page, "sourcing_9/key-3")
    page.evaluate(f"location.hash = '{last}?as=1'")  # a link to what is filtered out
    landed(page, last)
    page.go_back()
    landed(page, "sourcing_9/key-3")
    assert page.locator("#filter").input_value() == "way 3"
    step = page.locator('[id="sourcing_9/key-3"] .overview a').last
    name = str(step.get_attribute("href"))[1:]
    step.click()
    landed(page, name, "h4 .kind")
    page.goto(sixty.as_uri() + "#sourcing_5/key-1?as=1&find=way")
    landed(page, "sourcing_5/key-1")


def test_the_position_is_the_larger_title_and_stays_while_its_sequences_scroll(
    sixty: Path, look: Look
) -> None:
    page = look(sixty, "#sourcing_4/key-0", viewport={"width": 1280, "height": 700})
    place = """() => {
        const position = document.getElementById("sourcing_4/key-4").closest(".sourcing");
        const [title, article] = position.querySelectorAll("h2, h3");
        const size = (of) => parseFloat(getComputedStyle(of).fontSize);
        return {top: title.getBoundingClientRect().top, title: size(title), name: size(article)};
    }"""
    before = page.evaluate(place)
    page.evaluate("scrollBy({top: 600, behavior: 'instant'})")
    after = page.evaluate(place)
    assert round(before["top"]) == round(after["top"]) > 0
    assert after["title"] > after["name"]
