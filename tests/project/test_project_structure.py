"""The structure keeps its promises: one direction of imports, one owner for each library, small modules."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from kalentops.terms import AT_ONCE, CHANNELS, LINKEDIN_KINDS, SETTLED

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "kalentops"
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the top down; a module imports from its own layer or from a lower one. Where the modules of a package stand in
# several layers, each is named, and the package itself, which is empty, stands below them.
LAYERS = (
    ("__main__", "action.__main__"),
    ("action.steps",),
    ("action",),
    ("cli", "crash"),
    ("commands",),
    ("reports", "planfile", "preview"),
    ("apply", "importing"),
    ("github",),
    ("init", "git.statepush"),
    ("git.stateonto", "git.committed"),
    ("api", "store", "writing"),
    ("repository", "planning.refreshing", "earlier"),
    ("workers", "planning.plan"),
    ("planning.twins", "planning.relocation"),
    (
        "planning.lookalikes",
        "planning.recorded",
        "planning.advice",
        "planning.workspace",
        "checking",
        "config",
    ),
    ("planning.reason",),
    ("state.conflict",),
    ("state.merge",),
    ("rules", "diff", "terms", "words", "schema", "state.format"),
    ("loader", "state.entries", "state.markers", "timeline"),
    ("stub",),
    ("remote",),
    ("canonical",),
    ("model",),
    ("finding", "outcome", "clock", "shape", "planning.scope", "git.history", "git.branches"),
    ("git.worktree",),
    ("git.causes",),
    ("slips",),
    ("alike",),
    ("text", "errors", "collector", "streams"),
    ("skeleton", "bounded"),
    ("__init__", "git", "planning", "state"),
)
OWNERS = {
    "click": {"cli", "commands"},
    "pydantic": {"shape"},
    "yaml": {"loader.tree"},
    "httpx": {"api.transport"},
    "deepdiff": {"diff"},
    "rich": {"reports.console"},
    "stamina": {"api.retrying"},
    "filelock": {"store.lock"},
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


def _layer(name: str) -> int:
    """Of a module; if it is not named, of what it lies in."""
    parts = (name or "__init__").split(".")
    for length in range(len(parts), 0, -1):
        for number, layer in enumerate(LAYERS):
            if ".".join(parts[:length]) in layer:
                return number
    raise AssertionError(f"{name} is in no layer: say in LAYERS where it belongs")


def test_imports_go_one_way() -> None:
    wrong = [
        f"{_name(path)} imports {target}, which stands above it"
        for path in MODULES
        if not _name(path).startswith("emulator")
        for imported in _imports(path)
        if imported.startswith("kalentops.")
        and (target := imported.removeprefix("kalentops.")).split(".")[0] not in {"emulator", "__version__"}
        and _layer(_name(path)) > _layer(target)
    ]
    assert wrong == []


def test_the_emulator_is_written_from_the_page_not_from_the_client() -> None:
    for path in (PACKAGE / "emulator").rglob("*.py"):
        own = [each for each in _imports(path) if each.startswith("kalentops") and "emulator" not in each]
        assert own == [], path.name


def test_plan_and_rules_know_neither_network_nor_disk() -> None:
    pure = {"outcome", "canonical", "diff", "model", "remote"}
    for path in MODULES:
        name = _name(path)
        if name not in pure and name.split(".")[0] not in {"planning", "state", "rules"}:
            continue
        imported = _imports(path)
        for other in ("api", "store", "apply", "commands"):
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
        assert _name(path) == "terms" or not said & own, _name(path)


def test_every_dependency_has_an_owner() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = data["project"]["dependencies"] + data["project"]["optional-dependencies"]["emulator"]
    names = {re.split(r"[<>=\[]", each)[0] for each in declared}
    assert {name.replace("pyyaml", "yaml") for name in names} == set(OWNERS)


def test_one_module_starts_git_and_the_demo_starts_kalentops() -> None:
    """What a pull request carries can look like a repository: each call of git has to name the real one."""
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        starts = re.search(
            r"\b(subprocess|os\.(system|popen|exec|spawn|posix_spawn)|pty|create_subprocess)\b", text
        )
        if _name(path) not in {"git.worktree", "commands.demo"}:
            assert not starts, path
    demo = (PACKAGE / "commands" / "demo.py").read_text(encoding="utf-8")
    assert demo.count("subprocess.") == demo.count("[sys.executable") == 1


def test_modules_and_functions_are_small() -> None:
    lines = {_name(path): path.read_text(encoding="utf-8").count("\n") for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 300} == {}
    long = [
        f"{_name(path)}.{node.name}: {(node.end_lineno or 0) - node.lineno + 1}"
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []


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
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    pattern = re.compile(
        r"pypi\.org|pythonhosted|files\.python|registry\.npmjs|deb\.debian|/root/|/work/", re.IGNORECASE
    )
    own = Path(__file__).relative_to(ROOT).as_posix()
    for name in filter(None, listed):
        path = ROOT / name
        if name != own and path.is_file():
            found = pattern.findall(path.read_text(encoding="utf-8", errors="replace"))
            assert found == [], name


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_pins_are_hashed_and_record_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    pins = re.findall(r"^[a-z0-9][^\s=]*==\S+", text, re.MULTILINE)
    assert len(pins) > 20
    assert text.count("--hash=sha256:") >= len(pins)


def test_only_these_endpoints_are_ever_called() -> None:
    methods = {"client": {"GET"}, "writing": {"POST", "PATCH"}}
    for module, own in methods.items():
        text = (PACKAGE / "api" / f"{module}.py").read_text()
        assert set(re.findall(r'"(GET|POST|PATCH|PUT|DELETE)"', text)) == own
    for path in (PACKAGE / "api").glob("*.py"):
        assert "/start" not in path.read_text()
