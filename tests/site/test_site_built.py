"""The built site: every page, link and copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.platforms import needs_links
from tests.site.built import differs_from_github, faults
from website import build as builder
from website.build import SiteFault, build, navigation
from website.documents import ROOT, github_anchors, on_the_site, pages

pytestmark = pytest.mark.processes


def listed() -> list[str]:
    return [name for _, names in navigation() for name in names]


def test_every_link_and_anchor_resolves_and_nothing_is_loaded_from_another_host(site: Path) -> None:
    assert list(faults(site)) == []


def test_every_page_is_in_the_navigation_once_and_has_its_markdown(site: Path) -> None:
    assert sorted(listed()) == sorted(pages().values())
    assert {path.relative_to(site).as_posix() for path in site.rglob("*.md")} == set(listed())
    for name in listed():
        page = (site / name).with_suffix(".html").read_text(encoding="utf-8")
        assert f'href="./{Path(name).name}"' in page, f"{name} has no link to its Markdown"


def test_pages_look_as_on_github(site: Path) -> None:
    differences = {
        name: differs_from_github(
            (site / name).read_text(encoding="utf-8"),
            (site / name).with_suffix(".html").read_text(encoding="utf-8"),
        )
        for name in listed()
    }
    assert {name: each for name, each in differences.items() if each} == {}


def test_headings_have_the_anchors_that_github_gives_them(site: Path) -> None:
    for name in listed():
        page = (site / name).with_suffix(".html").read_text(encoding="utf-8")
        article = page[page.index("<article") : page.index("</article>")]
        found = re.findall(r'<h[1-6] id="([^"]+)"', article)
        assert found == github_anchors((site / name).read_text(encoding="utf-8")), name


def test_llms_txt_lists_every_page_with_a_sentence(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    assert re.match(r"# kalentops\n\n> [^\n]+\n\n## Home\n\n- ", text)
    entries = re.findall(r"^- \[(.+?)\]\((.+?)\): (.+)$", text, re.MULTILINE)
    assert [name for _, name, _ in entries] == listed()
    assert all((site / name).is_file() for _, name, _ in entries)
    assert all(sentence.endswith(".") and len(sentence) < 250 for _, _, sentence in entries), entries
    whole = (site / "llms-full.txt").read_text(encoding="utf-8")
    assert all((site / name).read_text(encoding="utf-8") in whole for name in listed())


def test_ci_publishes_exactly_the_site(site: Path, tmp_path: Path) -> None:
    """The script of the job, with a bare repository in GitHub's place; a second run replaces what the first wrote."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    script = workflow["jobs"]["publish-site"]["steps"][-1]["run"]
    hub = tmp_path / "owner" / "name.git"
    subprocess.run(["git", "init", "--quiet", "--bare", hub], check=True)
    shutil.copytree(site, tmp_path / "site")
    variables = {
        "GITHUB_SERVER_URL": tmp_path.as_uri(),
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_SHA": "c0ffee",
    }
    for message in ("c0ffee", "decaf"):
        variables["GITHUB_SHA"] = message
        shutil.rmtree(tmp_path / "site" / ".git", ignore_errors=True)
        subprocess.run(
            ["bash", "-e", "-c", script], cwd=tmp_path / "site", env={**os.environ, **variables}, check=True
        )
    log = git(hub, "log", "--format=%s", "gh-pages")
    assert log == "The site of decaf\n"
    published = git(hub, "ls-tree", "-r", "--name-only", "-z", "gh-pages").split("\0")[:-1]
    assert set(published) == {
        ".nojekyll",
        *(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()),
    }


def git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_a_wrong_link_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "on_the_site", lambda *_: "# A page\n\n[nowhere](nowhere.md)\n")
    with pytest.raises(SiteFault, match=r"nowhere\.md"):
        build(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_page_that_is_in_no_menu_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "pages", lambda: {**pages(), "README.md": "how-to/new.md"})
    with pytest.raises(SiteFault, match=r"how-to/new\.md"):
        build(tmp_path / "site")


@needs_links
def test_a_symbolic_link_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that it leads to is not in the repository, and would be published."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "secret.txt").symlink_to("/etc/hostname")
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    with pytest.raises(SiteFault, match=r"docs/secret\.txt is a link"):
        build(tmp_path / "site")
    (tmp_path / "there").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "there")
    with pytest.raises(SiteFault, match="linked is no folder"):
        build(tmp_path / "linked")


def test_links_of_a_document_lead_to_the_pages_of_the_site() -> None:
    text = (
        "[a](docs/how-to/state.md#x) ![p](docs/images/p.png) [b](CHANGELOG.md) [c](action.yml) [`action/`](action)\n"
        "<!-- a note -->\n"
        '<img src="docs/images/p.png"> <a href="https://example.org">e</a> [f](#here) `[g](docs/how-to/state.md)`\n'
        "```md\n[h](docs/how-to/state.md)\n<!-- kept -->\n```\n"
    )
    known = {
        "README.md": "tutorial/start.md",
        "CHANGELOG.md": "log.md",
        "docs/how-to/state.md": "how-to/state.md",
    }
    assert on_the_site("README.md", text, known) == (
        "[a](../how-to/state.md#x) ![p](../images/p.png) [b](../log.md) c (`action.yml`) `action`\n"
        '<img src="../images/p.png"> <a href="https://example.org">e</a> [f](#here) `[g](docs/how-to/state.md)`\n'
        "```md\n[h](docs/how-to/state.md)\n<!-- kept -->\n```\n"
    )


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="gone.html">', "gone.html leads nowhere"),
        ('<a href="#gone">', "#gone leads to no heading"),
        ('<a href="/index.html">', "/index.html leads nowhere"),
        ('<img src="https://example.org/a.png">', "<img> loads https://example.org/a.png"),
        ('<script src="//example.org/a.js"></script>', "<script> loads //example.org/a.js"),
        ('<img srcset="a.png 1x">', "a.png leads nowhere"),
        (
            '<p style="background: url(https://example.org/a.png)">',
            "a style loads url(https://example.org/a.png",
        ),
        ("<style>@import '//example.org/a.css'</style>", "a style loads @import '//example.org/a.css"),
        ('<b id="a"></b><b id="a"></b>', "two elements have the id a"),
    ],
)
def test_a_fault_is_found(body: str, fault: str, tmp_path: Path) -> None:
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'self\'">'
    page = tmp_path / "index.html"
    page.write_text(f'{policy}<a id="here" href="#here">', encoding="utf-8")
    assert list(faults(tmp_path)) == []
    page.write_text(f"{policy}{body}", encoding="utf-8")
    assert list(faults(tmp_path)) == [f"index.html: {fault}"]
    page.write_text("", encoding="utf-8")
    assert list(faults(tmp_path)) == ["index.html: no policy keeps other hosts out"]


def test_a_list_that_only_github_understands_is_found() -> None:
    markdown, page = "text\n- a\n  - b\n", "<article><p>text - a - b</p></article>"
    assert differs_from_github(markdown, page) == {"li": (2, 0), "ul": (2, 0)}


def test_anchors_are_github_s() -> None:
    anchors = {
        "A `code`, and *more*": "a-code-and-more",
        "C++ & [D](x.md)": "c--d",
        "a_b-c d": "a_b-c-d",
        "A code, and more": "a-code-and-more-1",
        "State-list": "state-list",
        "State": "state",
        "Été: `--x/y`": "été---xy",
    }
    assert github_anchors("".join(f"## {heading}\n" for heading in anchors)) == list(anchors.values())
