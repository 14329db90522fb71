"""Which files are taken, and what is said of those that can't be read."""

from __future__ import annotations

import ntpath
import os
import subprocess
import sys
import unicodedata
from pathlib import Path, PureWindowsPath
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from kalentops.errors import UsageError
from kalentops.lint.finding import Finding
from kalentops.project import files
from kalentops.project.files import Source, check_begun, find, read
from kalentops.project.load import load
from kalentops.yamlfile import MAX_BYTES
from tests.builders import blueprint
from tests.platforms import needs_devices, needs_links
from tests.strategies import to_yaml

GOOD = "sourcingId: s_1\nblueprints: {}\n"


def _names(root: Path, *places: Path) -> list[str]:
    return [source.name for source in find(root, places or [root])]


def _read(root: Path, name: str) -> str | Finding:
    (source,) = [each for each in find(root, [root]) if each.name == name]
    return read(source, root)


def _said(root: Path, name: str) -> str:
    found = _read(root, name)
    assert isinstance(found, Finding)
    assert (found.file, found.column) == (name, 1)
    assert found.hint
    return f"{found.code} {found.message}"


def test_yaml_files_at_any_depth_in_a_stable_order(tmp_path: Path) -> None:
    for name in (
        "b.yaml",
        "a.yml",
        "sub/deep/c.yaml",
        "sub/d.yaml",
        "notes.txt",
        ".hidden.yaml",
        ".git/e.yaml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(GOOD)
    assert _names(tmp_path) == ["a.yml", "b.yaml", "sub/d.yaml", "sub/deep/c.yaml"]


def test_each_file_once_however_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text(GOOD)
    places = [tmp_path, tmp_path / "sub", tmp_path / "sub" / "a.yaml"]
    assert _names(tmp_path, *places) == ["sub/a.yaml"]


def test_a_file_that_is_named_is_taken_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(GOOD)
    assert _names(tmp_path, tmp_path / "a.txt") == ["a.txt"]


def test_a_place_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no sub/none\.yaml"):
        find(tmp_path, [tmp_path / "sub" / "none.yaml"])


@pytest.mark.parametrize("name", ["team-x", "team-x/a.yaml"])
def test_a_place_one_level_below_is_suggested(tmp_path: Path, name: str) -> None:
    (tmp_path / "blueprints" / "team-x").mkdir(parents=True)
    (tmp_path / "blueprints" / "team-x" / "a.yaml").write_text(GOOD)
    with pytest.raises(UsageError) as raised:
        find(tmp_path, [tmp_path / name])
    assert str(raised.value.hint).partition("; did you mean ")[2] == f"blueprints/{name}?"


def test_a_file_elsewhere_keeps_its_whole_name(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "a.yaml").write_text(GOOD)
    assert _names(root, tmp_path / "a.yaml") == [(tmp_path / "a.yaml").as_posix()]


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES + 1])
def test_the_size_is_bounded(tmp_path: Path, size: int) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * size)
    if size > MAX_BYTES:
        assert _said(tmp_path, "a.yaml") == "KAL002 the file is larger than 1 MiB"
    else:
        assert len(_read(tmp_path, "a.yaml")) == size  # type: ignore[arg-type] # a text, or the test fails


def test_a_file_that_comes_in_pieces_or_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("blueprints: {}\n")
    real = os.read

    def read_little(descriptor: int, size: int) -> bytes:
        return real(descriptor, min(size, 4))

    def read_growing(descriptor: int, size: int) -> bytes:
        with path.open("a") as stream:
            stream.write("#" * (MAX_BYTES // 4))
        return real(descriptor, size)

    monkeypatch.setattr(os, "read", read_little)
    assert read(Source(str(path), "a.yaml"), tmp_path) == "blueprints: {}\n"
    monkeypatch.setattr(os, "read", read_growing)
    found = read(Source(str(path), "a.yaml"), tmp_path)
    assert isinstance(found, Finding)
    assert found.code == "KAL002"


def test_a_folder_that_is_called_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").mkdir()
    (tmp_path / "x.yaml" / "a.yaml").write_text(GOOD)
    assert _names(tmp_path) == ["x.yaml/a.yaml"]


@needs_links
def test_links(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "real").mkdir(parents=True)
    (root / "real" / "a.yaml").write_text(GOOD)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("secret")
    (root / "inside.yaml").symlink_to("real/a.yaml")
    (root / "out.yaml").symlink_to(outside / "secret.yaml")
    (root / "up.yaml").symlink_to("../outside/secret.yaml")
    (root / "folder").symlink_to("real")
    (root / "folder-out").symlink_to(outside)
    (root / "loop.yaml").symlink_to("loop.yaml")
    (root / "loop").symlink_to("loop")
    (root / "gone.yaml").symlink_to("gone")
    assert _read(root, "inside.yaml") == GOOD
    for name in ("out.yaml", "up.yaml", "folder-out"):
        assert _said(root, name) == "KAL001 this is a symbolic link that leads out of the project"
    assert _said(root, "folder") == "KAL001 this is a folder, or a link to one"
    assert _said(root, "loop.yaml") == "KAL001 it can't be read: Too many levels of symbolic links"
    assert _said(root, "gone.yaml") == "KAL001 it can't be read: No such file or directory"
    assert "secret" not in str(load(root, [root]).findings)


@needs_links
def test_a_folder_on_the_way_that_leaves_the_project(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.yaml").write_text("secret")
    (root / "blueprints").symlink_to(tmp_path / "outside")
    for place in (root / "blueprints", root / "blueprints" / "secret.yaml"):
        (finding,) = load(root, [place]).findings
        assert (finding.code, finding.message) == (
            "KAL001",
            "this is a symbolic link that leads out of the project",
        )


@needs_links
def test_a_project_behind_a_link_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.yaml").write_text(GOOD)
    (tmp_path / "real" / "b.yaml").symlink_to("a.yaml")
    (tmp_path / "link").symlink_to("real")
    root = tmp_path / "link"
    assert load(root, [root]).findings == []


@needs_devices
def test_a_pipe_does_not_make_it_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    assert _said(tmp_path, "a.yaml") == "KAL001 this is not a regular file"


@needs_devices
def test_a_device_is_not_read(tmp_path: Path) -> None:
    found = read(Source("/dev/zero", "zero.yaml"), tmp_path)
    assert isinstance(found, Finding)
    assert found.message == "this is not a regular file"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("a: é\n".encode("latin-1"), "the file is not UTF-8, see byte 4"),
        (GOOD.encode("utf-16"), "the file is not UTF-8, see byte 1"),
        (GOOD.encode("utf-16-be"), None),
        (b"\xed\xa0\x80", "the file is not UTF-8, see byte 1"),
        (b"a: b\n\xf0\x9f", "the file is not UTF-8, see byte 6"),
    ],
)
def test_other_encodings(tmp_path: Path, data: bytes, said: str | None) -> None:
    (tmp_path / "a.yaml").write_bytes(data)
    if said:
        assert _said(tmp_path, "a.yaml") == f"KAL001 {said}"
    else:  # valid UTF-8, full of NUL
        (finding,) = load(tmp_path, [tmp_path]).findings
        assert (finding.code, finding.line, finding.column) == ("KAL003", 1, 1)


def test_a_byte_order_mark_moves_nothing(tmp_path: Path) -> None:
    for marks in (1, 2):  # some editors add one more each time
        (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" * marks + b"sourcingId: ../x\nblueprints: {}\n")
        (finding,) = load(tmp_path, [tmp_path]).findings
        assert (finding.code, finding.line, finding.column) == ("KAL019", 1, 13)


def test_a_name_that_is_not_utf_8_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text("")
    (finding,) = load(tmp_path, [tmp_path]).findings
    assert finding.code == "KAL007"
    assert finding.file.encode()


def test_two_names_that_are_not_utf_8_differ(tmp_path: Path) -> None:
    for number, name in enumerate((b"\xfe.yaml", b"\xff.yaml")):
        (tmp_path / os.fsdecode(name)).write_text(to_yaml("a", {f"k{number}": blueprint(f"N{number}")}))
    found = load(tmp_path, [tmp_path], known={})
    assert found.names == ["\\xfe.yaml", "\\xff.yaml"]
    assert [each.body and each.body.data["name"] for each in found.declared] == ["N0", "N1"]


_AS_NOBODY = """
import os, sys
from pathlib import Path
from kalentops.project.load import load
from kalentops.lint.rule import rules
import kalentops.project.check
root = Path(sys.argv[1])
rules()
os.setuid(65534)
for finding in load(root, [root]).findings:
    print(finding.file, finding.code, finding.message)
"""


@pytest.mark.processes
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become another user"
)
@pytest.mark.usefixtures("unmeasured")
def test_what_may_not_be_read() -> None:
    with TemporaryDirectory() as name:  # not pytest's folder, which other users can't enter
        root = Path(name).resolve()
        root.chmod(0o755)
        (root / "folder").mkdir()
        (root / "a.yaml").write_text(GOOD)
        (root / "a.yaml").chmod(0)
        (root / "folder").chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(root)],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "a.yaml KAL001 it can't be read: Permission denied",
        "folder KAL001 it can't be read: Permission denied",
    ]


def test_above_several_projects_the_message_names_them(tmp_path: Path) -> None:
    for name in ("sales", "teams/tech", ".hidden", "node_modules/x", "a/b/c/d/e"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "kalentops.yaml").touch()
    with pytest.raises(UsageError) as caught:
        find(tmp_path, [tmp_path / "blueprints"])
    assert str(caught.value.hint).endswith("; there are projects below: -C sales, -C teams/tech")


def test_without_files_the_message_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find(tmp_path, [tmp_path / "blueprints"])
    assert "kalentops init" in str(caught.value.hint)
    (tmp_path / "kalentops.yaml").touch()
    with pytest.raises(UsageError) as caught:
        find(tmp_path, [tmp_path / "blueprints"])
    assert "kalentops init" not in str(caught.value.hint)


def test_settings_are_no_file_of_blueprints(tmp_path: Path) -> None:
    for name, text in {
        "kalentops.yaml": "blueprints: .\n",
        "a.yaml": "",
        "staging/kalentops.yaml": "# all by default\n",
        "staging/b.yaml": "",
        "misnamed/kalentops.yaml": "sourcingId: s_1\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    passed_over: list[Finding] = []
    found = find(tmp_path, [tmp_path, tmp_path / "kalentops.yaml", tmp_path / "staging"], passed_over)
    assert [each.name for each in found] == ["a.yaml", "misnamed/kalentops.yaml", "staging/b.yaml"]
    assert [(each.file, each.code) for each in passed_over] == [("staging/kalentops.yaml", "KAL315")]
    assert "`kalentops -C staging validate`" in passed_over[0].hint


def test_a_folder_above_projects_is_none(tmp_path: Path) -> None:
    blueprints = tmp_path / "blueprints"
    check_begun(tmp_path, blueprints)  # the first import into an empty folder
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "kalentops.yaml").touch()
    with pytest.raises(UsageError) as raised:
        check_begun(tmp_path, blueprints)
    assert raised.value.hint == "there are projects below: -C staging"
    blueprints.mkdir()
    check_begun(tmp_path, blueprints)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (r"C:\code\team\blueprints\a.yaml", "blueprints/a.yaml"),
        (r"C:\code\team\a.yaml", "a.yaml"),
        (r"c:\Code\TEAM\blueprints\a.yaml", "blueprints/a.yaml"),
        (r"C:\code\team", "."),
        (r"C:\code\other\a.yaml", "C:/code/other/a.yaml"),
        (r"D:\a.yaml", "D:/a.yaml"),
        (r"\\server\share\team\a.yaml", "//server/share/team/a.yaml"),
    ],
)
def test_a_file_on_windows_is_named_with_slashes(
    path: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Findings, SARIF, annotations and comments get this name."""
    monkeypatch.setattr(files, "os", SimpleNamespace(path=ntpath, sep="\\"))
    monkeypatch.setattr(files, "Path", PureWindowsPath)
    files._before.cache_clear()
    try:
        assert files._name_of(PureWindowsPath(r"C:\code\team"), path) == name  # type: ignore[arg-type]
    finally:
        files._before.cache_clear()


def test_a_file_on_macos_has_the_name_that_git_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk may keep `é` as two characters; git writes one."""
    name = "équipe-Zürich.yaml"
    (tmp_path / unicodedata.normalize("NFD", name)).write_text(GOOD)
    monkeypatch.setattr(sys, "platform", "darwin")
    [source] = find(tmp_path, [tmp_path])
    assert source.name == unicodedata.normalize("NFC", name)
    assert isinstance(read(source, tmp_path), str)
