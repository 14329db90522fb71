"""What a cache keeps changes no result: with it, files say what they say without it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from kalentops.cache import DIRECTORY, Cache, program
from kalentops.lint.finding import Severity
from kalentops.lint.rule import Declared
from kalentops.project import cached
from kalentops.project.check import check_file
from kalentops.project.files import Source, content_digest, find
from kalentops.project.load import Repository, load
from kalentops.project.result import CheckOptions
from kalentops.project.result_json import from_lines, to_line, to_result
from tests.sizes import some

STEP: Final = "{id: mail, name: Mail, type: EMAIL, subject: Hi, temporalityType: ASAP, content: '%s'}"
TEMPLATE: Final = """\
template: %s
parameters: {pitch: {about: A sentence}}
name: First
steps:
  - %s
"""
USE: Final = (
    "sourcingId: s_%s\ntitle: A position\nblueprints:\n  %s: {use: %s, with: {pitch: We build bikes.}}\n"
)
PLAIN: Final = "sourcingId: s_%s\nlanguage: en\nblueprints:\n  %s:\n    name: Plain\n    steps:\n      - %s\n"
SNIPPETS: Final = "snippets:\n  %s: %s\n"
TEXTS: Final = (
    *(TEMPLATE % (name, STEP % "Hi {{param.pitch}}") for name in ("first", "second")),
    *(TEMPLATE % (name, STEP % "Hi {{snippet.bye}}") for name in ("first", "second")),
    TEMPLATE % ("first", STEP % "Hi {{firstName}} {{param.pitch}}"),
    "template: [first\n",
    "template: {}\nsteps: []\n",
    *(SNIPPETS % (name, text) for name in ("bye", "hello") for text in ("Good bye", "So long [name]")),
    *(USE % (at, key, name) for at in (1, 2) for key in ("a", "b") for name in ("first", "second", "third")),
    USE.replace("with: {", "change: {mail: {content: '{{snippet.bye}}'}}, with: {") % (3, "c", "first"),
    *(PLAIN % (at, "p", STEP % text) for at in (1, 4) for text in ("Hello", "Hello {{firstName}}", "Hello [x]")),
    PLAIN % (5, "q", STEP % "Hello") + "moved: [{from: old, to: q}]\nremoved: [gone]\nsample: {firstname: Ada}\n",
    PLAIN % ("5, x: 1", "q", STEP % "Hello"),
    "",
    "\ufeff" + PLAIN % (6, "r", STEP % "Hé €"),
)  # fmt: skip
FILES: Final = ("t.yaml", "t2.yaml", "s.yaml", "a.yaml", "b.yaml", "c.yaml", "team/d.yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DIRECTORY, str(tmp_path / "cache"))
    root = tmp_path / "project"
    (root / "team").mkdir(parents=True)
    return root


def _load(root: Path, *, cached: bool = True, **options: Any) -> Repository:
    return load(root, [root], known={}, cache=Cache(root) if cached else None, **options)


def _without_bodies(of: Repository) -> Repository:
    def bare(each: Declared) -> Declared:
        return each._replace(body=None, origins={})

    users = {name: [*map(bare, each)] for name, each in of.users.items()}
    return replace(of, declared=[*map(bare, of.declared)], users=users, fingerprint="")


def _hits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose earlier results are taken from now on."""
    found: list[str] = []
    usual = cached.CachedResults.of

    def of(self: cached.CachedResults, name: str, content: str) -> Any:
        kept = usual(self, name, content)
        found.extend([name] if kept else [])
        return kept

    monkeypatch.setattr(cached.CachedResults, "of", of)
    return found


@pytest.mark.parametrize("seed", some(range(40), 6))
def test_with_earlier_results_files_say_what_they_say_without(
    folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    hits = _hits(monkeypatch)
    for _ in range(12):
        for name in chance.sample(FILES, chance.choice((1, 1, 1, 4))):
            file = folder / name
            if chance.random() < 0.15:
                file.unlink(missing_ok=True)
            elif chance.random() < 0.1:
                file.write_bytes(b"sourcingId: \xff\n")
            else:
                file.write_text(chance.choice(TEXTS), encoding="utf-8")
        found, fresh = _load(folder), _load(folder, cached=False)
        assert _without_bodies(found) == _without_bodies(fresh)
        for one, other in zip(found.declared, fresh.declared, strict=True):
            if not one.placeholders:
                assert one.body == other.body
                assert dict(one.origins) == dict(other.origins)
    assert len(hits) > 12


def test_a_result_is_the_same_after_its_way_through_json(folder: Path) -> None:
    for number, text in enumerate(TEXTS):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    for readers in ((), ("eu", "us")):
        for source in find(folder, [folder]):
            found = check_file(CheckOptions(folder, readers=readers, shared={}), source)
            assert to_result(*from_lines([to_line(source.name, found)])) == found


@pytest.mark.parametrize(
    "change",
    [
        {"severities": {"KAL310": None}},
        {"severities": {"KAL310": Severity.ERROR}},
        {"environment": "eu", "readers": ("eu",)},
        {"readers": ("eu", "us")},
    ],
)
def test_other_options_have_other_results(folder: Path, change: dict[str, Any]) -> None:
    (folder / "a.yaml").write_text(PLAIN % (1, "p", STEP % "Hello [company]"), encoding="utf-8")
    _load(folder)
    assert _without_bodies(_load(folder, **change)) == _without_bodies(_load(folder, cached=False, **change))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TEMPLATE % ("first", STEP % "Hi."), (TEMPLATE % ("first", STEP % "Bye."))),
        (SNIPPETS % ("bye", "So long"), SNIPPETS % ("bye", "Good bye")),
    ],
)
def test_a_name_that_is_taken_from_another_file_has_other_results(folder: Path, one: str, other: str) -> None:
    message = "{id: m, name: M, type: LINKEDIN, linkedInType: LINKEDIN_MESSAGE, temporalityType: ASAP, content: '%s'}"
    text = TEMPLATE % ("second", message % "Hi {{firstname}} {{snippet.bye}}")
    (folder / "t.yaml").write_text(
        text.replace("parameters: {pitch: {about: A sentence}}\n", ""), encoding="utf-8"
    )
    (folder / "s.yaml").write_text(one, encoding="utf-8")
    uses = f"sourcingId: s\nblueprints: {{a: {{use: {'first' if 'template' in one else 'second'}}}}}\n"
    (folder / "z.yaml").write_text(uses, encoding="utf-8")
    _load(folder)
    (folder / "a.yaml").write_text(other, encoding="utf-8")
    assert _without_bodies(_load(folder)) == _without_bodies(_load(folder, cached=False))


def test_an_edited_program_has_other_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.yaml").write_text(PLAIN % (1, "p", STEP % "Hello"), encoding="utf-8")
    _load(folder)
    hits = _hits(monkeypatch)
    _load(folder)
    assert hits == ["a.yaml"]
    now = program()
    assert any(str(each[0]).endswith("kal101_unknown_variable.py") for each in now if isinstance(each, tuple))
    assert any("yaml" in str(each[0]) and "kalentops" not in str(each[0]) for each in now)
    monkeypatch.setattr(cached, "program", lambda: [*now, "another"])
    _load(folder)
    assert hits == ["a.yaml"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"nonsense",
        b"\xff",
        b"[" * 100_000,
        json.dumps([["", {}], ["a.yaml"]]).encode(),
        json.dumps([["", {}], ["a.yaml", 1, 2]]).encode(),
        json.dumps([["", {}], 7]).encode(),
    ],
)
def test_an_entry_that_is_none_is_no_result(
    folder: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.yaml").write_text(PLAIN % (1, "p", STEP % "Hello {{firstName}}"), encoding="utf-8")
    monkeypatch.setattr(Cache, "get", lambda *_: data)
    assert [each.code for each in _load(folder).findings] == ["KAL101"]


def test_a_fingerprint_tells_what_all_files_say(folder: Path) -> None:
    (folder / "a.yaml").write_text(PLAIN % (1, "p", STEP % "Hello"), encoding="utf-8")
    one = _load(folder).fingerprint
    assert one
    assert _load(folder).fingerprint == one
    assert _load(folder, cached=False).fingerprint == ""
    assert _load(folder, severities={"KAL310": None}).fingerprint not in {"", one}
    (folder / "a.yaml").rename(folder / "b.yaml")
    assert _load(folder).fingerprint not in {"", one}
    (folder / "c.yml.bak").write_text("", encoding="utf-8")  # a warning that no content tells
    assert _load(folder).fingerprint == ""
    (folder / "c.yml.bak").unlink()
    (folder / "c.yaml").write_bytes(b"\xff")
    assert _load(folder).fingerprint == ""


def test_a_file_that_changes_between_its_digest_and_its_check_is_what_was_checked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "a.yaml"
    file.write_text(PLAIN % (1, "p", STEP % "Hello"), encoding="utf-8")
    _load(folder)
    file.write_text(PLAIN % (1, "p", STEP % "Good day"), encoding="utf-8")

    def digest(source: Source, root: Path) -> str:
        found = content_digest(source, root)
        file.write_text(PLAIN % (1, "p", STEP % "Hello {{firstName}}"), encoding="utf-8")
        return found

    with monkeypatch.context() as patch:
        patch.setattr("kalentops.project.load.content_digest", digest)
        racing = _load(folder)
    assert [each.code for each in racing.findings] == ["KAL101"]
    assert racing.fingerprint == _load(folder).fingerprint
