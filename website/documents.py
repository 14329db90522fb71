"""The Markdown documents of the repository: where each is read, and their texts apart from code."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
# Documents outside of docs/ and their pages on the site.
_COPIED: Final[Mapping[str, str]] = {
    "README.md": "tutorial/start.md",
    "CONTRIBUTING.md": "explanation/contributing.md",
    "CHANGELOG.md": "explanation/changelog.md",
    "benchmarks/README.md": "explanation/benchmarks.md",
}
# Code first: what looks like a link in it is none.
_PART: Final = re.compile(
    r"(?P<code>^(?P<indent>[ >]*)(?P<fence>`{3,}|~{3,}).*?^[ >]*(?P=fence)`*[ ]*$"
    r"|(?P<ticks>`+)(?!`)[^`].*?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<comment>^[ ]*<!--.*?-->[ ]*\n|<!--.*?-->)"
    r"|(?P<image>!?)\[(?P<words>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^)\s]+)\)"
    r"|(?P<attribute>\b(?:src|srcset|href)=\")(?P<value>[^\"\s]+)\"",
    re.MULTILINE | re.DOTALL,
)
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|#|//")


def pages() -> dict[str, str]:
    """The documents of the site: the path below the repository → the path below the site."""
    docs = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "docs").rglob("*.md")}
    return {name: name.removeprefix("docs/") for name in sorted(docs)} | dict(_COPIED)


def on_the_site(source: str, text: str, pages: Mapping[str, str]) -> str:
    """`text` of the document `source`, with links that hold on the site, and without comments.

    A link to a file of the repository that the site lacks becomes the file's path.
    """

    def moved(part: re.Match[str]) -> str:
        if part["code"]:
            return part[0]
        if part["comment"]:
            return ""
        if part["attribute"]:
            return f'{part["attribute"]}{_moved(part["value"], source, pages) or part["value"]}"'
        words = _PART.sub(moved, part["words"])
        if target := _moved(part["target"], source, pages):
            return f"{part['image']}[{words}]({target})"
        path = _resolved(part["target"], source)
        named = posixpath.normpath(words.strip("`")) in {path, posixpath.basename(path)}
        return f"`{path}`" if named else f"{words} (`{path}`)"

    return _PART.sub(moved, text)


def link_targets(text: str) -> list[str]:
    """Where the links and images of a document lead, as it is written; those in code are none."""
    found = []
    for part in _PART.finditer(text):
        if part["attribute"]:
            found.append(part["value"])
        elif part["target"]:
            found += [*link_targets(part["words"]), part["target"]]
    return found


def _moved(target: str, source: str, pages: Mapping[str, str]) -> str | None:
    """The target of a link as it is on the site; None if the site lacks it."""
    if _ELSEWHERE.match(target):
        return target
    name, _, anchor = target.partition("#")
    path = _resolved(name, source)
    there = pages.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    if there is None:
        return None
    relative = posixpath.relpath(there, posixpath.dirname(pages[source]) or ".")
    return f"{relative}#{anchor}" if anchor else relative


def _resolved(target: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target.partition("#")[0]))


def title(text: str) -> str:
    """The first heading, without markup."""
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return _plain(found[1]) if found else ""


def first_sentence(text: str) -> str:
    """The first sentence of the first paragraph, without markup; empty if there is none."""
    after = re.split(r"^# .+$", text, maxsplit=1, flags=re.MULTILINE)[-1]
    for paragraph in re.split(r"\n\s*\n", after.strip()):
        if not re.match(r"[#<>|`!\-*\d]", paragraph):
            return re.split(r"(?<=[.!?])\s+(?=[A-Z`])|:$", _plain(paragraph), maxsplit=1)[0]
    return ""


def github_anchors(text: str) -> list[str]:
    """The anchor of each heading, as GitHub gives it."""
    code = re.sub(r"^ *(`{3,}|~{3,}).*?^ *\1`*[ ]*$", "", text, flags=re.MULTILINE | re.DOTALL)
    repeated: dict[str, int] = {}
    for heading in re.findall(r"^#{1,6} (.+)$", code, re.MULTILINE):
        plain = anchor = re.sub(r"[^\w\- ]", "", _plain(heading).lower()).replace(" ", "-")
        while anchor in repeated:
            repeated[plain] += 1
            anchor = f"{plain}-{repeated[plain]}"
        repeated[anchor] = 0
    return list(repeated)


def _plain(text: str) -> str:
    words = _PART.sub(lambda part: part["words"] or part[0], text)
    return re.sub(r"\s+", " ", re.sub(r"[`*]", "", words)).strip()
