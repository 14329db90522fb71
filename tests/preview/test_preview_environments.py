"""The page of a project with environments: of all of them, or of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kalentops.preview.page import PreviewRequest, build, version
from kalentops.preview.view import Page
from tests.builders import blueprint
from tests.preview.pages import commit

CONFIG = "environments:\n  production: {}\n  trial: {}\n  acme: {blueprints: acme}\n"


def put(folder: Path, file: str, said: Any, *, title: str, text: str = "Hi") -> None:
    path = folder / file
    path.parent.mkdir(exist_ok=True, parents=True)
    made = blueprint("One", steps=1)
    made["steps"][0]["content"] = text
    path.write_text(json.dumps({"sourcingId": said, "title": title, "blueprints": {"one": made}}))


def page(folder: Path, environment: str | None = None, *, against: str | None = None) -> Page:
    return build(PreviewRequest(folder, (), against, environment)).page


def members(of: Page) -> list[tuple[str, list[str]]]:
    return [(each.status, [member.title for member in each.members]) for each in of.sequences]


def shared(folder: Path) -> Path:
    project = folder / "hiring"
    put(project, "blueprints/a.yaml", {"production": "s_1", "trial": "s_9"}, title="Engineer")
    put(project, "acme/a.yaml", "s_5", title="Designer", text="Hello")
    (project / "kalentops.yaml").write_text(CONFIG)
    return project


def test_all_environments_are_shown_and_a_position_is_called_by_its_own(tmp_path: Path) -> None:
    project = shared(tmp_path)
    shown = page(project)
    assert members(shown) == [
        ("", ["Engineer (production)", "Engineer (trial)"]),
        ("", ["Designer (acme)"]),
    ]
    assert (shown.title, shown.summary.en) == ("hiring", "3 sequences for 3 positions")


def test_the_page_of_one_environment_is_called_by_it(tmp_path: Path) -> None:
    project = shared(tmp_path)
    shown = page(project, "trial")
    assert (shown.title, members(shown)) == ("hiring (trial)", [("", ["Engineer"])])


def test_changes_are_shown_in_each_environment(tmp_path: Path) -> None:
    """A position that is new in one of them is new there alone."""
    project = shared(tmp_path)
    put(project, "blueprints/b.yaml", {"trial": "s_8"}, title="Tester", text="Bye")
    commit(tmp_path)
    put(project, "blueprints/a.yaml", {"production": "s_1", "trial": "s_9"}, title="Engineer", text="Hey")
    put(project, "blueprints/b.yaml", {"trial": "s_8", "production": "s_2"}, title="Tester", text="Bye")
    assert sorted(members(page(project, against="HEAD"))) == [
        ("changed", ["Engineer (production)", "Engineer (trial)"]),
        ("new", ["Tester (production)"]),
        ("same", ["Designer (acme)"]),
        ("same", ["Tester (trial)"]),
    ]
    assert sorted(members(page(project, "trial", against="HEAD"))) == [
        ("changed", ["Engineer"]),
        ("same", ["Tester"]),
    ]


def test_the_files_before_there_were_environments_are_those_of_the_same_ids(tmp_path: Path) -> None:
    project = shared(tmp_path)
    config = project / "kalentops.yaml"
    config.write_text("")
    put(project, "blueprints/a.yaml", "s_1", title="Engineer")
    commit(tmp_path)
    config.write_text(CONFIG)
    put(project, "blueprints/a.yaml", {"production": "s_1", "trial": "s_9"}, title="Engineer")
    assert sorted(members(page(project, against="HEAD"))) == [
        ("new", ["Engineer (trial)"]),
        ("same", ["Designer (acme)"]),
        ("same", ["Engineer (production)"]),
    ]
    assert members(page(project, "trial", against="HEAD")) == [("new", ["Engineer"])]


def test_a_file_of_any_environment_changes_the_version(tmp_path: Path) -> None:
    """Also while another one has no folder yet."""
    project = shared(tmp_path)
    (project / "kalentops.yaml").write_text(f"{CONFIG}  later: {{blueprints: later}}\n")
    seen = [version(PreviewRequest(project))]
    for file in ("blueprints/a.yaml", "acme/a.yaml", "kalentops.yaml"):
        with (project / file).open("a") as stream:
            stream.write("\n")
        seen.append(version(PreviewRequest(project)))
    assert len(set(seen)) == len(seen)
