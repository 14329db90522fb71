"""What is wrong with a built site: links, anchors, and what a page loads from elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

_ATTRIBUTES: Final = ("href", "src", "srcset", "poster", "data", "action", "data-md-copy-url")
_IN_STYLE: Final = re.compile(r"@import\s+[\"'][^\"']*|url\(\s*[\"']?[^)\"']*")
_BLOCKS: Final = ("h1", "h2", "h3", "h4", "p", "li", "ul", "ol", "table", "tr", "pre", "em", "strong", "img")


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.repeated: list[str] = []
        self.targets: list[tuple[str, str]] = []
        self.styles: list[str] = []
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        for name, value in attrs:
            if name == "id" and value:
                self.repeated += [value] if value in self.ids else []
                self.ids.add(value)
            elif name == "style":
                self.styles.append(value or "")
            elif name in _ATTRIBUTES and value:
                links = [part.split()[0] for part in value.split(",")] if name == "srcset" else [value]
                self.targets += [(tag, link) for link in links]

    def handle_data(self, data: str) -> None:
        if self._tag == "style":
            self.styles.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""


def faults(site: Path) -> Iterator[str]:
    """One sentence for each fault of the pages and stylesheets below `site`."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(site).as_posix()
        yield from (f"{where}: two elements have the id {each}" for each in page.repeated)
        yield from (f"{where}: {each}" for each in _link_faults(path, page, pages))
        yield from (f"{where}: {each}" for text in page.styles for each in _style_faults(text))
        if '<meta http-equiv="Content-Security-Policy"' not in path.read_text(encoding="utf-8"):
            yield f"{where}: no policy keeps other hosts out"
    for path in sorted(site.rglob("*.css")):
        for each in _style_faults(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site).as_posix()}: {each}"


def _link_faults(path: Path, page: _Page, pages: Mapping[Path, _Page]) -> Iterator[str]:
    for tag, link in page.targets:
        address = urlsplit(link)
        if address.scheme == "data":
            continue
        if address.scheme or address.netloc:
            if tag != "a":
                yield f"<{tag}> loads {link}"
            continue
        there = (path.parent / unquote(address.path)).resolve() if address.path else path
        if address.path.startswith("/") or not there.is_file():
            yield f"{link} leads nowhere"
        elif address.fragment and there in pages and unquote(address.fragment) not in pages[there].ids:
            yield f"{link} leads to no heading"


def _style_faults(text: str) -> Iterator[str]:
    for each in _IN_STYLE.findall(text):
        if re.search(r"(?:^|[\"'(\s])(?:https?:)?//", each):
            yield f"a style loads {each}"


def differs_from_github(markdown: str, page: str) -> dict[str, tuple[int, int]]:
    """How many elements of a kind GitHub shows and how many the page does, where the two differ."""
    article = page[page.index("<article") : page.index("</article>")]
    github = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    theirs, ours = (
        Counter(re.findall(r"<(\w+)[\s>]", re.sub(r"<p>\s*<pic", "<pic", text))) for text in (github, article)
    )
    return {tag: (theirs[tag], ours[tag]) for tag in _BLOCKS if theirs[tag] != ours[tag]}
