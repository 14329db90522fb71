"""What `action/install.sh` asks pip for, and what the runner's own settings of pip make of it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.workflows.runner import ROOT, write_python, write_script

pytestmark = pytest.mark.processes


def wheel(folder: Path, name: str, version: str, module: str, requires: str = "") -> Path:
    """A package of one module."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(f"{name}/__init__.py", "")
        made.writestr(f"{name}/__main__.py", module)
        made.writestr(f"{about}/METADATA", metadata + (f"Requires-Dist: {requires}\n" if requires else ""))
        made.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{about}/RECORD", "")
    return path


def install(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (home / "temp").mkdir(exist_ok=True)
    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "RUNNER_TEMP": str(home / "temp"),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_OUTPUT": str(home / "output"),
        "GITHUB_PATH": str(home / "path"),
        "VERSION": "",
        **environment,
    }
    return subprocess.run(
        ["bash", str(ROOT / "action" / "install.sh")],
        cwd=home,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.thorough
def test_settings_of_the_runner_say_where_packages_come_from_and_nothing_else(tmp_path: Path) -> None:
    """A mirror is kept. What would install elsewhere, or more, or nothing, is not, and no dependency is looked for."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    pin = hashlib.sha256(wheel(mirror, "tiny", "1.0", "").read_bytes()).hexdigest()
    wheel(mirror, "tiny", "2.0", "")
    own = hashlib.sha256(
        wheel(
            mirror, "kalentops", "9.9", "import tiny; print('kalentops 9.9')", requires="tiny>=1"
        ).read_bytes()
    ).hexdigest()
    (tmp_path / "action" / "requirements").mkdir(parents=True)
    (tmp_path / "action" / "requirements" / "run.txt").write_text(f"tiny==1.0 --hash=sha256:{pin}\n")
    settings = tmp_path / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f"[global]\nfind-links = {mirror}\ntarget = {tmp_path}/elsewhere\n[install]\nuser = true\n"
    )
    done = install(
        tmp_path,
        GITHUB_ACTION_PATH=str(tmp_path / "action"),
        VERSION=f"9.9 --hash=sha256:{own}",
        PIP_NO_INDEX="1",
        PIP_DRY_RUN="1",
        PIP_REQUIREMENT=str(tmp_path / "missing.txt"),
        PIP_PREFIX=str(tmp_path / "elsewhere"),
        PIP_NO_BINARY=":all:",
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["kalentops 9.9"]), done.stderr
    (made,) = (tmp_path / "temp").rglob("tiny-*.dist-info")
    assert made.name == "tiny-1.0.dist-info"
    assert not (tmp_path / "elsewhere").exists()


HASHED = f"--hash=sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("version", "released", "stores", "pinned"),
    [
        ("", "", "", "run"),
        ("", "", "true", "stores"),
        ("", f"kalentops==0.1.0 {HASHED}\n", "false", "run"),
        (f"0.1.0 {HASHED} {HASHED}", f"kalentops==0.2.0 {HASHED}\n", "true", "stores"),
    ],
)
def test_nothing_is_resolved_and_what_is_there_has_to_fit(
    version: str, released: str, stores: str, pinned: str, tmp_path: Path
) -> None:
    (tmp_path / "programs").mkdir()
    log = tmp_path / "pip.log"
    write_python(tmp_path / "programs" / "python3", log)
    path = os.pathsep.join([str(tmp_path / "programs"), os.environ["PATH"]])
    action = tmp_path / "action"
    (action / "requirements").mkdir(parents=True)
    if released:
        (action / "requirements" / "released.txt").write_text(released)
    (tmp_path / "kalentops.py").write_text("raise SystemExit('a module of the checkout')")
    given = {"PATH": path, "PYTHONPATH": str(tmp_path), "GITHUB_ACTION_PATH": str(action), "STORES": stores}
    done = install(tmp_path, **given, VERSION=version)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("kalentops ")
    listed, pins, *own, checked = (
        line.partition(" --disable-pip-version-check ")[2] for line in log.read_text().splitlines()
    )
    assert listed == "config list"
    locked = "install --quiet --require-hashes --no-deps --only-binary :all: --requirement"
    assert pins == f"{locked} {action}/requirements/{pinned}.txt"
    if version or released:
        written = tmp_path / "temp" / "kalentops" / "released.txt"
        assert own == [f"{locked} {written}"]
        assert written.read_text() == (f"kalentops=={version}\n" if version else released)
    else:
        assert own == [
            f"{locked} {action}/requirements/build.txt",
            f"install --quiet --no-deps --no-build-isolation {action}",
        ]
    assert checked == "check"
    assert Path((tmp_path / "path").read_text().strip()).name == "bin"
    log.unlink()
    (tmp_path / "unfit").touch()
    again = install(tmp_path, **given, VERSION=f"0.2.0 {HASHED}")
    assert again.returncode == 1
    assert "the pins of this action do not fit kalentops 0.2.0; use the action's commit" in again.stderr


def test_on_windows_programs_stand_in_scripts_and_lines_end_otherwise(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    windows = "import sys; sys.stdout.reconfigure(newline=chr(13) + chr(10))\n"
    write_script(
        programs / "inner",
        f"""
[[ "$1 $2 $3" == "-I -m pip" ]] || exec "{sys.executable}" "$@"
[[ -z "${{PIP_CONFIG_FILE+set}}" ]] || printf "%s\\n" "$PIP_CONFIG_FILE" >> "{tmp_path}/settings"
""",
    )
    write_script(
        programs / "python3",
        f"""
[[ "$1 $2" == "-I -c" ]] && exec "{sys.executable}" -I -c "{windows}$3"
mkdir -p "$4/Scripts" && install -m 755 "{programs}/inner" "$4/Scripts/python"
""",
    )
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    done = install(tmp_path, PATH=path)
    assert done.returncode == 0, done.stderr
    home = tmp_path / "temp" / "kalentops"
    started = f'@"{home}/venv/Scripts/python.exe" -I -m kalentops %*\r\n'
    assert (home / "bin" / "kalentops.cmd").read_bytes().decode() == started
    assert set((tmp_path / "settings").read_bytes().decode().split("\n")) == {os.devnull, ""}


@pytest.mark.parametrize("version", ["1.0; id", "1.0", "1.0 --hash=sha256:abc", f"1.0 {HASHED}\n--pre"])
def test_a_version_has_the_hash_of_its_wheel(version: str, tmp_path: Path) -> None:
    done = install(tmp_path, VERSION=version)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not VERSION --hash=sha256:HASH" in done.stderr


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "action" / "requirements").mkdir(parents=True)
    (tmp_path / "action" / "requirements" / "run.txt").write_text("")
    wheel(tmp_path, "kalentops", "9.9", "print('kalentops 9.9')")
    mirror = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    (tmp_path / "action" / "requirements" / "released.txt").write_text(f"kalentops==9.9 {HASHED}\n")
    done = install(tmp_path, GITHUB_ACTION_PATH=str(tmp_path / "action"), **mirror)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
