"""docs/index.md: a start for each reader, and all pages, in the order of the navigation."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from website.build import navigation
from website.documents import ROOT, pages, title
from website.parts import fill


def page() -> str:
    """The text of the whole page."""
    return fill("index.md", {"PAGES": "\n".join(_pages())})


def _pages() -> Iterator[str]:
    sources = {there: source for source, there in pages().items()}
    for section, names in navigation():
        # The text above links the README, whose title is that of the site.
        links = [sources[name] for name in names if sources[name] not in {"README.md", "docs/index.md"}]
        if links:
            yield f"\n### {section}\n"
        for source in links:
            text = (ROOT / source).read_text(encoding="utf-8")
            yield f"- [{title(text)}]({posixpath.relpath(source, 'docs')})"
