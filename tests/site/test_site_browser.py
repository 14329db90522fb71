"""The site in a browser: light and dark, wide and narrow, with its search."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.chromium import axe
from tests.sizes import some
from website.documents import pages

pytestmark = pytest.mark.processes

Open = Callable[..., Page]
PAGES = sorted(name.replace(".md", ".html") for name in pages().values())


@pytest.fixture
def open_(browser: Browser, address: str, site: Path) -> Iterator[Open]:
    """`open_(name, color_scheme="dark")`. At the end, nothing was asked of another host, and the console is empty."""
    happened: list[str] = []
    contexts = []

    def opened(name: str, *, below: str = address, **options: Any) -> Page:
        context = browser.new_context(reduced_motion="reduce", **options)
        contexts.append(context)

        def request(route: Route) -> None:
            if route.request.url.startswith((address, site.as_uri(), "data:", "blob:")):
                route.continue_()
            else:
                happened.append(f"a request of {route.request.url}")
                route.abort()

        context.route("**/*", request)
        page = context.new_page()
        page.on("console", lambda said: happened.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: happened.append(f"error: {error}"))
        page.goto(below + name)
        page.wait_for_selector("html.js")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert happened == []


@pytest.mark.parametrize("name", some(PAGES, 3))
def test_a_page_can_be_read_by_everyone(name: str, open_: Open) -> None:
    page = open_(name, color_scheme="light")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_selector(f'[data-md-color-scheme="{"slate" if scheme == "dark" else "default"}"]')
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", colour)[:3])) < 200) == (scheme == "dark")
        found = axe(page)
        # Left to the theme and to GitHub's tables, moderate and minor: landmark-unique, empty-table-header.
        serious = [each for each in found["violations"] if each["impact"] in {"serious", "critical"}]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []
        assert len(found["passes"]) > 20


@pytest.mark.parametrize("name", some(PAGES, 4))
def test_nothing_is_wider_than_a_phone(name: str, open_: Open) -> None:
    page = open_(name, viewport={"width": 400, "height": 800})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 400


@pytest.mark.parametrize("of", ["server", "disk"])
def test_search_finds_a_rule_and_a_command(of: str, open_: Open, site: Path, address: str) -> None:
    page = open_("index.html", below=address if of == "server" else f"{site.as_uri()}/")
    page.get_by_role("button", name="Search").click()
    for words, there in (("KAL301", "reference/rules.html"), ("state restore", "state")):
        page.get_by_role("combobox", name="Search").fill(words)
        hit = page.get_by_role("option").filter(has_text=re.compile(words.split()[0], re.IGNORECASE)).first
        expect(hit).to_be_visible()
        expect(hit).to_have_attribute("href", re.compile(there))
    assert page.get_by_role("option").count() >= 2


def test_code_is_copied_and_headings_have_permanent_links(open_: Open) -> None:
    page = open_("how-to/write-blueprints.html")
    assert page.locator("pre .md-code__button, .md-code__nav .md-code__button").count() >= 2
    heading = page.locator("h2").first
    expect(heading.locator("a.headerlink")).to_have_attribute("href", f"#{heading.get_attribute('id')}")


def test_the_button_copies_commands_only(open_: Open) -> None:
    page = open_("tutorial/first-position.html", permissions=["clipboard-read", "clipboard-write"])
    page.locator(".language-console").filter(has_text="git init").get_by_role("button").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text != '')")
    init = "kalentops init --no-example --no-github --no-pre-commit"
    copied = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert copied == ["git init --quiet outreach", "cd outreach", init]
