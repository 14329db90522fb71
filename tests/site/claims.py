"""Whether what a document shows is what the program reads and does; one sentence for each fault."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

from kalentops.blueprint.files import FIELDS
from kalentops.errors import InvalidConfig
from kalentops.project.config import load_configs
from kalentops.project.settings import FILE, Settings
from tests.harness import Project
from tests.site.blocks import Block, commands, read_blocks, read_inline_code, script_of
from tests.site.command_lines import fault_of, fault_of_inline

SHELLS: Final = ("sh", "bash", "console")
# GitHub's own; a placeholder that a shell would expand, or a reader's folder that may be missing.
_SHELLCHECK: Final = "SC1091,SC2034,SC2148,SC2154,SC2164"
# The template that is used, and the environments, may be on another page.
_OF_OTHER_FILES: Final = {"KAL029", "KAL401"}


def faults(text: str) -> Iterator[str]:
    """What is wrong with the code of a document: `LINE: sentence`."""
    blocks = read_blocks(text)
    for block in blocks:
        yield from (f"{block.line}: {each}" for each in _of_block(block, blocks))
    shown = {word.partition("=")[0] for block in blocks for word in block.text.split()}
    for line, code in read_inline_code(text):
        if fault := fault_of_inline(code, shown):
            yield f"{line}: `{code}`: {fault}"


def _of_block(block: Block, others: list[Block]) -> Iterator[str]:
    language = block.language
    try:
        if not language:
            yield "a block of code has no language"
        elif language in SHELLS:
            yield from command_faults(script_of(block))
        elif language == "json":
            json.loads(block.text)
        elif language == "yaml" and block.before != "Wrong:":
            yield from _of_yaml(block, others)
        else:
            get_lexer_by_name(language)  # what is highlighted is spelt right
    except ClassNotFound:
        yield f"{language} is no language that is highlighted"
    except (ValueError, yaml.YAMLError) as error:
        yield f"the {language} can't be read: {error}"


def command_faults(script: str) -> Iterator[str]:
    """Raises ValueError: a quotation has no end."""
    for words in commands(script):
        if fault := fault_of(words):
            yield f"`{' '.join(words)}`: {fault}"


def shell_faults(scripts: Mapping[str, str]) -> Iterator[str]:
    """What bash and shellcheck say of scripts, by their names."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, script in scripts.items():
            (Path(scratch) / name).write_text(script, encoding="utf-8")
        for command in (
            ["bash", "-c", 'for each; do bash -n "$each"; done', "-", *scripts],
            ["shellcheck", "--shell=bash", "--format=gcc", f"--exclude={_SHELLCHECK}", *scripts],
        ):
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
            yield from (done.stdout + done.stderr).splitlines()


def _of_yaml(block: Block, others: list[Block]) -> Iterator[str]:
    data = yaml.safe_load(_without_ellipses(block.text))
    for script in _scripts(data):
        yield from command_faults(script)
    kind = kind_of(data)
    if re.search(r"^…$|, …[}\]]", block.text, re.MULTILINE):
        kind = kind and "fragment"
    if kind is None:
        yield "it is unclear what this YAML is: a file of kalentops, settings, a workflow, a job, or fields of a step"
    else:
        yield from _CHECKS[kind](block, others)


def _without_ellipses(text: str) -> str:
    return re.sub(r"^ *…$", "", text, flags=re.MULTILINE)


def kind_of(data: Any) -> str | None:
    """Whole files: `blueprints`, `settings`, `workflow`, `gitlab`; `steps` of a workflow; `fragment` of a blueprint."""
    if isinstance(data, list) and any(
        isinstance(each, dict) and {"uses", "run"} & set(each) for each in data
    ):
        return "steps"
    kind = _kind_of_mapping(data) if isinstance(data, dict) else None
    return kind or ("fragment" if _is_fragment(data) else None)


def _kind_of_mapping(data: dict[Any, Any]) -> str | None:
    names = set(data)
    # YAML 1.1 reads `on` as true.
    if "jobs" in names and {"on", True} & names:
        return "workflow"
    if "snippets" in names or ({"sourcingId", "template"} & names and len(names) > 1):
        return "blueprints"
    if names <= set(Settings._fields) and not isinstance(data.get("blueprints"), dict):
        return "settings"
    if "script" in names or any(isinstance(each, dict) and "script" in each for each in data.values()):
        return "gitlab"
    return None


def _is_fragment(data: Any) -> bool:
    """Whether all names are those of fields, or of blueprints that hold them; `…` stands for more."""
    if isinstance(data, list):
        return bool(data) and all(map(_is_fragment, data))
    if not isinstance(data, dict):
        return False
    named = {name: value for name, value in data.items() if name != "…"}
    return set(named) <= FIELDS or all(map(_is_fragment, named.values()))


def _of_blueprints(block: Block, others: list[Block]) -> Iterator[str]:
    """What the project's own validation says of the file, beside the document's settings, templates and snippets."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "blueprints").mkdir()
        for number, each in enumerate(others):
            shown = each.language == "yaml" and each.before != "Wrong:"
            data: Any = yaml.safe_load(_without_ellipses(each.text)) if shown else None
            shared = kind_of(data) == "blueprints" and ("template" in data or "snippets" in data)
            if each is block or shared:
                (folder / "blueprints" / f"{number}.yaml").write_text(each.text, encoding="utf-8")
            elif kind_of(data) == "settings":
                (folder / FILE).write_text(each.text, encoding="utf-8")
        ran = Project(folder, "").run("validate", "--format", "json")
        if not ran.out:
            yield ran.err
            return
        # A page may show a finding, and the file that has it.
        subject = (
            "" if block.before == "Right:" else " ".join(each.text for each in others if each is not block)
        )
        for each in ran.json["findings"]:
            if each["code"] not in subject and each["code"] not in _OF_OTHER_FILES:
                yield f"{each['code']}: {each['message']}"


def _of_settings(block: Block, _: list[Block]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / FILE).write_text(block.text, encoding="utf-8")
        try:
            load_configs(Path(scratch))
        except InvalidConfig as error:
            yield str(error)


def _of_workflow(block: Block, _: list[Block]) -> Iterator[str]:
    yield from _schema_faults("vendor.github-workflows", yaml.load(block.text, yaml.BaseLoader))


def _of_steps(block: Block, _: list[Block]) -> Iterator[str]:
    steps = yaml.load(block.text, yaml.BaseLoader)
    job = {"runs-on": "ubuntu-latest", "steps": steps}
    yield from _schema_faults("vendor.github-workflows", {"on": "push", "jobs": {"job": job}})


def _of_gitlab(block: Block, _: list[Block]) -> Iterator[str]:
    data = yaml.safe_load(block.text)
    yield from _schema_faults("vendor.gitlab-ci", {"job": data} if "script" in data else data)


def _of_nothing(_: Block, __: list[Block]) -> Iterator[str]:
    yield from ()


_CHECKS: Final[Mapping[str, Callable[[Block, list[Block]], Iterator[str]]]] = {
    "blueprints": _of_blueprints,
    "settings": _of_settings,
    "workflow": _of_workflow,
    "steps": _of_steps,
    "gitlab": _of_gitlab,
    "fragment": _of_nothing,
}


def _schema_faults(name: str, data: Any) -> Iterator[str]:
    for error in _validator(name).iter_errors(data):
        yield f"{name}: {error.json_path}: {error.message[:200]}"


@cache
def _validator(name: str) -> Any:
    schema = get_builtin_schema(name)
    return jsonschema.validators.validator_for(schema)(schema)


def _scripts(data: Any) -> Iterator[str]:
    """The shell scripts of workflows and jobs."""
    if isinstance(data, dict):
        for name, value in data.items():
            lines = value if isinstance(value, list) else [value]
            if name in {"run", "script", "before_script"} and all(isinstance(line, str) for line in lines):
                # An expression stands for one word.
                yield re.sub(r"\$\{\{.*?\}\}", "VALUE", "\n".join(lines))
            else:
                yield from _scripts(value)
    elif isinstance(data, list):
        for each in data:
            yield from _scripts(each)
