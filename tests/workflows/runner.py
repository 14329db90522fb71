"""A runner of workflows, as small as these workflows need it: checkouts are clones of a bare repository, scripts are
run by bash as GitHub runs them, composite actions have their steps run, artifacts are kept in a folder. A script that
only starts kalentops is done in this process, unless `processes` are asked for: starting it is most of its price.

Written from "Workflow syntax for GitHub Actions" (the shell's options, `if`, outcomes), "Metadata syntax for GitHub
Actions" (composite actions) and "Workflow commands for GitHub Actions" (the files for outputs and paths). What it
doesn't know it refuses, so that no step is taken for tested that is not.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kalentops.action import main as action
from kalentops.cli.main import run as run_cli
from tests.harness import within
from tests.repositories import Remote, git

ROOT = Path(__file__).parents[2]
_EXPRESSION = re.compile(r"\$\{\{(.+?)\}\}")
_NAME = re.compile(r"'[^']*'|[A-Za-z_][\w.-]*(?:\(\))?")
# GitHub's own, for `shell: bash` and for no shell at all.
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_DEFAULT = ("bash", "-e")


@dataclass
class Step:
    """The outcome of a step. `log` is what the job's page shows of it."""

    name: str
    outcome: str = "skipped"
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Runner:
    """A machine for one job. `action` is what `uses:` calls the action of this repository. `environments` are those of
    the repository on GitHub, with their secrets. With `processes`, each script is one; else only the step that is
    cancelled, and what is no call of kalentops. `others` are actions that do nothing here; their log is what they were
    given. `begins` is that of `write_python`; `cancel` gets the process of the step `cancel_in`. `python` has the
    kalentops that the action installs.
    """

    home: Path
    remote: Remote
    action: str
    event: str = "push"
    ref: str = "refs/heads/main"
    secrets: dict[str, str] = field(default_factory=dict)
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    processes: bool = False
    begins: bool = False
    others: frozenset[str] = frozenset()
    python: str = sys.executable
    cancel_in: str = ""
    cancel: Callable[[subprocess.Popen[str]], None] | None = None

    def __post_init__(self) -> None:
        for name in ("work", "temp", "programs"):
            (self.home / name).mkdir(parents=True)
        programs = self.home / "programs"
        self._path = [str(programs)]
        if self.processes:
            write_python(programs / "python3", self.home / "pip.log", begins=self.begins, python=self.python)
        else:  # as the action's first step would leave it
            write_script(programs / "kalentops", f'exec "{sys.executable}" -I -m kalentops "$@"\n')

    @property
    def workspace(self) -> Path:
        return self.home / "work"

    @property
    def log(self) -> str:
        return "".join(step.log for step in self.steps)

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    def run(self, workflow: str) -> str:
        """Run the one job of a workflow: `success`, `failure` or `skipped`."""
        data = yaml.safe_load(workflow)
        (job,) = data["jobs"].values()
        self.secrets |= self.environments.get(job.get("environment", ""), {})
        names = Names({}, {}, self)
        if not names.condition(job.get("if", "success()"), "success"):
            return "skipped"
        own = {name: names.fill(value) for name, value in job.get("env", {}).items()}
        return self._steps(job["steps"], {}, data.get("defaults", {}).get("run", {}), own)

    def _steps(
        self,
        steps: list[dict[str, Any]],
        inputs: dict[str, str],
        defaults: dict[str, str],
        more: dict[str, str],
    ) -> str:
        result = "success"
        done: dict[str, Step] = {}
        for raw in steps:
            step = Step(raw.get("name") or raw.get("uses") or raw["run"].splitlines()[0])
            self.steps.append(step)
            names = Names(inputs, done, self)
            if names.condition(str(raw.get("if", "success()")), result):
                try:
                    step.outcome = self._step(raw, step, names, defaults, more)
                except subprocess.CalledProcessError as error:
                    step.outcome, step.log = "failure", str(error.stderr)
                if step.outcome == "failure":
                    result = "failure"
            if "id" in raw:
                done[raw["id"]] = step
        self._done = done
        return result

    def _step(
        self, raw: dict[str, Any], step: Step, names: Names, defaults: dict[str, str], more: dict[str, str]
    ) -> str:
        own = more | {name: names.fill(value) for name, value in raw.get("env", {}).items()}
        given = {name: names.fill(value) for name, value in raw.get("with", {}).items()}
        if "run" in raw:
            assert "${{" not in raw["run"], "an expression would become a part of the script"
            shell = raw.get("shell") or defaults.get("shell")
            place = raw.get("working-directory") or defaults.get("working-directory") or "."
            return self._script(raw["run"], step, own, shell, place)
        name, _, commit = raw["uses"].partition("@")
        if raw["uses"].partition(" ")[0] == self.action:
            return self._composite(given, step, own)
        assert re.fullmatch(r"[0-9a-f]{40}", commit), raw["uses"]
        if name == "actions/checkout":
            return self._checkout(given)
        if name == "actions/upload-artifact":
            return self._upload(given, step)
        if name == "actions/download-artifact":
            return self._download(given)
        if name in self.others:
            step.log = json.dumps(given)
            return "success"
        raise AssertionError(f"this runner has no {name}")

    def _script(self, script: str, step: Step, own: dict[str, str], shell: str | None, place: str) -> str:
        assert shell in {None, "bash"}
        files = {name: self.home / "temp" / f"{name}-{len(self.steps)}" for name in ("OUTPUT", "PATH", "ENV")}
        for file in files.values():
            file.touch()
        measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        environment = measured | {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([*self._path, os.environ["PATH"]]),
            **({"PYTHONPATH": str(ROOT)} if self.python == sys.executable else {}),
            "RUNNER_TEMP": str(self.home / "temp"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": self.event,
            "GITHUB_REF": self.ref,
            "GITHUB_STEP_SUMMARY": str(self.home / "summary.md"),
            "GITHUB_WORKSPACE": str(self.workspace),
            **{f"GITHUB_{name}": str(file) for name, file in files.items()},
            **self.environment,
            **own,
        }
        act = None if self.processes or self.cancel_in == step.name else _call(script, environment)
        if act is not None:
            ran = within(self.workspace / place, environment, act)
            step.log, code = ran.out + ran.err, ran.code
        else:
            code = self._process(script, step, _BASH if shell else _DEFAULT, place, environment)
        self._path[:0] = files["PATH"].read_text().split("\n")[:-1]
        step.outputs = _outputs(files["OUTPUT"].read_text())
        assert not files["ENV"].read_text(), "an environment that other steps get is not asked for"
        return "failure" if code else "success"

    def _process(
        self, script: str, step: Step, shell: tuple[str, ...], place: str, environment: dict[str, str]
    ) -> int:
        body = self.home / "temp" / f"script-{len(self.steps)}.sh"
        body.write_text(script)
        process = subprocess.Popen(
            [*shell, str(body)],
            cwd=self.workspace / place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if self.cancel_in == step.name:
            assert self.cancel is not None
            self.cancel(process)
        step.log = process.communicate(timeout=120)[0]
        return process.returncode

    def _composite(self, given: dict[str, str], step: Step, more: dict[str, str]) -> str:
        data = yaml.safe_load((ROOT / "action.yml").read_text())
        assert set(given) <= set(data["inputs"]), "inputs that the action does not have"
        names = Names({}, {}, self)
        inputs = {
            name: given.get(name, names.fill(each.get("default", "")))
            for name, each in data["inputs"].items()
        }
        result = self._steps(data["runs"]["steps"], inputs, {}, more | {"GITHUB_ACTION_PATH": str(ROOT)})
        inner = Names(inputs, self._done, self)
        step.outputs = {name: inner.fill(each["value"]) for name, each in data["outputs"].items()}
        return result

    def _checkout(self, given: dict[str, str]) -> str:
        ref = given.get("ref") or self.ref
        git(self.workspace, "init", "--quiet", "--initial-branch=main")
        git(self.workspace, "remote", "add", "origin", f"file://{self.remote.bare}")
        depth = given.get("fetch-depth", "1")
        if depth == "0":  # everything
            git(self.workspace, "fetch", "--quiet", "origin")
            git(self.workspace, "fetch", "--quiet", "origin", ref)
        else:
            git(self.workspace, "fetch", "--quiet", f"--depth={depth}", "origin", ref)
        branch = ref.removeprefix("refs/heads/")
        if ref.startswith(("refs/pull/", "refs/tags/")):
            git(self.workspace, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        else:
            git(self.workspace, "checkout", "--quiet", "-B", branch, "FETCH_HEAD")
        if given["persist-credentials"] == "false":  # a private repository shows nothing then, either
            git(self.workspace, "remote", "set-url", "origin", "/no/credentials")
        return "success"

    def _download(self, given: dict[str, str]) -> str:
        folder = self.workspace / given.get("path", ".")
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.artifacts.items():
            (folder / name).write_bytes(data)
        return "success"

    def _upload(self, given: dict[str, str], step: Step) -> str:
        found = [self.workspace / line.strip() for line in given["path"].splitlines()]
        there = [
            each for path in found for each in (path.iterdir() if path.is_dir() else [path]) if each.is_file()
        ]
        assert there or given.get("if-no-files-found") != "error"
        assert given.get("archive") != "false" or len(there) == 1
        self.artifacts |= {path.name: path.read_bytes() for path in there}
        step.outputs = {"artifact-url": "https://github.example.com/o/r/actions/runs/1/artifacts/2"}
        return "success"


@dataclass(frozen=True)
class Names:
    """The contexts that an expression can read."""

    inputs: dict[str, str]
    steps: dict[str, Step]
    runner: Runner

    def fill(self, value: Any) -> str:
        """A value with its expressions replaced; YAML's booleans are words."""
        return _EXPRESSION.sub(lambda found: _plain(self._evaluate(found[1])), _plain(value))

    def condition(self, text: str, result: str) -> bool:
        text = _EXPRESSION.sub(lambda found: found[1], text)
        if result != "success" and not re.search(r"\b(always|failure)\(\)", text):
            return False
        return bool(self._evaluate(text, result))

    def _evaluate(self, text: str, result: str = "success") -> Any:
        functions = {"always()": True, "success()": result == "success", "failure()": result == "failure"}

        def value(found: re.Match[str]) -> str:
            name = found[0]
            if name == "contains" or name[0] == "'":
                return name
            return repr(functions.get(name, self._look_up(name)))

        python = _NAME.sub(value, text).replace("&&", " and ").replace("||", " or ")
        known = {"__builtins__": {}, "contains": lambda text, part: part in text}
        return eval(python, known)  # the workflows are ours

    def _look_up(self, name: str) -> str:
        if name.endswith("()") or name.startswith("matrix."):
            return ""
        match name.split("."):
            case ["inputs", key]:
                return self.inputs[key]
            case ["secrets", key]:
                return self.runner.secrets.get(key, "")
            case ["steps", step, "outcome"]:
                return self.steps[step].outcome
            case ["steps", step, "outputs", key]:
                return self.steps[step].outputs.get(key, "") if step in self.steps else ""
            case ["github", "ref" | "token" | "event_name" as key]:
                known = {"ref": self.runner.ref, "event_name": self.runner.event}
                return known.get(key) or self.runner.secrets.get("GITHUB_TOKEN", "")
        raise AssertionError(f"this runner knows no {name}")


def cancel_when(met: Callable[[], bool], by: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    """As a runner cancels: a signal to the process that it has started, and to no other."""

    def cancel(process: subprocess.Popen[str]) -> None:
        while not met():
            assert process.poll() is None, "it has ended before it could be cancelled"
        process.send_signal(by)

    return cancel


def has_intent(journal: Path) -> Callable[[], bool]:
    return lambda: journal.exists() and b'"intent"' in journal.read_bytes()


def _call(script: str, environment: dict[str, str]) -> Callable[[], int] | None:
    """What a script that only starts kalentops does; None for any other."""
    match shlex.split(script):
        case ["exec", "bash", "$GITHUB_ACTION_PATH/action/install.sh"]:
            return lambda: _append(environment["GITHUB_OUTPUT"], f"python={sys.executable}\n")
        case ["exec", "$PYTHON", "-I", "-m", "kalentops.action", step]:
            return lambda: action([step])
        case ["exec", "kalentops", *args] | ["kalentops", *args]:
            return lambda: run_cli(args)
        case ["exit", "$CODE"]:
            return lambda: int(environment["CODE"])
    return None


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _append(file: str, text: str) -> int:
    with Path(file).open("a") as stream:
        stream.write(text)
    return 0


def _outputs(text: str) -> dict[str, str]:
    """`name=value` and `name<<mark`, as GitHub reads them."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, sign, value = re.split(r"(<<|=)", line, maxsplit=1)
        if sign == "<<":
            value = "\n".join(iter(lambda: next(lines), value))
        found[name] = value
    return found


def write_python(path: Path, log: Path, *, begins: bool = False, python: str = sys.executable) -> None:
    """A Python whose environments are that of `python`: what pip is asked for is written down, not fetched. With
    `begins`, each module that is named is really started once, so that one of the checkout would be. Beside a file
    `unfit`, `pip check` finds fault.
    """
    begin = f'"{python}" "${{@:1:3}}" --help > /dev/null || exit 9; touch "{log}.$3"'
    marked = f'[[ -e "{log}.$3" ]] || {{ {begin}; }}\n' if begins else ""
    inner = (
        f'if [[ "$1 $2 $3" == "-I -m pip" ]]; then\n{marked}printf "%s\\n" "$*" >> "{log}"; '
        f'[[ "${{@: -1}}" != check || ! -e "{log.parent}/unfit" ]]; exit; fi\n'
        f'exec "{python}" "$@"\n'
    )
    write_script(path.parent / "inner", inner)
    write_script(
        path,
        f'[[ "$1 $2" == "-I -c" ]] && exec "{python}" "$@"\n'
        f'[[ "$1 $2 $3" == "-I -m venv" ]] || exit 9\n{marked}'
        f'mkdir -p "$4/bin" && install -m 755 "{path.parent}/inner" "$4/bin/python"\n',
    )


def write_script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/bash\n{text}")
    path.chmod(0o755)
