"""`kalentops.yaml`: what it may say, and what is reported of the rest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from kalentops.errors import InvalidConfig, UsageError
from kalentops.lint.finding import Severity
from kalentops.project import settings_file
from kalentops.project.config import Config, load_config, load_configs
from kalentops.project.settings import Guards, Settings
from kalentops.state.store.location import Location
from kalentops.support.text import visible


def load(folder: Path, text: str) -> Config:
    (folder / "kalentops.yaml").write_text(text, encoding="utf-8")
    return load_config(folder)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InvalidConfig) as caught:
        load(folder, text)
    assert caught.value.exit_code == 3
    said = str(caught.value)
    assert visible(said, keep="\n") == said
    return said


def test_without_a_file(tmp_path: Path) -> None:
    assert load_config(tmp_path) == Config(
        tmp_path,
        tmp_path / "blueprints",
        Location.of_file(tmp_path / "kalentops.state.json"),
        8,
        "reserve",
        Guards(),
        {},
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "\n\n"])
def test_a_file_that_says_nothing(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == load_config(tmp_path)


def test_a_file_that_says_all(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "blueprints: sequences/\nstate: states/prod.json\nparallelism: 4\n"
        "guards: {max_creates: 5}\nrules: {KAL301: error, KAL305: off, KAL306: warning, KAL101: error}\n"
        "samples:\n  - {firstname: Ada, candidateLocation: ''}\n  - {}\n",
    )
    assert config.samples == ({"firstname": "Ada", "candidateLocation": ""}, {})
    assert config.blueprints == tmp_path / "sequences"
    assert config.state == Location.of_file(tmp_path / "states" / "prod.json")
    assert config.parallelism == 4
    assert (config.guards.max_creates, config.guards.max_updates) == (5, 200)
    assert config.severities == {
        "KAL301": Severity.ERROR,
        "KAL305": None,
        "KAL306": Severity.WARNING,
        "KAL101": Severity.ERROR,
    }


def test_it_is_found_upwards_to_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "kalentops.yaml").write_text("parallelism: 3")
    deep = tmp_path / "repo" / "a" / "b"
    deep.mkdir(parents=True)
    assert load_config(deep).root == tmp_path
    (tmp_path / "repo" / ".git").mkdir()
    assert load_config(deep).root == deep
    (tmp_path / "repo" / "kalentops.yaml").write_text("parallelism: 2")
    assert (load_config(deep).root, load_config(deep).parallelism) == (tmp_path / "repo", 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "paralelism: 3",
            "kalentops.yaml:1:1: `paralelism` is not a field of the settings; did you mean `parallelism`?",
        ),
        (
            "\nguards:\n  max_create: 3",
            "kalentops.yaml:3:3: `max_create` is not a field of `guards`; did you mean `max_creates`?",
        ),
        (
            "zzz: 1",
            ("kalentops.yaml:1:1: `zzz` is not a field of the settings; the fields are blueprints, state,"),
        ),
        (
            "api_url: https://evil.example",
            ("kalentops.yaml:1:1: `api_url` is not a field of the settings; set it with an option or in the"),
        ),
        (
            "rules: {KAL999: off}",
            "kalentops.yaml:1:9: there is no rule KAL999; `kalentops rule` lists all rules",
        ),
        (
            "rules: {KAL101: off}",
            "kalentops.yaml:1:9: KAL101 is an error that can't be changed: the API refuses it, or it can't",
        ),
        (
            "rules:\n  KAL301: loud",
            "kalentops.yaml:2:3: `KAL301` can't be `loud`; write one of error, warning, off",
        ),
        ("parallelism: 0", "kalentops.yaml:1:1: `parallelism` can't be 0; write a whole number of 1 or more"),
        (
            "state: x.json\nparallelism: 65",
            "kalentops.yaml:2:1: `parallelism` can't be 65; write a whole number from 1 to 64",
        ),
        (
            "parallelism: many",
            "kalentops.yaml:1:1: `parallelism` must be a whole number, not the text `many`; write a whole",
        ),
        ("state: 5", 'kalentops.yaml:1:1: `state` must be text, not the number 5; quote it: "5"'),
        (
            "guards: 5",
            "kalentops.yaml:1:1: `guards` must be a mapping, not the number 5; write one `key: value` on each",
        ),
        (
            "rules: []",
            "kalentops.yaml:1:1: `rules` must be a mapping, not a list; write one `key: value` on each line",
        ),
        (
            "samples: Ada",
            "kalentops.yaml:1:1: `samples` must be a list, not the text `Ada`; write one `- ` on each line",
        ),
        (
            "samples: [Ada]",
            "kalentops.yaml:1:11: entry 1 of `samples` must be a mapping, not the text `Ada`; write one `key:",
        ),
        (
            "samples:\n  - {firstname: 5}",
            'kalentops.yaml:2:6: `firstname` must be text, not the number 5; quote it: "5"',
        ),
        (
            "samples:\n  - {firstname: Ada}\n  - {firstName: Ada}",
            "kalentops.yaml:3:6: `firstName` is not a variable; did you mean `firstname`?",
        ),
        (
            "samples: [{shoeSize: '38'}]",
            "kalentops.yaml:1:12: `shoeSize` is not a variable; the variables are firstname, lastname, ",
        ),
        (
            "samples: [" + "{}, " * 51 + "]",
            "kalentops.yaml:1:1: `samples` has 51 candidates; list at most 50",
        ),
        ("blueprints: ../x", "kalentops.yaml: `blueprints: ../x` leaves the project"),
        ("state: /etc/passwd", "kalentops.yaml: `state: /etc/passwd` leaves the project"),
        ("state: .git/config", "kalentops.yaml: `state: .git/config` is git's own folder"),
        ("state: a/../.GIT/hooks/x", "kalentops.yaml: `state: a/../.GIT/hooks/x` is git's own folder"),
        ("blueprints: sub/.git", "kalentops.yaml: `blueprints: sub/.git` is git's own folder"),
        ("state: ''", "kalentops.yaml: `state: ` is the project's own folder"),
        ("state: blueprints/..", "kalentops.yaml: `state: blueprints/..` is the project's own folder"),
        ('state: "a\\0b"', "kalentops.yaml: `state: a\\u{0}b` is not a path"),
        (
            '"\\x1b[31m": 1',
            "kalentops.yaml:1:1: `\\u{1b}[31m` is not a field of the settings; the fields are blueprints,",
        ),
        ("parallelism: 1\nparallelism: 2", "kalentops.yaml:2:1: "),
        ("a: [\n", "kalentops.yaml:"),
        ("- a list", "kalentops.yaml:1:1: "),
        ("just text", "kalentops.yaml:1:1: "),
        ("a: 1\n---\nb: 2", "kalentops.yaml:2:1: "),
    ],
)
def test_what_it_can_not_say(tmp_path: Path, text: str, said: str) -> None:
    assert refusal(tmp_path, text).startswith(said)


@pytest.mark.parametrize(
    "name", ["api_url", "url", "api_key", "key", "ca_file", "proxy", "out", "token", "API_KEY"]
)
def test_what_comes_from_the_environment_only(tmp_path: Path, name: str) -> None:
    assert "set it with an option or in the environment" in refusal(tmp_path, f"{name}: x")


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, "paralelism: 3\nguards: {max_creates: -1}\nzzz: 1")
    assert [line.split(" ")[0] for line in said.splitlines()] == [
        "kalentops.yaml:1:1:",
        "kalentops.yaml:2:10:",
        "kalentops.yaml:3:1:",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_links_out_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link").symlink_to(tmp_path)
    (tmp_path / "project" / "loop").symlink_to("loop")
    assert "leaves the project" in refusal(tmp_path / "project", "blueprints: link/x")
    assert "loop" in refusal(tmp_path / "project", "state: loop/x")


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "kalentops.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidConfig, match=r"^kalentops\.yaml: .*UTF-8"):
        load_config(tmp_path)
    (tmp_path / "kalentops.yaml").write_text("#" * (2 << 20))
    with pytest.raises(InvalidConfig, match=r"^kalentops\.yaml: "):
        load_config(tmp_path)
    (tmp_path / "kalentops.yaml").unlink()
    (tmp_path / "kalentops.yaml").mkdir()
    with pytest.raises(InvalidConfig, match=r"^kalentops\.yaml: "):
        load_config(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "kalentops.yml",
        ".kalentops.yaml",
        "Kalentops.yaml",
        "kalentops.yaml.txt",
        "kalentops.json",
        "kalentops - Copy.yaml",
    ],
)
def test_settings_under_another_name_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / name).write_text("guards: {max_creates: 1}\n")
    for folder in (tmp_path, tmp_path / "sub"):
        with pytest.raises(InvalidConfig) as caught:
            load_config(folder)
        assert f"{name} is not read" in str(caught.value)
        assert caught.value.hint == "rename it to kalentops.yaml, or move what it says there and delete it"


@pytest.mark.parametrize(("name", "refused"), [("kalentops.yml", True), ("kalentops.yaml.bak", False)])
def test_beside_the_settings_a_copy_is_fine_and_another_spelling_is_not(
    name: str, tmp_path: Path, *, refused: bool
) -> None:
    for each in ("kalentops.yaml", name):
        (tmp_path / each).write_text("parallelism: 3\n")
    if refused:
        with pytest.raises(InvalidConfig, match="beside it there is"):
            load_config(tmp_path)
    else:
        assert load_config(tmp_path).parallelism == 3


def test_settings_of_others_above_a_folder_without_a_repository_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "kalentops.yml").touch()
    (tmp_path / "mine").mkdir()
    for name in ("kalentops.state.json", "kalentops-preview.html", "kalentops.md", ".kalentops.d"):
        (tmp_path / "mine" / name).touch()
    assert load_config(tmp_path / "mine").root == (tmp_path / "mine").resolve()


ENVIRONMENTS = """
blueprints: shared
guards: {max_creates: 5, max_updates: 7}
parallelism: 3
environments:
  production:
    {state: "git:refs/kalentops/production", guards: {max_creates: 20}, confirm: true, branch: main}
  trial: {}
  acme: {blueprints: clients/acme, state: states/acme.json}
"""


def test_environments_have_places_guards_and_conditions_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "kalentops.yaml").write_text(ENVIRONMENTS)
    production, trial, acme = load_configs(tmp_path)
    names = ("production", "trial", "acme")
    assert [each.environment for each in (production, trial, acme)] == [*names]
    assert {each.environments for each in (production, trial, acme)} == {names}
    assert {each.parallelism for each in (production, trial, acme)} == {3}
    assert [each.readers for each in (production, trial, acme)] == [names[:2], names[:2], names[2:]]
    assert production.state.where == "git:refs/kalentops/production"
    assert trial.state == Location.of_file(tmp_path / "trial.state.json")
    assert acme.state == Location.of_file(tmp_path / "states/acme.json")
    assert (production.guards, trial.guards) == (
        Guards(max_creates=20, max_updates=7),
        Guards(max_creates=5, max_updates=7),
    )
    assert (production.confirm, production.branch) == (True, "main")
    assert (trial.confirm, trial.branch) == (False, None)
    assert load_config(tmp_path, "acme") == acme


def test_one_of_several_environments_must_be_named(tmp_path: Path) -> None:
    (tmp_path / "kalentops.yaml").write_text(ENVIRONMENTS)
    with pytest.raises(UsageError, match=r"several environments: production, trial, acme$") as caught:
        load_config(tmp_path)
    assert caught.value.hint == "name one of them: -e NAME"
    with pytest.raises(UsageError, match=r"there is no environment prodution in kalentops\.yaml") as caught:
        load_config(tmp_path, "prodution")
    assert caught.value.hint == "did you mean production?"
    with pytest.raises(UsageError) as caught:
        load_config(tmp_path, "elsewhere")
    assert caught.value.hint == "its environments are production, trial, acme"


def test_a_single_environment_need_not_be_named(tmp_path: Path) -> None:
    assert load(tmp_path, "environments: {trial: {}}").environment == "trial"


@pytest.mark.parametrize("text", [None, "parallelism: 3"])
def test_an_environment_needs_environments(tmp_path: Path, text: str | None) -> None:
    if text:
        (tmp_path / "kalentops.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"there is no environment trial: kalentops\.yaml has no `env"):
        load_config(tmp_path, "trial")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("environments: {}", "1:1: `environments` is empty; name one, such as"),
        ("environments:", "1:1: `environments` must be a mapping, but it has no value; "),
        ("environments: [a]", "1:1: `environments` must be a mapping, not a list; "),
        ("environments:\n  a:", "2:3: `a` must be a mapping, but it has no value; "),
        (
            "environments: {Prod: {}}",
            "1:16: `Prod` can't be the name of an environment; use lower-case letters and digits, beg",
        ),
        ("environments: {pre-prod: {}}", "1:16: `pre-prod` can't be the name of an environment; use "),
        (
            f"environments: {{{'a' * 41}: {{}}}}",
            f"1:16: `{'a' * 41}` can't be the name of an environment; use ",
        ),
        (
            "environments: {file: {}}",
            "1:16: `file` can't be the name of an environment: KALENT_API_KEY_FILE has another use; ",
        ),
        (
            "environments: {read: {}}",
            "1:16: `read` can't be the name of an environment: the environment kalent-read on GitHub has another use",
        ),
        (
            "environments:\n  a: {blueprint: x}",
            "2:7: `blueprint` is not a field of `a`; did you mean `blueprints`?",
        ),
        (
            "environments: {a: {api_key: x}}",
            "1:20: `api_key` is not a field of `a`; set it with an option or",
        ),
        ("environments: {a: {parallelism: 3}}", "1:20: `parallelism` is not a field of `a`; it belongs to"),
        (
            "environments: {a: {guards: {max_create: 3}}}",
            "1:29: `max_create` is not a field of `guards`; did you mean `max_creates`?",
        ),
        ("environments: {a: {confirm: yes}}", "1:20: `confirm` must be true or false, not the text `yes`; "),
        ("environments: {a: {branch: -x}}", "1:20: `-x` is not the name of a branch; write one branch, "),
        (
            "state: x.json\nenvironments: {a: {}}",
            "1:1: `state` beside `environments` belongs to none of them; remove it, and write `state` in",
        ),
        (
            "environments:\n  a: {state: x/../S.json}\n  b: {state: s.json}",
            "3:7: the environments `a` and `b` have one state, ",
        ),
        (
            "environments:\n  a: {state: \u00e9.json}\n  b: {state: E\u0301.json}",
            "3:7: the environments `a` and `b` have one state, ",
        ),
        (
            "environments:\n  a: {blueprints: e\u0301}\n  b: {blueprints: \u00e9/x}",
            "3:7: the folders of blueprints of `a` and `b` overlap; ",
        ),
        (
            "environments: {a: {}, b: {state: a.state.json}}",
            "1:27: the environments `a` and `b` have one state, ",
        ),
        (
            "environments:\n  a: {state: 'git:refs/kalentops/a'}\n  b: {state: 'git:refs/kalentops/a'}",
            "3:7: the environments `a` and `b` have one state, git:refs/kalentops/a; give each its own",
        ),
        (
            "environments:\n  a: {}\n  b: {blueprints: blueprints/b}",
            "3:7: the folders of blueprints of `a` and `b` overlap; use the same folder for both, or",
        ),
        (
            "environments:\n  a: {blueprints: x/y}\n  b: {blueprints: X}",
            "3:7: the folders of blueprints of `a` and `b` overlap; ",
        ),
        (
            "environments: {a: {blueprints: x}, b: {blueprints: X}}",
            "1:40: the folders of blueprints of `a` and `b` overlap; ",
        ),
        (
            "environments: {a: {state: ../x.json}}",
            "1:20: `state: ../x.json` leaves the project; use a path inside of it",
        ),
        (
            "environments: {a: {state: 's3://bucket/key'}}",
            "1:20: `state` can't be s3://bucket/key here: a pull request could name another server",
        ),
        ("environments: {a: {state: 'git:main'}}", "1:20: `state`: git:main names no ref for a state; "),
        ("environments: {a: {blueprints: .git}}", "1:20: `blueprints: .git` is git's own folder; "),
        ("blueprints: ../x\nenvironments: {a: {}, b: {}}", "1:1: `blueprints: ../x` leaves the project; use"),
    ],
)
def test_what_environments_can_not_be(tmp_path: Path, text: str, said: str) -> None:
    found = refusal(tmp_path, text)
    assert found.startswith(f"kalentops.yaml:{said}")
    assert len(found.splitlines()) == 1


def test_folders_beside_each_other_and_one_folder_for_all_do_not_overlap(tmp_path: Path) -> None:
    config = load(tmp_path, "environments: {a: {blueprints: x}}")
    assert config.readers == ("a",)
    text = "environments: {a: {blueprints: x}, b: {blueprints: ./x/}, c: {blueprints: x2}}"
    (tmp_path / "kalentops.yaml").write_text(text)
    assert [each.readers for each in load_configs(tmp_path)] == [("a", "b"), ("a", "b"), ("c",)]


_WHOLE = """\
parallelism: 4
create: whole
guards: {max_creates: 7}
rules: {KAL301: "off", KAL302: error}
samples: [{firstname: Ada}]
environments:
  production: {branch: main, confirm: true, guards: {max_updates: 3}}
  staging: {blueprints: staging/, state: staging.json}
"""


@pytest.mark.parametrize("text", [_WHOLE, "parallelism: 4\n", "# nothing\n", ""])
def test_what_the_cache_keeps_of_the_settings_is_what_they_say(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "kalentops.yaml").write_text(text)
    asked: list[str] = []

    def read_settings(of: str, *others: Any) -> Settings:
        asked.append(of)
        return usual(of, *others)

    usual = settings_file.read_settings
    monkeypatch.setattr(settings_file, "read_settings", read_settings)
    first = load_configs(tmp_path)
    assert load_configs(tmp_path, cached=True) == first
    assert asked == [text, text]
    assert load_configs(tmp_path, cached=True) == first
    assert asked == [text, text]
    (tmp_path / "kalentops.yaml").write_text("parallelism: 5\n")
    assert load_configs(tmp_path, cached=True)[0].parallelism == 5
    assert load_configs(tmp_path) == load_configs(tmp_path, cached=True)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
@pytest.mark.parametrize("text", ["blueprints: here/\n", _WHOLE.replace("staging/", "here/")])
def test_a_place_that_is_a_link_by_now_is_refused_whatever_the_cache_keeps(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "root"
    (root / "here").mkdir(parents=True)
    (root / "kalentops.yaml").write_text(text)
    load_configs(root, cached=True)
    (root / "here").rmdir()
    (root / "here").symlink_to(tmp_path)
    for cached in (True, False):
        with pytest.raises(InvalidConfig, match="leaves the project"):
            load_configs(root, cached=cached)
