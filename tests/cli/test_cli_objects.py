"""Every command on a state in an object store; no output holds a key, a signature or an answer of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from kalentops.emulator.server import BackgroundEmulator
from kalentops.state.codec import dump_state
from tests.builders import blueprint
from tests.faults.proxy import Exchange, FaultProxy, Response
from tests.harness import STATE, Project
from tests.state.store.samples import state

ONE: Final = "sourcing_a/one"
SECRETS: Final = ("c2VjcmV0IGtleQ==", "c2lnbmF0dXJl", "AKIA-TESTS")
KINDS: Final = {
    "s3": {
        "KALENTOPS_STATE": "s3://bucket/state.json",
        "AWS_ACCESS_KEY_ID": SECRETS[2],
        "AWS_SECRET_ACCESS_KEY": SECRETS[0],
        "AWS_SESSION_TOKEN": SECRETS[1],
    },
    "az": {
        "KALENTOPS_STATE": "az://container/state.json",
        "AZURE_STORAGE_CONNECTION_STRING": f"AccountName=tests;AccountKey={SECRETS[0]}",
    },
    "az with a signature": {
        "KALENTOPS_STATE": "az://container/state.json",
        "AZURE_STORAGE_ACCOUNT": "tests",
        "AZURE_STORAGE_SAS_TOKEN": f"sv=1&sig={SECRETS[1]}",
    },
}
COMMANDS: Final = [
    ["plan"],
    ["apply", "--yes"],
    ["import", "sourcing_a"],
    ["state", "list"],
    ["state", "show", ONE],
    ["state", "mv", ONE, "sourcing_a/two"],
    ["state", "rm", "--yes", ONE],
    ["state", "init"],
    ["state", "migrate", STATE],
    ["state", "restore", "other.json"],
]


@pytest.fixture
def refusing(project: Project) -> Iterator[FaultProxy]:
    """A service that refuses everything, and tells the client what it has got."""

    def refuse(exchange: Exchange) -> None:
        request = exchange.request
        told = f"<Code>SignatureDoesNotMatch</Code><Message>{request.target} {request.headers} {SECRETS}</Message>"
        exchange.send(Response(403, f"<Error>{told}</Error>".encode()))

    with FaultProxy("http://127.0.0.1:9", lambda _: refuse) as proxy:
        endpoint = {"AWS_ENDPOINT_URL": proxy.url, "AZURE_STORAGE_ENDPOINT": proxy.url}
        project.environment |= endpoint
        project.write("sourcing_a", {"one": blueprint("One")})
        (project.folder / "other.json").write_bytes(dump_state(state(1)))
        yield proxy
        assert not proxy.problems


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_shows_credentials_or_changes_anything(
    kind: str, command: list[str], refusing: FaultProxy, project: Project, emulator: BackgroundEmulator
) -> None:
    project.environment |= KINDS[kind]
    before = sorted(project.folder.rglob("*"))
    ran = project.run(*command)
    said = ran.out + ran.err
    assert ran.code == 8, said
    assert f"error: {project.environment['KALENTOPS_STATE']} can't be read: the credentials are wrong" in said
    assert not [each for each in (*SECRETS, refusing.url) if each in said]
    assert sorted(project.folder.rglob("*")) == before
    assert emulator.store.blueprints("sourcing_a") == []
    assert {request.method for request in refusing.requests} == {"GET"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_report_has_nothing_of_the_service(
    kind: str, refusing: FaultProxy, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(_: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("kalentops.state.store.cloud.Fault.of", bug)
    project.environment |= KINDS[kind]
    ran = project.run("plan")
    assert ran.code == 1
    [report] = project.folder.glob("kalentops-crash-*.txt")
    said = ran.out + ran.err + report.read_text()
    assert "ZeroDivisionError" in said
    assert not [each for each in (*SECRETS, refusing.url, "Debug source", "SignatureDoes") if each in said]


def test_a_service_that_ignores_conditions_gets_no_state(project: Project) -> None:
    objects: dict[str, bytes] = {}

    def serve(exchange: Exchange) -> None:
        request = exchange.request
        if request.method == "PUT":
            objects[request.path] = request.body
            exchange.send(Response(200, b"", {"etag": '"1"'}))
        elif request.method == "DELETE":
            objects.pop(request.path, None)
            exchange.send(Response(204, b"", {}))
        else:
            exchange.send(Response(404, b"<Error><Code>NoSuchKey</Code></Error>", {}))

    with FaultProxy("http://127.0.0.1:9", lambda _: serve) as proxy:
        project.environment |= {**KINDS["s3"], "AWS_ENDPOINT_URL": proxy.url}
        project.write("sourcing_a", {"one": blueprint("One")})
        ran = project.run("state", "init")
        assert (ran.code, ran.out) == (8, "")
        assert "its service ignores the conditions of a write" in ran.err
        assert project.run("state", "init", "--state", STATE).code == 0
        moved = project.run("state", "migrate", STATE, KINDS["s3"]["KALENTOPS_STATE"])
        assert (moved.code, moved.out) == (8, "")
        assert "its service ignores the conditions of a write" in moved.err
    assert objects == {}
    assert project.run("state", "list", "--state", STATE).code == 0, "the state did not move"
