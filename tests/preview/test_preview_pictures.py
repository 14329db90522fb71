"""The pictures of the README show what kalentops makes today."""

from __future__ import annotations

import pytest

from tests.preview import pictures


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return pictures.sources(tmp_path_factory.mktemp("pictures") / "outreach")


@pytest.mark.processes
@pytest.mark.parametrize("suffix", pictures.THEMES.values())
@pytest.mark.parametrize("name", pictures.SHAPES)
def test_the_pictures_are_up_to_date(sources: dict[str, str], name: str, suffix: str) -> None:
    picture = (pictures.FOLDER / f"{name}{suffix}.png").read_bytes()
    assert pictures.digest_in(picture) == pictures.digest(sources[name]), "run `make pictures`"
    assert len(picture) < 150_000


@pytest.mark.processes
def test_only_what_a_reader_sees_makes_a_picture_old(sources: dict[str, str]) -> None:
    page = sources["page"]
    before = pictures.digest(page)
    assert pictures.digest(page.replace("<script>", "<script>/* faster */")) == before
    assert pictures.digest(page.replace("Reminder", "Last call")) != before
    assert pictures.digest(page.replace("--paper: ", "--paper: red; --sheet: ")) != before
