"""What the Containerfile promises, read from its text; release.yml builds it and starts the image."""

from __future__ import annotations

import fnmatch
import re

from release.versions import ROOT

TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
LINES = [line.split(maxsplit=1) for line in TEXT.splitlines() if line and not line.startswith("#")]


def _all(word: str) -> list[str]:
    return [rest for first, rest in LINES if first == word]


def test_the_base_is_one_and_named_by_its_digest() -> None:
    bases = {each.partition(" AS ")[0] for each in _all("FROM")}
    (base,) = bases
    assert re.fullmatch(r"python:3\.1[123]\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base)


def test_every_package_has_a_hash_and_the_wheel_too() -> None:
    (script,) = _all("RUN")
    pins, wheel = (each for each in script.split("&&") if " pip " in each)
    assert "--require-hashes --no-deps --only-binary :all: --requirement stores.txt" in " ".join(pins.split())
    assert "--no-deps --no-index ./kalentops-*.whl" in wheel
    assert script.startswith("sha256sum --check --ignore-missing --strict SHA256SUMS")


def test_it_runs_as_no_root_and_without_a_shell() -> None:
    assert _all("USER") == ["65532:65532"]
    assert _all("ENTRYPOINT") == ['["kalentops"]']
    assert LINES[-1][0] == "ENTRYPOINT"


def test_the_builder_sees_what_is_copied_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = [rule.removeprefix("!") for rule in rules[1:]]
    copied = [source for line in _all("COPY") if "--from" not in line for source in line.split()[:-1]]
    assert sorted(copied) == sorted(allowed)
    assert not any(fnmatch.fnmatch(".git/config", rule) for rule in allowed)
