"""The pins are complete: what each package needs, extras included, is among them, so that no resolver is asked.

They are installed with `--no-deps`. A resolver looks at releases that came after the pins, and finds no hash for them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = {"run": None, "stores": None, "dev": "dev", "build": "build", "release": "release"}
ALL = tuple(PROJECT["project"]["optional-dependencies"])
EXTRAS = {"run": ("emulator",), "stores": ALL, "dev": ALL}
HERE = {name: str(value) for name, value in default_environment().items()}
ENVIRONMENTS = [
    HERE | {"python_version": python, "python_full_version": f"{python}.4"} | platform
    for python in ("3.11", "3.12", "3.13")
    for platform in (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    )
]


def _pins(text: str) -> dict[str, Requirement]:
    lines = (re.sub(r"\\$", "", line).strip() for line in text.splitlines() if re.match(r"\w", line))
    return {canonicalize_name(each.name): each for each in map(Requirement, lines)}


def pins_of(name: str) -> dict[str, Requirement]:
    return _pins((ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8"))


def _roots(name: str) -> list[str]:
    project = PROJECT["project"]
    return [
        *(project["dependencies"] if name in EXTRAS else ()),
        *(each for extra in EXTRAS.get(name, ()) for each in project["optional-dependencies"][extra]),
        *_group(GROUPS[name]),
    ]


def _group(name: str | None) -> Iterator[str]:
    for each in PROJECT["dependency-groups"][name] if name else ():
        if isinstance(each, str):
            yield each
        else:
            yield from _group(each["include-group"])


def _installed(name: str) -> list[str] | None:
    """What a package requires, by its own metadata; None if it is not installed here."""
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return None


def _applies(requirement: Requirement, environment: Mapping[str, str], extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra})


def _walk(
    roots: Iterable[str],
    pins: Mapping[str, Requirement],
    environment: Mapping[str, str],
    requires: Mapping[str, list[str] | None],
) -> Iterator[tuple[str, str]]:
    """Pairs of a package that is reached and what is wrong with its pin, which is "" for nothing."""
    waiting = [each for each in map(Requirement, roots) if _applies(each, environment)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        pin = pins.get(name)
        if pin is None or not _applies(pin, environment):
            yield name, f"{wanted} is not pinned"
            continue
        version = str(pin.specifier).removeprefix("==")
        if not wanted.specifier.contains(version, prereleases=True):
            yield name, f"{wanted} is not met by {pin}"
        for extra in {"", *wanted.extras} - {each for known, each in seen if known == name}:
            seen.add((name, extra))
            yield name, ""
            needed = [Requirement(each) for each in requires.get(name) or ()]
            waiting += [each for each in needed if _applies(each, environment, extra)]


@pytest.mark.parametrize("name", GROUPS)
def test_the_pins_need_no_resolver(name: str) -> None:
    pins = pins_of(name)
    requires = {each: _installed(each) for each in pins}
    unknown = {each for each, needed in requires.items() if needed is None}
    assert not [each for each in unknown if _applies(pins[each], HERE)], "not installed: `make check` does"
    found = {
        each for environment in ENVIRONMENTS for each in _walk(_roots(name), pins, environment, requires)
    }
    assert {trouble for _, trouble in found} == {""}
    assert {reached for reached, _ in found} == set(pins), "a pin that nothing needs"


@pytest.mark.parametrize("name", GROUPS)
def test_the_pins_are_what_is_installed(name: str) -> None:
    for each, pin in pins_of(name).items():
        if _applies(pin, HERE):
            assert pin.specifier.contains(distribution(each).version, prereleases=True)


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ("cover==7.2\nplug==1", 'toml[fast]; extra == "toml" is not pinned'),
        ("cover==7.2\nplug==1\ntoml==2", 'speed; extra == "fast" is not pinned'),
        ("cover==7.1\nplug==1\ntoml==2\nspeed==1", "cover[toml]>=7.2 is not met by cover==7.1"),
        (
            "cover==7.2\nplug==1\ntoml==2 ; sys_platform == 'win32'\nspeed==1",
            'toml[fast]; extra == "toml" is not pinned',
        ),
        ("cover==7.2\nplug==1\ntoml==2\nspeed==1", ""),
    ],
)
def test_a_pin_that_is_missing_or_too_old_is_reported(pins: str, said: str) -> None:
    requires: dict[str, list[str] | None] = {
        "plug": ["cover[toml]>=7.2", "wincurses; sys_platform == 'win32'"],
        "cover": ["toml[fast]; extra == 'toml'", "never; extra == 'other'"],
        "toml": ["speed; extra == 'fast'"],
    }
    linux = ENVIRONMENTS[0]
    found = {trouble for _, trouble in _walk(["plug"], _pins(pins), linux, requires)} - {""}
    assert found == ({said} if said else set())
