"""The table of rules: complete, in order, and each rule with a page that says what is wrong and what is right."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import kalentops.lint
from kalentops.lint.rule import Rule
from kalentops.lint.table import BY_CODE, RULES, meant

PACKAGE = Path(kalentops.lint.__file__).parent
MODULES = [m.name for m in pkgutil.iter_modules([str(PACKAGE)]) if m.name.startswith("kal")]


def test_every_rule_is_listed_once_in_the_order_of_codes() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    listed = {id(rule) for rule in RULES}
    for name in MODULES:
        assert id(importlib.import_module(f"kalentops.lint.{name}").RULE) in listed, name
    assert len(MODULES) == len(RULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_file_is_called_like_the_rule(name: str) -> None:
    rule: Rule = importlib.import_module(f"kalentops.lint.{name}").RULE
    assert name == f"{rule.code}_{rule.name}".lower().replace("-", "_")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_page_says_what_is_wrong_and_what_is_right(rule: Rule) -> None:
    page = rule.page or ""
    assert re.fullmatch(r"\S.{10,90}\.", rule.title)
    wrong, right = page.index("\nWrong:\n    "), page.index("\nRight:\n    ")
    assert 0 < wrong < right
    assert all(len(line) <= 120 for line in page.splitlines())


@pytest.mark.parametrize(
    ("word", "rule"),
    [
        ("KAL-101", "KAL101"),
        ("KAL 101", "KAL101"),
        ("101", "KAL101"),
        ("KLA101", "KAL101"),
        ("unknown_variable", "unknown-variable"),
        ("unknwon-variable", "unknown-variable"),
        ("KAL999", None),
        ("KAL111", None),
        ("KAL10", None),
        ("KAL", None),
        ("", None),
    ],
)
def test_another_number_is_no_slip(word: str, rule: str | None) -> None:
    assert meant(word) == rule


def test_a_rule_that_is_not_asked_reads_nothing() -> None:
    for rule in RULES:
        assert bool(rule.check) is bool(rule.reads), rule.code


def test_every_code_in_the_source_is_a_rule() -> None:
    sources = PACKAGE.parent.rglob("*.py")
    used = {code for path in sources for code in re.findall(r"KAL\d{3}", path.read_text(encoding="utf-8"))}
    assert used <= set(BY_CODE)
    loader = [path for folder in ("project", "yamlfile") for path in (PACKAGE.parent / folder).rglob("*.py")]
    emitted = {code for path in loader for code in re.findall(r"KAL\d{3}", path.read_text(encoding="utf-8"))}
    without_check = {rule.code for rule in RULES if rule.check is None}
    assert emitted <= without_check
    # found over several files, by `repository`, or with the API's help
    elsewhere = {"KAL017", "KAL018", "KAL023", "KAL024", "KAL311"}
    assert without_check - emitted == elsewhere
