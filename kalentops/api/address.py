"""Where the API is."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from kalentops.errors import InvalidConfig
from kalentops.text import clip

DEFAULT_URL: Final = "https://app.kalent.ai/api"


def check_url(url: str) -> str:
    """The base URL without a slash at its end.

    Raises InvalidConfig for anything that would send the key in the clear, or that is no base URL: plain http
    beyond a loopback address, credentials, a query, a fragment.
    """
    hint = f"KALENT_API_URL is like {DEFAULT_URL}; plain http only to a loopback address"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidConfig(f"KALENT_API_URL is no URL: {error}", hint=hint) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidConfig(f"KALENT_API_URL is no URL of the API: {clip(url)}", hint=hint)
    if parts.username is not None or parts.password is not None:
        raise InvalidConfig("KALENT_API_URL holds a user name or a password", hint=hint)
    if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidConfig(f"KALENT_API_URL is no base URL: {clip(url)}", hint=hint)
    if parts.scheme == "http" and not _is_loopback(host):
        raise InvalidConfig(f"the key would travel in the clear to {clip(host)}", hint=hint)
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tenant(url: str) -> str:
    """The fingerprint of the place that a state belongs to: made from the base URL, never from the key."""
    parts = urlsplit(url)
    normal = f"{parts.scheme}://{(parts.netloc or '').lower()}{parts.path.rstrip('/')}"
    return "url:" + hashlib.sha256(normal.encode()).hexdigest()[:16]
