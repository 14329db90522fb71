"""A bug leaves a report, without secrets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kalentops.cli.main import _report_bug, _scrubbed

KEY = "k3y+never/shown=to~anybody"


def crash(message: str) -> ValueError:
    with pytest.raises(ValueError, match=r"\A(.|\s)*\Z") as caught:
        raise ValueError(message)
    return caught.value


def test_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KALENT_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    args = ["apply", "--proxy", "http://user:secret@proxy.example:3128", "\ud800"]
    assert _report_bug(crash(f"it was {KEY}\x1b[31m\ud800"), args) == 1
    (path,) = tmp_path.glob("kalentops-crash-*.txt")
    text = path.read_text(encoding="utf-8")
    assert "ValueError: it was ***" in text
    assert "arguments: apply --proxy http://***@proxy.example:3128 \\ud800" in text
    assert f'File "{__file__}", line ' in text
    out, said = capsys.readouterr()
    assert out == ""
    assert said == (
        "error: a bug in kalentops: ValueError: it was ***\\u{1b}[31m\\u{d800}\n"
        f"hint: please open an issue with {path}; it contains no key, but check it first\n"
        "      after an interrupted apply, run `kalentops apply` again: it resumes\n"
    )
    assert sys.platform == "win32" or path.stat().st_mode & 0o777 == 0o600
    assert KEY not in text + said
    assert "secret" not in text + said


@pytest.mark.parametrize("key", [KEY, ""])
def test_neither_key_nor_token_is_in_it(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_t0ken")
    monkeypatch.setenv("KALENT_API_KEY", key)
    monkeypatch.chdir(tmp_path)
    assert _report_bug(crash(f"it was {key} and ghs_t0ken"), ["comment"]) == 1
    (path,) = tmp_path.glob("kalentops-crash-*.txt")
    said = capsys.readouterr().err + path.read_text()
    assert "and ***" in said
    assert "ghs_t0ken" not in said
    assert not key or key not in said


def test_keys_of_all_environments_stay_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text("k3y-acme\n")
    monkeypatch.setenv("KALENT_API_KEY_PRODUCTION", "k3y-production")
    monkeypatch.setenv("KALENT_API_KEY_ACME_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("KALENT_API_KEY_NONE_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("INPUT_API_KEY", "k3y-input")
    monkeypatch.chdir(tmp_path)
    assert _report_bug(crash("k3y-production k3y-acme k3y-input"), ["plan"]) == 1
    (path,) = tmp_path.glob("kalentops-crash-*.txt")
    said = capsys.readouterr().err + path.read_text()
    assert "ValueError: *** *** ***" in said
    assert "k3y" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="folders that can't be written")
@pytest.mark.parametrize("readonly", [False, True])
def test_nowhere_to_write(
    *, readonly: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python itself finds no folder for temporary files if all of them are read-only, as in a container."""

    def temporary() -> str:
        if readonly:
            raise FileNotFoundError("No usable temporary directory found")
        return "/dev/null"

    monkeypatch.setattr("kalentops.cli.main.Path.cwd", lambda: Path("/dev/null"))
    monkeypatch.setattr("tempfile.gettempdir", temporary)
    assert _report_bug(crash("odd\x1b"), ["plan"]) == 1
    said = capsys.readouterr().err
    assert "ValueError: odd\\u{1b}" in said
    assert "please open an issue with the text above" in said
    assert "\x1b" not in said


def test_a_password_that_holds_an_at_sign_is_left_out_whole() -> None:
    assert (
        _scrubbed("through http://u:SECRET@PART@proxy.example:1/x") == "through http://***@proxy.example:1/x"
    )
