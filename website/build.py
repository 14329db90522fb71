"""`python -m website build`: the site in `site/`, by Zensical, with a Markdown copy of each page and llms.txt."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from website.dialect import for_python_markdown
from website.documents import ROOT, first_sentence, on_the_site, pages, title

SITE: Final = ROOT / "site"
_SETTINGS: Final = ROOT / "zensical.toml"


class SiteFault(Exception):
    """The generator's own message: which page, which line."""


def build(site: Path = SITE) -> None:
    """Build the whole site into `site`, which it replaces.

    :raises SiteFault: a page or link is wrong, or a page is not in the navigation
    """
    if site.is_symlink() or (site.exists() and not site.is_dir()):
        raise SiteFault(f"{site} is no folder, so no site can be built there: move it away")
    with tempfile.TemporaryDirectory(prefix="kalentops-site-") as scratch:
        folder = Path(scratch)
        texts = _write_sources(folder)
        _run_zensical(folder)
        built = folder / "site"
        for name, text in texts.items():
            (built / name).write_text(text, encoding="utf-8")
        sections = list(navigation())
        (built / "llms.txt").write_text(_llms(sections, texts), encoding="utf-8")
        whole = "\n".join(texts[name] for _, names in sections for name in names)
        (built / "llms-full.txt").write_text(whole, encoding="utf-8")
        # Both need the site's address, which is not known when it is built.
        (built / "404.html").unlink()
        (built / "sitemap.xml").unlink()
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(built, site)


def navigation() -> Iterator[tuple[str, list[str]]]:
    """The sections of the navigation, each with its pages below the site; groups in a section are left out."""
    for section in _settings()["nav"]:
        ((name, inside),) = section.items()
        yield name, [page for page, _ in _entries(inside)]


def _entries(inside: Any, title: str | None = None) -> Iterator[tuple[str, str | None]]:
    """Pages, each with the title that the navigation gives it."""
    if isinstance(inside, str):
        yield inside, title
    elif isinstance(inside, list):
        for each in inside:
            yield from _entries(each)
    else:
        for name, below in inside.items():
            yield from _entries(below, name)


def _titles() -> Iterator[tuple[str, str]]:
    """The pages below a section whose title stands in the navigation."""
    for section in _settings()["nav"]:
        for inside in section.values():
            yield from ((page, title) for page, title in _entries(inside) if title)


def _settings() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(_SETTINGS.read_text(encoding="utf-8"))["project"]
    return project


def _write_sources(folder: Path) -> dict[str, str]:
    """Write what Zensical reads into `folder`; the pages' texts by their paths below the site."""
    for name in ("docs", "website/theme"):
        # What a link leads to, of the machine that builds, would be published.
        if link := next((each for each in (ROOT / name).rglob("*") if each.is_symlink()), None):
            raise SiteFault(f"{link.relative_to(ROOT)} is a link: put the file itself there")
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(_SETTINGS, folder)
    known = pages()
    texts = {
        there: on_the_site(name, (ROOT / name).read_text(encoding="utf-8"), known)
        for name, there in known.items()
    }
    for there, name in _titles():
        if there in texts:
            texts[there] = re.sub(r"^# .+$", f"# {name}", texts[there], count=1, flags=re.MULTILINE)
    for there, text in texts.items():
        (folder / "docs" / there).write_text(for_python_markdown(text), encoding="utf-8")
    listed = [name for _, names in navigation() for name in names]
    if sorted(listed) != sorted(texts):
        odd = ", ".join(sorted({*listed} ^ {*texts}) or sorted(listed))
        raise SiteFault(f"list each page of docs/ once in zensical.toml, `nav`: {odd}")
    return texts


def _run_zensical(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        # It colours letter by letter, terminal or not.
        raise SiteFault(re.sub(r"\x1b\[[\d;]*m", "", f"{done.stdout}{done.stderr}"))


def _llms(sections: list[tuple[str, list[str]]], texts: dict[str, str]) -> str:
    """llms.txt as llmstxt.org describes it."""
    settings = _settings()
    lines = [f"# {settings['site_name']}", "", f"> {settings['site_description']}"]
    for section, names in sections:
        lines += ["", f"## {section}", ""]
        lines += [f"- [{title(texts[name])}]({name}): {first_sentence(texts[name])}" for name in names]
    return "\n".join(lines) + "\n"
