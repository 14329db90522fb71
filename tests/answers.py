"""Answers of an HTTP server as plain bytes, so that any of them can be bent out of shape."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote

MEGABYTE = 1 << 20


def http(status: int, body: bytes = b"", *, length: int | None = -1, **headers: str) -> bytes:
    """An answer. `length` is the stated one: -1 for the right one, None for none at all."""
    stated = [] if length is None else [f"content-length: {len(body) if length < 0 else length}"]
    lines = [f"HTTP/1.1 {status} Reason", *stated]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def as_json(status: int, value: Any, **headers: Any) -> bytes:
    return http(status, json.dumps(value).encode(), content_type="application/json", **headers)


def success(data: Any, status: int = 200) -> bytes:
    return as_json(status, {"success": True, "data": data})


def failure(status: int, code: str = "some_error", message: str = "no", **headers: str) -> bytes:
    """A failure in the API's own envelope."""
    error = {"code": code, "message": message, "debugTrackingCode": "trk_1"}
    return as_json(status, {"success": False, "error": error}, **headers)


def bare(status: int, message: str = "Missing API key") -> bytes:
    """A failure in the older form of the envelope."""
    return as_json(status, {"success": False, "error": message})


def html(status: int, title: str = "Bad gateway") -> bytes:
    return http(status, f"<html><title>{title}</title></html>".encode(), content_type="text/html")


def chunked(status: int, *chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks)
    return http(status, body + end, length=None, transfer_encoding="chunked")


def bomb(megabytes: int) -> bytes:
    """A gzip body that is small on the wire."""
    packed = gzip.compress(b" " * (megabytes * MEGABYTE), compresslevel=9)
    return http(200, packed, content_encoding="gzip")


def deep(depth: int) -> bytes:
    return http(200, b'{"success":true,"data":' + b"[" * depth + b"]" * depth + b"}")


def echoes(key: str) -> dict[str, str]:
    """The forms in which a server may send a key back."""
    return {
        "raw": key,
        "base64": base64.b64encode(key.encode()).decode(),
        "basic": base64.b64encode(f"user:{key}".encode()).decode(),
        "basic-1": base64.b64encode(f"u:{key}:x".encode()).decode(),
        "basic-2": base64.b64encode(f"{key}:".encode()).decode(),
        "urlsafe": base64.urlsafe_b64encode(key.encode()).decode(),
        "percent": quote(key, safe=""),
        "percent-some": quote(key),
        "percent-all": "".join(f"%{ord(char):02x}" for char in key),
        "percent-twice": quote(quote(key, safe=""), safe=""),
        "json": json.dumps(key)[1:-1],
        "json-all": "".join(f"\\u{ord(char):04x}" for char in key),
        "json-twice": json.dumps(json.dumps(key))[3:-3],
        "hex": key.encode().hex(),
    }
