"""From a folder to its page: configuration, files, what there was before. Reads only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kalentops.errors import KalentopsError
from kalentops.preview.before import load_before
from kalentops.preview.page import make_page
from kalentops.preview.view import Page
from kalentops.project.config import FILE, Config, load_config
from kalentops.project.files import find
from kalentops.project.load import Repository, load


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """What a page is asked for: a folder, places in it (without any, all of its blueprints), and a commit to compare
    with, or None.
    """

    directory: Path
    paths: tuple[Path, ...] = ()
    against: str | None = None

    def places(self, config: Config) -> Sequence[Path]:
        return [self.directory / path for path in self.paths] or [config.blueprints]


@dataclass(frozen=True, slots=True)
class Built:
    """A page, and what it was made from."""

    page: Page
    repository: Repository


def build(wish: PreviewRequest) -> Built:
    """Raises InvalidConfig, UsageError. What is wrong with the files is on the page."""
    config = load_config(wish.directory)
    places = wish.places(config)
    repository = load(config.root, places, severities=config.severities, known={})
    before = None if wish.against is None else load_before(config.root, places, wish.against)
    return Built(make_page(repository, config.samples, config.root.name or "Preview", before), repository)


def version(wish: PreviewRequest) -> str:
    """A name for the state of the files that the page is made from: another one as soon as one of them changes."""
    try:
        config = load_config(wish.directory)
        paths = [config.root / FILE, *(Path(each.path) for each in find(config.root, wish.places(config)))]
        seen = [repr((str(path), *_stamp(path))) for path in paths]
    except KalentopsError as error:
        seen = [repr(str(error))]
    return hashlib.sha256("\n".join(seen).encode(errors="surrogatepass")).hexdigest()[:16]


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size
