"""A folder that was set up works at once; and nothing that was there before is touched."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from kalentops import __version__
from kalentops.blueprint.json_schema import blueprint_schema
from kalentops.errors import UsageError
from kalentops.init.contents import (
    NO_ACTION,
    WORKFLOWS,
    Origin,
    Setup,
    find_origin,
    origin_of,
    parse_action,
    workflows,
)
from kalentops.init.write import DRIVER
from kalentops.project.config import load_config
from tests.harness import Project
from tests.platforms import needs_links
from tests.repositories import Remote, commit, git

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
TAG = f"v{__version__}"
ACTION = f"example/kalentops@{'a' * 40}"
FILES = {
    "kalentops.yaml",
    "blueprints/example.yaml",
    "blueprints/templates/linkedin-first.yaml",
    ".kalentops/blueprint.schema.json",
    ".vscode/settings.json",
    "AGENTS.md",
    ".gitattributes",
    ".gitignore",
    ".pre-commit-config.yaml",
    *(f".github/workflows/kalentops-{name}.yml" for name in WORKFLOWS),
}


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A git repository without a commit."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    git(folder, "init", "--quiet")
    return Project(folder, "http://127.0.0.1:9")


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_a_fresh_repository_is_valid_and_complete(fresh: Project) -> None:
    ran = fresh.run("init", "--action", ACTION)
    assert ran.code == 0, ran.err
    made = files_of(fresh.folder)
    assert made.keys() == FILES
    checked = fresh.run("validate", "--format", "json")
    (left,) = checked.json["findings"]
    assert (checked.code, left["code"], left["file"]) == (3, "KAL025", "blueprints/example.yaml")
    example = fresh.folder / "blueprints" / "example.yaml"
    example.write_text(example.read_text().replace("sourcing_REPLACE_ME", "sourcing_a"))
    assert fresh.run("validate").out == "valid: 2 files, 1 blueprint\n"
    assert fresh.run("fmt", "--check").code == 0
    assert f"uses: {ACTION}" in made[".github/workflows/kalentops-apply.yml"].decode()
    assert b"@@" not in b"".join(made.values())
    assert made[".kalentops/blueprint.schema.json"].decode() == fresh.run("schema").out
    assert json.loads(fresh.run("schema").out) != blueprint_schema(), "it knows the template of the example"
    assert "OWNER/" not in ran.out
    assert "kalentops sourcings" in ran.out
    assert "kalentops import --all" in ran.out
    owned = set(re.findall(r"^ +(/\S+) @YOUR-ORGANISATION/", ran.out, re.MULTILINE))
    state = {"/kalentops.state.json", "/kalentops.state.json.journal"}
    assert owned == {"/blueprints/", *state, "/kalentops.yaml", "/.github/"}, "whoever changes these decides"


def test_each_setting_that_is_shown_can_be_uncommented(fresh: Project) -> None:
    fresh.run("init")
    path = fresh.folder / "kalentops.yaml"
    before = load_config(fresh.folder)
    settings = re.findall(r"^# (\w+: ?.+)$", path.read_text(), re.MULTILINE)
    assert len(settings) == 6
    path.write_text("\n".join(settings))
    after = load_config(fresh.folder)
    assert (after.blueprints, after.state, after.guards) == (before.blueprints, before.state, before.guards)
    assert after.parallelism == before.parallelism


def test_the_modeline_of_the_example_leads_to_the_schema(fresh: Project) -> None:
    (fresh.folder / "kalentops.yaml").write_text("blueprints: outreach/deep/files\n")
    assert fresh.run("init").code == 0
    for name in ("example.yaml", "templates/linkedin-first.yaml"):
        example = fresh.folder / "outreach/deep/files" / name
        place = example.read_text().splitlines()[0].partition("$schema=")[2]
        schema = json.loads((example.parent / place).resolve(strict=True).read_text())
        assert schema["title"] == "A position, a template or snippets of kalentops"


def test_the_example_is_not_applied_before_its_sourcing_is_filled_in(project: Project) -> None:
    assert project.run("init", "--no-github").code == 0
    ran = project.apply()
    assert ran.code == 3
    assert "sourcing_REPLACE_ME" in ran.out + ran.err
    assert project.ids == {}


def test_a_second_run_finds_everything_there(fresh: Project) -> None:
    fresh.run("init")
    before = files_of(fresh.folder)
    ran = fresh.run("init")
    assert ran.code == 0
    assert files_of(fresh.folder) == before
    assert ran.out.count("  exists ") == len(FILES) - 2, "there is a blueprint, so no example is wanted"
    for word in ("created", "kept", "added"):
        assert word not in ran.out.partition("Next:")[0]


def test_the_schema_follows_the_templates(fresh: Project) -> None:
    assert fresh.run("init", "--no-github").code == 0
    other = fresh.folder / "blueprints/other.yaml"
    other.write_text("template: mail-only\nname: Mail\nparameters: {pitch: {about: About the role}}\n")
    (fresh.folder / "blueprints/broken.yaml").write_text("template: [\n")
    again = fresh.run("init", "--no-github")
    assert "kept          .kalentops/blueprint.schema.json  it differs" in again.out
    assert "`kalentops schema --write`" in again.out
    ran = fresh.run("schema", "--write")
    assert (ran.code, ran.out) == (0, ".kalentops/blueprint.schema.json written\n")
    schema = (fresh.folder / ".kalentops/blueprint.schema.json").read_text()
    assert schema == fresh.run("schema").out
    assert "About the role" in schema
    assert fresh.run("schema", "--write").out == ""
    assert "exists        .kalentops/blueprint.schema.json" in fresh.run("init", "--no-github").out


@needs_links
@pytest.mark.parametrize("outside", ["folder", "file"])
def test_the_schema_is_not_written_through_a_link(outside: str, fresh: Project, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "blueprint.schema.json").write_text("theirs")
    own = fresh.folder / ".kalentops"
    if outside == "folder":
        own.symlink_to(theirs, target_is_directory=True)
    else:
        own.mkdir()
        (own / "blueprint.schema.json").symlink_to(theirs / "blueprint.schema.json")
    ran = fresh.run("schema", "--write")
    assert (ran.code, "leads out of the project" in ran.err) == (
        (1, True) if outside == "folder" else (0, False)
    )
    assert (theirs / "blueprint.schema.json").read_text() == "theirs"


def test_nothing_is_overwritten_and_what_to_do_by_hand_is_said(fresh: Project) -> None:
    mine = {
        ".pre-commit-config.yaml": "repos: []\n",
        ".vscode/settings.json": "{}\n",
        ".github/workflows/kalentops-apply.yml": "mine\n",
        ".kalentops/blueprint.schema.json": "{}",
        "AGENTS.md": "# Mine\n",
        "kalentops.yaml": "parallelism: 3\n",
    }
    for name, text in mine.items():
        (fresh.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh.folder / name).write_text(text)
    ran = fresh.run("init")
    assert ran.code == 0
    for name, text in mine.items():
        assert (fresh.folder / name).read_text() == text
        assert f"kept          {name}" in ran.out
    assert "- id: kalentops-validate" in ran.out
    assert '"yaml.schemas"' in ran.out
    assert "`kalentops init --show AGENTS.md` prints what to add to it" in ran.out
    assert "kalentops init --show .github/workflows/kalentops-apply.yml" in ran.out
    shown = fresh.run("init", "--show", ".github/workflows/kalentops-apply.yml")
    assert "exec kalentops apply --yes" in shown.out


def test_no_example_beside_blueprints(fresh: Project) -> None:
    (fresh.folder / "blueprints").mkdir()
    (fresh.folder / "blueprints" / "mine.yml").write_text("# nothing yet\n")
    fresh.run("init")
    assert not (fresh.folder / "blueprints" / "example.yaml").exists()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_that_are_missing_are_added_between_marks(newline: str, fresh: Project) -> None:
    path = fresh.folder / ".gitignore"
    before = newline.join(["*.pyc", "/plan.json", "end without a line feed"]).encode()
    path.write_bytes(before)
    fresh.run("init")
    after = path.read_bytes()
    assert after.startswith(before + newline.encode())
    assert after.count(b"plan.json") == 1
    assert (b"\r\n" in after) == (newline == "\r\n")
    assert after.splitlines()[-1] == b"# <<< kalentops"
    taken = after.replace(b"/kalentops-crash-*.txt" + newline.encode(), b"")
    path.write_bytes(taken)
    assert "added to      .gitignore" in fresh.run("init").out
    assert sorted(path.read_bytes().split()) == sorted(after.split())
    assert path.read_bytes().count(b"# >>> kalentops") == 1


def test_a_dry_run_changes_nothing(fresh: Project) -> None:
    (fresh.folder / ".gitignore").write_text("x\n")
    before = files_of(fresh.folder), (fresh.folder / ".git/config").read_bytes()
    ran = fresh.run("init", "--dry-run")
    assert ran.code == 0
    assert "would be created  kalentops.yaml" in ran.out
    assert "would be added to .gitignore" in ran.out
    assert (files_of(fresh.folder), (fresh.folder / ".git/config").read_bytes()) == before
    assert fresh.run("init", "--dry-run", "nowhere").code == 0
    assert not (fresh.folder / "nowhere").exists()


def test_parts_can_be_left_out(tmp_path: Path) -> None:
    project = Project(tmp_path, "")
    assert project.run("init", "--no-github", "--no-pre-commit", "--no-example", "new/folder").code == 0
    made = files_of(tmp_path / "new/folder")
    assert not [name for name in made if ".github" in name or "pre-commit" in name or "example" in name]
    assert "kalentops.yaml" in made


@needs_links
def test_links_that_lead_away_are_not_followed(fresh: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "ignore").write_text("theirs\n")
    (fresh.folder / ".github").symlink_to(outside, target_is_directory=True)
    (fresh.folder / ".gitignore").symlink_to(outside / "ignore")
    (fresh.folder / "kalentops.yaml").symlink_to(outside / "nothing")
    ran = fresh.run("init")
    assert ran.code == 1
    assert "kept          kalentops.yaml  it is a link" in ran.out
    assert "leads out of the folder" in ran.out
    assert "kept          .gitignore  it is a link" in ran.out
    assert files_of(outside) == {"ignore": b"theirs\n"}
    assert (fresh.folder / ".gitattributes").exists(), "the other files are written"


def test_a_disk_that_refuses_is_reported_and_leaves_nothing_half(fresh: Project) -> None:
    (fresh.folder / ".kalentops").write_text("a file where a folder belongs")
    ran = fresh.run("init")
    assert ran.code == 1
    assert "failed        .kalentops/blueprint.schema.json" in ran.out
    assert "run `kalentops init` again" in ran.err
    assert (fresh.folder / "kalentops.yaml").exists()
    assert not list(fresh.folder.rglob("*.tmp"))


def test_a_project_below_the_root_has_its_workflows_at_the_root(fresh: Project) -> None:
    ran = fresh.run("init", "--action", ACTION, "teams/paris")
    assert ran.code == 0, ran.err
    made = files_of(fresh.folder)
    text = made[".github/workflows/kalentops-apply-teams--paris.yml"].decode()
    assert '- "teams/paris/blueprints/**"' in text
    assert "working-directory: teams/paris" in text
    assert "group: kalentops-apply-teams--paris\n" in text
    assert "teams/paris/blueprints/example.yaml" in made
    assert "files: ^teams/paris/" in made[".pre-commit-config.yaml"].decode()


def test_a_folder_whose_name_needs_quotes_is_refused(fresh: Project) -> None:
    ran = fresh.run("init", "o'brien: x")
    assert ran.code == 1
    assert "can't write workflows" in ran.err


def test_the_merge_driver_is_set_once_and_never_replaced(fresh: Project) -> None:
    ran = fresh.run("init")
    assert "git's merge driver for states" in ran.out
    driver = git(fresh.folder, "config", "merge.kalentops-state.driver")
    assert driver == DRIVER
    git(fresh.folder, "config", "merge.kalentops-state.driver", "mine")
    assert "another command" in fresh.run("init").out
    assert git(fresh.folder, "config", "merge.kalentops-state.driver") == "mine"
    attributes = git(fresh.folder, "check-attr", "merge", "--", "kalentops.state.json")
    assert attributes.endswith("merge: kalentops-state")


@pytest.mark.parametrize(("name", "options"), [("main", ()), ("trunk", ()), ("live", ("--branch", "live"))])
def test_the_branch_that_is_applied(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    remote = Remote.make(tmp_path)
    git(remote.bare, "symbolic-ref", "HEAD", f"refs/heads/{name if not options else 'main'}")
    first = remote.clone("first")
    (first / "README").write_text("x")
    commit(first, "begin")
    git(first, "push", "--quiet", "origin", "HEAD")
    clone = remote.clone("second")
    git(clone, "switch", "--quiet", "--create", "set-up")
    assert Project(clone, "").run("init", *options).code == 0
    assert f"branches: [{name}]" in (clone / ".github/workflows/kalentops-apply.yml").read_text()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--action", "example/kalentops@v1"), "names no commit"),
        (("--branch", "a b"), "need quotes"),
        (("--show", "nothing"), "init does not write nothing"),
        (("file",), "is not a folder"),
    ],
)
def test_calls_that_can_not_work(args: tuple[str, ...], said: str, fresh: Project) -> None:
    (fresh.folder / "file").write_text("")
    ran = fresh.run("init", *args)
    assert ran.code == 1
    assert said in ran.err
    assert files_of(fresh.folder).keys() == {"file"}


def test_without_git_it_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path, "")
    ran = project.run("init")
    assert ran.code == 0
    assert "`git init`" in ran.out


@pytest.mark.parametrize("name", ["1.10", "2024", "0x10", "on", "null", "1e3", ".5", "_x"])
def test_a_branch_or_a_folder_that_yaml_would_read_as_something_else(name: str, tmp_path: Path) -> None:
    """GitHub would wait for pushes to 1.1 then, for ever."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    (tmp_path / name).mkdir()
    assert Project(tmp_path, "").run("init", "--branch", name, "--action", ACTION, name).code == 0
    suffix = Setup(below=name).suffix
    workflows = {
        kind: yaml.safe_load((tmp_path / f".github/workflows/kalentops-{kind}{suffix}.yml").read_text())
        for kind in ("apply", "drift", "pull-request")
    }
    assert workflows["apply"][True]["push"]["branches"] == [name]
    assert workflows["apply"]["defaults"]["run"]["working-directory"] == name
    for kind in ("apply", "drift"):
        (job,) = workflows[kind]["jobs"].values()
        assert job["steps"][0]["with"]["ref"] == name
    for kind in ("drift", "pull-request"):
        (job,) = workflows[kind]["jobs"].values()
        assert job["steps"][1]["with"]["working-directory"] == name
    hooks = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert hooks[1]["args"] == ["-C", name]


ALIKE = (
    *(
        "",
        "read",
        "kalent",
        "apply",
        "a/b",
        "a-b",
        "a--b",
        "a_b",
        "a.b",
        "A-b",
        "A/B",
        "a-/b",
        "a/-b",
        "1.10",
        "1-10",
    ),
    *("staging", "production", "Production", "production-read", "read/production", "outreach/production"),
)


def test_no_two_folders_share_an_environment_a_secret_a_group_or_a_file() -> None:
    """Production would be applied with the key of staging. GitHub does not tell capital letters in these names."""
    seen: dict[str, list[str]] = {}
    for below in ALIKE:
        for each in workflows(Setup(below=below)):
            data = yaml.safe_load(each.text)
            (job,) = data["jobs"].values()
            names = {
                "file": each.name,
                "name": data["name"],
                "group": data["concurrency"]["group"],
                "environment": job.get("environment", f"none: {each.name}"),
            }
            found = dict.fromkeys(re.findall(r"secrets\.(\w+)", each.text))
            assert all(re.fullmatch(r"[A-Z_][A-Z0-9_]*", secret) for secret in found)
            for kind, name in [
                *names.items(),
                *(("secret", f"{each.name[:29]} {secret}") for secret in found),
            ]:
                seen.setdefault(kind, []).append(name.lower())
    assert {kind: len(set(names)) for kind, names in seen.items()} == {
        "file": 3 * len(ALIKE),
        "name": 3 * len(ALIKE),
        "group": 3 * len(ALIKE),
        "environment": 3 * len(ALIKE),
        "secret": 2 * len(ALIKE),
    }


def test_three_folders_of_one_repository(fresh: Project) -> None:
    for name in ("staging", "teams/paris", "teams-paris"):
        ran = fresh.run("init", "--action", ACTION, name)
        assert ran.code == 0
        environment = name.replace("/", "--")
        secret = f"KALENT_API_KEY_{environment.upper().replace('-', '_')}"
        assert f"each with the secret {secret}:" in ran.out
        assert f"kalent/{environment}  (branch rule: main" in ran.out
        assert f"kalent-read/{environment}  (" in ran.out
        assert f"They belong to {name}/ alone" in ran.out
        for owned in ("blueprints/", "kalentops.state.json", "kalentops.yaml"):
            assert f"/{name}/{owned} @YOUR-ORGANISATION/" in ran.out
        workflow = (fresh.folder / f".github/workflows/kalentops-apply-{environment}.yml").read_text()
        assert f"working-directory: {name}\n" in workflow
        assert f"environment: kalent/{environment}\n" in workflow
        assert f"secrets.{secret} }}}}" in workflow
    assert len(list((fresh.folder / ".github/workflows").iterdir())) == 9


def test_what_is_ignored_is_ours_alone(fresh: Project) -> None:
    """Of the same names elsewhere nothing is dropped from a commit, nor of a project below another one."""
    ours = ["kalentops.state.json.lock", ".kalentops.state.json.1.tmp", "kalentops-crash-1.txt"]
    ours += ["kalentops-preview.html", "plan.json", "blueprints/deep/.x.yaml.1.tmp"]
    assert fresh.run("init").code == 0
    ignored = git(fresh.folder, "check-ignore", "--", *ours, *(f"terraform/{each}" for each in ours))
    assert ignored.splitlines() == ours
    assert "kalentops.state.json" not in ignored.splitlines()


def test_line_ends_are_pinned_for_our_files_alone(fresh: Project) -> None:
    assert fresh.run("init").code == 0
    pinned = ["blueprints/a.yaml", "blueprints/deep/b.yml", "kalentops.yaml", "kalentops.state.json"]
    others = ["docs/a.yaml", "other/kalentops.yaml", "other/kalentops.state.json", "other/blueprints/a.yaml"]
    said = git(fresh.folder, "check-attr", "eol", "--", *pinned, *others).splitlines()
    assert said == [
        *(f"{each}: eol: lf" for each in pinned),
        *(f"{each}: eol: unspecified" for each in others),
    ]
    assert git(fresh.folder, "check-attr", "text", "--", "kalentops.state.json.journal").endswith("unset")


def test_blueprints_in_the_project_s_own_folder(fresh: Project) -> None:
    (fresh.folder / "kalentops.yaml").write_text("blueprints: .\n")
    ran = fresh.run("init", "--action", ACTION)
    assert ran.code == 0
    made = files_of(fresh.folder)
    assert b'- "**"' in made[".github/workflows/kalentops-apply.yml"]
    assert git(fresh.folder, "check-attr", "eol", "--", "deep/a.yaml").endswith("eol: lf")
    assert git(fresh.folder, "check-ignore", "--", "deep/.x.yaml.1.tmp")
    assert b"./" not in made[".pre-commit-config.yaml"]
    assert "\n      / @YOUR" in ran.out


@pytest.mark.parametrize("bare", [True, False])
def test_git_s_own_folders_are_no_place_for_a_project(bare: bool, tmp_path: Path) -> None:  # noqa: FBT001
    git(tmp_path, "init", "--quiet", *(["--bare"] if bare else []))
    folder = tmp_path if bare else tmp_path / ".git"
    before = sorted(folder.rglob("*"))
    ran = Project(folder, "").run("init")
    assert (ran.code, "is git's own" in ran.err) == (1, True)
    assert sorted(folder.rglob("*")) == before


def test_a_repository_that_git_refuses_is_reported_before_anything_is_written(tmp_path: Path) -> None:
    """Such as one that belongs to another person: `git init` would be no help, and the branch is not known."""
    git(tmp_path, "init", "--quiet")
    with (tmp_path / ".git" / "config").open("a") as stream:
        stream.write("[broken\n")
    ran = Project(tmp_path, "").run("init")
    assert ran.code == 1
    assert "git refuses the repository" in ran.err
    assert "bad config line" in ran.err
    assert [each.name for each in tmp_path.iterdir()] == [".git"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_a_list_in_another_encoding_is_left_alone(encoding: str, fresh: Project) -> None:
    before = "caf\u00e9.json\n".encode(encoding)
    (fresh.folder / ".gitignore").write_bytes(before)
    ran = fresh.run("init")
    assert ran.code == 0
    assert (fresh.folder / ".gitignore").read_bytes() == before
    assert "it is not UTF-8" in ran.out
    assert "kalentops init --show .gitignore" in ran.out


def test_the_wheel_holds_the_templates(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("kalentops/init/templates/")}
    there = (ROOT / "kalentops" / "init" / "templates").iterdir()
    assert packed == {f"kalentops/init/templates/{path.name}" for path in there}


def test_quietly_only_what_was_kept_is_reported(fresh: Project) -> None:
    (fresh.folder / "kalentops.yaml").write_text("parallelism: 4\n")
    ran = fresh.run("init", "-q")
    assert (ran.code, [line.split()[:2] for line in ran.out.splitlines()]) == (
        0,
        [["kept", "kalentops.yaml"], ["`kalentops", "init"]],
    )
    assert files_of(fresh.folder).keys() == FILES
    assert "would be" in fresh.run("init", "-q", "--dry-run", "other").out, (
        "a dry run has nothing else to say"
    )


@pytest.mark.parametrize("name", ["example.yaml", "deep/er/paris.yml"])
def test_what_a_killed_fmt_leaves_is_not_added_to_git(name: str, fresh: Project) -> None:
    """`durable.replace` writes beside the file: `.NAME.HEX.tmp`."""
    assert fresh.run("init", "--no-github").code == 0
    path = fresh.folder / "blueprints" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(f".{path.name}.0123456789ab.tmp").write_text("half")
    path.write_text("whole")
    git(fresh.folder, "add", "-A")
    added = git(fresh.folder, "ls-files", "blueprints")
    assert f"blueprints/{name}" in added.splitlines()
    assert ".tmp" not in added


def test_what_is_next_can_be_typed_where_the_user_is(fresh: Project) -> None:
    ran = fresh.run("init", "--no-github", "staging")
    assert "`kalentops -C staging validate`" in ran.out
    assert "`kalentops -C staging import --all`" in ran.out
    assert "staging/blueprints/example.yaml" in ran.out


# --- the origin of kalentops ---


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def recorded(url: str, **info: str) -> str:
    return json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": COMMIT, **info}})


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/example/kalentops",
        "https://github.com/example/kalentops.git",
        "https://user:token@github.com/example/kalentops.git",
        "ssh://git@github.com/example/kalentops.git",
    ],
)
def test_an_installation_from_git(url: str) -> None:
    found = origin_of(recorded(url, requested_revision="v1"))
    assert found == Origin("example/kalentops", COMMIT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"url": 3}',
        '{"url": "file:///nowhere/at/all"}',
        '{"url": "https://example.com/kalentops-0.1.0.tar.gz", "archive_info": {}}',
        recorded("https://github.com.example.com/example/kalentops"),
        recorded("https://github.com/example/kalentops/../other"),
        recorded("https://github.com/example/kalentops", commit_id="main"),
    ],
)
def test_what_says_nothing_is_not_guessed(text: str) -> None:
    assert origin_of(text) is None


@pytest.mark.processes
def test_an_installation_from_a_clone(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "README").write_text("x")
    commit(tmp_path, "begin")
    text = json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    assert origin_of(text) is None
    git(tmp_path, "remote", "add", "origin", "git@github.com:example/kalentops.git")
    assert origin_of(text) == Origin("example/kalentops", git(tmp_path, "rev-parse", "HEAD"))


@pytest.mark.parametrize("options", [("tag", TAG), ("tag", "--annotate", "-m", "A release", TAG)])
@pytest.mark.parametrize("source_of_wheel", ["index", "file"])
def test_a_released_wheel_pins_the_commit_of_its_tag(
    options: tuple[str, ...], source_of_wheel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package names its repository, and the repository the commit. Where a wheel was downloaded to says nothing."""
    source = tmp_path / "example" / "kalentops"
    source.mkdir(parents=True)
    git(source, "init", "--quiet")
    (source / "README").write_text("x")
    commit(source, "Release")
    (tmp_path / "config").write_text(f'[url "{tmp_path.as_uri()}/"]\n\tinsteadOf = https://github.com/\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    about = Message()
    about["Project-URL"] = "Documentation, https://example.com"
    about["Project-URL"] = "Repository, https://github.com/example/kalentops"
    place = source / "kalentops.whl"
    place.touch()
    origin = json.dumps({"url": place.as_uri(), "archive_info": {}}) if source_of_wheel == "file" else None
    wheel = SimpleNamespace(metadata=about, read_text=lambda _: origin)
    monkeypatch.setattr("kalentops.support.installed.metadata.distribution", lambda _: wheel)
    assert find_origin() is None
    with pytest.raises(UsageError, match=f"example/kalentops has no release {__version__}"):
        parse_action("example/kalentops")
    git(source, *options)
    expected = Origin("example/kalentops", git(source, "rev-parse", "HEAD"))
    assert find_origin() == expected
    assert parse_action("example/kalentops") == expected
    with pytest.raises(UsageError, match=r"https://github\.com/example/none does not answer"):
        parse_action("example/none")


def test_where_git_does_not_know_github_refuses_the_name() -> None:
    assert all(f"uses: {NO_ACTION}\n" in each.text for each in workflows(Setup()))
