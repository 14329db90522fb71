"""The API key: read it, and keep it out of every output."""

from __future__ import annotations

import base64
import re
import shlex
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import unquote

from kalentops.errors import InvalidConfig, NoKey

VARIABLE: Final = "KALENT_API_KEY"
ENVIRONMENT: Final = "KALENTOPS_ENVIRONMENT"
_FILE: Final = "_FILE"
_PREFIXES: Final = (VARIABLE, "INPUT_API_KEY")
_MASK: Final = "***"
_USABLE: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_MAX_FILE: Final = 8192
_LONG: Final = 16
_TELLING: Final = 4  # characters: a shorter password occurs in any text
# What PostgreSQL and a browser take for the password differs where it holds `@` or `/`: here it is all that may be one.
_USERINFO: Final = re.compile(r"://[^:@]*:(.+)@", re.DOTALL)
_PARAMETER: Final = re.compile(r"[?&]\w*password=([^&#]+)", re.IGNORECASE)
_Read: TypeAlias = Callable[[str, str], str]
"""The key in a file: the variable that names it, its path. Raises NoKey."""
_NAMED: Final = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


class ApiKey:
    """The key. It is shown as `***` wherever it is printed or formatted. `others` are keys that must not be shown
    either, such as those of other environments.
    """

    __slots__ = ("_hidden", "_pattern", "_value")

    def __init__(self, value: str, others: Iterable[str] = ()) -> None:
        self._value = value
        self._hidden = (value, *others)
        # A lookahead, to find forms that overlap.
        forms = (form for each in self._hidden for form in _forms(each))
        self._pattern = re.compile(f"(?=({'|'.join(forms)}))")

    def is_surely_in(self, text: str) -> bool:
        """Whether a text contains a key, and not by chance, as with a key such as `local`."""
        return any(len(each) >= _LONG and each in text for each in self._hidden)

    def reveal(self) -> str:
        """The key itself. Only for the header of a request."""
        return self._value

    def scrub(self, text: str) -> str:
        """`text` without the key, in every form in which a server may echo it."""
        kept: list[str] = []
        end = 0
        for found in self._pattern.finditer(text):
            if found.start() > end or not kept:
                kept.append(text[end : found.start()])
            end = max(end, found.end(1))
        return _MASK.join([*kept, text[end:]]) if kept else text

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _MASK

    def __reduce__(self) -> str:
        raise TypeError("an ApiKey can't be pickled")


def _forms(value: str) -> Iterator[str]:
    """Patterns for the key in plain text, JSON, HTML, URLs, hexadecimal and base64."""
    yield "".join(_character(char) for char in value)
    yield f"(?i:{value.encode().hex()})"
    # The ends of a base64 text depend on its neighbours, and its middle on their length.
    for shift, unsure in enumerate((0, 2, 3)):
        data = b"\0" * shift + value.encode()
        form = base64.b64encode(data).rstrip(b"=").decode()[unsure : -1 if len(data) % 3 else None]
        if len(form) > 5:  # noqa: PLR2004 - shorter ones occur in any text
            yield form.replace("+", "(?:[+-]|%2[bB])").replace("/", "(?:[/_]|%2[fF])")


def _character(char: str) -> str:
    """Plain, percent-encoded (perhaps several times), and as JSON or HTML write it."""
    code = f"{ord(char):02x}"
    raw = f"\\\\{{0,3}}{re.escape(char)}" if char in '"\\/' else re.escape(char)
    entity = f"#0*{ord(char)}|#[xX]0*(?i:{code})" + (f"|{_NAMED[char]}" if char in _NAMED else "")
    return f"(?:%(?:25)*(?i:{code})|\\\\(?:u00|x)(?i:{code})|&(?:{entity});|{raw})"


def for_environment(variable: str, environment: str | None) -> str:
    """The name of a variable for one environment: `KALENT_API_KEY_NAME`."""
    return variable if environment is None else f"{variable}_{environment.upper()}"


def of_environment(variables: Mapping[str, str], environment: str | None) -> bool:
    """Whether variables without a name count: they are those of a job, whose secrets are one environment's."""
    return environment is None or variables.get(ENVIRONMENT) == environment


def read_key(
    variables: Mapping[str, str], environment: str | None = None, environments: Iterable[str] = ()
) -> ApiKey:
    """The key of an environment, or of the only workspace: a variable holds it, or names its file.

    Raises NoKey, and InvalidConfig if two of `environments` have one key, without a key in the message.
    """
    read = cache(_from_file)  # a pipe can be read once
    source, value = _value(variables, environment, read)
    if not value:
        said, hint = _missing(variables, source, environment)
        raise NoKey(said, hint=hint)
    key = as_key(value, source)
    if environment is None:
        return key
    _check_distinct(variables, environments, read)
    return ApiKey(value, (each for each in _all_values(variables, read) if each != value))


def _sources(variables: Mapping[str, str], environment: str | None) -> Iterator[str]:
    """The variables that may hold the key, the first before the others."""
    names = [for_environment(VARIABLE, environment)]
    if environment is not None and of_environment(variables, environment):
        names.append(VARIABLE)
    for name in names:
        yield from (name, name + _FILE)


def _value(variables: Mapping[str, str], environment: str | None, read: _Read) -> tuple[str, str]:
    """The variable that counts, and the key in it or in its file. Raises NoKey."""
    sources = list(_sources(variables, environment))
    source = next((each for each in sources if variables.get(each, "").strip()), sources[0])
    value = variables.get(source, "").strip()
    return source, read(source, value) if source.endswith(_FILE) else value


def _missing(variables: Mapping[str, str], source: str, environment: str | None) -> tuple[str, str | None]:
    """What is said of a missing key, and the hint."""
    if source.endswith(_FILE):
        return f"the file named by {source} is empty", None
    if environment is None:
        return f"{source} is not set", None
    plain = any(variables.get(each) for each in (VARIABLE, VARIABLE + _FILE))
    why = f"; {VARIABLE} counts only where {ENVIRONMENT} is {environment}" if plain else ""
    return (
        f"{source} is not set",
        f"export {source}=…, or {source}{_FILE}=/path/to/a/file that contains it{why}",
    )


def _check_distinct(variables: Mapping[str, str], environments: Iterable[str], read: _Read) -> None:
    owners: dict[str, str] = {}
    for each in environments:
        with suppress(NoKey):  # of an environment that this run does not need
            _, value = _value(variables, each, read)
            other = owners.setdefault(value, each) if value else each
            if other != each:
                raise InvalidConfig(
                    f"the environments {other} and {each} have the same key",
                    hint=f"set {for_environment(VARIABLE, other)} and {for_environment(VARIABLE, each)} to the keys "
                    "of two workspaces",
                )


def _all_values(variables: Mapping[str, str], read: _Read) -> Iterator[str]:
    for name, value in variables.items():
        if name.startswith(_PREFIXES) and value.strip():
            with suppress(NoKey):
                found = read(name, value.strip()) if name.endswith(_FILE) else value.strip()
                if _USABLE.fullmatch(found):
                    yield found


def every_key(variables: Mapping[str, str]) -> Iterator[ApiKey]:
    """All keys that the process knows, of all environments: to keep them out of a report."""

    def read(source: str, name: str) -> str:
        return _from_file(source, name) if Path(name).is_file() else ""  # a pipe would be waited for

    return (ApiKey(each) for each in dict.fromkeys(_all_values(variables, read)))


def permission_warnings(variables: Mapping[str, str], environment: str | None = None) -> Iterator[str]:
    """A warning if other users can read the key's file. Windows has no such modes."""
    source = next((each for each in _sources(variables, environment) if variables.get(each, "").strip()), "")
    if not source.endswith(_FILE) or sys.platform == "win32":
        return
    name = variables[source]
    with suppress(OSError):
        mode = Path(name).stat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
            yield (
                f"other users can read the file named by {source} (mode {mode & 0o777:04o}): "
                f"`chmod 600 {shlex.quote(name)}`"
            )


def as_key(value: str, source: str, *, hint: str | None = None) -> ApiKey:
    """Raises NoKey for a value that a header can't carry; `source` names its origin in the message."""
    if not _USABLE.fullmatch(value):
        raise NoKey(
            f"the value of {source} is not a key: it is too long, or contains spaces or non-ASCII characters",
            hint=hint,
        )
    return ApiKey(value)


def _from_file(source: str, name: str) -> str:
    try:
        with Path(name).open(encoding="ascii") as stream:
            return stream.read(_MAX_FILE).strip()
    except OSError as error:
        raise NoKey(f"the file named by {source} can't be read: {error.strerror}") from None
    except ValueError:
        raise NoKey(f"the file named by {source} is not a key: it contains non-ASCII characters") from None


def hide_passwords(text: str, sources: Iterable[str], *, everywhere: bool = False) -> str:
    """`text` without the passwords of the URLs in `sources`: as a URL holds them, also where a message cut it short;
    with `everywhere`, as they are, too.
    """
    for source in sources:
        found = _USERINFO.search(source)
        secrets = [(":", found[1])] if found else []
        secrets += [("=", each) for each in _PARAMETER.findall(source)]
        for before, secret in secrets:
            text = text.replace(before + secret, f"{before}{_MASK}")
            for end in range(len(secret) - 1, 0, -1):
                text = text.replace(f"{before}{secret[:end]}…", f"{before}{_MASK}")
            for form in {secret, unquote(secret)} if everywhere and len(secret) >= _TELLING else ():
                text = text.replace(form, _MASK)
    return text
