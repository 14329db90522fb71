"""`state push` where something is in the way: edits, settings, names, other runs, servers that refuse."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from kalentops.state.store.file import FileStore
from tests import answers
from tests.builders import blueprint
from tests.harness import KEY, STATE, Project
from tests.repositories import Remote, commit, git
from tests.sizes import some
from tests.wire import Connection, Wire
from tests.workflows.jobs import Checkout, state_on
from tests.workflows.runner import ROOT

pytestmark = pytest.mark.processes


Apart = tuple[Remote, Project, Project]


def pushed_by_others(remote: Remote, name: str, text: str) -> None:
    """A person changes a file of the branch."""
    folder = remote.folder / "somebody"
    if not folder.exists():
        remote.clone("somebody")
    git(folder, "pull", "--quiet", "--ff-only", "origin", "main")
    (folder / name).write_text(text)
    commit(folder, f"Change {name}")
    git(folder, "push", "--quiet", "origin", "main")


def test_edits_that_are_not_committed_stay_where_they_are(remote: Remote, checkout: Checkout) -> None:
    """Another person has changed the same file: git's own autostash would take the edit out of the work tree."""
    pushed_by_others(remote, "notes.txt", "first\n")
    job = checkout("job")
    assert job.apply().code == 0
    (job.folder / "notes.txt").write_text("mine\n")
    pushed_by_others(remote, "notes.txt", "theirs\n")
    ran = job.run("state", "push")
    assert (job.folder / "notes.txt").read_text() == "mine\n"
    assert git(job.folder, "stash", "list") == ""
    assert ran.code == 0, ran.err
    assert state_on(remote) == job.ids
    assert remote.show("notes.txt") == "theirs"
    assert "notes.txt" in ran.err


def test_what_is_staged_stays_staged_and_is_not_pushed(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    (job.folder / "staged.txt").write_text("staged\n")
    git(job.folder, "rm", "--quiet", "kalentops.yaml")
    git(job.folder, "add", "staged.txt")
    pushed_by_others(remote, "notes.txt", "theirs\n")
    assert job.run("state", "push").code == 0
    assert state_on(remote) == job.ids
    status = git(job.folder, "status", "--porcelain").splitlines()
    assert "A  staged.txt" in status
    assert "D  kalentops.yaml" in status
    assert "staged.txt" not in git(remote.bare, "ls-tree", "--name-only", "main")
    assert "kalentops.yaml" in git(remote.bare, "ls-tree", "--name-only", "main")


def test_a_probe_leaves_ids_that_are_not_committed_where_they_are(apart: Apart) -> None:
    remote, one, two = apart
    assert one.run("state", "push").code == 0
    two.write("sourcing_b", {"one": blueprint("One of sourcing_b"), "more": blueprint("More")})
    before, log = two.state_path.read_bytes(), remote.log
    ran = two.run("state", "push", "--probe")
    assert two.state_path.read_bytes() == before
    assert git(two.folder, "stash", "list") == ""
    assert ran.code == 1
    assert STATE in ran.err
    assert "kalentops state push" in ran.err
    assert remote.log == log


@pytest.mark.parametrize("how", some(["merge=union", "-merge", "merge=ours", "binary"], 1))
def test_no_attribute_of_the_repository_changes_how_states_are_merged(how: str, apart: Apart) -> None:
    remote, one, two = apart
    pushed_by_others(remote, ".gitattributes", f"* {how}\n")
    for each in (one, two):
        git(each.folder, "pull", "--quiet", "--ff-only", "origin", "main")
    for each in (one, two):
        ran = each.run("state", "push")
        assert ran.code == 0, ran.err
    assert state_on(remote) == one.ids | two.ids


@pytest.mark.parametrize(
    "name", some(["state[1].json", "*.json", ":(top)s.json", 'say "x".json', "a b\\c.json"], 2)
)
def test_the_name_of_a_state_is_no_pattern(name: str, remote: Remote, checkout: Checkout) -> None:
    pushed_by_others(remote, "kalentops.yaml", f"state: {json.dumps(name)}\n")
    job = checkout("job")
    assert job.apply().code == 0
    (job.folder / "state1.json").write_text("not ours to commit")
    ran = job.run("state", "push")
    assert ran.code == 0, ran.err
    names = git(remote.bare, "ls-tree", "-z", "--name-only", "main").split("\0")
    assert name in names
    assert "state1.json" not in names


def test_while_an_apply_is_under_way_nothing_is_moved_under_it(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    with FileStore(job.state_path).session():
        ran = job.run("state", "push")
    assert ran.code == 8
    assert "locked" in ran.err
    assert remote.log == ["Begin"]


def test_a_branch_that_is_not_there_is_not_started(remote: Remote, checkout: Checkout) -> None:
    """A name that is misspelt, or a branch that a person has deleted."""
    job = checkout("job")
    assert job.apply("--target", "sourcing_a/one").code == 0
    (job.folder / "private.txt").write_text("mine")
    commit(job.folder, "Not for the state's push")
    for option in ((), ("--probe",)):
        ran = job.run("state", "push", "--branch", "mian", *option)
        assert ran.code == 1
        assert "has no branch mian" in ran.err
    assert git(remote.bare, "branch", "--format=%(refname:short)") == "main"


def test_nothing_is_pushed_along(remote: Remote, checkout: Checkout) -> None:
    """Neither a tag, whatever the user's settings say."""
    job = checkout("job")
    git(job.folder, "config", "push.followTags", "true")
    git(job.folder, "config", "user.name", "A")
    git(job.folder, "config", "user.email", "a@example.com")
    git(job.folder, "tag", "-a", "-m", "mine", "private")
    assert job.apply().code == 0
    assert job.run("state", "push").code == 0
    assert git(remote.bare, "tag") == ""


def test_a_failed_probe_leaves_the_branch_and_the_files_as_they_were(
    remote: Remote, checkout: Checkout
) -> None:
    """A push of others comes in between, then the rule of the branch refuses."""
    job = checkout("job")
    once = remote.bare / "once"
    once.touch()
    other = (
        "BLOB=$(echo theirs | git hash-object -w --stdin)\n"
        "export GIT_INDEX_FILE=$(mktemp -u)\n"
        "git read-tree main && git update-index --add --cacheinfo 100644,$BLOB,theirs.txt\n"
        'git update-ref refs/heads/main $(git commit-tree "$(git write-tree)" -p main -m "In between")'
    )
    remote.hook(
        "pre-receive",
        f'if rm "{once}" 2>/dev/null; then\n'
        "  unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "  export GIT_AUTHOR_NAME=B GIT_AUTHOR_EMAIL=b@example.com GIT_COMMITTER_NAME=B"
        f" GIT_COMMITTER_EMAIL=b@example.com\n{other}\nexit 0\nfi\n"
        "echo 'error: GH006: Protected branch update failed for refs/heads/main.' >&2; exit 1",
    )
    head = git(job.folder, "rev-parse", "HEAD")
    ran = job.run("state", "push", "--probe")
    assert ran.code == 8, ran.err
    assert git(job.folder, "rev-parse", "HEAD") == head
    assert git(job.folder, "status", "--porcelain") == ""


@pytest.mark.thorough
def test_an_ids_own_commits_are_no_conflict_after_a_force_push(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    other = remote.clone("other")
    git(other, "commit", "--quiet", "--amend", "-m", "Rewritten")
    git(other, "push", "--quiet", "--force", "origin", "main")
    ran = job.run("state", "push")
    assert ran.code == 8
    assert "rewritten" in ran.err
    assert job.ids


@pytest.mark.parametrize("how", some(["staged", "deleted"], 1))
def test_a_state_that_is_gone_is_not_taken_off_the_branch(
    how: str, remote: Remote, checkout: Checkout
) -> None:
    """Its ids are nowhere else, and nothing beside it is staged for want of a name."""
    job = checkout("job")
    assert job.apply().code == 0
    assert job.run("state", "push").code == 0
    (job.folder / "private.txt").write_text("mine\n")
    job.state_path.unlink()
    if how == "staged":
        git(job.folder, "rm", "--quiet", STATE)
    before, log = git(job.folder, "status", "--porcelain"), remote.log
    ran = job.run("state", "push")
    assert ran.code == 8, ran.err
    assert f"git checkout HEAD -- {STATE}" in ran.err
    assert git(job.folder, "status", "--porcelain") == before
    assert remote.log == log


@pytest.mark.thorough
def test_in_a_repository_without_a_commit_no_branch_is_started(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    git(job.folder, "checkout", "--quiet", "--orphan", "new")
    ran = job.run("state", "push", "--branch", "main")
    assert ran.code == 1
    assert "there is no commit yet" in ran.err
    assert git(job.folder, "branch", "--format=%(refname:short)") == "main"
    assert remote.log == ["Begin"]


@pytest.mark.thorough
def test_a_journal_that_was_taken_out_goes_from_the_branch(remote: Remote, checkout: Checkout) -> None:
    """A killed run had left it, it was committed, and `git rm` has taken it out since."""
    job = checkout("job")
    assert job.apply().code == 0
    name = job.journal_path.name
    job.journal_path.write_text("left")
    git(job.folder, "add", "--force", name, STATE)
    git(job.folder, "commit", "--quiet", "-m", "With a journal")
    git(job.folder, "push", "--quiet")
    git(job.folder, "rm", "--quiet", name)
    ran = job.run("state", "push")
    assert ran.code == 0, ran.err
    assert name not in git(remote.bare, "ls-tree", "--name-only", "main")
    assert state_on(remote) == job.ids


@pytest.mark.thorough
def test_a_state_that_is_executable_is_no_news(remote: Remote, checkout: Checkout) -> None:
    """As on disks that know no modes: each push would record the other one."""
    job = checkout("job")
    assert job.apply().code == 0
    job.state_path.chmod(0o755)
    assert job.run("state", "push").code == 0
    late = checkout("late")
    pushed_by_others(remote, "notes.txt", "theirs\n")
    ran = late.run("state", "push")
    assert (ran.code, "nothing to push" in ran.out) == (0, True)
    assert remote.log[0] == "Change notes.txt"


def test_a_state_outside_of_a_sparse_checkout_is_pushed(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    git(job.folder, "sparse-checkout", "set", "--no-cone", "/blueprints/", "/kalentops.yaml")
    there = {each.name for each in job.folder.iterdir()}
    pushed_by_others(remote, "kalentops.yaml", "parallelism: 4\n")
    ran = job.run("state", "push")
    assert ran.code == 0, ran.err
    assert state_on(remote) == job.ids
    assert {each.name for each in job.folder.iterdir()} == there
    assert (job.folder / "kalentops.yaml").read_text() == "parallelism: 4\n"
    again = job.run("state", "push")
    assert (again.code, "nothing to push" in again.out) == (0, True)


def test_a_state_that_a_filter_keeps_in_another_form_is_refused_before_anything_is_made(
    remote: Remote, checkout: Checkout
) -> None:
    """As git-lfs does: what is committed is not a state then, and two of them could not be merged."""
    pushed_by_others(remote, ".gitattributes", "*.json filter=lfs\n")
    job = checkout("job")
    assert job.run("state", "push", "--probe").code == 0, "a filter that git does not know is none"
    git(job.folder, "config", "filter.lfs.clean", "false")
    for option in ((), ("--probe",)):
        ran = job.run("state", "push", *option)
        assert ran.code == 1
        assert "git's filter lfs" in ran.err
        assert f"`{STATE} -filter`" in ran.err


def test_during_a_merge_nothing_is_committed(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job", "--no-tags")
    git(job.folder, "checkout", "--quiet", "-b", "other")
    (job.folder / "other.txt").touch()
    commit(job.folder, "Other")
    git(job.folder, "checkout", "--quiet", "main")
    git(job.folder, "merge", "--quiet", "--no-ff", "--no-commit", "other")
    assert job.apply().code == 0
    ran = job.run("state", "push")
    assert (ran.code, "a merge is in progress" in ran.err) == (1, True)
    assert remote.log == ["Begin"]


def test_an_index_that_is_locked_is_reported(checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    (job.folder / ".git" / "index.lock").touch()
    ran = job.run("state", "push")
    assert ran.code == 1
    assert "index.lock" in ran.err
    assert "remove the file" in ran.err


@pytest.mark.parametrize("probe", some([("--probe",), ()], 1), ids=str)
def test_a_probe_is_signed_where_commits_are(
    probe: tuple[str, ...], remote: Remote, checkout: Checkout
) -> None:
    """A branch that takes signed commits alone would refuse the probe, and take the state."""
    job = checkout("job")
    signer = job.folder.parent / "signer"
    signer.write_text(
        "#!/bin/sh\ncat >/dev/null\n"
        "printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nabc\\n-----END PGP SIGNATURE-----\\n'\n"
        "printf '\\n[GNUPG:] SIG_CREATED ' >&2\n"
    )
    signer.chmod(0o755)
    git(job.folder, "config", "commit.gpgSign", "true")
    git(job.folder, "config", "gpg.program", str(signer))
    if not probe:
        assert job.apply().code == 0
    pushed_by_others(remote, "notes.txt", "theirs\n")
    ran = job.run("state", "push", *probe)
    assert ran.code == 0, ran.err
    assert "gpgsig" in git(remote.bare, "cat-file", "commit", "main")


def test_an_interrupt_lets_git_end_what_it_is_at(remote: Remote, checkout: Checkout) -> None:
    """A cancelled job signals this process alone; a git that is killed would leave its lock to every command."""
    job = checkout("job")
    assert job.apply().code == 0
    pushed_by_others(remote, "notes.txt", "theirs\n")
    programs, marked = job.folder.parent / "programs", job.folder.parent / "marked"
    programs.mkdir()
    (programs / "git").write_text(
        "#!/bin/sh\n"
        f'case " $* " in *" --dry-run "*) ;; *" read-tree -m "*) touch "{marked}" .git/index.lock; sleep 1;\n'
        "  rm .git/index.lock;; esac\n"
        f'exec "{shutil.which("git")}" "$@"\n'
    )
    (programs / "git").chmod(0o755)
    job.environment["PATH"] = f"{programs}:{job.environment['PATH']}"
    job.environment["PYTHONPATH"] = str(ROOT)
    running = job.start("state", "push")
    try:
        while not marked.exists():
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 130
    assert "changes made before this error remain" in err, "it is pushed already"
    assert not (job.folder / ".git" / "index.lock").exists()
    assert state_on(remote) == job.ids
    again = job.run("state", "push")
    assert (again.code, "nothing to push" in again.out) == (0, True)
    assert (job.folder / "notes.txt").read_text() == "theirs\n"
    assert git(job.folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("probe", some([("--probe",), ()], 1), ids=str)
def test_a_token_that_can_only_read_is_reported_at_once(
    probe: tuple[str, ...], remote: Remote, checkout: Checkout
) -> None:
    """GitHub says 403 to the push as such, before it looks at any branch."""
    job = checkout("job")
    if not probe:
        assert job.apply().code == 0
    with Wire(_read_only) as server:
        git(job.folder, "remote", "set-url", "--push", "origin", server.url)
        ran = job.run("state", "push", *probe)
        assert ran.code == 8, ran.err
        assert "contents: write" in ran.err
        pushes = [request for request in server.requests if "service=git-receive-pack" in request.path]
        assert len(pushes) == 1
    assert remote.log == ["Begin"]


def _read_only(connection: Connection) -> None:
    while connection.read() is not None:
        said = b"Write access to repository not granted."
        connection.send(answers.http(403, said, content_type="text/plain"))


@pytest.mark.parametrize(
    "call",
    some(
        [
            "hash-object --no-filters -w",
            "commit-tree",
            "update-index --add",
            "update-ref -m",
            "fetch --quiet",
            "update-ref -d",
            "push --porcelain",
            "update-index -q",
            "read-tree -m -u",
            "update-ref HEAD",
        ],
        3,
    ),
)
def test_a_kill_after_any_call_of_git_that_changes_something_loses_nothing(call: str, apart: Apart) -> None:
    remote, one, job = apart
    assert one.run("state", "push").code == 0
    pushed_by_others(remote, "notes.txt", "theirs\n")
    ids = job.ids
    programs = job.folder.parent / "programs"
    programs.mkdir()
    (programs / "git").write_text(
        f'#!/bin/sh\ngit="{shutil.which("git")}"\n'
        f'case " $* " in *" {call} "*) "$git" "$@"; kill -9 $PPID; exit;; esac\nexec "$git" "$@"\n'
    )
    (programs / "git").chmod(0o755)
    path = job.environment["PATH"]
    job.environment |= {"PATH": f"{programs}:{path}", "PYTHONPATH": str(ROOT)}
    assert job.process("state", "push").code == -9
    job.environment["PATH"] = path
    again = job.run("state", "push")
    assert again.code == 0, again.err
    assert state_on(remote) == one.ids | ids
    assert job.ids == one.ids | ids
    assert (job.folder / "notes.txt").read_text() == "theirs\n"
    assert git(job.folder, "status", "--porcelain") == ""


@pytest.mark.thorough
def test_four_that_push_at_once_while_a_fifth_goes_on_pushing(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    assert job.run("state", "push").code == 0
    clones = [checkout(f"clone-{number}") for number in range(4)]
    for number, each in enumerate(clones):
        more = {f"new-{number}": blueprint(f"New {number}", steps=number + 3)}
        each.write("sourcing_a", {"one": blueprint("One of sourcing_a")} | more)
        assert each.apply().code == 0
        git(each.folder, "checkout", "--quiet", "--", "blueprints")
        each.environment["PYTHONPATH"] = str(ROOT)
    running = [each.start("state", "push") for each in clones]
    pushed_by_others(remote, "notes.txt", "in between\n")
    ended = [(each.communicate(timeout=120)[1], each.returncode) for each in running]
    assert [code for _, code in ended] == [0] * 4, ended
    assert state_on(remote).keys() == {*job.ids, *(f"sourcing_a/new-{number}" for number in range(4))}
    assert remote.show("notes.txt") == "in between"


def test_a_branch_of_an_odd_name(remote: Remote, checkout: Checkout) -> None:
    job = checkout("job")
    assert job.apply().code == 0
    state = job.state_path.read_bytes()
    for name in ("feature/ü-$(id)", "x;id", "100%O", "+main", "HEAD", "refs/heads/main", "a'b\"c"):
        git(remote.bare, "update-ref", f"refs/heads/{name}", "main")
        git(job.folder, "update-ref", "HEAD", "refs/remotes/origin/main")
        job.state_path.unlink(missing_ok=True)
        git(job.folder, "read-tree", "HEAD")
        assert job.run("state", "push", "--probe", "--branch", name).code == 0
        job.state_path.write_bytes(state)
        ran = job.run("state", "push", "--branch", name)
        assert ran.code == 0, ran.err
        recorded = json.loads(git(remote.bare, "show", f"refs/heads/{name}:{STATE}"))
        assert len(recorded["blueprints"]) == 2
    assert remote.log == ["Begin"]


def test_settings_of_the_user_change_nothing(apart: Apart) -> None:
    remote, one, two = apart
    pushed_by_others(remote, ".gitattributes", "* text=auto\n")
    for each in (one, two):
        git(each.folder, "pull", "--quiet", "--ff-only", "origin", "main")
    for each in (one, two):
        for setting in ("core.autocrlf", "rebase.updateRefs", "merge.ff", "core.fileMode"):
            git(each.folder, "config", setting, "true")
        ran = each.run("state", "push")
        assert ran.code == 0, ran.err
        assert git(each.folder, "status", "--porcelain") == ""
    assert state_on(remote) == one.ids | two.ids == two.ids
    assert "\r" not in remote.show(STATE)


@pytest.mark.thorough
def test_from_a_worktree_and_from_a_submodule(remote: Remote, checkout: Checkout, tmp_path: Path) -> None:
    job = checkout("job")
    git(job.folder, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    whole = tmp_path / "whole"
    whole.mkdir()
    git(whole, "init", "--quiet")
    git(whole, "-c", "protocol.file.allow=always", "submodule", "add", "-q", f"file://{remote.bare}", "part")
    for folder, target in ((tmp_path / "tree", "sourcing_a/one"), (whole / "part", "sourcing_b/one")):
        project = Project(folder, job.url, environment=job.environment)
        if folder.name == "part":
            git(folder, "pull", "--quiet", "origin", "main")
        assert project.apply("--target", target).code == 0
        ran = project.run("state", "push", "--branch", "main")
        assert ran.code == 0, ran.err
    assert len(state_on(remote)) == 2
    assert git(job.folder, "status", "--porcelain") == ""


def test_git_is_not_given_the_key(checkout: Checkout) -> None:
    """A helper, a filter or a signer that git starts would have it too."""
    job = checkout("job")
    assert job.apply().code == 0
    programs, seen = job.folder.parent / "programs", job.folder.parent / "seen"
    programs.mkdir()
    (programs / "git").write_text(f'#!/bin/sh\nenv >> "{seen}"\nexec "{shutil.which("git")}" "$@"\n')
    (programs / "git").chmod(0o755)
    job.environment |= {"PATH": f"{programs}:{job.environment['PATH']}", "INPUT_API_KEY": KEY}
    assert job.run("state", "push").code == 0
    assert job.run("preview", "--against", "HEAD", "--out", "page.html").code == 0
    assert "PATH=" in seen.read_text()
    assert KEY not in seen.read_text()


@pytest.mark.parametrize("probe", some([("--probe",), ()], 1), ids=str)
def test_a_commit_of_the_user_during_the_push_stays_where_it_is(
    probe: tuple[str, ...], remote: Remote, checkout: Checkout
) -> None:
    """The server takes its time; meanwhile a person goes on working in another terminal."""
    job = checkout("job")
    if not probe:
        assert job.apply().code == 0
    pushed_by_others(remote, "notes.txt", "theirs\n")
    who = "-c user.name=A -c user.email=a@example.com"
    remote.hook(
        "pre-receive",
        f'unset $(env | sed -n "s/^\\(GIT_[A-Z_]*\\)=.*/\\1/p")\ncd "{job.folder}" && echo mine > mine.txt'
        f" && git add mine.txt && git {who} commit --quiet -m Mine",
    )
    ran = job.run("state", "push", *probe)
    assert git(job.folder, "log", "-1", "--format=%s") == "Mine"
    assert (job.folder / "mine.txt").read_text() == "mine\n"
    assert git(job.folder, "status", "--porcelain") == ""
    assert "mine.txt" not in git(remote.bare, "ls-tree", "--name-only", "main")
    assert "another commit is checked out meanwhile" in ran.err
    assert ran.code == (1 if probe else 0)
    if not probe:
        assert state_on(remote) == job.ids
