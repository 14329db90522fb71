"""The tests can be collected on Windows and macOS, one that needs POSIX says so, and the page is complete."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "tests").rglob("*.py"))
# tests/workflows/conftest.py leaves out its folder; this module holds the words that it looks for.
TESTS = [
    each
    for each in MODULES
    if each.name.startswith("test_") and each.parent.name != "workflows" and each != Path(__file__)
]

# Modules of the standard library that Windows lacks.
_LACKING: Final = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
# Functions, signals and constants that Windows lacks, or does something else with.
_POSIX: Final = {
    *(
        "SIGALRM",
        "SIGCONT",
        "SIGHUP",
        "SIGKILL",
        "SIGQUIT",
        "SIGSTOP",
        "SIGUSR1",
        "send_signal",
        "setitimer",
        "killpg",
    ),
    *("chmod", "fork", "geteuid", "getuid", "mkfifo", "pread", "setrlimit", "sched_getaffinity"),
    *("hardlink_to", "symlink_to", "symlink", "AF_UNIX", "openpty", "preexec_fn", "pass_fds"),
}
_IN_TEXTS: Final = ("#!/bin/", "/dev/", "/proc/", "import resource", "prlimit", "strace")
_WORDS: Final = re.compile("|".join(map(re.escape, (*_LACKING, *_POSIX, "os.kill", *_IN_TEXTS))))
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def _may_need_posix(path: Path) -> bool:
    return _WORDS.search(path.read_text(encoding="utf-8")) is not None


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(path: Path) -> dict[str, _Function]:
    return {
        each.name: each
        for each in _tree(path).body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _constants(path: Path) -> dict[str, str]:
    """The values of names at the top of a module, as source."""
    return {
        name.id: ast.unparse(each.value)
        for each in _tree(path).body
        if isinstance(each, ast.Assign | ast.AnnAssign) and each.value is not None
        for name in ([each.target] if isinstance(each, ast.AnnAssign) else each.targets)
        if isinstance(name, ast.Name)
    }


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is loaded: all but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(node, _Function | ast.Lambda) and child not in {
            node.args,
            *getattr(node, "decorator_list", ()),
        }:
            continue
        if isinstance(child, ast.BoolOp) and "hasattr(" in ast.unparse(child):
            continue
        yield child
        yield from _at_import(child)


def _signs(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {each.name for each in node.names} | {getattr(node, "module", None)}
            yield from sorted(_LACKING & names)
        elif isinstance(node, ast.Attribute) and node.attr in _POSIX:
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg in _POSIX:
            yield str(node.arg)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "os.kill":
            yield "os.kill"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (each for each in _IN_TEXTS if each in node.value)
            yield from [node.value] if node.value in _POSIX - {"fork"} else []  # GitHub has others


def test_every_module_is_loaded_without_posix() -> None:
    """Collecting the tests loads them all."""
    found = {}
    for path in filter(_may_need_posix, MODULES):
        inside = (
            node for node in _at_import(_tree(path)) if not isinstance(node, ast.Constant | ast.keyword)
        )
        if signs := set(_signs(inside)):
            found[path.relative_to(ROOT).as_posix()] = signs
    assert found == {}


def _reached(path: Path, function: _Function) -> list[_Function]:
    """The function, and the functions and fixtures of its module that it uses, and those that they use."""
    known, found, waiting = _functions(path), {}, [function]
    while waiting:
        each = waiting.pop()
        if each.name not in found:
            found[each.name] = each
            names = {node.id for node in ast.walk(each) if isinstance(node, ast.Name)}
            names |= {node.arg for node in ast.walk(each) if isinstance(node, ast.arg)}
            waiting += [known[name] for name in names & known.keys()]
    return list(found.values())


def _says_so(path: Path, function: _Function) -> bool:
    """Whether a marker of the test, its module or its parameters skips it, or the test asks for the platform itself."""
    constants = _constants(path)
    said = [ast.unparse(each) for each in function.decorator_list]
    said += [constants.get(word, "") for each in said for word in [each.partition("(")[0]]]
    said += [constants.get("pytestmark", "")]
    said += [constants.get(name, "") for each in said for name in constants if name in each]
    asks = any(
        word in ast.unparse(each)
        for each in _reached(path, function)
        for word in ("sys.platform", "hasattr(os", "hasattr(signal")
    )
    return asks or any("skipif" in each or "needs_" in each for each in said)


def test_every_test_that_needs_posix_says_so() -> None:
    """By a marker of `tests/platforms.py`, or by a `skipif` with its reason."""
    silent = {}
    for path in filter(_may_need_posix, TESTS):
        constants = {name: ast.parse(value) for name, value in _constants(path).items()}
        for name, function in _functions(path).items():
            reached = _reached(path, function) if name.startswith("test_") else []
            used = {node.id for each in reached for node in ast.walk(each) if isinstance(node, ast.Name)}
            trees: list[ast.AST] = [
                *reached,
                *(tree for constant, tree in constants.items() if constant in used),
            ]
            signs = {sign for tree in trees for sign in _signs(ast.walk(tree))}
            if signs and not _says_so(path, function):
                silent[f"{path.relative_to(ROOT).as_posix()}::{name}"] = signs
    assert silent == {}


# How a module asks which system it runs on, or what this system has.
_ASKS: Final = re.compile(
    r"\bsys\.platform\b|\bos\.name\b|\b(?:msvcrt|fcntl|termios|winreg|resource|pwd)\."
    r"|\b[gh](?:et|as)attr\((?:os|signal|socket)\b|\bwinerror\b|drive of Windows"
)


def test_the_page_of_platforms_names_every_module_that_differs() -> None:
    page = (ROOT / "docs/reference/platforms.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(kalentops/[\w/]+\.py)` \| .+ \| (.+) \|$", page, re.MULTILINE)
    differ = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "kalentops").rglob("*.py")
        if _ASKS.search(path.read_text(encoding="utf-8"))
    }
    assert differ - {module for module, _ in rows} == set()
    named = {
        *(module for module, _ in rows),
        *(each for _, tests in rows for each in re.findall("`(.+?)`", tests)),
    }
    assert {each for each in named if not (ROOT / each).is_file()} == set()
