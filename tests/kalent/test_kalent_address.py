"""Which addresses the key may be sent to."""

from __future__ import annotations

import pytest

from kalentops.errors import InvalidConfig
from kalentops.kalent.client import DEFAULT_URL, check_url, tenant
from kalentops.support.text import visible


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        (DEFAULT_URL, DEFAULT_URL),
        ("https://app.kalent.ai/api/", DEFAULT_URL),
        ("https://app.kalent.ai/api///", DEFAULT_URL),
        ("HTTPS://App.Kalent.AI:443/api", DEFAULT_URL),
        ("https://app.kalent.ai:/api", DEFAULT_URL),
        ("https://app.kalent.ai", "https://app.kalent.ai"),
        ("https://app.kalent.ai:8443/API", "https://app.kalent.ai:8443/API"),
        ("https://10.0.0.1/api", "https://10.0.0.1/api"),
        ("https://[2001:DB8::1]:443/api", "https://[2001:db8::1]/api"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9:80/", "http://127.9.9.9"),
        ("http://localhost:8080/api", "http://localhost:8080/api"),
        ("HTTP://LOCALHOST", "http://localhost"),
        ("http://[::1]:8080/api/", "http://[::1]:8080/api"),
    ],
)
def test_good_ones(url: str, normal: str) -> None:
    assert check_url(url) == normal
    assert check_url(normal) == normal
    assert tenant(url) == tenant(normal)


CLEAR = "the API key would be sent unencrypted to"
CREDENTIALS = "KALENT_API_URL contains a user name or a password"
MALFORMED = "KALENT_API_URL is not a valid URL: its host or port is malformed"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "is not a URL of the API"),
        ("app.kalent.ai/api", "is not a URL of the API"),
        ("ftp://app.kalent.ai/api", "is not a URL of the API"),
        ("file:///etc/passwd", "is not a URL of the API"),
        ("https://", "is not a URL of the API"),
        ("https:///api", "is not a URL of the API"),
        ("https://app.kalent.ai:0/api", "is not a URL of the API"),
        ("https://app.kalent.ai:65536/api", MALFORMED),
        ("https://app.kalent.ai:-1/api", MALFORMED),
        ("https://app.kalent.ai:secret/api", MALFORMED),
        ("https://[::1/api", MALFORMED),
        ("https://[nonsense]/api", ""),
        ("http://app.kalent.ai/api", f"{CLEAR} app.kalent.ai"),
        ("http://10.0.0.1/api", f"{CLEAR} 10.0.0.1"),
        ("http://0.0.0.0/api", f"{CLEAR} 0.0.0.0"),
        ("http://[2001:db8::1]/api", f"{CLEAR} 2001:db8::1"),
        ("http://localhost.evil.example/api", CLEAR),
        ("http://127.0.0.1.evil.example/api", CLEAR),
        ("http://127.1/api", CLEAR),
        ("https://user:secret@app.kalent.ai/api", CREDENTIALS),
        ("https://@app.kalent.ai/api", CREDENTIALS),
        ("http://127.0.0.1\\@evil.example/api", CREDENTIALS),
        ("ftp://user:secret@app.kalent.ai/api", CREDENTIALS),
        ("https:user:secret@app.kalent.ai/api", "is not a URL of the API"),
        ("https://app.kalent.ai\\.evil.example/api", "is not a base URL"),
        ("https://app.kalent.ai/api/../../x", "leaves its own path"),
        ("https://app.kalent.ai/api/.", "leaves its own path"),
        ("https://app.kalent.ai/api/%2E%2e/x", "leaves its own path"),
        ("https://app.kalent.ai/api/.%2e", "leaves its own path"),
        ("https://app.kalent.ai/api/%252e%252e/x", "leaves its own path"),
        ("https://app.kalent.ai/api/..%2fx", "leaves its own path"),
        ("https://app.kalent.ai/api/..;/x", "leaves its own path"),
        ("https://app.kalent.ai/api/..%5cx", "leaves its own path"),
        ("https://app.kalent.ai/api?x=1", "is not a base URL"),
        ("https://app.kalent.ai/api?", "is not a base URL"),
        ("https://app.kalent.ai/api#", "is not a base URL"),
        ("https://app.kalent.ai/api#x", "is not a base URL"),
        ("https://app.kalent.ai/a pi", "is not a base URL"),
        (" https://app.kalent.ai/api", "is not a base URL"),
        ("https://app.kalent.ai/api\n", "is not a base URL"),
        ("https://app.kalent.ai\t/api", "is not a base URL"),
        ("https://app.kalent.ai/\x1b[31m", "is not a base URL"),
        ("https://kälent.ai/api", "is not a base URL"),
        ("https://app.kalent.ai%2eevil.example/api", "is not a base URL"),
        ("https://kalent.ai\u202e/api", "is not a base URL"),
    ],
)
def test_bad_ones(url: str, said: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        check_url(url)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert str(caught.value) == visible(str(caught.value))
    assert caught.value.hint == (
        "set KALENT_API_URL to a URL like https://app.kalent.ai/api; http:// is allowed for loopback addresses only"
    )


def test_other_places_are_other_tenants() -> None:
    urls = [
        DEFAULT_URL,
        "https://app.kalent.ai",
        "https://app.kalent.ai/API",
        "https://app.kalent.ai:8443/api",
        "https://eu.kalent.ai/api",
        "http://127.0.0.1:443/api",
        "http://127.0.0.1/api",
    ]
    prints = [tenant(url) for url in urls]
    assert len(set(prints)) == len(urls)
    assert all(each.startswith("url:") and len(each) == 20 for each in prints)
    assert tenant(DEFAULT_URL) == "url:741f26585cf183a4"  # states hold it, so it can't change


def test_messages_name_the_variable_that_is_wrong() -> None:
    with pytest.raises(InvalidConfig, match=r"^OTHER_URL is not a URL of the API: x$") as caught:
        check_url("x", "OTHER_URL", "https://api.example")
    assert (
        caught.value.hint
        == "set OTHER_URL to a URL like https://api.example; http:// is allowed for loopback addresses only"
    )
