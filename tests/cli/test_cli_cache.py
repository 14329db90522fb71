"""The command `cache`."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from kalentops.cache import Cache, program
from kalentops.state.codec import dump_state
from tests.builders import blueprint, entry, state, step
from tests.harness import Project, Ran
from tests.platforms import needs_links, needs_modes

KEY = "0" * 64


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """A project without a server."""
    return Project(tmp_path, "http://127.0.0.1:9/api")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cache with one entry, used at 1970-01-01 00:01 UTC."""
    monkeypatch.delenv("CI", raising=False)
    Cache(tmp_path).put("checked", KEY, bytes(1 << 20))
    found = Path(f"{tmp_path}-cache/kalentops")
    os.utime(found / f"checked-{KEY}.cached", (60, 60))
    return found


def test_it_says_where_it_is_and_how_large(folder: Path, bare: Project) -> None:
    ran = bare.run("cache")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"folder   {folder}\n"
        "entries  1\n"
        "size     1.0 MiB, at most 256 MiB\n"
        "oldest   last used 1970-01-01 00:01 UTC\n"
        f"used     yes, in {bare.folder}\n"
    )
    data = bare.run("cache", "--format", "json").json
    assert data == {
        "format_version": "1.0",
        "folder": str(folder),
        "entries": 1,
        "bytes": (1 << 20) + 50,
        "limit_bytes": 256 << 20,
        "oldest": "1970-01-01T00:01:00Z",
        "not_used": None,
    }


def test_clear_says_what_it_removed(folder: Path, bare: Project) -> None:
    ran = bare.run("cache", "clear")
    assert (ran.code, ran.out, ran.err) == (0, f"removed 1 entry, 1.0 MiB, from {folder}\n", "")
    assert list(folder.iterdir()) == []
    assert bare.run("cache", "clear").out == "the cache is empty\n"
    Cache(bare.folder).put("checked", KEY, bytes(1 << 10))
    assert "size     1.0 KiB, at most 256 MiB\n" in bare.run("cache").out
    assert bare.run("cache", "clear").out.startswith("removed 1 entry, 1.0 KiB, ")
    assert bare.run("cache", "--format", "json").json["oldest"] is None


def test_it_says_why_it_is_not_used(folder: Path, bare: Project) -> None:
    bare.environment = {"KALENTOPS_CACHE_DIR": "cache"}
    said = "it is inside the repository, whose files a pull request can change; choose a folder outside of it"
    assert f"not used: {said}\n" in bare.run("cache").out
    assert bare.run("cache", "--format", "json").json["not_used"] == said
    bare.environment = {"KALENTOPS_NO_CACHE": "1"}
    assert "not used: KALENTOPS_NO_CACHE or --no-cache turns it off\n" in bare.run("cache").out
    bare.environment = {"CI": "true"}
    assert "not used: CI starts without one" in bare.run("cache").out
    assert bare.run("cache", "clear").out.startswith("removed 1 entry")


@needs_modes
def test_without_a_home_there_is_none(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert "not used: there is no home folder" in bare.run("cache").out
    assert bare.run("cache", "--format", "json").json["folder"] is None
    assert bare.run("cache", "clear").out == "the cache is empty\n"


def test_it_needs_no_valid_project(folder: Path, bare: Project) -> None:
    (bare.folder / "kalentops.yaml").write_text("nonsense: [")
    assert bare.run("cache").code == 0
    assert bare.run("cache", "clear").code == 0


def test_an_entry_that_cant_be_removed_is_an_error(
    folder: Path, bare: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    ran = bare.run("cache", "clear")
    assert (ran.code, ran.out) == (1, "")
    assert "an entry of the cache can't be removed: Permission denied: " in ran.err
    assert "hint: fix the permissions" in ran.err


# What it may never change: a verdict.


@pytest.fixture
def valid(bare: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project without errors: plain files, a template, a use of it, a state."""
    monkeypatch.delenv("CI", raising=False)
    bare.state_path.write_bytes(dump_state(state(entry("sourcing_a/one", blueprint("Other")))))
    bare.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    bare.write("sourcing_b", {"one": blueprint("One", steps=1)})
    write_template(bare, "Hi {{firstname}}, are you an {{param.role}}?")
    (bare.folder / "blueprints" / "use.yaml").write_text(
        "sourcingId: sourcing_c\nblueprints: {one: {use: shared, with: {role: Engineer}}}\n"
    )
    return bare


@pytest.fixture
def invalid(valid: Project) -> Project:
    """The same with errors."""
    valid.write("sourcing_d", {"one": {"name": "One", "steps": [step(content="Hi {{firstnme}}")]}})
    write_template(valid, "Hi {{firstname}}, are you [role] or {{param.role}}?")
    return valid


@pytest.fixture(params=["valid", "invalid"])
def either(request: pytest.FixtureRequest) -> Project:
    found: Project = request.getfixturevalue(request.param)
    return found


def write_template(project: Project, text: str) -> None:
    (project.folder / "blueprints" / "template.yaml").write_text(
        "template: shared\nparameters: {role: {}}\nname: Shared\nsteps:\n"
        "  - {id: first, name: First, type: EMAIL, subject: Hi, temporalityType: ASAP,\n"
        f"     content: '{text}'}}\n"
    )


COMMANDS = (("validate", "--format", "json"), ("plan", "--format", "json"), ("validate",), ("plan", "-v"))


def verdicts(project: Project, *args: str, commands: int = len(COMMANDS)) -> list[Ran]:
    """What `validate` and `plan` say."""
    return [project.run(*command, *args) for command in COMMANDS[:commands]]


def entries(project: Project) -> dict[Path, bytes]:
    return {each: each.read_bytes() for each in Path(f"{project.folder}-cache/kalentops").glob("*.cached")}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of the entries that were found."""
    kinds: list[str] = []
    real = Cache.get

    def get(cache: Cache, kind: str, key: str) -> bytes | None:
        data = real(cache, kind, key)
        kinds.extend([kind] if data is not None else [])
        return data

    monkeypatch.setattr(Cache, "get", get)
    return kinds


def test_a_warm_cache_changes_nothing(either: Project, found: list[str]) -> None:
    fresh = verdicts(either, "--no-cache")
    assert (entries(either), found) == ({}, [])
    assert verdicts(either) == fresh
    found.clear()
    assert verdicts(either) == fresh
    assert found


@pytest.mark.parametrize("variable", ["1", "true"])
def test_the_variable_turns_it_off(valid: Project, found: list[str], variable: str) -> None:
    verdicts(valid)
    before = entries(valid)
    found.clear()
    valid.environment = {"KALENTOPS_NO_CACHE": variable}
    valid.write("sourcing_z", {"one": blueprint("One")})
    verdicts(valid)
    assert (entries(valid), found) == (before, [])


def test_an_altered_cache_changes_no_verdict(either: Project) -> None:
    fresh = verdicts(either, "--no-cache", commands=2)
    verdicts(either)
    kept = entries(either)
    assert {each.name.partition("-")[0] for each in kept} >= {"files", "state"}
    for path, data in kept.items():
        for index in range(0, len(data), max(1, len(data) // 16)):
            path.write_bytes(data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :])
            assert verdicts(either, commands=2) == fresh, (path.name, index)
        for other in (data[: len(data) // 2], b"", *kept.values()):
            path.write_bytes(other)
            assert verdicts(either, commands=2) == fresh, path.name


def test_a_change_is_found_that_neither_size_nor_time_shows(valid: Project) -> None:
    path = valid.write("sourcing_d", {"one": {"name": "One", "steps": [step(content="Hi {{firstname}}")]}})
    assert [each.code for each in verdicts(valid)] == [0, 0, 0, 0]
    before = path.stat()
    path.write_text(path.read_text().replace("firstname", "firstnome"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert [each.code for each in verdicts(valid)] == [3, 3, 3, 3]
    path.write_text(path.read_text().replace("firstnome", "firstname"))
    assert [each.code for each in verdicts(valid)] == [0, 0, 0, 0]


def test_a_change_of_a_template_is_found_in_its_uses(valid: Project) -> None:
    verdicts(valid)
    for text in ("Hi {{firstname}}, {{param.role}} {{param.rule}}", "Hi {{firstname}}"):
        write_template(valid, text)
        warm = verdicts(valid)
        assert [each.code for each in warm] == [3, 3, 3, 3]
        assert warm == verdicts(valid, "--no-cache")


def test_checkouts_of_one_project_do_not_mix(invalid: Project) -> None:
    other = Project(invalid.folder.with_name(f"{invalid.folder.name}-other"), invalid.url)
    shutil.copytree(invalid.folder, other.folder)
    (other.folder / "blueprints" / "sourcing_d.yaml").rename(other.folder / "blueprints" / "moved.yaml")
    write_template(other, "Hi {{firstname}}, {{param.role}}")
    fresh = [verdicts(each, "--no-cache") for each in (invalid, other)]
    for _ in range(2):
        assert [verdicts(each) for each in (invalid, other)] == fresh


@pytest.mark.parametrize("level", ["off", "error"])
def test_a_change_of_the_settings_counts(valid: Project, level: str) -> None:
    valid.write("sourcing_d", {"one": blueprint("One", steps=1, description="x")})
    verdicts(valid)
    (valid.folder / "kalentops.yaml").write_text(
        f"rules: {{KAL301: {level}, KAL302: {level}, KAL305: {level}}}\n"
    )
    assert verdicts(valid) == verdicts(valid, "--no-cache")


def test_each_environment_has_its_own(valid: Project) -> None:
    (valid.folder / "kalentops.yaml").write_text(
        "environments: {production: {}, trial: {state: trial.json}}\n"
    )
    (valid.folder / "blueprints" / "sourcing_b.yaml").write_text(
        "sourcingId: {production: sourcing_x, trial: sourcing_y}\nblueprints: {one: {use: shared, with: {role: A}}}\n"
    )
    for _ in range(2):
        for name in ("production", "trial"):
            assert verdicts(valid, "-e", name) == verdicts(valid, "-e", name, "--no-cache")


def test_another_version_uses_none_of_it(
    valid: Project, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    valid.run("validate")
    valid.run("validate")
    assert found
    found.clear()
    monkeypatch.setattr("kalentops.__version__", "99.0.0")
    program.cache_clear()  # as in a new process
    try:
        valid.run("validate")
    finally:
        program.cache_clear()
    assert found == []


@needs_links
def test_a_forged_cache_in_the_repository_counts_nowhere(
    valid: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the right checksums, and says of an invalid file that it is valid."""
    kept: dict[str, tuple[str, bytes]] = {}
    put = Cache.put

    def spy(cache: Cache, kind: str, key: str, data: bytes) -> None:
        kept[key] = kind, data
        put(cache, kind, key, data)

    monkeypatch.setattr(Cache, "put", spy)
    path = valid.write("sourcing_d", {"one": {"name": "One", "steps": [step(content="Hi {{firstname}}")]}})
    verdicts(valid)
    monkeypatch.setattr(Cache, "put", put)
    good = path.read_bytes()
    bad = good.replace(b"firstname", b"firstnome")
    path.write_bytes(bad)
    invalid = verdicts(valid, "--no-cache")
    digests = [sha256(each).hexdigest().encode() for each in (good, bad)]
    for key, (kind, data) in kept.items():
        Cache(valid.folder).put(kind, key, data.replace(digests[0], digests[1]))
    # In the user's own folder it counts: the checksum finds damage, the place keeps a forger out.
    assert valid.run("validate").code == 0

    folder = Path(f"{valid.folder}-cache/kalentops")
    planted = valid.folder / ".cache" / "kalentops"
    planted.parent.mkdir()
    folder.rename(planted)
    folder.symlink_to(planted)
    assert verdicts(valid) == invalid
    folder.unlink()
    shutil.copytree(planted, folder, symlinks=True)
    for each in folder.iterdir():
        each.unlink()
        each.symlink_to(planted / each.name)
    assert verdicts(valid) == invalid
    shutil.rmtree(folder)
    for named in (".cache/kalentops", "blueprints/../.cache/kalentops", str(planted)):
        valid.environment = {"KALENTOPS_CACHE_DIR": named, "CI": "true"}
        for ran, expected in zip(verdicts(valid), invalid, strict=True):
            assert (ran.code, ran.out) == (expected.code, expected.out)
            assert "KALENTOPS_CACHE_DIR is not used: it is inside the repository" in ran.err
    valid.environment = {"XDG_CACHE_HOME": str(planted.parent)}
    assert verdicts(valid) == invalid


def test_ci_starts_without_one(valid: Project, found: list[str]) -> None:
    verdicts(valid)
    before = entries(valid)
    found.clear()
    valid.environment = {"CI": "true"}
    valid.write("sourcing_z", {"one": blueprint("One")})
    verdicts(valid)
    assert (entries(valid), found) == (before, [])


def test_what_a_state_says_is_kept_for_plans(valid: Project, found: list[str]) -> None:
    fresh = valid.run("plan", "--no-cache")
    assert "1 to update" in fresh.out
    for _ in range(2):
        ran = valid.run("plan")
        assert (ran.code, ran.out) == (fresh.code, fresh.out)
    assert found.count("state") == 1
    valid.state_path.write_bytes(dump_state(state(entry("sourcing_a/one", blueprint("One")))))
    assert "1 to update" not in valid.run("plan").out
    assert found.count("state") == 1
