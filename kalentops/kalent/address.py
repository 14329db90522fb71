"""Where the API is."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from kalentops.errors import InvalidConfig
from kalentops.support.text import clip

DEFAULT_URL: Final = "https://app.kalent.ai/api"
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")  # a name or an IPv4 address, or an IPv6 address


def check_url(url: str, variable: str = "KALENT_API_URL", example: str = DEFAULT_URL) -> str:
    """The base URL in its normal form: lower case up to the path, no slash at its end, no default port.

    Raises InvalidConfig for anything that would send the key in the clear, or that is no base URL: plain http
    beyond a loopback address, credentials, a query, a fragment. No message holds credentials; they name `variable`.
    """
    hint = f"{variable} is like {example}; plain http only to a loopback address"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # its own words may hold a password
        raise InvalidConfig(f"{variable} is no URL: its host or its port is malformed", hint=hint) from None
    if "@" in parts.netloc:
        raise InvalidConfig(f"{variable} holds a user name or a password", hint=hint)
    if parts.scheme not in _PORTS or not host or port == 0:
        raise InvalidConfig(f"{variable} is no URL of the API: {_shown(url)}", hint=hint)
    if not re.fullmatch(r"[!-~]+", url) or set(url) & set("?#\\") or not _HOST.fullmatch(host):
        raise InvalidConfig(f"{variable} is no base URL: {_shown(url)}", hint=hint)
    if any(_is_dots(each) for each in parts.path.split("/")):
        raise InvalidConfig(f"{variable} is no base URL: {_shown(url)} leaves its own path", hint=hint)
    if parts.scheme == "http" and not _is_loopback(host):
        raise InvalidConfig(f"the key would travel in the clear to {clip(host)}", hint=hint)
    return _normal(parts)


def _is_dots(segment: str) -> bool:
    """Whether some server may take it for a way up, or for several segments, however often it is encoded."""
    plain = unquote(segment)
    while plain != segment:
        segment, plain = plain, unquote(plain)
    return segment.partition(";")[0] in {".", ".."} or bool(set(segment) & set("/\\"))


def _shown(url: str) -> str:
    return clip(re.sub(r".*@", "***@", url))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _normal(parts: SplitResult) -> str:
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port and parts.port != _PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{name}{port}{parts.path.rstrip('/')}"


def tenant(url: str) -> str:
    """The fingerprint of the place that a state belongs to: made from a valid base URL, never from the key."""
    return "url:" + hashlib.sha256(_normal(urlsplit(url)).encode()).hexdigest()[:16]
