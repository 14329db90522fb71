"""A git server over HTTP: `git http-backend`, and faults in front of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.repositories import git

if TYPE_CHECKING:
    from socket import socket

Fault: TypeAlias = Callable[["GitRequest"], bool]


class GitRequest(BaseHTTPRequestHandler):
    """Answers with what git answers, unless `fault` says that it has done something else."""

    protocol_version = "HTTP/1.1"
    server: GitServer
    connection: socket

    def do_GET(self) -> None:
        self.server.seen.append((f"{self.command} {self.path}", self.headers.get_all("Authorization", [])))
        if not self.server.fault(self):
            self.answer(*self.ask_git())

    do_POST = do_GET

    @property
    def pushes(self) -> bool:
        return self.command == "POST" and self.path.endswith("git-receive-pack")

    def ask_git(self) -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            input=self._body(),
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_PROJECT_ROOT": str(self.server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "REMOTE_USER": "a",
            },
            capture_output=True,
            check=True,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = [
            (name, value) for name, _, value in (line.partition(": ") for line in head.decode().split("\r\n"))
        ]
        status = int(dict(fields).get("Status", "200").split()[0])
        return status, [each for each in fields if each[0] != "Status"], body

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int) -> bool:
        self._body()
        self.answer(status, [], b"no")
        return True

    def hang_up(self) -> bool:
        self.close_connection = True
        return True

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


class GitServer(ThreadingHTTPServer):
    """Serves the repositories of a folder."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), GitRequest)
        self.root = root
        self.seen: list[tuple[str, list[str]]] = []
        self.fault: Fault = lambda _: False

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def serve(bare: Path) -> Iterator[GitServer]:
    git(bare, "config", "http.receivepack", "true")
    with GitServer(bare.parent) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
