"""Keys and file names from the names of blueprints and sourcings, which hold anything: emoji, path separators, `..`,
`CON`; and the paths of new files.

What comes out is ASCII: `[a-z0-9]` with single hyphens in between. So nothing in it can leave a folder, hide, or be
two different names on one disk and the same on another.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Final

from kalentops.errors import StoreFailure, UsageError
from kalentops.project.files import SUFFIXES
from kalentops.support.text import clip, unseen
from kalentops.yamlfile.scalars import inline

MAX_KEY: Final = 64
MAX_TITLE: Final = 120
MAX_STEM: Final = 64
"""Bytes of a file's name without its suffix: with that, and a number, it stays below 80."""
SUFFIX: Final = ".yaml"
_MUCH: Final = 400
# What NFKD leaves as it is.
_LETTERS: Final = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\u0131": "i",
        "ħ": "h",
        "ŋ": "ng",
    }
)
_OTHERS: Final = re.compile(r"[^a-z0-9]+")
# Windows keeps these for devices, whatever the suffix; the last would be read as the configuration.
_RESERVED: Final = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]|conin|conout|clock|kalentops")
# What no checkout on Windows can hold: a device with any suffix, some characters, a dot or a space at the end.
_NOT_ON_WINDOWS: Final = re.compile(
    r"""(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³]|conin\$|conout\$)\ *(?:\..*)? | .*[<>:"|?*\\\x01-\x1f].* | .*[.\ ]""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def slug(text: str, limit: int) -> str:
    """`text` in lower-case ASCII letters, digits and hyphens, at most `limit` of them; empty where none is left."""
    folded = unicodedata.normalize("NFKD", text[:_MUCH].casefold().translate(_LETTERS)).casefold()
    plain = "".join(char for char in folded if not unicodedata.combining(char)).translate(_LETTERS)
    return _cut(_OTHERS.sub("-", plain).strip("-"), limit)


def _cut(text: str, limit: int) -> str:
    """The beginning of a slug, between two words where that leaves half of it."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    at = head.rfind("-")
    return head[:at] if text[limit] != "-" and at >= limit // 2 else head.rstrip("-")


def key_of(name: str) -> str:
    """The key that a blueprint's name suggests."""
    key = slug(name, MAX_KEY)
    if not key:
        return "blueprint"
    # `2024` or `no` as a key would need quotes wherever it is written.
    return key if inline(key) == key else f"blueprint-{_cut(key, MAX_KEY - len('blueprint-'))}"


def keys_for(names: Mapping[str, str], taken: Iterable[str]) -> dict[str, str]:
    """A key for each blueprint, by id, from their names by id; none is in `taken`, and no two are the same.

    The order of the list does not matter: of several with one name, the first id gets the plain key.
    """
    used = set(taken)
    found: dict[str, str] = {}
    bases = {blueprint_id: key_of(names[blueprint_id]) for blueprint_id in sorted(names)}
    for blueprint_id, base in bases.items():
        if base not in used:
            used.add(base)
            found[blueprint_id] = base
    numbers: dict[str, Iterator[int]] = {}
    for blueprint_id, base in bases.items():
        if blueprint_id not in found:
            found[blueprint_id] = _free(base, MAX_KEY, used, numbers.setdefault(base, count(2)))
    return found


def former_key(name: str, removed: Collection[str], others: Collection[str]) -> str | None:
    """The key in `removed` that a blueprint of this name had: the one made from its name, or one with a number, where
    others use the first. None if there is none.
    """
    if not removed:
        return None
    base = key_of(name)
    if base in removed:
        return base
    return next((key for key in sorted(removed) if _is_numbered(key, base)), None) if base in others else None


def _is_numbered(key: str, base: str) -> bool:
    head, _, number = key.rpartition("-")
    return number.isdecimal() and head == _cut(base, MAX_KEY - len(number) - 1)


def _free(base: str, limit: int, used: set[str], numbers: Iterator[int]) -> str:
    """`base-2`, or the next free number; it is in use from now on."""
    for number in numbers:
        suffix = f"-{number}"
        name = _cut(base, limit - len(suffix)) + suffix
        if name not in used:
            used.add(name)
            return name
    raise AssertionError("there is always another number")


def title_of(name: str, sourcing_id: str) -> str:
    """The title of a position: its sourcing's name on one line, without what can't be seen, at most `MAX_TITLE`
    characters. Empty where that leaves nothing, or the id.
    """
    line = _seen(" ".join(name[:_MUCH].split()))
    short = line if len(line) <= MAX_TITLE else _seen(line[: MAX_TITLE - 1]) + "…"
    return "" if short == sourcing_id else short


def _seen(text: str) -> str:
    """`text` without characters that can't be seen. A cut may part an emoji from what belongs to it."""
    hidden = {index for index, _ in unseen(text)}
    return " ".join("".join(char for index, char in enumerate(text) if index not in hidden).split())


def stem_of(name: str, sourcing_id: str) -> str:
    """What the file of a sourcing is called, without its suffix: after its name, or its id where the name is not
    known or leaves nothing.
    """
    stem = slug(name, MAX_STEM) or slug(sourcing_id, MAX_STEM) or "sourcing"
    return f"sourcing-{stem}" if _RESERVED.fullmatch(stem) else stem


def stem_of_template(name: str) -> str:
    """What the file of a template is called, without its suffix: its name, if a file can have it."""
    return f"template-{name}" if _RESERVED.fullmatch(name) else name


class FileNames:
    """The names of one folder. `taken` are those of everything that is in it."""

    def __init__(self, taken: Iterable[str]) -> None:
        folded = (name.casefold() for name in taken)
        # `a.yml` beside `a.yaml` would be two files that are hard to tell apart.
        self._used = {name.removesuffix(SUFFIX).removesuffix(".yml") for name in folded}
        self._numbers: dict[str, Iterator[int]] = {}

    def take(self, stem: str) -> str:
        """A free file name, also where case does not count; it is in use from now on."""
        low = stem.casefold()
        if low in self._used:
            return _free(low, MAX_STEM + 8, self._used, self._numbers.setdefault(low, count(2))) + SUFFIX
        self._used.add(low)
        return stem + SUFFIX


_CONFIGURATION: Final = "kalentops.yaml"


class Destination:
    """A folder and the names that are free in it. `first` is the name of the first file, if --file gives one.
    Reading the folder may raise StoreFailure.
    """

    def __init__(self, root: Path, folder: Path, first: str | None = None) -> None:
        self.root = root
        self._folder = folder
        self._first = first
        self._names = FileNames([*_listed(folder), *([first] if first else [])])

    def take(self, stem: str) -> Path:
        """The next free path; it is in use from now on."""
        first, self._first = self._first, None
        return self._folder / (first or self._names.take(stem))

    def name(self, path: Path) -> str:
        """What findings call a file: relative to the project, with forward slashes."""
        return Path(os.path.relpath(path, self.root)).as_posix()


def folder_destination(root: Path, folder: Path) -> Destination:
    """The folder of blueprints, which need not exist yet. Raises UsageError, StoreFailure."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder, so there is no place for a new file",
            hint="set `blueprints:` in kalentops.yaml to a folder",
        )
    return Destination(root, folder)


def file_destination(root: Path, blueprints: Path, file: Path, option: str = "--file") -> Destination:
    """The place of a new file that an option names.

    Raises UsageError where it exists, lies elsewhere than in the folder of blueprints (through links, too), or would
    not be read as a file of blueprints; StoreFailure.
    """
    shown = clip(str(file), 200)
    if file.suffix not in SUFFIXES:
        raise UsageError(f"{shown} would not be read: blueprint files end in .yaml or .yml")
    try:
        top, folder = blueprints.resolve(), file.parent.resolve()
        there = _is_there(file)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{shown} is not a path: {error}") from None
    if not folder.is_relative_to(top):
        raise UsageError(
            f"{shown} lies outside of {blueprints}, where the blueprints are",
            hint=f"pass a file in it, such as {option} {_example(root, blueprints, file)}",
        )
    if there:
        raise UsageError(
            f"{shown} exists, and is not overwritten",
            hint=f"pass another {option}, or none: then the file gets a name of its own",
        )
    within = folder.relative_to(top)
    if any(part.startswith(".") for part in (*within.parts, file.name)):
        raise UsageError(f"{shown} would not be read: names that begin with a dot are ignored")
    check_new_names(top, folder / file.name, f"pass {option} with another name")
    if folder == root.resolve() and file.name.casefold() == _CONFIGURATION:
        raise UsageError(f"{shown} would be read as the configuration", hint=f"pass another {option}")
    return Destination(root, blueprints / within, file.name)


def check_new_names(top: Path, file: Path, hint: str) -> None:
    """Raises UsageError for the name of a new file, or of a new folder on the way, that not every system can hold."""
    made = [
        each for each in (*reversed(file.parents), file) if top in each.parents and not os.path.lexists(each)
    ]
    for path in made:
        if _NOT_ON_WINDOWS.fullmatch(path.name):
            raise UsageError(
                f"{clip(path.name)} can't be the name of a file on Windows, "
                "so the repository can't be checked out there",
                hint=hint,
            )
        if twin := next((each for each in _listed(path.parent) if _folded(each) == _folded(path.name)), None):
            raise UsageError(
                f"{clip(path.name)} and {clip(twin)}, which exists, are one name on Windows and macOS",
                hint=hint,
            )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_there(file: Path) -> bool:
    """Raises ValueError, OSError for what can't be the name of a file."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _example(root: Path, blueprints: Path, file: Path) -> str:
    return Path(os.path.relpath(blueprints / file.name, root)).as_posix()


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are what is asked for
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreFailure(f"{folder} can't be read: {error.strerror or error}") from error
