"""TLS with a certificate authority of one's own."""

from __future__ import annotations

import ssl
from contextlib import closing as closed
from pathlib import Path

import pytest

from kalentops.errors import InvalidConfig
from kalentops.http.secret import ApiKey
from kalentops.http.transport import HttpTransport, Network
from kalentops.http.verdict import Accepted, Answer, NotSent, Trouble, classify
from tests import answers, wire
from tests.wire import Behaviour, Connection, Wire, answering, dripping

pytestmark = pytest.mark.processes

KEY = ApiKey("key-key-key")
GOOD = answers.success({"blueprintId": "b1"}, 201)
Tls = tuple[Path, ssl.SSLContext]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    made = wire.self_signed(tmp_path_factory.mktemp("tls"))
    if made is None:
        pytest.skip("there is no openssl to make a certificate with")
    return made


def post(url: str, ca_file: Path | None, timeout: float = 1.0) -> Answer:
    with closed(HttpTransport(Network(url, timeout, str(ca_file) if ca_file else None), KEY)) as transport:
        return transport.send("POST", "/v1/x", body={})


def test_with_the_ca_file_it_works(tls: Tls) -> None:
    certificate, context = tls
    with Wire(answering(GOOD), tls=context) as server:
        assert classify(post(server.url, certificate)) == Accepted({"blueprintId": "b1"})
        assert server.requests[0].headers["x-api-key"] == KEY.reveal()


def test_without_it_nothing_is_sent(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, context = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # not asked for, so it is not used
    with Wire(answering(GOOD), tls=context) as server:
        answer = post(server.url, None)
        assert isinstance(classify(answer), NotSent)
        assert "CERTIFICATE_VERIFY_FAILED" in answer.reason.upper()
        assert "pass --ca-file FILE (KALENTOPS_CA_FILE)" in answer.reason
        assert server.requests == []


def test_for_another_name_nothing_is_sent(tls: Tls) -> None:
    certificate, context = tls
    with Wire(answering(GOOD), tls=context) as server:
        answer = post(server.url.replace("127.0.0.1", "localhost"), certificate)
        assert isinstance(classify(answer), NotSent)
        assert "the certificate is for another name" in answer.reason
        assert server.requests == []


def test_a_port_that_speaks_no_tls() -> None:
    def behave(connection: Connection) -> None:
        connection.send(answers.http(400))

    with Wire(behave) as server:
        reason = post(server.url.replace("http://", "https://"), None).reason
        assert "this port does not use TLS" in reason


@pytest.mark.parametrize(
    "behaviour", [dripping(GOOD, every=0.2), dripping(GOOD, every=0.2, whole=90)], ids=["head", "body"]
)
def test_a_slow_answer_ends_in_time(tls: Tls, behaviour: Behaviour) -> None:
    certificate, context = tls
    with Wire(behaviour, tls=context) as server:
        answer = post(server.url, certificate, timeout=1)
        assert answer.trouble is Trouble.LOST


def _silent(connection: Connection) -> None:
    connection.wait(120)


def test_a_handshake_that_stalls_is_not_sent() -> None:
    with Wire(_silent) as server:
        answer = post(server.url.replace("http:", "https:"), None, timeout=1)
    assert answer.trouble is Trouble.NOT_SENT


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("hello")
    for path, said in (
        (tmp_path / "none.pem", "No such file or directory"),
        (empty, "it contains no certificate"),
    ):
        with pytest.raises(InvalidConfig, match=said) as caught:
            HttpTransport(Network("https://127.0.0.1", ca_file=str(path)), KEY)
        assert path.name in str(caught.value)
