"""All files of a repository: one result, whatever the order of files and however many processes."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import Body
from kalentops.blueprint.model import Blueprint
from kalentops.lint.finding import Finding, Severity
from kalentops.project.check import check_file
from kalentops.project.files import find, read
from kalentops.project.load import Repository, load, with_library
from kalentops.project.processes import PARALLEL_FROM, check_files
from kalentops.project.result import CheckOptions
from tests.sizes import examples
from tests.strategies import Data, blueprints, bodies, keys, to_yaml

ROOT = Path(__file__).parents[2]


def _load(root: Path, known: Mapping[str, str] | None = None, *, bodies: bool = False) -> Repository:
    return load(root, [root], known=known, bodies=bodies)


def _write(root: Path, files: Mapping[str, str]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
    return root


def _shown(repository: Repository) -> list[tuple[str, str]]:
    return [(each.address, each.digest) for each in repository.declared]


def _yaml(key: str, name: str) -> str:
    return to_yaml("s_1", {key: {"name": name, "steps": []}})


@given(bodies(), keys())
@settings(max_examples=examples(80), deadline=None)
def test_a_valid_blueprint_has_no_error_and_arrives_as_it_was(body: Data, key: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = _load(_write(Path(folder), {"a.yaml": to_yaml("s_1", {key: body})}), bodies=True)
    assert [f for f in repository.findings if f.severity is Severity.ERROR] == []
    (desired,) = repository.declared
    assert desired.address == f"s_1/{key}"
    assert desired.body == Body.of(body)
    assert desired.digest == Body.of(body).digest


@given(blueprints())
@settings(max_examples=examples(30), deadline=None)
def test_a_model_and_its_file_have_one_digest(blueprint: Blueprint) -> None:
    body = Body.of_blueprint(blueprint).data
    with tempfile.TemporaryDirectory() as folder:
        repository = _load(_write(Path(folder), {"a.yaml": to_yaml("s_1", {"k": body})}), bodies=True)
    assert [each.digest for each in repository.declared] == [Body.of_blueprint(blueprint).digest]


def _shuffled(value: Any, order: Any) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffled(each, order)) for key, each in value.items()]
        order.shuffle(items)
        return dict(items)
    return [_shuffled(each, order) for each in value] if isinstance(value, list) else value


@given(st.dictionaries(keys(), bodies(max_steps=2), max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=examples(40), deadline=None)
def test_the_order_of_keys_and_files_means_nothing(by_key: dict[str, Data], order: Any) -> None:
    for number, body in enumerate(by_key.values()):
        body["name"] += f" {number}"  # no two the same
    mixed = _shuffled(by_key, order)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        together = _load(_write(Path(one), {"a.yaml": to_yaml("s_1", by_key)}), bodies=True)
        files = {f"{number}.yaml": to_yaml("s_1", {key: mixed[key]}) for number, key in enumerate(mixed)}
        apart = _load(_write(Path(other), files), bodies=True)
    assert _shown(together) == _shown(apart)
    assert sorted(f.code + f.message for f in together.findings) == sorted(
        f.code + f.message for f in apart.findings
    )


def test_known_blueprints_come_without_their_documents(tmp_path: Path) -> None:
    _write(tmp_path, {"a.yaml": _yaml("a", "A"), "b.yaml": _yaml("b", "B")})
    full = _load(tmp_path, bodies=True)
    assert [each.body is not None for each in full.declared] == [True, True]
    known = {full.declared[0].address: full.declared[0].digest, "s_1/b": "sha256:other"}
    assert [each.body is not None for each in _load(tmp_path, known).declared] == [False, True]
    assert [(each.digest, each.body) for each in _load(tmp_path).declared] == [("", None), ("", None)]


def test_twice_in_one_sourcing_names_both_places(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {"a.yaml": _yaml("a", "First"), "b.yaml": _yaml("a", "FIRST"), "c.yaml": _yaml("c", "first")},
    )
    findings = [
        (f.code, f.file, f.message.rsplit(" ", 1)[1]) for f in _load(tmp_path).findings if f.code != "KAL316"
    ]
    assert findings == [
        ("KAL017", "b.yaml", "a.yaml:4"),
        ("KAL018", "b.yaml", "a.yaml:5"),
        ("KAL018", "c.yaml", "a.yaml:5"),
    ]


def test_a_stand_in_is_no_name_and_no_sourcing(tmp_path: Path) -> None:
    text = "sourcingId: {}\nblueprints: {{{}: {{name: {}}}}}\n"
    _write(tmp_path, {"a.yaml": text.format("5", "a", "A"), "b.yaml": text.format("6", "a", "A")})
    _write(tmp_path, {"c.yaml": text.format("s_1", "c", "7"), "d.yaml": text.format("s_1", "d", "8")})
    assert [(f.file, f.code) for f in _load(tmp_path).findings if f.code != "KAL316"] == [
        ("a.yaml", "KAL012"),
        ("b.yaml", "KAL012"),
        ("c.yaml", "KAL012"),
        ("d.yaml", "KAL012"),
    ]


def test_the_collector_is_left_as_it_was(tmp_path: Path) -> None:
    _load(tmp_path)
    assert gc.isenabled()
    gc.disable()
    try:
        _load(tmp_path)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More files than one process is asked for: good ones, bad ones, unreadable ones, and one for every example."""
    root = tmp_path_factory.mktemp("many")
    own = sorted((ROOT / "blueprints").rglob("*.yaml"))
    for number in range(PARALLEL_FROM + 13):
        text = own[number % len(own)].read_text(encoding="utf-8")
        text = re.sub(r"^sourcingId: .*", f"sourcingId: s_{number // 2}", text, flags=re.MULTILINE)
        if number % 7 == 0:
            text = text.replace("{{firstname}}", "{{firstName}}", 2)
        if number % 11 == 0:
            text = text.replace("type: EMAIL", "type: {{x}}, y")
        data = text.encode() + (b"\xff" if number % 13 == 0 else b"")
        folder = root / str(number % 5)
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.yaml").write_bytes(data)
    return root


def _options(root: Path, *, bodies: bool) -> CheckOptions:
    texts = {source.name: read(source, root) for source in find(root, [root])}
    readable = {name: text for name, text in texts.items() if isinstance(text, str)}
    return with_library(CheckOptions(root, bodies=bodies), readable)


@pytest.mark.processes
@pytest.mark.parametrize("system", ["linux", "darwin"], ids=["forked", "spawned"])
@pytest.mark.parametrize("bodies", [False, True], ids=["without bodies", "with bodies"])
def test_several_processes_find_what_one_finds(
    many: Path,
    bodies: bool,  # noqa: FBT001 - a case
    system: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if sys.platform == "linux":  # elsewhere, all children are spawned
        monkeypatch.setattr(sys, "platform", system)
    options = _options(many, bodies=bodies)
    serial = [check_file(options, source) for source in find(many, [many])]
    assert [found for found, _ in check_files(options, find(many, [many]))] == serial
    whole = _load(many)
    assert whole.files == PARALLEL_FROM + 13
    found = {f for result in serial for f in result.findings if not f.users}
    assert found <= set(whole.findings)
    assert {f.code for f in whole.findings} - {f.code for f in found} <= {
        "KAL017",
        "KAL018",
        "KAL402",
        "KAL419",
    }
    assert whole.findings == sorted(whole.findings)
    assert [each.address for each in whole.declared] == sorted(each.address for each in whole.declared)
    assert len(whole.declared) == sum(len(result.declared) for result in serial)
    assert {"KAL001", "KAL004", "KAL101"} <= {f.code for f in whole.findings}


_FEW_FILES = """
import resource, sys
from pathlib import Path
from kalentops.project.load import load
import concurrent.futures.process
resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
repository = load(Path(sys.argv[1]), [Path(sys.argv[1])])
print(repository.files, len(repository.findings), len(repository.declared))
"""


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="needs a bound on open files")
def test_without_processes_one_does_all_the_work(many: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FEW_FILES, str(many)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
    )
    whole = _load(many)
    assert done.stdout.split() == [str(whole.files), str(len(whole.findings)), str(len(whole.declared))], (
        done.stderr
    )


_SPAWNED = """
import sys
from pathlib import Path
from kalentops.project.load import load
import concurrent.futures.process, kalentops.project.check
if __name__ == "__main__":
    sys.platform = "darwin"  # where children are spawned
    print(load(Path(sys.argv[1]), [Path(sys.argv[1])]).files)
"""


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="says that it is another system")
def test_no_module_of_the_current_folder_is_run_by_a_spawned_process(many: Path, tmp_path: Path) -> None:
    """A child begins with `python -c`, and a checkout may hold a `multiprocessing.py`."""
    program, checkout = tmp_path / "program.py", tmp_path / "checkout"
    checkout.mkdir()
    program.write_text(_SPAWNED)
    for name in ("multiprocessing", "pickle", "kalentops"):
        (checkout / f"{name}.py").write_text(f"open('ran-{name}', 'w').close()\nraise SystemExit\n")
    done = subprocess.run(
        [sys.executable, str(program), str(many)],
        capture_output=True,
        text=True,
        check=False,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    assert done.stdout.split() == [str(PARALLEL_FROM + 13)], done.stderr
    assert list(checkout.glob("ran-*")) == []


@pytest.mark.processes
def test_severities_reach_the_other_processes(many: Path) -> None:
    off = load(many, [many], severities={"KAL304": None, "KAL301": Severity.ERROR})
    one = [
        check_file(CheckOptions(many, {"KAL301": Severity.ERROR}), source)[0] for source in find(many, [many])
    ]
    expected: set[Finding] = {f for findings in one for f in findings if f.code != "KAL304"}
    assert expected <= set(off.findings)
