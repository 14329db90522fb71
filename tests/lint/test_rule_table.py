"""The table of rules: complete, in order, and each rule with a page that says what is wrong and what is right."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import kalentops.lint
from kalentops.lint.project import OVER_FILES
from kalentops.lint.rule import Rule, rule_meant, rules

PACKAGE = Path(kalentops.lint.__file__).parent
MODULES = [m.name for m in pkgutil.iter_modules([str(PACKAGE)]) if m.name.startswith("kal")]


def test_the_table_holds_the_rule_of_each_file_in_the_order_of_codes() -> None:
    assert [(code, rule.code) for code, rule in rules().items()] == [(code, code) for code in sorted(rules())]
    assert len(MODULES) == len(rules())


@pytest.mark.parametrize("name", MODULES)
def test_the_file_is_called_like_the_rule(name: str) -> None:
    rule: Rule = importlib.import_module(f"kalentops.lint.{name}").RULE
    assert name == f"{rule.code}_{rule.name}".lower().replace("-", "_")


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
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
    assert rule_meant(word) == rule


# A mistake of a template is looked for where it is written and where it is used.
_MOST_CHECKS = {"KAL103": 2, "KAL403": 2, "KAL406": 2, "KAL407": 2, "KAL409": 2}


def test_a_rule_has_at_most_one_check_and_names_the_fields_that_it_reads() -> None:
    for rule in rules().values():
        assert bool(rule.check) is bool(rule.reads), rule.code
        assert len(_checks(rule)) <= _MOST_CHECKS.get(rule.code, 1), rule.code


def test_every_code_in_the_source_is_a_rule() -> None:
    sources = PACKAGE.parent.rglob("*.py")
    used = {code for path in sources for code in re.findall(r"KAL\d{3}", path.read_text(encoding="utf-8"))}
    assert used <= set(rules())
    loader = [path for folder in ("project", "yamlfile") for path in (PACKAGE.parent / folder).rglob("*.py")]
    emitted = {
        code for path in loader for code in re.findall(r'"(KAL\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert emitted == {code for code, rule in rules().items() if not _checks(rule)}


def _checks(rule: Rule) -> list[object]:
    checks = (getattr(rule, each) for each in rule._fields if each.startswith("check"))
    return [each for each in checks if each is not None]


def test_the_rules_over_all_files_are_named_so_that_they_load_alone() -> None:
    assert list(OVER_FILES) == [code for code, rule in rules().items() if rule.check_project]
