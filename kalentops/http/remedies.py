"""What helps where no connection comes about. The causes are known by the words of Python, OpenSSL and resolvers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

_CA: Final = (
    "pass --ca-file FILE (KALENTOPS_CA_FILE) with the certificate authority of that server or of your network"
)
_ANOTHER_NAME: Final = "the certificate is for another name: check the host in --api-url"
_REFUSED: Final = "nothing listens there: check host and port"
_UNKNOWN_NAME: Final = "DNS does not know the name: check the host, the network and the VPN"
# The first that fits counts; compared without regard to case.
_CAUSES: Final = (
    ("hostname mismatch", _ANOTHER_NAME),
    ("ip address mismatch", _ANOTHER_NAME),
    (
        "certificate has expired",
        "check the clock of this machine; if it is right, the server needs a new certificate",
    ),
    ("certificate is not yet valid", "check the clock of this machine"),
    ("certificate_verify_failed", _CA),
    ("wrong_version_number", "this port does not speak TLS: check the port, and https or http in the URL"),
    ("record_layer_failure", "this port does not speak TLS: check the port, and https or http in the URL"),
    ("proxy authentication required", "pass --proxy http://USER:PASSWORD@HOST:PORT"),
    ("refused", _REFUSED),  # 111 of Linux, 61 of macOS, 10061 of Windows
    ("name or service not known", _UNKNOWN_NAME),
    ("no address associated", _UNKNOWN_NAME),
    ("name resolution", _UNKNOWN_NAME),
    ("nodename nor servname", _UNKNOWN_NAME),
    ("getaddrinfo failed", _UNKNOWN_NAME),
    ("unreachable", "check the network and the VPN"),
    ("no route to host", "check the network and the VPN"),
    ("timed out", "check the network, the VPN and the firewall"),
)
_PROXIES: Final = ("HTTPS_PROXY", "ALL_PROXY")


def unread_proxy(environment: Mapping[str, str], url: str) -> str | None:
    """The variable that names a proxy for others, and is not read here: a proxy that nobody has asked for would get
    to know the key's host. None for a loopback address.
    """
    if not url.startswith("https://"):
        return None
    return next((name for each in _PROXIES for name in (each, each.lower()) if environment.get(name)), None)


def remedies(said: str, *, proxy: str | None, unread: str | None) -> Iterator[str]:
    """What to do about a connection that failed with these words, through this proxy."""
    lower = said.lower()
    found = next((what for words, what in _CAUSES if words in lower), None)
    if found in {_REFUSED, _UNKNOWN_NAME} and proxy:
        found = f"check the address of the proxy ({urlsplit(proxy).hostname})"
    if found:
        yield found
    if unread and not proxy and found not in {_CA, _ANOTHER_NAME}:
        yield f"{unread} is set and is not read: pass --proxy URL (KALENTOPS_PROXY) to go through it"
