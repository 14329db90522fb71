"""The contents of the files that `init` writes, and where kalentops itself comes from.

Templates have `@@NAMES@@`. A line is left out if one of its names has no value, or if nothing else is in it and its
value is empty. In a file for several environments, a line with different values is repeated.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from kalentops import __version__
from kalentops.blueprint.json_schema import blueprint_schema
from kalentops.errors import UsageError
from kalentops.git.worktree import list_remote, open_read_only
from kalentops.project.document import read_document
from kalentops.project.library import Library
from kalentops.project.settings import STATE
from kalentops.support.installed import direct_url, is_archive, repository_url
from kalentops.support.text import clip, dump_json

CONFIG: Final = "kalentops.yaml"
SCHEMA: Final = ".kalentops/blueprint.schema.json"
NO_ACTION: Final = f"OWNER/kalentops@{'0' * 40}"
"""The workflows name this if the origin is unknown. GitHub refuses it, and names it."""
EXAMPLE: Final = "example.yaml"
EXAMPLE_TEMPLATE: Final = "templates/linkedin-first.yaml"
EXAMPLE_ID: Final = "sourcing_REPLACE_ME"
"""The sourcing of the example, which the user fills in (KAL025)."""
WORKFLOWS: Final = ("pull-request", "apply", "drift")
PLAIN: Final = re.compile(r"[A-Za-z0-9._/-]*")
"""Names of folders that can stand anywhere in a workflow without being quoted."""
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_UNIQUE: Final = re.compile(r"[a-z0-9]+(?:[-/][a-z0-9]+)*")
_TOKEN: Final = re.compile(r"@@([A-Z_]+)@@")


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file to write. `name` is relative to the folder, with forward slashes; `lines`: add these lines to an existing
    file; `advice` says what to do by hand if the file is kept.
    """

    name: str
    text: str
    lines: bool = False
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the files depend on, for one environment if the project has some. `below` is the project's folder in its git
    repository, empty at its root; `blueprints` and `state` are relative to the project's folder; all with forward
    slashes, none with one at its end.
    """

    below: str = ""
    branch: str = "main"
    blueprints: str = "blueprints"
    state: str = STATE
    ref: str = ""
    """The ref that keeps the state instead of a file, without `git:`."""
    environment: str = ""
    readers: tuple[str, ...] = ()
    """The environments that read the same blueprints."""
    confirm: bool = False
    scheduled: str = ""
    """The branch that GitHub runs scheduled workflows on, if it is not `branch`."""
    origin: Origin | None = None
    action: str = ""
    """What the workflows use instead of the origin's action."""
    condition: str = ""
    """A line for the jobs that need the key."""

    @property
    def prefix(self) -> str:
        return f"{self.below}/" if self.below else ""

    @property
    def under(self) -> str:
        """The prefix of blueprint files in the project's folder."""
        return "" if self.blueprints == "." else f"{self.blueprints}/"

    @property
    def suffix(self) -> str:
        """Makes names unique for each project and environment in one repository, also without case and if `-`, `_` and
        `.` are one: files at the root, groups of runs, artifacts. Three dashes, which no folder has: `a` in the folder
        `b` is not the folder `b/a`.
        """
        if not self.environment:
            return self._folder
        return f"{self._folder}---{self.environment}" if self.below else f"-{self.environment}"

    @property
    def _folder(self) -> str:
        if not self.below:
            return ""
        plain = f"-{self.below.replace('/', '--')}"
        return plain if _UNIQUE.fullmatch(self.below) else f"{plain}-{self._digest}"

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.below.encode()).hexdigest()[:6]

    @property
    def github_environment(self) -> str:
        """The environment on GitHub whose key applies this project."""
        return f"kalent{self._place}"

    @property
    def github_reading(self) -> str:
        """The environment on GitHub whose key only reads, every night."""
        return f"kalent-read{self._place}"

    @property
    def _place(self) -> str:
        """A slash, which `suffix` never has: `kalent-read` can't be the environment of a folder `read`."""
        name = f"-{self.environment}" if self.environment else ""
        return f"{name}/{self._folder[1:]}" if self.below else name

    @property
    def secret(self) -> str:
        """A unique name: without it in the environment, GitHub takes the repository's secret of that name."""
        return "KALENT_API_KEY" + re.sub(r"[^A-Z0-9]", "_", self.suffix.upper())

    @property
    def tokens(self) -> Mapping[str, str | None]:
        uses = self.action or (self.origin.action if self.origin else NO_ACTION)
        return {
            "ACTION": uses,
            "BELOW": self.below or ".",
            "BELOW_QUOTED": _scalar(self.below or "."),
            "BLUEPRINTS": self.under,
            "BLUEPRINTS_FOLDER": self.under or "./",
            "BRANCH": _scalar(self.branch),
            "CONDITION": self.condition,
            "CONFIRM": f"--confirm {self.environment}" if self.confirm else "--yes",
            "EXAMPLE_ID": f"{{{self.environment}: {EXAMPLE_ID}}}" if len(self.readers) > 1 else EXAMPLE_ID,
            "GITHUB_ENVIRONMENT": self.github_environment,
            "GITHUB_READING": self.github_reading,
            "ENVIRONMENT": _scalar(self.environment) if self.environment else None,
            "FILE": None if self.ref else "",
            "OF_BRANCH": f"branch {self.branch}" if self.environment else "main branch",
            "OF_ENVIRONMENT": f" (environment {self.environment})" if self.environment else "",
            "OPTION": f" -e {self.environment}" if self.environment else "",
            "ON_BRANCH": f"if: github.ref == 'refs/heads/{self.branch}'" if self.environment else "",
            "PREFIX": self.prefix,
            "PREFIX_PATTERN": re.escape(self.prefix),
            "REF": self.ref or None,
            "SECRET": self.secret,
            "REPOSITORY": self.origin.url if self.origin else "",
            "REV": self.origin.commit if self.origin else "",
            "SCHEMA": "../" * self.under.count("/") + SCHEMA,
            "TEMPLATE_SCHEMA": "../" * (self.under + EXAMPLE_TEMPLATE).count("/") + SCHEMA,
            "STATE": None if self.ref else self.state,
            "STATE_ITSELF": f"the state, in the ref `{self.ref}`"
            if self.ref
            else f"`{self.state}` and its journal: the state",
            "STATE_PLACE": "place of the state" if self.ref else "state file",
            "STATE_SETTING": self._state_setting,
            "TEMPORARY": None if self.ref else re.sub(r"[^/]+$", r".\g<0>.*.tmp", self.state),
            "SUFFIX": self.suffix,
        }

    @property
    def _state_setting(self) -> str:
        if self.ref:
            return f"state: git:{self.ref}"
        return f"{'# ' if self.state == STATE else ''}state: {self.state}"


def _scalar(name: str) -> str:
    """A plain name as YAML, in quotes where it would be read as a number (`1.10` is 1.1), a truth or nothing."""
    plain = name == "." or (name[0].isalpha() and name.lower() not in _WORDS)
    return name if plain else f'"{name}"'


def render(template: str, *setups: Setup, **others: str) -> str:
    """A template, filled in for each setup; `others` replace values of them all."""
    text = resources.files(__package__).joinpath("templates", template).read_text(encoding="utf-8")
    values = [{**setup.tokens, **others} for setup in setups]
    lines = []
    for line in text.splitlines():
        filled = dict.fromkeys(_fill(line, each) for each in values)
        lines += [each for each in filled if each is not None]
    return "\n".join(lines) + "\n"


def _fill(line: str, values: Mapping[str, str | None]) -> str | None:
    """None for a line to leave out."""
    if any(values[name] is None for name in _TOKEN.findall(line)):
        return None
    filled = _TOKEN.sub(lambda found: values[found[1]] or "", line)
    return filled if filled.strip() or not line.strip() else None


def schema_text(library: Library, folders: Iterable[Sequence[str]]) -> str:
    """The JSON Schema of the files of a project; `folders` are the environments that read each folder of blueprints."""
    files = (each.file for each in library.templates.values())
    return dump_json(blueprint_schema((file for file in files if file is not None), folders)) + "\n"


def project_files(setups: Sequence[Setup], library: Library, *, example: bool) -> Iterator[ProjectFile]:
    """The files in the project's folder, for all environments. `library` is what there is before."""
    setup = setups[0]
    yield ProjectFile(CONFIG, render("kalentops.yaml", setup))
    if example:
        template = ProjectFile(f"{setup.under}{EXAMPLE_TEMPLATE}", render("example-template.yaml", setup))
        library = Library.of([*library.documents, read_document(template.name, template.text)])
        yield template
        yield ProjectFile(f"{setup.under}{EXAMPLE}", render("example.yaml", setup))
    advice = "`kalentops schema --write` brings it up to date"
    folders = {each.under: each.readers for each in setups}
    yield ProjectFile(SCHEMA, schema_text(library, folders.values()), advice=advice)
    yield _editor(setups)
    advice = "`kalentops init --show AGENTS.md` prints what to add to it"
    yield ProjectFile("AGENTS.md", render("agents.md", *setups), advice=advice)
    if any(not each.ref for each in setups):
        yield ProjectFile(".gitattributes", render("gitattributes", *setups), lines=True)
    yield ProjectFile(".gitignore", render("gitignore", *setups), lines=True)


def _editor(setups: Sequence[Setup]) -> ProjectFile:
    folders = dict.fromkeys(each.under for each in setups)
    globs = [f"{under}**/*.{ending}" for under in folders for ending in ("yaml", "yml")]
    settings = {"yaml.schemas": {f"./{SCHEMA}": globs}}
    advice = f"add to it: {json.dumps(settings)[1:-1]}"
    return ProjectFile(".vscode/settings.json", json.dumps(settings, indent=2) + "\n", advice=advice)


def pre_commit(setups: Sequence[Setup]) -> ProjectFile:
    """For the root of the git repository: pre-commit looks there only."""
    template = "pre-commit.yaml" if setups[0].origin is not None else "pre-commit-local.yaml"
    patterns = [*dict.fromkeys(re.escape(each.prefix + each.under) for each in setups)]
    pattern = patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"
    text = render(template, setups[0], BLUEPRINTS_PATTERN=pattern)
    advice = "add to its `repos`:\n" + text.partition("repos:\n")[2].rstrip()
    return ProjectFile(".pre-commit-config.yaml", text, advice=advice)


def workflows(setup: Setup) -> Iterator[ProjectFile]:
    """For the root of the git repository."""
    for name in WORKFLOWS:
        path = f".github/workflows/kalentops-{name}{setup.suffix}.yml"
        yield ProjectFile(path, render(f"{name}.yml", setup))


_NAME: Final = r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}"
_ACTION: Final = re.compile(rf"({_NAME})(?:@([0-9a-f]{{40}}))?")
_REMOTE: Final = re.compile(
    rf"(?:https://(?:[^/@]+@)?github\.com/|(?:ssh://)?git@github\.com[:/])({_NAME}?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository on GitHub, as OWNER/NAME, and a commit of it."""

    repository: str
    commit: str

    @property
    def action(self) -> str:
        """The value of `uses:`."""
        return f"{self.repository}@{self.commit} # {__version__}"

    @property
    def url(self) -> str:
        return f"https://github.com/{self.repository}"


def parse_action(text: str) -> Origin:
    """OWNER/NAME@COMMIT; or OWNER/NAME, for the commit of the release that runs, which the repository is asked for.

    Raises UsageError: a tag can be moved, so a commit is wanted.
    """
    found = _ACTION.fullmatch(text)
    if not found:
        raise UsageError(
            f"{clip(text) or 'nothing'} names no commit of a repository",
            hint="write OWNER/NAME@COMMIT with all 40 digits of the commit, or OWNER/NAME for the one of this release",
        )
    return Origin(found[1], found[2] or _commit_of_release(found[1]))


def _commit_of_release(repository: str) -> str:
    """Raises UsageError."""
    tag = f"refs/tags/v{__version__}"
    listed = list_remote(f"https://github.com/{repository}", tag, f"{tag}^{{}}")
    commit = listed.get(f"{tag}^{{}}") or listed.get(tag)  # that of a signed tag, else that of a plain one
    if commit is None:
        raise UsageError(
            f"{repository} has no release {__version__}",
            hint="write OWNER/NAME@COMMIT with the commit of kalentops that the workflows should use",
        )
    return commit


def find_origin() -> Origin | None:
    """The clone or the repository that kalentops was installed from; for a wheel from an index or a file, the
    repository that the package names, which is asked for the commit of this release. None if unknown.
    """
    recorded = direct_url()
    if recorded is not None and not is_archive(recorded):
        return origin_of(recorded)
    named = _REMOTE.fullmatch(repository_url())
    with suppress(UsageError):
        return parse_action(named[1].removesuffix(".git")) if named else None
    return None


def origin_of(recorded: str) -> Origin | None:
    """The origin in a `direct_url.json`, as pip records it (PEP 610)."""
    try:
        data: Any = json.loads(recorded)
        url, git = str(data["url"]), data.get("vcs_info") or {}
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    if git:
        return _origin(url, str(git.get("commit_id", "")))
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    try:
        clone = open_read_only(Path(url2pathname(unquote(parts.path))))
    except (OSError, UsageError):
        return None
    return _origin(clone.ask("remote", "get-url", "origin") or "", clone.ask("rev-parse", "HEAD") or "")


def _origin(url: str, commit: str) -> Origin | None:
    found = _REMOTE.fullmatch(url)
    if not found or not re.fullmatch(r"[0-9a-f]{40}", commit):
        return None
    return Origin(found[1].removesuffix(".git"), commit)
