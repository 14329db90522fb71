"""Where a state is kept, as an option, a variable or kalentops.yaml says it. Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, parse_qsl, urlsplit

from kalentops.errors import StateError, StateMigrated
from kalentops.support.text import clip, nearest

Kind: TypeAlias = Literal["file", "git", "postgresql", "s3", "az"]

FORMS: Final = (
    "a path; git:refs/kalentops/NAME; git:refs/heads/kalentops/NAME; postgresql://HOST/DATABASE#NAME; "
    "s3://BUCKET/KEY; az://CONTAINER/KEY"
)
REFS: Final = ("refs/kalentops/", "refs/heads/kalentops/")
"""Where a state may be kept in a repository: no branch, tag or note of others is there."""
_KINDS: Final[dict[str, Kind]] = {
    "git": "git",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "s3": "s3",
    "az": "az",
}
# One letter is a drive of Windows, as in `C:/`.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+(?=:)|[A-Za-z](?=://)):")
# What `git check-ref-format` accepts is more; nothing here can be an option, a pattern or a path upwards.
_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*"
_REF_NAME: Final = re.compile(rf"{_PART}(/{_PART})*")
_DEFAULT_ROW: Final = "kalentops"
_ROW_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")
# A host with or without its port, a socket's folder, a database.
_CLEAR_NAME: Final = re.compile(r"(\[[\w:.%-]+\]|[\w.,/%~+-]*)(:\d{0,5})?")
_SHOWN_PARAMETERS: Final = ("service", "host", "port", "dbname")
# Each service, and the library, keeps these as they are.
_OBJECT: Final = re.compile(
    r"//[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]/(?P<key>(?!\.{1,2}(/|$))[\w.=+@-]+(/(?!\.{1,2}(/|$))[\w.=+@-]+)*)",
    re.ASCII,
)
_LONGEST_KEY: Final = 900  # S3 takes 1,024 bytes


@dataclass(frozen=True, slots=True)
class Location:
    """`text` may hold credentials; `where` is the same for messages, without them. `path` is that of a file."""

    kind: Kind
    text: str = field(repr=False)
    where: str
    path: Path | None = None

    @classmethod
    def of_file(cls, path: Path) -> Location:
        return cls("file", str(path), str(path), path)

    def name(self, root: Path) -> str:
        """As kalentops.yaml in `root` would say it, without credentials."""
        if self.path is None:
            return self.where
        path, folder = self.path.resolve(), root.resolve()
        return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()

    @classmethod
    def parse(cls, text: str, folder: Path) -> Location:
        """A path is relative to `folder`. Raises StateError for a place of no known kind."""
        if text.startswith(REFS):
            raise StateError(
                f"{clip(text, 80)} is no path", hint=f"a ref begins with git: as in git:{clip(text, 80)}"
            )
        found = _SCHEME.match(text)
        if found is None or os.path.exists(folder / text):  # noqa: PTH110 - a name may be too long for the disk
            return cls.of_file(folder / text)
        kind = _KINDS.get(found[1].lower())
        rest = text[found.end() :]
        if kind == "git" and rest.startswith(REFS) and _is_ref(rest):
            return cls(kind, f"git:{rest}", f"git:{rest}")
        if kind == "git":
            raise StateError(
                f"{clip(text, 80)} names no ref for a state",
                hint="write git:refs/kalentops/NAME or git:refs/heads/kalentops/NAME",
            )
        if kind is None:
            meant = nearest(found[1], _KINDS)
            near = f"did you mean {meant}:? " if meant else ""
            raise StateError(
                f"a state can't be kept at {clip(found[1], 20)}:…: this kind of place is not known",
                hint=f"{near}a location is {FORMS}; a path with a colon begins with ./",
            )
        text = f"{kind}:{rest}"
        return cls(kind, text, _shown(kind, text))


def how_to_name(place: str, environment: str | None) -> str:
    """What to write or set so that each run finds a place. kalentops.yaml takes no database and no bucket."""
    variable = f"KALENTOPS_STATE_{environment.upper()}" if environment else "KALENTOPS_STATE"
    found = _SCHEME.match(place)
    if found and _KINDS.get(found[1], "git") != "git":
        return f"set {variable} to the location, on each machine and in CI as a secret"
    within = f"`environments:`, {environment}" if environment else "kalentops.yaml"
    return f"write `state: {clip(place, 200)}` in {within}, or set {variable}"


def migrated(to: str | None, environment: str | None) -> StateMigrated:
    """The error for a state that has moved to another place."""
    place = str(to)
    return StateMigrated(
        f"the state has moved to {clip(place, 200)}",
        hint=f"{how_to_name(place, environment)}; if `kalentops state migrate` was interrupted, run the same command "
        "again",
    )


def _is_ref(ref: str) -> bool:
    name = next(ref.removeprefix(each) for each in REFS if ref.startswith(each))
    return _REF_NAME.fullmatch(name) is not None and not name.endswith(".lock") and ".lock/" not in name


def _shown(kind: Kind, text: str) -> str:
    """Host and names alone: user, password and parameters stay away. Raises StateError for what is no such URL."""
    try:
        url = urlsplit(text)
    except ValueError:
        raise StateError(f"the location {kind}:… is not a URL", hint=f"a location is {FORMS}") from None
    if kind == "postgresql":
        return _shown_database(url)
    return _shown_object(kind, text)


def _shown_object(kind: Kind, text: str) -> str:
    """Raises StateError for what a service would write in another way, or refuse, and for a user, port or parameter."""
    found = _OBJECT.fullmatch(text.partition(":")[2])
    if found is None or len(found["key"]) > _LONGEST_KEY:
        place = "CONTAINER" if kind == "az" else "BUCKET"
        raise StateError(
            f"{kind}://… names no object for a state",
            hint=f"write {kind}://{place}/KEY: {place} has 3 to 63 lower-case letters, digits and hyphens, KEY has "
            "letters, digits and . _ - = + @ /, and nothing follows it; credentials come from the variables of the "
            "service's own tools",
        )
    return f"{kind}:{found[0]}"


def _shown_database(url: SplitResult) -> str:
    """PostgreSQL takes several hosts, and parameters for what the URL leaves out. It takes an `@`, `/` or `#` in a
    password for its end, so a part of it may stand anywhere: no message shows what is no clear name.
    """
    user, _, hosts = url.netloc.rpartition("@")
    given = {name: value for name, value in parse_qsl(url.query) if name in _SHOWN_PARAMETERS}
    names = [*hosts.split(","), *url.path.strip("/").split("/"), *given.values()]
    if (
        "@" in user
        or not all(map(_CLEAR_NAME.fullmatch, names))
        or not _ROW_NAME.fullmatch(url.fragment or _DEFAULT_ROW)
    ):
        raise StateError(
            "the location postgresql://… is not clear: a host, port, database or row has no such name",
            hint="in a password, write @ as %40, : as %3A, / as %2F, # as %23; or set PGPASSWORD instead",
        )
    path = url.path.strip("/")
    if not path and not given.keys() & {"dbname", "service"}:
        raise StateError(
            f"the location postgresql://{clip(hosts, 60)} names no database", hint=f"a location is {FORMS}"
        )
    more = "&".join(f"{name}={value}" for name, value in given.items())
    return f"postgresql://{hosts}/{path}{'?' * bool(more)}{more}#{url.fragment or _DEFAULT_ROW}"


def row_name(text: str) -> str:
    """The name of the row that a PostgreSQL location means."""
    return urlsplit(text).fragment or _DEFAULT_ROW
