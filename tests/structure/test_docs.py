"""What the documents say is what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest

from kalentops import __version__, errors
from kalentops.blueprint.files import FIELDS
from kalentops.blueprint.model import allowed
from kalentops.blueprint.variables import VARIABLES
from kalentops.errors import EXIT_CODES
from kalentops.init.write import DRIVER
from kalentops.output import FORMATS
from kalentops.project.config import Config, load_config, load_configs
from tests.harness import Project
from tests.site.blocks import texts_of
from tests.structure import console
from website import figures
from website.click_tree import commands
from website.pages import PAGES

ROOT = Path(__file__).parents[2]


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_is_an_entrance() -> None:
    assert len(_text("README.md").split()) <= 600, "what does not fit in belongs into docs/"


def test_every_exit_code_of_an_error_has_a_meaning_and_a_word_in_the_action() -> None:
    used = {
        value.exit_code
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.KalentopsError)
    }
    assert used <= set(EXIT_CODES)
    assert all(each.result in _text("action.yml") for each in EXIT_CODES.values())


@pytest.mark.parametrize("page", PAGES)
def test_pages_made_from_the_code_are_up_to_date(page: str) -> None:
    """`python -m website write` writes them."""
    assert _text(f"docs/{page}") == PAGES[page]()


def test_every_field_value_and_variable_is_on_the_page_of_fields() -> None:
    text = _text("docs/reference/fields.md")
    fields = {*re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)}
    assert fields >= FIELDS
    assert tuple(re.findall(r"^\| `\{\{(\w+)\}\}` \|", text, re.MULTILINE)) == VARIABLES
    for field in ("type", "linkedInType", "temporalityType", "unit", "contentSource"):
        assert [value for value in allowed(field) if f"`{value}`" not in text] == [], field


def test_every_option_and_variable_of_the_help_is_on_the_page_of_commands(tmp_path: Path) -> None:
    """The page is made from click's objects; this reads what a user sees."""
    project = Project(tmp_path, "", environment={"COLUMNS": "300"})
    sections = re.split(r"^#{2,3} ", _text("docs/reference/commands.md"), flags=re.MULTILINE)
    seen = 0
    left: list[tuple[str, ...]] = [()]
    while left:
        words = left.pop()
        told = project.run(*words, "--help").out
        name = " ".join(words) if words else "Commands"
        [section] = [each for each in sections if each.removeprefix("# ").startswith(f"{name}\n")]
        heads = re.findall(r"^  (-.*?)(?:  |$)", told, re.MULTILINE)
        names = [each for head in heads for each in re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", head)]
        assert names, name
        for each in (*names, *re.findall(r"\[env: (\w+)\]", told)):
            assert re.search(rf"`{each}[ `]", section), f"{name}: {each}"
        seen += len(names)
        inner = told.partition("Commands:\n")[2].partition("\n\n")[0]
        left += [(*words, each) for each in re.findall(r"^  (\w+)", inner, re.MULTILINE)]
    assert seen > 300


def test_a_figure_that_was_not_measured_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "README.md"
    path.write_text(
        _text("benchmarks/README.md").replace("`plan` again, 10,000 files ", "`plan` later, 10,000 files ")
    )
    monkeypatch.setattr(figures, "PAGE", path)
    with pytest.raises(
        ValueError, match="no figure for `plan` again, 10,000 files: `python -m benchmarks --write`"
    ):
        figures.page()


def test_the_help_explains_each_argument_and_says_what_may_be_repeated() -> None:
    for of in commands():
        for each in of.parameters:
            if isinstance(each, click.Option):
                assert not each.multiple or "May be repeated" in (each.help or ""), f"{of.name}: {each.opts}"
            else:
                names = re.findall(r"[A-Z][A-Z_]+", each.make_metavar(of.context))
                assert [name for name in names if name not in (of.command.help or "")] == [], of.name


def test_the_examples_of_the_settings_are_valid(tmp_path: Path) -> None:
    text = _text("docs/reference/settings.md")
    defaults, *examples = texts_of(text, "yaml")
    (tmp_path / "kalentops.yaml").write_text(defaults)
    said = load_config(tmp_path)
    (tmp_path / "kalentops.yaml").write_text("")
    assert said == load_config(tmp_path)
    keys = {field.name for field in fields(Config)} - {"root", "severities", *_OF_ENVIRONMENTS}
    assert {each.partition(":")[0] for each in examples} == keys | {"rules", "environments"}
    for each in examples:
        (tmp_path / "kalentops.yaml").write_text(each)
        assert load_configs(tmp_path) != (said,), each


_OF_ENVIRONMENTS = {"environment", "environments", "readers", "confirm", "branch", "any_branch"}


def test_the_formats_in_the_docs_are_the_formats() -> None:
    table = _text("docs/reference/commands.md").partition("| `--format` |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {"text", *FORMATS}


def test_the_changelog_knows_this_version() -> None:
    assert f"## {__version__}" in _text("CHANGELOG.md")


def test_every_variable_that_the_code_reads_is_on_the_page_of_settings() -> None:
    source = "".join(
        path.read_text()
        for path in (ROOT / "kalentops").rglob("*.py")
        if not {"emulator", "init"} & {*path.parts}
    )
    names = set(re.findall(r"KALENT(?:OPS)?_[A-Z_]+[A-Z]", source))
    names |= set(re.findall(r'"((?:AWS|AZURE|GITHUB|PG)_?[A-Z_]+[A-Z0-9])"', source))
    names |= set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', source))
    assert {name for name in names if f"`{name}`" not in _text("docs/reference/settings.md")} == set()


def test_the_merge_driver_is_the_same_wherever_it_is_said(tmp_path: Path) -> None:
    assert f"'{DRIVER}'" in _text("docs/how-to/state-in-a-file.md")
    assert f"'{DRIVER}'" in Project(tmp_path, "").run("state", "merge", "--help").out


def test_the_pages_that_the_code_names_exist() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "kalentops").rglob("*.py"))
    named = {name for name in re.findall(r"\bdocs/[\w/.-]+\.md", sources) if not (ROOT / name).exists()}
    assert named == set()


@pytest.mark.processes
@pytest.mark.parametrize("document", console.documents())
def test_commands_in_the_docs_print_what_is_shown(document: str, tmp_path: Path) -> None:
    """`python -m tests.structure.console` writes today's output into the documents."""
    assert console.run_blocks(document, tmp_path) == _text(document)


@pytest.mark.processes
@pytest.mark.parametrize(
    "workflow", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda p: p.name
)
def test_workflows_are_valid_and_pinned(workflow: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            str(workflow),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = workflow.read_text()
    uses = re.findall(r"uses: (\S+)", text)
    assert uses
    assert all(each == "./" or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in uses)
    assert re.search(r"^permissions:", text, re.MULTILINE)


@pytest.mark.processes
@pytest.mark.parametrize(
    "form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda p: p.name
)
def test_issue_forms_are_valid(form: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-issue-forms"]
    done = subprocess.run([*command, str(form)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.processes
def test_the_own_blueprints_have_no_finding() -> None:
    ran = Project(ROOT, "").process("validate", "--format", "json")
    assert ran.code == 0
    assert ran.json["findings"] == []
