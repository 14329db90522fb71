"""Bodies that were left out are made again from their files, and only as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.errors import FilesChanged
from kalentops.lint.finding import Origins
from kalentops.lint.rule import Declared
from kalentops.project.load import load
from kalentops.project.resolve import Resolved

TEMPLATE = """\
template: first
parameters: {pitch: {about: A sentence}}
name: First
steps:
  - {id: mail, name: Mail, type: EMAIL, subject: Hi, temporalityType: ASAP, content: "Hello. {{param.pitch}} Bye."}
"""
POSITION = """\
sourcingId: s_1
blueprints:
  used: {use: first, with: {pitch: We build bikes.}}
  plain:
    name: Plain
    steps: [{id: sms, name: Text, type: SMS, temporalityType: ASAP, content: Hello}]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "p.yaml").write_text(POSITION, encoding="utf-8")
    return tmp_path


def _deferred(root: Path) -> dict[str, Declared]:
    return {each.address.key: each for each in load(root, [root], known={}).declared}


def test_a_body_that_is_read_again_is_the_one_that_was_left_out(root: Path) -> None:
    whole = {each.address.key: each for each in load(root, [root], bodies=True, origins=True).declared}
    for key, each in _deferred(root).items():
        assert each.body == whole[key].body
        assert dict(each.origins) == dict(whole[key].origins)
        assert each._replace(body=None, origins={}) == whole[key]._replace(body=None, origins={})


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("p.yaml", POSITION.replace("Hello", "Good day").replace("bikes", "trains")),
        ("p.yaml", "sourcingId: s_1\nblueprints: {}\n"),
        ("p.yaml", ""),
        ("p.yaml", "blueprints: ["),
        ("p.yaml", POSITION.replace("used:", "other:").replace("plain:", "another:")),
    ],
)
def test_a_file_that_changed_gives_no_body(root: Path, file: str, text: str) -> None:
    found = _deferred(root)
    (root / file).write_text(text, encoding="utf-8")
    for each in found.values():
        assert each.body is not None
        with pytest.raises(FilesChanged, match=r"^p\.yaml was changed during the run$"):
            _ = each.body.data


def test_a_file_that_is_gone_or_no_file_gives_no_body(root: Path) -> None:
    found = _deferred(root)["plain"].body
    assert found is not None
    (root / "p.yaml").unlink()
    with pytest.raises(FilesChanged):
        _ = found.data
    (root / "p.yaml").mkdir()
    with pytest.raises(FilesChanged):
        _ = found.data


def test_what_does_not_change_a_blueprint_may_change_in_its_file(root: Path) -> None:
    found = _deferred(root)["plain"].body
    (root / "p.yaml").write_text(f"# A comment\n{POSITION}", encoding="utf-8")
    assert found is not None
    assert found.data["name"] == "Plain"


def test_origins_are_found_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are asked for each field; many edits of one template were slow."""
    found = _deferred(root)["used"]
    read: list[str] = []
    usual = Resolved.origins

    def origins(self: Resolved) -> Origins:
        read.append(self.key)
        return usual(self)

    monkeypatch.setattr(Resolved, "origins", origins)
    assert found.origins["mail", "content"] == found.origins["mail", "content"]
    assert len(found.origins) == len([*found.origins])
    assert read == ["used"]


def test_a_template_is_read_once(root: Path) -> None:
    """Its users are made from what was checked."""
    found = _deferred(root)["used"].body
    (root / "t.yaml").write_text(TEMPLATE.replace("Hello", "Good day"), encoding="utf-8")
    assert found is not None
    assert "Hello. We build bikes." in found.data["steps"][0]["content"]
