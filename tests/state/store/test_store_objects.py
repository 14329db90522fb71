"""A state as an object: what networks, proxies and services do to a request, what may be written, and what is shown."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from kalentops.errors import SharedStoreFailure, StateError, StoreFailure
from kalentops.state.store import open_store
from kalentops.state.store.backend import Backend, UnclearWrite, VersionMismatch
from kalentops.state.store.location import Location
from kalentops.state.store.session import Store
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request, Response
from tests.state.store.samples import FACTORIES, MARKS, ROOT, TENANT, address, created

KINDS: Final = [pytest.param(kind, marks=MARKS[kind]) for kind in ("az", "s3")]
SECRET: Final = "dGhlIHNlY3JldCBvZiB0aGUgdGVzdHM="  # an account key of Azure is base64
SIGNATURE: Final = "c2lnbmF0dXJl"
ENDPOINTS: Final = {"s3": "AWS_ENDPOINT_URL", "az": "AZURE_STORAGE_ENDPOINT"}
VARIABLES: Final = {
    "s3": {
        "AWS_ACCESS_KEY_ID": "AKIA-TESTS",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": SIGNATURE,
    },
    "az": {"AZURE_STORAGE_ACCOUNT": "tests", "AZURE_STORAGE_KEY": SECRET},
}
LOCATIONS: Final = {"s3": "s3://bucket/team/state.json", "az": "az://container/team/state.json"}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """A service of a test's own: it gives the answers of `script`."""
    with FaultProxy("http://127.0.0.1:9") as proxy:
        for kind, variables in VARIABLES.items():
            for name, value in {**variables, ENDPOINTS[kind]: proxy.url}.items():
                monkeypatch.setenv(name, value)
        yield proxy
        assert not proxy.problems


def opened(kind: str, location: str | None = None) -> Backend:
    return open_store(Location.parse(location or LOCATIONS[kind], Path())).backend


def answer(status: int, code: str = "", **headers: str) -> Behaviour:
    body = f"<Error><Code>{code}</Code><Message>with {SECRET}</Message></Error>" if code else ""
    return lambda exchange: exchange.send(Response(status, body.encode(), headers))


def methods(proxy: FaultProxy) -> list[str]:
    return [request.method for request in proxy.requests]


# What is asked for.


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("s3://bucket/state.json", "s3://bucket/state.json"),
        ("S3://my.bucket-1/a/b/state.json", "s3://my.bucket-1/a/b/state.json"),
        ("az://container/team=a/state_1.json", "az://container/team=a/state_1.json"),
    ],
)
def test_an_object(text: str, where: str) -> None:
    assert Location.parse(text, Path()).where == where


@pytest.mark.parametrize(
    "text",
    [
        *(
            "s3://",
            "s3:bucket/key",
            "s3:///key",
            "s3://bucket",
            "s3://bucket/",
            "s3://b/key",
            "s3://Bucket/key",
        ),
        *(
            "s3://bucket/../key",
            "s3://bucket/a/./key",
            "s3://bucket/a//key",
            "s3://bucket/key/",
            "s3://bucket/a key",
        ),
        *(
            "s3://bucket/key?x=secret",
            "s3://bucket/key#secret",
            "s3://bucket/k\u00e9y",
            "s3://bucket/a%2Fsecret",
        ),
        *(
            "s3://AKIA:secret@bucket/key",
            "s3://bucket:9000/key",
            "az://container/key?sig=secret",
            "az://container",
        ),
        f"s3://bucket/{'k' * 901}",
    ],
)
def test_what_names_no_object_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(StateError, match=r"names no object for a state$") as caught:
        Location.parse(text, Path())
    assert caught.value.exit_code == 8
    assert "secret" not in f"{caught.value} {caught.value.hint}"
    assert "/KEY: " in str(caught.value.hint)


@pytest.mark.parametrize("kind", LOCATIONS)
def test_without_the_extra_the_message_says_how_to_install_it(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "kalentops.state.store.objects", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(SharedStoreFailure, match="needs the extra `cloud`") as caught:
        opened(kind)
    assert f'pip install "{ROOT}[cloud]"' in str(caught.value.hint)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        *[("s3", name, "top secret\n") for name in VARIABLES["s3"]],
        *[("az", name, "top secret\n") for name in VARIABLES["az"]],
        *[("s3", "AWS_REGION", "eu west"), ("s3", "AWS_ACCESS_KEY_ID", "cl\u00e9")],
        *[
            (kind, ENDPOINTS[kind], value)
            for kind in ENDPOINTS
            for value in ("host:1", "ftp://host", "https:///x")
        ],
        *[(kind, ENDPOINTS[kind], f"https://me:{SECRET}@host") for kind in ENDPOINTS],
        *[("az", "AZURE_STORAGE_CONNECTION_STRING", f"AccountName=a;AccountKey={SECRET};BlobEndpoint=a b")],
    ],
)
def test_a_variable_that_cannot_be_used_is_named_without_its_value(
    kind: str,
    name: str,
    value: str,
    answering: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StateError) as caught:
        opened(kind)
    said = f"{caught.value} {caught.value.hint}"
    assert (name in said) or "endpoint" in said
    assert value not in said + "".join(capfd.readouterr())


def test_credentials_that_are_missing_are_asked_for(
    answering: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES["az"]:
        monkeypatch.delenv(name)
    with pytest.raises(SharedStoreFailure, match="no usable credentials") as caught:
        opened("az")
    assert "AZURE_STORAGE_CONNECTION_STRING" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("kind", "variables", "sent"),
    [
        ("s3", {}, {"authorization": "Credential=AKIA-TESTS/", "x-amz-security-token": SIGNATURE}),
        ("s3", {}, {"authorization": "/us-east-1/s3/"}),
        ("s3", {"AWS_REGION": "eu-west-3"}, {"authorization": "/eu-west-3/s3/"}),
        ("s3", {"AWS_DEFAULT_REGION": "eu-west-3"}, {"authorization": "/eu-west-3/s3/"}),
        ("s3", {"AWS_ENDPOINT_URL_S3": "here", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, {}),
        ("az", {}, {"authorization": "SharedKey tests:"}),
        (
            "az",
            {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=other;"},
            {"authorization": "SharedKey other:"},
        ),
        (
            "az",
            {"AZURE_STORAGE_ENDPOINT": "", "AZURE_STORAGE_CONNECTION_STRING": "BlobEndpoint=here"},
            {"authorization": "SharedKey tests:"},
        ),
        (
            "az",
            {"AZURE_STORAGE_KEY": "", "AZURE_STORAGE_SAS_TOKEN": f"?sv=1&sig={SIGNATURE}"},
            {"": SIGNATURE},
        ),
        (
            "az",
            {
                "AZURE_STORAGE_KEY": "",
                "AZURE_STORAGE_CONNECTION_STRING": f"SharedAccessSignature=sv=1&sig={SIGNATURE}",
            },
            {"": SIGNATURE},
        ),
    ],
)
def test_credentials_and_the_endpoint_come_as_the_tools_of_the_service_take_them(
    kind: str,
    variables: dict[str, str],
    sent: dict[str, str],
    answering: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("here", answering.url))
    answering.script = lambda _: answer(404, "NoSuchKey")
    assert opened(kind).read() is None
    [request] = answering.requests
    for name, value in sent.items():
        assert value in (request.headers[name] if name else request.query["sig"])


# What a service refuses.

REFUSALS: Final = [
    ("s3", 404, "NoSuchBucket", "there is no such bucket (404 NoSuchBucket)", "correct its name"),
    ("az", 404, "ContainerNotFound", "there is no such container", "correct its name"),
    ("s3", 403, "AccessDenied", "have no permission (403 AccessDenied)", "s3:GetObject and s3:PutObject"),
    ("az", 403, "AuthorizationPermissionMismatch", "have no permission", "Storage Blob Data Contributor"),
    ("s3", 403, "InvalidAccessKeyId", "credentials are wrong or have expired", "AWS_SECRET_ACCESS_KEY"),
    ("s3", 403, "SignatureDoesNotMatch", "credentials are wrong or have expired", "export-credentials"),
    ("s3", 400, "ExpiredToken", "credentials are wrong or have expired", "AWS_SESSION_TOKEN"),
    ("az", 403, "AuthenticationFailed", "credentials are wrong or have expired", "AZURE_STORAGE_KEY"),
    ("az", 400, "InvalidResourceName", "there is no such container", "correct its name"),
    ("s3", 403, "RequestTimeTooSkewed", "the clock of this machine is wrong", "set the clock"),
    (
        "s3",
        400,
        "AuthorizationHeaderMalformed",
        "it is in another region",
        "check AWS_ENDPOINT_URL, AWS_REGION",
    ),
    ("s3", 301, "PermanentRedirect", "it is in another region", "check AWS_ENDPOINT_URL, AWS_REGION"),
    ("az", 307, "", "it is at another address", "check AZURE_STORAGE_ENDPOINT, AZURE_STORAGE_ACCOUNT"),
    ("s3", 400, "EntityTooLarge", "the state is too large", "another kind of place"),
    ("az", 413, "RequestBodyTooLarge", "the state is too large", "another kind of place"),
    ("s3", 403, "QuotaExceeded", "there is no space left", "raise the quota"),
    ("s3", 400, "SomethingElse", "the service failed (400 SomethingElse)", "again in a minute"),
]
LATER: Final = [
    ("s3", 503, "SlowDown", "the service is overloaded (503 SlowDown)", "again in a minute"),
    ("az", 503, "ServerBusy", "the service is overloaded (503 ServerBusy)", "again in a minute"),
    ("s3", 429, "TooManyRequests", "the service is overloaded", "again in a minute"),
    ("s3", 500, "InternalError", "the service failed (500 InternalError)", "again in a minute"),
    ("s3", 507, "XMinioStorageFull", "there is no space left", "raise the quota"),
]


def checked(error: StoreFailure, kind: str, said: str, hint: str) -> None:
    assert error.exit_code == 8
    assert str(error).startswith(LOCATIONS[kind])
    assert said in str(error)
    assert hint in str(error.hint)
    assert error.__context__ is None or error.__suppress_context__
    shown = "".join(traceback.format_exception(error)) + str(error.hint)
    assert not [each for each in (SECRET, SIGNATURE, "http://", "AKIA-TESTS", "Debug") if each in shown]


@pytest.mark.parametrize(("kind", "status", "code", "said", "hint"), REFUSALS + LATER)
def test_what_a_service_refuses_is_explained_with_its_code_alone(
    kind: str, status: int, code: str, said: str, hint: str, answering: FaultProxy
) -> None:
    answering.script = lambda _: answer(status, code)
    with pytest.raises(SharedStoreFailure) as read:
        opened(kind).read()
    checked(read.value, kind, said, hint)
    assert methods(answering) == ["GET"] * (3 if (kind, status, code, said, hint) in LATER else 1)
    answering.requests.clear()
    with pytest.raises(SharedStoreFailure) as written:
        opened(kind).replace(b"state", None)
    checked(written.value, kind, said, hint)
    unclear = status == 429 or status >= 500
    assert isinstance(written.value, UnclearWrite) == unclear, "it may have been written"
    assert methods(answering) == ["PUT"], "a write is never repeated"
    with pytest.raises(SharedStoreFailure) as prepared:
        opened(kind).prepare()
    checked(prepared.value, kind, said, hint)


def test_a_name_is_not_taken_for_an_error(answering: FaultProxy) -> None:
    key = "MissingAccount/MissingSas/certificate/BareRedirect/PermanentRedirect"
    answering.script = lambda _: answer(500, "InternalError")
    with pytest.raises(SharedStoreFailure, match=r"the service failed \(500 InternalError\)"):
        opened("s3", f"s3://bucket/{key}").read()


@pytest.mark.parametrize("status", [408, 425, 502, 504])
def test_an_answer_of_a_proxy_proves_nothing(status: int, answering: FaultProxy) -> None:
    answering.script = lambda _: answer(status)
    with pytest.raises(UnclearWrite if status != 425 else SharedStoreFailure):
        opened("s3").replace(b"state", None)


def test_a_404_that_is_not_about_the_object_does_not_mean_that_it_is_empty(answering: FaultProxy) -> None:
    """Such as that of a web server whose address is taken for the endpoint."""
    answering.script = lambda _: answer(404)
    with pytest.raises(SharedStoreFailure, match=r"the service failed \(404\)"):
        opened("s3").read()
    answering.script = lambda _: answer(404, "NoSuchKey")
    assert opened("s3").read() is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "the host can't be reached"),
        ("http://no-such-host.invalid", "the host is not known"),
    ],
)
def test_a_host_that_cannot_be_reached_gets_no_write(
    url: str, said: str, answering: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    for act in (lambda: opened("s3").read(), lambda: opened("s3").replace(b"state", None)):
        with pytest.raises(SharedStoreFailure) as caught:
            act()
        checked(caught.value, "s3", said, "check AWS_ENDPOINT_URL")
        assert not isinstance(caught.value, UnclearWrite)


def test_a_host_without_tls(answering: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            for _ in range(6):  # three attempts each
                connection, _ = listener.accept()
                with connection:
                    connection.recv(10_000)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=speak, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{listener.getsockname()[1]}")
        for act in (lambda: opened("s3").read(), lambda: opened("s3").replace(b"state", None)):
            with pytest.raises(SharedStoreFailure) as caught:
                act()
            checked(caught.value, "s3", "no valid certificate, or no TLS", "check AWS_ENDPOINT_URL")
            assert not isinstance(caught.value, UnclearWrite)


def test_a_refusal_that_is_not_about_the_condition_is_no_conflict(answering: FaultProxy) -> None:
    """A lease or a legal hold answers with 409 or 412, too: nothing changes by trying again."""
    answering.script = lambda request: (
        answer(412, "LeaseIdMissing") if request.method == "PUT" else found(b"old", '"1"')
    )
    with pytest.raises(SharedStoreFailure, match=r"it is locked \(412 LeaseIdMissing\)") as caught:
        opened("az").replace(b"new", '"1"')
    assert not isinstance(caught.value, UnclearWrite)


def found(data: bytes, version: str) -> Behaviour:
    return lambda exchange: exchange.send(
        Response(200, data, {"etag": version, "last-modified": "Sun, 29 Nov 2026 10:00:00 GMT"})
    )


def test_an_object_that_is_too_large_for_a_state_is_not_loaded(
    answering: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalentops.support.atomic_write.MAX_STATE", 10)
    answering.script = lambda _: found(b"x" * 11, '"1"')
    with pytest.raises(StateError, match="is no state: it has 11 bytes"):
        opened("s3").read()


@pytest.mark.parametrize("kind", LOCATIONS)
def test_without_an_answer_a_request_ends(
    kind: str, answering: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalentops.state.store.cloud.TIMEOUT", timedelta(milliseconds=100))
    answering.script = lambda _: lambda exchange: exchange.stall(60)
    with pytest.raises(SharedStoreFailure) as read:
        opened(kind).read()
    checked(read.value, kind, "there was no answer in time", "check the network")
    with pytest.raises(UnclearWrite):
        opened(kind).replace(b"state", None)
    assert methods(answering) == ["GET", "PUT"], "too much time has gone for another attempt"


# Services that ignore conditions.


class Careless:
    """A service that keeps objects and ignores the conditions of a write, or one of both."""

    def __init__(self, *ignored: str) -> None:
        self.ignored = ignored
        self.objects: dict[str, tuple[bytes, str]] = {}
        self._written = 0

    def __call__(self, request: Request) -> Behaviour:
        return getattr(self, request.method.lower())(request)  # type: ignore[no-any-return]

    def get(self, request: Request) -> Behaviour:
        stored = self.objects.get(request.path)
        return found(*stored) if stored else answer(404, "NoSuchKey")

    def put(self, request: Request) -> Behaviour:
        stored = self.objects.get(request.path)
        wanted = request.headers.get("if-match")
        if "if-none-match" in request.headers and stored and "if-none-match" not in self.ignored:
            return answer(412, "PreconditionFailed")
        if wanted is not None and "if-match" not in self.ignored and (stored is None or stored[1] != wanted):
            return answer(412, "PreconditionFailed")
        self._written += 1
        self.objects[request.path] = request.body, f'"{self._written}"'
        return answer(200, etag=f'"{self._written}"')

    def delete(self, request: Request) -> Behaviour:
        self.objects.pop(request.path, None)
        return answer(204)


@pytest.mark.parametrize("ignored", [("if-match",), ("if-none-match",), ("if-match", "if-none-match")])
def test_a_service_that_ignores_conditions_is_refused_before_a_state_is_written(
    ignored: tuple[str, ...], answering: FaultProxy
) -> None:
    answering.script = service = Careless(*ignored)
    store = open_store(Location.parse(LOCATIONS["s3"], Path()))
    with pytest.raises(SharedStoreFailure, match=r"ignores the conditions of a write") as caught:
        store.create()
    assert caught.value.exit_code == 8
    assert service.objects == {}, "the probe is gone, too"
    assert {request.path.partition(".json")[2][:7] for request in answering.requests} == {".probe-"}


def test_a_service_that_obeys_conditions_is_accepted(answering: FaultProxy) -> None:
    answering.script = service = Careless()
    open_store(Location.parse(LOCATIONS["s3"], Path())).create()
    assert list(service.objects) == ["/bucket/team/state.json"]


def test_each_write_has_a_checksum_for_buckets_that_are_locked(answering: FaultProxy) -> None:
    answering.script = Careless()
    opened("s3").replace(b"state", None)
    [request] = answering.requests
    assert request.headers["x-amz-checksum-sha256"] == b64encode(sha256(b"state").digest()).decode()


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (403, "AccessDenied")])
def test_a_service_that_knows_no_conditions_is_refused(status: int, code: str, answering: FaultProxy) -> None:
    service = Careless()
    answering.script = lambda request: (
        answer(status, code) if "if-match" in request.headers else service(request)
    )
    with pytest.raises(SharedStoreFailure, match=rf"\({status} {code}\)"):
        opened("s3").prepare()
    assert service.objects == {}


# Networks and proxies, between a real service and the store.


@pytest.fixture
def direct(kind: str, tmp_path: Path) -> Store:
    """A new state, without a proxy."""
    store = FACTORIES[kind](tmp_path)
    store.create()
    return store


@pytest.fixture
def between(kind: str, direct: Store) -> Iterator[FaultProxy]:
    with FaultProxy(os.environ[ENDPOINTS[kind]]) as proxy:
        yield proxy
        assert not proxy.problems


@pytest.fixture
def store(kind: str, direct: Store, between: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same state, with a proxy."""
    monkeypatch.setenv(ENDPOINTS[kind], between.url)
    return open_store(Location.parse(direct.where, Path()))


def at(method: str, *behaviours: Behaviour | None) -> Callable[[Request], Behaviour | None]:
    """One behaviour for each of the next requests with a method."""
    waiting = list(behaviours)
    return lambda request: waiting.pop(0) if request.method == method and waiting else None


def after(behaviour: Behaviour) -> Behaviour:
    """The effect comes first."""

    def behave(exchange: Exchange) -> None:
        assert exchange.forward().status < 300
        behaviour(exchange)

    return behave


def twice(exchange: Exchange) -> None:
    """As a proxy does that repeats a request: the client gets the answer to the second one."""
    assert exchange.forward().status < 300
    second = exchange.forward()
    assert second.status in {409, 412}
    exchange.send(second)


def truncated(exchange: Exchange) -> None:
    data = exchange.forward().encode()
    exchange.raw(data[:-20])
    exchange.close()


LOST: Final[dict[str, Behaviour]] = {
    "reset": Exchange.reset,
    "closed": Exchange.close,
    "500": answer(500, "InternalError"),
    "502": answer(502),
    "503": answer(503, "SlowDown", **{"retry-after": "1"}),
    "408": answer(408, "RequestTimeout"),
    "409": answer(409, "ConditionalRequestConflict"),
    "412": answer(412, "PreconditionFailed"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("effect", ["before", "after"])
@pytest.mark.parametrize("fault", LOST)
def test_a_session_finds_out_the_outcome_of_a_write_whose_answer_was_lost(
    fault: str, effect: str, store: Store, direct: Store, between: FaultProxy
) -> None:
    between.script = at("PUT", LOST[fault] if effect == "before" else after(LOST[fault]))
    with store.session() as session:
        session.begin(TENANT)
        session.record(*created(1))
        session.barrier()
        session.record(*created(2))
    assert direct.read().state.ids() == {"bp-1": address(1), "bp-2": address(2)}
    written = methods(between).count("PUT")
    assert written == (3 if effect == "before" else 2), "and it writes again only what is not there"


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_that_arrives_twice_is_one(store: Store, direct: Store, between: FaultProxy) -> None:
    before = direct.backend.read()
    assert before is not None
    between.script = at("PUT", twice)
    version = store.backend.replace(b"new", before.version)
    after_it = direct.backend.read()
    assert after_it is not None
    assert (after_it.data, after_it.version) == (b"new", version)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["", ".new"])
def test_a_write_that_comes_late_overwrites_nothing(
    key: str, kind: str, direct: Store, between: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(exchange: Exchange) -> None:
        exchange.forward_when_released()
        exchange.reset()

    place = Location.parse(f"{direct.where}{key}", Path())
    other = open_store(place).backend
    monkeypatch.setenv(ENDPOINTS[kind], between.url)
    mine = open_store(place).backend
    stored = other.read()
    expected = None if stored is None else stored.version
    between.script = at("PUT", held)
    with pytest.raises(UnclearWrite):
        mine.replace(b"late", expected)
    version = other.replace(b"other", expected)
    between.release()
    now = other.read()
    assert now is not None
    assert (now.data, now.version) == (b"other", version)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stale_answer_leads_to_no_write(store: Store, direct: Store, between: FaultProxy) -> None:
    before = direct.backend.read()
    assert before is not None
    stale = found(before.data, before.version)
    direct.backend.replace(b"other", before.version)
    between.script = at("GET", stale)
    seen = store.backend.read()
    assert seen == before
    with pytest.raises(VersionMismatch):
        store.backend.replace(b"mine", seen.version)
    between.script = at("GET", stale)  # when it looks what is there
    with pytest.raises(UnclearWrite):
        store.backend.replace(b"mine", seen.version)
    now = direct.backend.read()
    assert now is not None
    assert now.data == b"other"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [truncated, Exchange.reset, Exchange.close, LOST["500"], LOST["503"]])
def test_a_read_is_repeated(fault: Behaviour, store: Store, direct: Store, between: FaultProxy) -> None:
    between.script = at("GET", fault, fault)
    assert store.read() == direct.read()
    assert methods(between) == ["GET"] * 3
    between.script = lambda _: fault
    with pytest.raises(SharedStoreFailure):
        store.read()
    assert methods(between) == ["GET"] * 6, "and then no more"


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_service_is_understood(kind: str, direct: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Location.parse(f"{kind}://no-such-place/state.json", Path())
    with pytest.raises(SharedStoreFailure, match="there is no such"):
        open_store(elsewhere).read()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AZURE_STORAGE_KEY", SECRET)
    with pytest.raises(SharedStoreFailure, match="the credentials are wrong"):
        open_store(Location.parse(direct.where, Path())).read()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [b"", b"not a state", b'{"some": "object"}', b"\xff"])
def test_an_object_of_another_program_stays_as_it_is(data: bytes, direct: Store) -> None:
    there = direct.backend.read()
    assert there is not None
    direct.backend.replace(data, there.version)
    for act in (direct.read, direct.session().__enter__, direct.create):
        with pytest.raises(StateError) as caught:
            act()
        assert caught.value.exit_code == 8
        assert direct.where in str(caught.value)
    now = direct.backend.read()
    assert now is not None
    assert now.data == data


_COUNT = """
import sys
from pathlib import Path
from kalentops.state.store import open_store
from kalentops.state.store.backend import VersionMismatch
from kalentops.state.store.location import Location
backend = open_store(Location.parse(sys.argv[1], Path())).backend
left = int(sys.argv[2])
while left:
    stored = backend.read()
    try:
        backend.replace(b"%d" % (int(stored.data) + 1), stored.version)
    except VersionMismatch:
        continue
    left -= 1
"""


@pytest.mark.parametrize("kind", KINDS)
def test_of_eight_processes_that_count_none_loses_a_write(direct: Store) -> None:
    there = direct.backend.read()
    assert there is not None
    direct.backend.replace(b"0", there.version)
    command = [sys.executable, "-c", _COUNT, direct.where, "5"]
    running = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(8)]
    assert [each.communicate()[1] for each in running] == [b""] * 8
    now = direct.backend.read()
    assert now is not None
    assert now.data == b"40"
