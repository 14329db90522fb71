"""The structure keeps its promises: one direction of imports, one owner for each library, small modules."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

from kalentops.blueprint.labels import AT_ONCE, CHANNELS, LINKEDIN_KINDS, SETTLED
from release.build import source_files

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "kalentops"
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the top down: a folder imports from those on lower floors alone.
FLOORS = (
    ("__main__", "action"),
    ("cli",),
    ("output", "preview"),
    ("adopt", "apply", "github", "init", "kalent"),
    ("plan",),
    ("project",),
    ("yamlfile", "state"),
    ("git",),
    ("lint",),
    ("blueprint", "http", "cache"),
    ("support",),
    ("errors", "__init__"),
)
# Imports that still go up. This list only gets shorter.
UPWARDS: set[tuple[str, str]] = set()
# With the 57 rules of today, 209.
MOST_MODULES = 191
OWNERS = {
    "click": {"cli"},
    "pydantic": {"support.shape"},
    "typing_extensions": {"support.shape"},
    "yaml": {"yamlfile.parse"},
    "httpx": {"http.transport"},
    "deepdiff": {"blueprint.diff"},
    "rich": {"output.terminal"},
    "filelock": {"state.store.lock"},
    "platformdirs": {"cache"},
    "psycopg": {"state.store.postgresql"},
    "obstore": {"state.store.objects"},
    "starlette": {"emulator"},
    "uvicorn": {"emulator.server"},
    "jinja2": {"preview.html"},
}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _floor(name: str) -> int:
    folder = (name or "__init__").split(".")[0]
    return next(number for number, floor in enumerate(FLOORS) if folder in floor)


def _arrows() -> Iterator[tuple[str, str]]:
    names = {_name(path) for path in MODULES}
    for path in MODULES:
        for imported in _imports(path):
            target = imported.removeprefix("kalentops").removeprefix(".")
            if imported.startswith("kalentops") and target in names and target != _name(path):
                yield _name(path), target


def test_imports_go_one_way() -> None:
    up = {
        (name, target)
        for name, target in _arrows()
        if "emulator" not in (name.split(".")[0], target.split(".")[0])
        and name.split(".")[0] != target.split(".")[0]
        and _floor(name) >= _floor(target)
    }
    assert up == {(name, target) for name, target in UPWARDS if name.split(".")[0] != target.split(".")[0]}


def test_no_modules_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for name, target in set(_arrows()) - UPWARDS:
        graph.setdefault(name, set()).add(target)
    for name in {"", *graph}:  # a package's own `__init__` is imported with each of its modules
        graph[name] = {each for each in graph.get(name, set()) if not name.startswith(f"{each}.") and each}
    TopologicalSorter(graph).prepare()


def test_the_emulator_is_written_from_the_page_not_from_the_client() -> None:
    for path in (PACKAGE / "emulator").rglob("*.py"):
        own = [each for each in _imports(path) if each.startswith("kalentops") and "emulator" not in each]
        assert own == [], path.name


def test_plan_and_rules_know_neither_network_nor_disk() -> None:
    pure = {"blueprint", "plan", "state", "lint"}
    for path in MODULES:
        name = _name(path)
        if (name.split(".")[0] not in pure and name != "http.verdict") or name.startswith("state.store"):
            continue
        imported = _imports(path)
        for other in ("http.transport", "kalent", "state.store", "apply", "cli"):
            assert not any(each.startswith(f"kalentops.{other}") for each in imported), (name, other)


@pytest.mark.parametrize("library", OWNERS)
def test_each_library_has_one_owner(library: str) -> None:
    users = {
        _name(path) for path in MODULES if any(re.match(rf"{library}(\.|$)", each) for each in _imports(path))
    }
    strangers = {
        user for user in users if not any(user == o or user.startswith(f"{o}.") for o in OWNERS[library])
    }
    assert users, f"nothing uses {library}"
    assert strangers == set()


def test_the_words_that_reports_and_pages_share_stand_in_one_module() -> None:
    own = {*CHANNELS.values(), *LINKEDIN_KINDS.values(), AT_ONCE, SETTLED} - CHANNELS.keys()
    for path in MODULES:
        said = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert _name(path) == "blueprint.labels" or not said & own, _name(path)


def test_every_dependency_has_an_owner() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = data["project"]["optional-dependencies"].values()
    declared = [*data["project"]["dependencies"], *chain.from_iterable(extras)]
    names = {re.split(r"[<>=\[]", each)[0] for each in declared}
    assert {name.replace("pyyaml", "yaml").replace("-", "_") for name in names} == set(OWNERS)


def test_one_module_starts_git_and_the_demo_starts_kalentops() -> None:
    """What a pull request carries can look like a repository: each call of git has to name the real one."""
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        starts = re.search(
            r"\b(subprocess|os\.(system|popen|exec|spawn|posix_spawn)|pty|create_subprocess)\b", text
        )
        if _name(path) not in {"git.worktree", "cli.commands.emulator"}:
            assert not starts, path
    demo = (PACKAGE / "cli" / "commands" / "emulator.py").read_text(encoding="utf-8")
    assert demo.count("subprocess.") == demo.count("[sys.executable") == 1


def test_there_are_few_modules() -> None:
    """A subject is read in one piece: new code goes first where its subject is. Rules don't count."""
    assert sum(not path.name.startswith("kal") for path in MODULES) <= MOST_MODULES


def test_each_module_says_what_it_is() -> None:
    assert [_name(path) for path in MODULES if not ast.get_docstring(_tree(path))] == []


def test_the_name_of_a_test_is_the_same_in_each_process() -> None:
    """The elements of a set come in another order in each process: then the workers don't agree on what to run."""
    decorators = (
        (path, decorator)
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize")
    )
    for path, decorator in decorators:
        sets = [ast.unparse(each) for each in ast.walk(decorator) if isinstance(each, ast.Set | ast.SetComp)]
        assert sets == [], f"{path.name}:{decorator.lineno}"


@pytest.mark.processes
def test_nothing_names_a_registry_or_a_machine() -> None:
    listed = source_files(ROOT)
    pattern = re.compile(
        r"pypi\.org|pythonhosted|files\.python|registry\.npmjs|deb\.debian|/root/|/work/", re.IGNORECASE
    )
    own = Path(__file__).relative_to(ROOT).as_posix()
    for name in listed:
        path = ROOT / name
        if name != own:
            found = pattern.findall(path.read_text(encoding="utf-8", errors="replace"))
            assert found == [], name


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.stem)
def test_pins_are_hashed_and_record_no_address(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    pins = re.findall(r"^[a-z0-9][^\s=]*==\S+", text, re.MULTILINE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)


def test_the_sentences_of_explanations_are_in_output_alone() -> None:
    """What a plan decides and what a run finds are codes with parameters; only errors carry words."""
    for path in MODULES:
        folder, _, module = _name(path).partition(".")
        if folder != "apply" and (folder, module) not in {
            ("plan", "decide"),
            ("plan", "refresh"),
            ("plan", "moves"),
        }:
            continue
        tree = _tree(path)
        holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
        docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, holders)}
        errors = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)
        }
        said = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in errors
        }
        assert [each for each in said - docs if "`" in each] == [], path.name
