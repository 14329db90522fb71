"""The pictures of the README: the review page and the comment on a pull request (`make pictures`).

Both show one edit of the README's example. Each picture keeps the digest of what it shows, so that a test can tell,
without a browser, when it is out of date. Needs Debian's `chromium`, `fonts-inter` and `pngquant`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Final

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from kalentops.emulator.server import BackgroundEmulator
from kalentops.github.comment import CommentTarget, compose
from tests.chromium import chromium
from tests.harness import Project
from tests.preview.pages import commit

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs" / "images"
THEMES: Final = {"light": "", "dark": "-dark"}
# Each picture's width in CSS pixels, and its last element. GitHub shows a README 830 pixels wide.
SHAPES: Final = {"page": (1000, ".sequence .versions"), "comment": (830, "article")}
_EXAMPLE: Final = re.compile(r"```yaml\n(?P<text># (?P<path>blueprints/\S+)\n.*?)```", re.DOTALL)
_EDITS: Final = {
    "value: 3,": "value: 5,",
    "Is a change on your mind?": "Shall we talk for ten minutes?",
}
_SETTINGS: Final = """\
samples:
  - {firstname: Ada, lastname: Example, recruiterFirstname: Robin, recruiterLastname: Sample,
     sourcingJobTitle: Backend engineer, sourcingLocation: Lyon}
"""
_KEYWORD: Final = b"kalentops-source"
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_COMMIT: Final = re.compile(r"\([0-9a-f]{7,40}\)")  # another one in each run
_UNSEEN: Final = (
    r"(?s)<script.*?</script>",
    r'(?s)<div id="words".*?</div>',
    r"<meta [^>]*>",
)


def sources(folder: Path) -> dict[str, str]:
    """`page` and `comment` as HTML, made by kalentops in a new folder."""
    example = _EXAMPLE.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert example
    file, text = folder / example["path"], example["text"]
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    with BackgroundEmulator(example=True) as emulator:
        project = Project(folder, emulator.url)
        (folder / "kalentops.yaml").write_text(_SETTINGS, encoding="utf-8")
        assert project.apply().code == 0
        commit(folder)
        for old, new in _EDITS.items():
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
        plan = project.run("plan", "--format", "markdown")
        assert plan.code == 0, plan.err
        page = project.run("preview", "--against", "main")
        assert page.code == 0, page.err
    html = (folder / "kalentops-preview.html").read_text(encoding="utf-8")
    return {
        "page": _COMMIT.sub("(5c41ab09f2)", html),
        "comment": _framed(compose(CommentTarget("."), plan.out)),
    }


def digest(source: str) -> str:
    """The digest of what a reader sees of an HTML page."""
    for pattern in _UNSEEN:
        source = re.sub(pattern, "", source)
    return hashlib.sha256(source.encode()).hexdigest()


def digest_in(picture: bytes) -> str:
    """The digest that a PNG keeps; empty if it keeps none."""
    found = re.search(rb"tEXt" + _KEYWORD + rb"\0([0-9a-f]{64})", picture)
    return found[1].decode() if found else ""


def _with_digest(picture: bytes, value: str) -> bytes:
    """The PNG with a text chunk behind its header, which has 25 bytes."""
    content = b"tEXt" + _KEYWORD + b"\0" + value.encode()
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    header = len(_SIGNATURE) + 25
    return picture[:header] + chunk + picture[header:]


def _framed(markdown: str) -> str:
    """A comment's Markdown in a neutral frame."""
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    html = re.sub(r'(?s)(<pre lang="diff"><code>)(.*?)(</code>)', _coloured, html)
    frame = Path(__file__).with_name("comment.html").read_text(encoding="utf-8")
    return frame.replace("<!-- comment -->", html)


def _coloured(block: re.Match[str]) -> str:
    """A diff in the colours that GitHub gives its lines."""
    kinds = {"+": "ins", "-": "del"}
    lines = [
        f"<{kinds[line[0]]}>{line}</{kinds[line[0]]}>" if line[:1] in kinds else line
        for line in block[2].splitlines()
    ]
    return block[1] + "".join(lines) + block[3]


def _shoot(browser: Browser, file: Path, theme: str) -> bytes:
    width, last = SHAPES[file.stem]
    context = browser.new_context(
        viewport={"width": width, "height": 600},
        device_scale_factor=2,
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        bypass_csp=True,  # for the font
    )
    page = context.new_page()
    page.goto(file.as_uri())
    page.add_style_tag(content=':root { font-family: "Inter", sans-serif !important }')
    box = page.locator(last).last.bounding_box()
    assert box
    height = box["y"] + box["height"] + 20
    picture = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
    context.close()
    return picture


def _smaller(picture: bytes) -> bytes:
    done = subprocess.run(
        ["pngquant", "--speed", "1", "--strip", "--nofs", "64", "-"],
        input=picture,
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout


def main() -> None:
    """Write the pictures into docs/images."""
    if shutil.which("pngquant") is None:
        sys.exit("there is no pngquant: apt-get install pngquant fonts-inter")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        for name, source in sources(Path(scratch) / "outreach").items():
            file = Path(scratch) / f"{name}.html"
            file.write_text(source, encoding="utf-8")
            for theme, suffix in THEMES.items():
                picture = _with_digest(_smaller(_shoot(browser, file, theme)), digest(source))
                (FOLDER / f"{name}{suffix}.png").write_bytes(picture)


if __name__ == "__main__":
    try:
        main()
    except pytest.skip.Exception as error:  # no browser
        sys.exit(str(error))
