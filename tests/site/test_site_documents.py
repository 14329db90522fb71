"""The documents' own text, as GitHub shows it: links, paths, code, and the commands in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from release.versions import RELEASED
from tests.site.blocks import Block, commands, read_blocks, script_of
from tests.site.claims import SHELLS, faults, kind_of, shell_faults
from tests.site.command_lines import fault_of, fault_of_inline
from website.documents import ROOT, github_anchors, link_targets, pages

DOCUMENTS = [*pages(), "blueprints/README.md", "kalentops/init/templates/agents.md"]


def text_of(name: str) -> str:
    """What `init` puts in for a name is not there yet."""
    return re.sub(r"@@\w+@@", "", (ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_code_and_commands_are_what_the_program_takes(name: str) -> None:
    assert list(faults(text_of(name))) == []


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("shellcheck"), reason="there is no shellcheck")
def test_shell_blocks_are_shell() -> None:
    scripts = {
        f"{name.replace('/', '_')}:{block.line}": script_of(block)
        for name in DOCUMENTS
        for block in read_blocks(text_of(name))
        if block.language in SHELLS
    }
    assert len(scripts) > 20
    assert list(shell_faults(scripts)) == []
    assert len(list(shell_faults({"a": "if true\n", "b": "echo $(cat $x)\n"}))) >= 2


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    assert list(link_faults(ROOT / name)) == []


def link_faults(document: Path) -> list[str]:
    found = []
    for target in link_targets(document.read_text(encoding="utf-8")):
        if re.match(r"https?:|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        if not path.exists():
            found.append(f"{target} leads nowhere")
        elif anchor and anchor not in github_anchors(path.read_text(encoding="utf-8")):
            found.append(f"{target} leads to no heading")
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_in_the_documents_exist(name: str) -> None:
    for path in re.findall(
        r"`((?:kalentops|tests|docs|benchmarks|requirements|release|website|action|\.github/workflows|\.ci)/[\w./*-]*)`",
        text_of(name),
    ):
        assert path == RELEASED or any(ROOT.glob(path.rstrip("/"))), f"{name} names {path}"


def test_wrong_links_are_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        '# One\n[a](gone.md) [b](a.md#one) [c](#two) ![d](gone.png) `[e](code.md)`\n<img src="no.png">\n',
        encoding="utf-8",
    )
    assert link_faults(document) == [
        "gone.md leads nowhere",
        "#two leads to no heading",
        "gone.png leads nowhere",
        "no.png leads nowhere",
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("kalentops plan --refresh -e trial blueprints/a.yaml", None),
        ("kalentops -C paris plan", None),
        ("kalentops --version", None),
        ("kalentops state list", None),
        ("kalentops rule CODE", None),
        ("kalentops plan --format FORMAT", None),
        ("kalentops cache", None),
        ("kalentops plna", "there is no command `plna`"),
        ("kalentops state remove X", "there is no command `remove`"),
        ("kalentops state", "`state` needs a command"),
        ("kalentops plan --fresh", "No such option '--fresh'."),
        ("kalentops plan --out", "Option '--out' requires an argument."),
        ("kalentops plan --refresh=yes", "Option '--refresh' does not take a value."),
        ("kalentops plan --format yaml", "Invalid value for '--format': 'yaml' is not one of"),
        (
            "kalentops apply --max-creates many",
            "Invalid value for '--max-creates': 'many' is not a valid integer range.",
        ),
        ("kalentops state mv OLD", "`mv` needs NEW"),
        ("kalentops state mv OLD NEW MORE", "`mv` does not take MORE"),
        ("make test ARGS=-x", None),
        ("make everything", "the Makefile has no everything"),
        ("make test ARG=-x", "the Makefile has no ARG=-x"),
        ("python -m website write", None),
        ("python -m tests.gone", "there is no module tests.gone"),
        ("git push", None),
    ],
)
def test_a_wrong_command_line_is_found(line: str, fault: str | None) -> None:
    found = fault_of(line.split())
    assert found == fault or (fault and found and found.startswith(fault)), found


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("kalentops state mv", False),
        ("kalentops extract ADDRESS… --as NAME", False),
        ("kalentops state …", False),
        ("preview --against", False),
        ("plan --fresh", True),
        ("kalentops aply", True),
        ("--refresh", False),
        ("--state=FILE", False),
        ("--fresh", True),
        ("make nothing", True),
        ("kalentops.yaml", False),
        ("import x", False),
    ],
)
def test_a_wrong_command_in_a_sentence_is_found(code: str, fault: bool) -> None:  # noqa: FBT001 - a case
    assert bool(fault_of_inline(code)) == fault


def test_an_option_of_another_program_stands_in_a_block() -> None:
    sentence = "`--rm` removes it.\n"
    assert list(faults(sentence)) == ["1: `--rm`: no command has this option"]
    assert list(faults(f"{sentence}\n```sh\ndocker run --rm image\n```\n")) == []


def test_commands_are_found_wherever_a_shell_finds_them() -> None:
    script = """\
export A=1 && KALENT_API_KEY=x kalentops plan --out p.json > log # kalentops not
git show HEAD:f | kalentops state restore -
eval "$(kalentops a)"
git config d 'kalentops merge %O || { false; }'
kalentops b \\
  --c "two
lines"
cat <<'EOF'
kalentops not
EOF
if ! .venv/bin/kalentops d; then uvx kalentops e; fi
"""
    assert [" ".join(words) for words in commands(script) if words[0] == "kalentops"] == [
        "kalentops plan --out p.json",
        "kalentops state restore -",
        "kalentops a",
        "kalentops merge %O",
        "kalentops b --c two\nlines",
        "kalentops d",
        "kalentops e",
    ]
    with pytest.raises(ValueError, match="no end"):
        list(commands("kalentops 'a"))


def test_only_what_is_typed_of_a_terminal_is_a_command() -> None:
    block = Block(1, "console", "$ kalentops a \\\n> --b\noutput $ kalentops c\n", "")
    assert script_of(block) == "kalentops a \\\n--b\n"


FILE = "sourcingId: sourcing_a\nblueprints:\n  one:\n    name: One\n    steps:\n"
STEP = "      - {id: a, name: A, type: WHATSAPP, temporalityType: ASAP, content: Hi}\n"
QUOTED = "'Hi {{first_name}}'"
WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: "


@pytest.mark.parametrize(
    ("language", "block", "fault"),
    [
        ("", "text", "no language"),
        ("yml-ish", "a: 1", "no language that is highlighted"),
        ("json", "{", "can't be read"),
        ("json", "{}", None),
        ("yaml", "a: [", "can't be read"),
        ("yaml", FILE + STEP, None),
        ("yaml", FILE + STEP.replace("WHATSAPP", "FAX"), "KAL"),
        ("yaml", FILE + STEP.replace("Hi", QUOTED), "KAL101"),
        ("yaml", "guards: {max_creates: 5}", None),
        ("yaml", "guards: {max_creates: many}", "max_creates"),
        ("yaml", "- {id: a, type: EMAIL}", None),
        ("yaml", "- {id: a, kind: EMAIL}", "unclear"),
        ("yaml", "prose", "unclear"),
        ("yaml", WORKFLOW + "kalentops plan", None),
        ("yaml", WORKFLOW + "kalentops plan --fresh", "--fresh"),
        ("yaml", WORKFLOW + "x\n        usess: y", "vendor.github-workflows"),
        ("yaml", "- uses: a/b@c\n  with: {command: plan}", None),
        ("yaml", "- uses: a/b@c\n  width: {command: plan}", "vendor.github-workflows"),
        ("yaml", "plan:\n  script: [kalentops plan]", None),
        ("yaml", "plan:\n  script: [kalentops plan]\n  stages: {a: 1}", "vendor.gitlab-ci"),
        ("yaml", "plan:\n  script: [kalentops plna]", "plna"),
        ("sh", "kalentops plna", "plna"),
        ("console", "$ kalentops plna\nkalentops b", "plna"),
    ],
)
def test_a_wrong_block_is_found(language: str, block: str, fault: str | None) -> None:
    found = list(faults(f"# A page\n\n1. In a list:\n\n   ```{language}\n{indent(block)}\n   ```\n"))
    assert (fault is None) == (not found), found
    assert all(each.startswith("5: ") and (fault or "") in each for each in found), found


def indent(block: str) -> str:
    return "\n".join(f"   {line}" for line in block.splitlines())


def test_what_is_shown_as_wrong_may_be_wrong() -> None:
    assert list(faults("Wrong:\n\n```yaml\na: [\n```\n")) == []
    finding = '```json\n{"code": "KAL101"}\n```\n'
    wrong = f"```yaml\n{FILE}{STEP.replace('Hi', QUOTED)}```\n"
    assert list(faults(f"{wrong}\n{finding}")) == []
    assert list(faults(f"Right:\n\n{wrong}\n{finding}"))


def test_kinds_of_yaml() -> None:
    assert kind_of({"blueprints": {"one": {"name": "One"}}}) == "fragment"
    assert kind_of({"blueprints": "folder/"}) == "settings"
    assert kind_of({"one": {"name": "One", "…": None}}) == "fragment"
    assert kind_of("text") is None
