"""The files of a release: the same bytes wherever they are built, complete, and what they say of themselves is true."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from release.build import SUMS, packages
from release.versions import ROOT, version_of
from tests.builders import blueprint
from tests.dist.conftest import Built
from tests.harness import Project
from tests.platforms import needs_modes, needs_shell
from tests.repositories import git
from tests.structure.test_pins import pins_of

pytestmark = pytest.mark.processes


def test_two_builds_give_the_same_bytes(clone: Built, export: Built) -> None:
    """Another folder, umask, time zone, language, age and order of files; a clone and an export."""
    first = {path.name: path.read_bytes() for path in clone.dist.iterdir()}
    second = {path.name: path.read_bytes() for path in export.dist.iterdir()}
    assert {Path(name).suffix for name in first} == {".whl", ".gz", ".pyz", ".json", ""}
    assert first.keys() == second.keys()
    assert [name for name, data in first.items() if second[name] != data] == []


def test_the_sums_are_those_of_the_files(clone: Built) -> None:
    lines = (clone.dist / SUMS).read_text().splitlines()
    sums = {name: value for value, _, name in (line.partition("  ") for line in lines)}
    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in clone.dist.iterdir()
        if path.name != SUMS
    }


@needs_shell
def test_the_page_for_users_checks_them(clone: Built) -> None:
    page = (ROOT / "docs" / "how-to" / "check-a-release.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^sha256sum --check --ignore-missing .*", page, re.MULTILINE)
    done = subprocess.run(line.split(), cwd=clone.dist, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count(": OK\n")) == (0, 4)


def test_the_sdist_has_every_file_and_makes_the_same_wheel(clone: Built, tmp_path: Path) -> None:
    with tarfile.open(clone.file(".tar.gz")) as opened:
        opened.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    found = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    assert found == {*git(clone.source, "ls-files").split("\n"), "PKG-INFO"}
    wheel = packages(source, tmp_path / "dist", "--target", "wheel")
    assert wheel.read_bytes() == clone.file(".whl").read_bytes()


def test_the_wheel_has_the_package_and_nothing_else(clone: Built) -> None:
    with zipfile.ZipFile(clone.file(".whl")) as opened:
        names = opened.namelist()
        modes = {each.external_attr >> 16 & 0o777 for each in opened.infolist()}
    listed = [name for name in git(clone.source, "ls-files", "kalentops").split("\n") if name]
    assert sorted(name for name in names if ".dist-info/" not in name) == sorted(listed)
    assert modes == {0o644}


def test_the_sbom_names_what_is_pinned(clone: Built) -> None:
    text = clone.file(".cdx.json").read_text()
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert fault is None, fault
    data = json.loads(text)
    found = {each["name"]: each for each in data["components"]}
    pins = pins_of("run")
    assert {name: each["version"] for name, each in found.items()} == {
        name: str(pin.specifier).removeprefix("==") for name, pin in pins.items()
    }
    assert all(each["externalReferences"][0]["hashes"] for each in found.values())
    assert [name for name, each in found.items() if not each.get("licenses")] == []
    needs = {each["ref"]: each.get("dependsOn", []) for each in data["dependencies"]}
    own = data["metadata"]["component"]
    assert own["version"] == version_of(clone.source)
    reached, waiting = set(), [own["bom-ref"]]
    while waiting:
        new = [each for each in needs[waiting.pop()] if each not in reached]
        reached |= {*new}
        waiting += new
    assert reached == {each["bom-ref"] for each in found.values()}


@needs_modes
def test_the_single_file_works_where_nothing_is_installed(
    clone: Built, project: Project, tmp_path: Path
) -> None:
    """An empty home, and a folder that can't be written to."""
    folder = tmp_path / "installed"
    folder.mkdir()
    program = Path(shutil.copy2(clone.file(".pyz"), folder))
    folder.chmod(0o555)
    project.write("sourcing_a", {"one": blueprint("One")})
    home = tmp_path / "home"
    home.mkdir()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *arguments],
            cwd=project.folder,
            env={"HOME": str(home), "PATH": str(Path(sys.executable).parent)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("--version").stdout == f"kalentops {version_of(clone.source)}\n"
    validated, planned = run("validate"), run("plan")
    assert (validated.returncode, validated.stderr) == (0, "")
    assert planned.returncode == 0, planned.stderr
    assert "sourcing_a" in planned.stdout


def test_the_single_file_names_the_pythons_that_it_is_for(clone: Built, tmp_path: Path) -> None:
    """As if this Python was too old: the file asks for a later one."""
    program = tmp_path / "later.pyz"
    with zipfile.ZipFile(clone.file(".pyz")) as opened, zipfile.ZipFile(program, "w") as made:
        for each in opened.infolist():
            data = opened.read(each)
            if each.filename == "PEX-INFO":
                data = data.replace(b"<3.14,>=3.11", b"<3.99,>=3.98")
            made.writestr(each, data)
    done = subprocess.run(
        [sys.executable, str(program), "--version"],
        env={"HOME": str(tmp_path), "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("Version matches CPython<3.99,>=3.98")
    assert "Traceback" not in done.stderr
