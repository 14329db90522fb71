"""What an earlier commit said: files that say the same now are recognised, and the others are read from git."""

from __future__ import annotations

import ntpath
import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path, PureWindowsPath

import pytest

from kalentops.git import history
from kalentops.project import commit
from kalentops.project.commit import Comparison, Earlier, compare, known_findings, read_earlier
from kalentops.project.config import load_configs
from kalentops.project.load import Repository, load_project, load_with_users, of_texts
from kalentops.project.result import CheckOptions, may_be_shared
from tests.platforms import needs_links
from tests.project.test_cached import FILES as FILES_OF_ALL_KINDS
from tests.project.test_cached import TEXTS
from tests.repositories import git
from tests.sizes import some

pytestmark = pytest.mark.processes
TWELVE = Path(__file__).parent / "twelve_positions"
PLAIN = """\
sourcingId: sourcing_plain
blueprints:
  one:
    name: One
    steps: [{id: a, name: A, type: SMS, content: Hi, temporalityType: ASAP, policy: {skipStepIfNoContact: true}}]
"""
SNIPPETS = "snippets: {closing: Bye, other: {en: Word, fr: Mot}}\n"
OTHER = """\
template: other
name: Other
steps: [{id: a, name: A, type: SMS, content: "{{snippet.closing}}", temporalityType: ASAP}]
"""
USER = "sourcingId: sourcing_user\nblueprints: {one: {use: other}}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with twelve users of a template, one of another with a snippet, and one plain blueprint."""
    folder = tmp_path_factory.mktemp("earlier")
    shutil.copytree(TWELVE, folder / "blueprints")
    texts = {"plain": PLAIN, "snippets": SNIPPETS, "other": OTHER, "user": USER}
    unclear = {"broken": "sourcingId: [", "lost": USER.replace("use: other", "use: nothing")}
    for name, text in {**texts, **unclear}.items():
        write(folder, name, text)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it was")
    return folder


def write(folder: Path, name: str, text: str) -> None:
    (folder / "blueprints" / f"{name}.yaml").write_text(text, encoding="utf-8")


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "blueprints" / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "blueprints" / f"{name}.yaml").unlink()


def add(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: write(folder, name, text)


def compared(folder: Path, *places: str) -> Comparison:
    [config] = load_configs(folder)
    asked = [folder / each for each in places or ("blueprints",)]
    now = load_project(config, asked, known={})
    earlier = read_earlier(folder, asked, "HEAD", config.blueprints)
    return compare(earlier, now, earlier.names)


USERS = {f"blueprints/{path.name}" for path in TWELVE.iterdir() if path.stem != "linkedin-first"}
SHARED = {f"blueprints/{name}.yaml" for name in ("linkedin-first", "snippets", "other")}
EACH = "each user of the template"
FILES = len(USERS) + len(SHARED) + 4
UNCLEAR = {f"blueprints/{name}.yaml" for name in ("broken", "lost")}
"""They are read again as soon as a template or a snippet is another."""


@pytest.mark.parametrize(
    ("change", "others"),
    [
        (lambda _: None, ()),
        (edit("plain", "Hi", "Hello"), ("plain",)),
        (edit("sales-lille", "douze", "treize"), ("sales-lille",)),
        (remove("sales-lille"), ("sales-lille",)),
        (add("new", PLAIN.replace("plain", "new")), ()),
        (edit("snippets", "Bye", "Goodbye"), ("user",)),
        (edit("other", "name: Other", "name: Another"), ("user",)),
        (edit("snippets", "Word", "Words"), ("user",)),
        (add("also", "template: unused\nname: Unused\nsteps: []\n"), ()),
        (remove("other"), ("user",)),
        (add("also", SNIPPETS), ("user",)),
        (edit("linkedin-first", "ten minutes", "fifteen minutes"), (EACH,)),
        (edit("linkedin-first", "template: linkedin-first", "template: renamed"), (EACH,)),
        (add("a", "template: linkedin-first\nname: First of two\nsteps: []\n"), (EACH,)),
        (add("a", "template: [\n"), ()),
        (edit("other", "template: other", "template: []"), ("user",)),
    ],
)
def test_what_says_the_same_is_recognised_and_the_rest_read(
    change: Callable[[Path], None], others: tuple[str, ...], made: Path, tmp_path: Path
) -> None:
    """And what is said to be the same is declared as it was."""
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    change(folder)
    found = compared(folder)
    named = USERS if EACH in others else {f"blueprints/{each}.yaml" for each in others}
    assert {*found.texts} - SHARED - UNCLEAR == named
    assert not found.same & found.texts.keys()
    assert len(found.same) + len(found.texts) == FILES
    [config] = load_configs(folder)
    earlier = read_earlier(folder, [folder / "blueprints"], "HEAD")
    before = of_texts(CheckOptions.of(config), earlier.texts(earlier.names))
    was = {each.address: each.digest for each in before.declared if each.origin.file in found.same}
    now = load_project(config, bodies=True)
    assert was == {each.address: each.digest for each in now.declared if each.origin.file in found.same}


def test_templates_elsewhere_in_the_project_count(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    one = "blueprints/sales-lille.yaml"
    assert compared(folder, one).same == {one}
    edit("linkedin-first", "ten minutes", "fifteen minutes")(folder)
    found = compared(folder, one)
    assert found.same == frozenset()
    assert [*found.texts] == [one]
    assert "ten minutes" in found.shared["blueprints/linkedin-first.yaml"]


@needs_links
def test_what_is_no_text_is_counted_and_only_what_differs_is_read(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    (folder / "blueprints" / "bytes.yaml").write_bytes(b"\xff")
    (folder / "blueprints" / "link.yaml").symlink_to("plain.yaml")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "more")
    edit("plain", "Hi", "Hello")(folder)
    write(folder, "bytes", PLAIN)
    asked: list[list[str]] = []
    whole = history.contents

    def contents(of: Path, oids: list[str]) -> dict[str, bytes]:
        asked.append(list(oids))
        return whole(of, asked[-1])

    monkeypatch.setattr(history, "contents", contents)
    found = compared(folder)
    assert (len(found.same), [*found.texts], found.unread) == (FILES - 1, ["blueprints/plain.yaml"], 1)
    assert [len(each) for each in asked] == [2, 0]


def test_a_repository_may_name_its_objects_by_other_hashes(tmp_path: Path) -> None:
    (tmp_path / "blueprints").mkdir()
    write(tmp_path, "plain", PLAIN)
    git(tmp_path, "init", "-q", "--object-format=sha256")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "--allow-empty", "-qm", "as it was")
    assert compared(tmp_path).same == {"blueprints/plain.yaml"}


def _nothing_is_the_same(earlier: Earlier, now: Repository, names: Iterable[str]) -> Comparison:
    texts = earlier.texts(names)
    shared = {name: text for name, text in texts.items() if may_be_shared(text)}
    return Comparison(frozenset(), texts, 0, shared)


@pytest.mark.parametrize("seed", some([15, *range(15), *range(16, 20)], 3))
def test_findings_are_known_as_if_each_file_was_checked_again(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    (tmp_path / "blueprints" / "team").mkdir(parents=True)
    (tmp_path / "kalentops.yaml").touch()
    git(tmp_path, "init", "-q")
    [config] = load_configs(tmp_path)
    recognised = 0
    for _ in range(6):
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "--allow-empty", "-qm", "as it was")
        for name in chance.sample(FILES_OF_ALL_KINDS, chance.choice((1, 2, 5))):
            file = tmp_path / "blueprints" / name
            file.unlink(missing_ok=True)
            if chance.random() < 0.9:
                file.write_text(chance.choice(TEXTS), encoding="utf-8")
        for places in ([config.blueprints], [config.blueprints / "team", tmp_path / "blueprints" / "a.yaml"]):
            there = [each for each in places if each.exists()]
            now = load_with_users(config, there)
            found = known_findings(config, there, "HEAD", now)
            earlier = read_earlier(tmp_path, there, "HEAD")
            recognised += len(compare(earlier, now, earlier.names).same)
            with monkeypatch.context() as patched:
                patched.setattr(commit, "compare", _nothing_is_the_same)
                assert found == known_findings(config, there, "HEAD", now)
    assert recognised


def test_a_place_on_another_drive_is_not_in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.relpath", ntpath.relpath)
    places = [Path(r"D:\work\blueprints"), Path(r"C:\code\team\blueprints")]
    monkeypatch.setattr(commit, "Path", PureWindowsPath)
    assert commit._inside(Path(r"C:\code\team"), places) == ["blueprints"]
