"""A browser, and projects to look at in it. Whatever a page does that a page of ours may not do fails its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route

from tests.chromium import chromium
from tests.harness import Project


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """A project without a server."""
    return Project(tmp_path, "http://127.0.0.1:9/api")


@pytest.fixture(
    scope="module"
)  # playwright keeps an event loop in this thread: no other test may find it there
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


Look = Callable[..., Page]


@pytest.fixture
def look(browser: Browser) -> Iterator[Look]:
    """Opens a file, or an address; `look(path, "#hash", color_scheme="dark")`. At the end nothing may have happened
    but that: no request to anywhere, no message on the console, no dialog, no script of the contents.
    """
    happened: list[str] = []
    pages: list[Page] = []

    def open_(where: Path | str, hash_: str = "", **options: Any) -> Page:
        address = where.as_uri() if isinstance(where, Path) else where
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        page = context.new_page()
        pages.append(page)

        def request(route: Route) -> None:
            if route.request.url.partition("#")[0].startswith(address):
                route.continue_()
            else:
                happened.append(f"a request of {route.request.url}")
                route.abort()

        context.route("**/*", request)

        def dialog(opened: Dialog) -> None:
            happened.append(f"dialog: {opened.message}")
            opened.dismiss()

        page.on("console", lambda said: happened.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: happened.append(f"error: {error}"))
        page.on("dialog", dialog)
        page.goto(address + hash_)
        if options.get("java_script_enabled", True):
            page.wait_for_selector("#controls:not([hidden])")
        return page

    yield open_
    for page in pages:
        assert page.evaluate("window.pwned") is None
        assert len(page.context.pages) == 1
        page.context.close()
    assert happened == []
