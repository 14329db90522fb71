"""The key goes nowhere but into its header."""

from __future__ import annotations

import base64
import copy
import os
import pickle
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalentops.errors import InvalidConfig, NoKey
from kalentops.http.secret import ApiKey, permission_warnings, read_key
from tests import answers
from tests.platforms import needs_modes

VALUE = 'k3y+never/shown=to~any"body\\&<'
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40)


@dataclass
class Holder:
    key: ApiKey


def test_it_is_shown_as_stars() -> None:
    key = ApiKey(VALUE)
    shown = [
        repr(key),
        str(key),
        f"{key}",
        f"{key:>40}",
        f"{key!r}",
        f"{key}",
        repr([key]),
        repr(Holder(key)),
    ]
    assert {each.replace("Holder(key=***)", "***").strip("[]") for each in shown} == {"***"}
    assert key.reveal() == VALUE


@pytest.mark.parametrize(
    "act", [pickle.dumps, copy.copy, copy.deepcopy, lambda key: asdict(Holder(key)), vars]
)
def test_it_is_neither_pickled_nor_copied(act: object) -> None:
    with pytest.raises(TypeError) as caught:
        act(ApiKey(VALUE))  # type: ignore[operator]
    assert VALUE not in str(caught.value)


def test_it_is_in_no_traceback() -> None:
    key = ApiKey(VALUE)
    try:
        _ = key + 1  # type: ignore[operator]
    except TypeError as error:
        found = traceback.TracebackException.from_exception(error, capture_locals=True)
        said = "".join(found.format())
    assert VALUE not in said
    assert "key = ***" in said


@pytest.mark.parametrize("form", answers.echoes(VALUE))
def test_every_form_is_scrubbed(form: str) -> None:
    echo = answers.echoes(VALUE)[form]
    said = ApiKey(VALUE).scrub(f"before '{echo}' after")
    assert said.startswith("before '")
    assert said.endswith("' after")
    assert "***" in said
    # Beside something else the ends of a base64 text hold a few bits of the key at most.
    assert len(said) <= len("before '' after") + 3 + (12 if form.startswith("basic") else 0)


@given(VISIBLE, st.binary(max_size=7), st.binary(max_size=7))
def test_base64_of_anything_around_it(value: str, before: bytes, after: bytes) -> None:
    said = ApiKey(value).scrub(base64.b64encode(before + value.encode() + after).decode())
    for shift in range(3):  # no three bytes of the key in a row can be read from what is left
        padded = "A" * shift + said.replace("***", "=" * 8)
        for piece in padded.split("="):
            whole = piece[: len(piece) // 4 * 4]
            decoded = base64.b64decode(whole)
            middle = value.encode()[2:-2]
            assert middle not in decoded


@given(VISIBLE, st.text(max_size=9), st.text(max_size=9))
def test_the_key_itself_never_stays(value: str, before: str, after: str) -> None:
    said = ApiKey(value).scrub(f"{before}{value}{value[3:]}{value}{after}")
    assert value not in said


def test_what_overlaps_is_scrubbed_whole() -> None:
    assert ApiKey("ababab").scrub("xababababy") == "x***y"
    assert ApiKey("ababab").scrub("abababababab") == "***"


@given(st.text(max_size=50))
def test_a_text_without_it_stays(text: str) -> None:
    assert ApiKey("a-key-that-is-not-there").scrub(text) == text


def test_scrubbing_a_long_text_of_almost_keys_comes_to_an_end() -> None:
    """A pattern that looks again and again at what it has passed would take hours for this."""
    text = (VALUE[:-1] + "\\" * 50 + "%2525") * 2000
    assert ApiKey(VALUE).scrub(text) == text


def test_the_key_from_the_environment() -> None:
    assert read_key({"KALENT_API_KEY": f"  {VALUE}\n"}).reveal() == VALUE
    assert read_key({"KALENT_API_KEY": "one", "KALENT_API_KEY_FILE": "/none"}).reveal() == "one"


def test_the_key_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{VALUE}\r\n")
    assert read_key({"KALENT_API_KEY_FILE": str(path)}).reveal() == VALUE
    assert read_key({"KALENT_API_KEY": " ", "KALENT_API_KEY_FILE": str(path)}).reveal() == VALUE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file named by KALENT_API_KEY_FILE is empty"),
        (b"\n \n", "the file named by KALENT_API_KEY_FILE is empty"),
        ("clé-secrète".encode(), "is not a key: it contains non-ASCII characters"),
        ("two".encode("utf-16"), "is not a key: it contains non-ASCII characters"),
        (b"two words", "the value of KALENT_API_KEY_FILE is not a key"),
        (b"two\nlines", "the value of KALENT_API_KEY_FILE is not a key"),
        (b"secret" * 2000, "the value of KALENT_API_KEY_FILE is not a key: it is too long"),
        (b"nul\0", "the value of KALENT_API_KEY_FILE is not a key"),
    ],
)
def test_a_file_that_holds_no_key(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(NoKey) as caught:
        read_key({"KALENT_API_KEY_FILE": str(path)})
    assert said in str(caught.value)
    assert not {"two", "secret", "nul", "secrète"} & set(str(caught.value).replace("`", " ").split())


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory|Permission")):
        with pytest.raises(NoKey, match=rf"can't be read: .*({said})"):
            read_key({"KALENT_API_KEY_FILE": str(path)})
    if sys.platform != "win32" and os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.write_text(VALUE)
        closed.chmod(0)
        with pytest.raises(NoKey, match="can't be read: Permission denied"):
            read_key({"KALENT_API_KEY_FILE": str(closed)})


def test_no_key() -> None:
    with pytest.raises(NoKey, match=r"^KALENT_API_KEY is not set$") as caught:
        read_key({})
    assert (
        caught.value.hint
        == "export KALENT_API_KEY=…, or KALENT_API_KEY_FILE=/path/to/a/file that contains it"
    )
    with pytest.raises(NoKey, match="the value of KALENT_API_KEY is not a key"):
        read_key({"KALENT_API_KEY": "clé"})


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_file_that_others_can_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "the key"
    path.write_text(VALUE)
    for mode, told in ((0o600, 0), (0o640, 1), (0o604, 1), (0o400, 0)):
        path.chmod(mode)
        assert len(list(permission_warnings({"KALENT_API_KEY_FILE": str(path)}))) == told
    path.chmod(0o644)
    (said,) = permission_warnings({"KALENT_API_KEY_FILE": str(path)})
    assert said.endswith(f"named by KALENT_API_KEY_FILE (mode 0644): `chmod 600 '{path}'`")
    assert not list(permission_warnings({"KALENT_API_KEY": VALUE, "KALENT_API_KEY_FILE": str(path)}))
    assert not list(permission_warnings({"KALENT_API_KEY_FILE": str(tmp_path / "none")}))


def test_the_key_of_an_environment_hides_those_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "acme").write_text("key-of-acme")
    variables = {
        "KALENT_API_KEY_TRIAL": VALUE,
        "KALENT_API_KEY_PRODUCTION": "key-of-production",
        "KALENT_API_KEY_ACME_FILE": str(tmp_path / "acme"),
    }
    key = read_key(variables, "trial", ("trial", "production", "acme"))
    assert key.reveal() == VALUE
    assert key.scrub(f"{VALUE}, key-of-production, key-of-acme") == "***, ***, ***"
    assert key.is_surely_in("a key-of-production")
    assert read_key(variables, "acme").reveal() == "key-of-acme"


@pytest.mark.skipif(sys.platform == "win32", reason="modes")
def test_what_is_no_key_of_another_environment_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    variables = {
        "KALENT_API_KEY_TRIAL": "key-of-trial",
        "KALENT_API_KEY_ACME_FILE": str(tmp_path / "empty"),
        "KALENT_API_KEY_HELP": "ask the owner",
    }
    key = read_key(variables, "trial", ["trial", "acme"])
    assert key.scrub("ask the owner of key-of-trial") == "ask the owner of ***"


@pytest.mark.skipif(sys.platform == "win32", reason="needs /dev/fd")
def test_a_key_that_comes_through_a_pipe_is_read_once() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"key-of-trial\n")
    os.close(writing)
    variables = {"KALENT_API_KEY_TRIAL_FILE": f"/dev/fd/{reading}", "KALENT_API_KEY_ACME": "key-of-trial"}
    try:
        with pytest.raises(InvalidConfig, match="have the same key"):
            read_key(variables, "trial", ["trial", "acme"])
    finally:
        os.close(reading)


@needs_modes
def test_the_file_of_an_environments_key_should_be_private(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(VALUE)
    path.chmod(0o644)
    variables = {"KALENT_API_KEY_TRIAL_FILE": str(path)}
    (said,) = permission_warnings(variables, "trial")
    assert "named by KALENT_API_KEY_TRIAL_FILE (mode 0644)" in said
    assert not list(permission_warnings(variables, "acme"))
