"""What is said to help where no connection comes about."""

from __future__ import annotations

from contextlib import closing

import pytest

from kalentops.http.secret import ApiKey
from kalentops.http.transport import HttpTransport, Network, remedies, unread_proxy

URL = "https://app.kalent.example/api"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate", "--ca-file"),
        ("certificate verify failed: Hostname mismatch [CERTIFICATE_VERIFY_FAILED]", "another name"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired", "the clock"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "does not use TLS"),
        ("[Errno 111] Connection refused", "nothing listens at that address"),
        ("[WinError 10061] the target machine actively refused it", "nothing listens at that address"),
        ("[Errno -2] Name or service not known", "the name can't be resolved"),
        ("[Errno -3] Temporary failure in name resolution", "the name can't be resolved"),
        ("[Errno 8] nodename nor servname provided, or not known", "the name can't be resolved"),
        ("[Errno 11001] getaddrinfo failed", "the name can't be resolved"),
        ("[Errno 101] Network is unreachable", "the VPN"),
        ("timed out", "the firewall"),
        ("407 Proxy Authentication Required", "--proxy http://USER:PASSWORD@HOST:PORT"),
    ],
)
def test_each_cause_has_its_remedy(said: str, what: str) -> None:
    (found,) = remedies(said, proxy=None, unread=None)
    assert what in found


def test_a_proxy_that_is_set_and_not_read_is_named_where_it_may_help() -> None:
    for said in ("timed out", "[Errno 111] Connection refused", "something else"):
        *_, last = remedies(said, proxy=None, unread="HTTPS_PROXY")
        assert last.startswith("HTTPS_PROXY is set, but kalentops does not read it: pass --proxy URL")
    assert len(list(remedies("CERTIFICATE_VERIFY_FAILED", proxy=None, unread="HTTPS_PROXY"))) == 1
    assert list(remedies("Connection refused", proxy="http://u:pw@proxy:1", unread="HTTPS_PROXY")) == [
        "check the address of the proxy (proxy)"
    ]


@pytest.mark.parametrize(
    ("environment", "url", "name"),
    [
        ({}, URL, None),
        ({"HTTPS_PROXY": ""}, URL, None),
        ({"https_proxy": "http://p"}, URL, "https_proxy"),
        ({"ALL_PROXY": "http://p", "HTTPS_PROXY": "http://p"}, URL, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://p"}, "http://127.0.0.1:1/api", None),
    ],
)
def test_which_variable_is_not_read(environment: dict[str, str], url: str, name: str | None) -> None:
    assert unread_proxy(environment, url) == name


def test_a_refused_connection_names_its_remedy() -> None:
    with closing(HttpTransport(Network("http://127.0.0.1:9/api", 1), ApiKey("key"))) as transport:
        assert transport.send("GET", "/v1/x").reason.endswith(
            "; nothing listens at that address: check host and port"
        )
