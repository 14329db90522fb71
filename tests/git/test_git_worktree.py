"""What git says of a refusal, and what helps: texts of git 2.30 to 2.45."""

from __future__ import annotations

import pytest

from kalentops.git.worktree import cause, remedy

OWNER = """fatal: detected dubious ownership in repository at '/srv/my site'
To add an exception for this directory, call:

\tgit config --global --add safe.directory '/srv/my site'
"""
SIGNED = """error: gpg failed to sign the data:
gpg: skipped "0xDEAD": No secret key
[GNUPG:] INV_SGNR 9 0xDEAD
gpg: signing failed: No secret key

fatal: failed to write commit object
"""
LOCKED = """fatal: Unable to create '/srv/site/.git/index.lock': File exists.

Another git process seems to be running in this repository, e.g.
an editor opened by 'git commit'. Please make sure all processes
are terminated then try again.
"""
SPARSE = """The following paths and/or pathspecs matched paths that exist
outside of your sparse-checkout definition, so will not be
updated in the index:
kalentops.state.json
hint: If you intend to update such entries, try one of the following:
hint: Disable this message with "git config advice.updateSparsePath false"
"""
SSH = """git@example.com: Permission denied (publickey).
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""
NOBODY = """Author identity unknown

*** Please tell me who you are.

fatal: empty ident name (for <a@example.com>) not allowed
"""


@pytest.mark.parametrize(
    ("err", "said", "helps"),
    [
        (OWNER, "detected dubious ownership in repository at", "--add safe.directory '/srv/my site'"),
        (SIGNED, "signing failed: No secret key", "git config commit.gpgSign false"),
        (
            "error: cannot run gpg: No such file or directory\nerror: gpg failed to sign the data\n",
            "cannot run gpg: No such file or directory; gpg failed to sign the data",
            "user.signingKey",
        ),
        (
            "error: Load key: no such file\nfatal: failed to write commit object\n",
            "Load key: no such file; failed",
            None,
        ),
        (LOCKED, "index.lock': File exists.", "remove the file"),
        (SPARSE, "outside of your sparse-checkout definition", "git sparse-checkout add"),
        (SSH, "Permission denied (publickey).; Could not read from remote", "SSH agent"),
        (NOBODY, "empty ident name", "git config user.email"),
        (
            "fatal: could not read Username for 'https://example.com': terminal prompts disabled",
            "could not read Username",
            "credential helper",
        ),
        ("fatal: refusing to merge: shallow update not allowed", "shallow", "git fetch --unshallow"),
        (
            "fatal: unable to access 'https://x/': server certificate verification failed",
            "certificate",
            "http.sslCAInfo",
        ),
        (
            "fatal: could not fetch 12ab from promisor remote\nwarning: lazy fetching disabled",
            "promisor remote",
            "--filter",
        ),
        ("fatal: no 'https://user:p/@ss@x/a' or 'ssh://y/b'", "no 'https://x/a' or 'ssh://y/b'", None),
        ("fatal: unable to access 'https://x/a?token=t0/': no", "unable to access 'https://x/a': no", None),
        ("hint: nothing but advice", "exit code 7", None),
        ("warning: only a warning", "warning: only a warning", None),
        ("fatal: bad \x1b[31mthing", "bad ", None),
        ("", "exit code 7", None),
    ],
)
def test_the_cause_is_gits_own_and_the_remedy_is_named(err: str, said: str, helps: str | None) -> None:
    text, hint = cause(err, 7), remedy(err)
    assert said in text
    assert "hint:" not in text
    assert "\x1b" not in text
    assert len(text) <= 500
    assert (helps is None) == (hint is None)
    assert (helps or "") in (hint or "")
