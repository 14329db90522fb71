"""The emulator over real HTTP: envelopes, keys, bodies, paging, hidden fields, updates."""

import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from kalentops.emulator.server import BackgroundEmulator

KEY = {"x-api-key": "local"}
SMS = {"id": "a", "name": "A", "type": "SMS", "content": "Hi", "temporalityType": "ASAP"}
INVITATION = {
    **SMS,
    "id": "b",
    "type": "LINKEDIN",
    "linkedInType": "LINKEDIN_INVITATION",
    "content": "never kept",
    "config": {"userId": "u1"},
}


@pytest.fixture(scope="module")
def shared() -> Iterator[BackgroundEmulator]:
    with BackgroundEmulator() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def client(shared: BackgroundEmulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared.url, headers=KEY, trust_env=False) as opened:
        yield opened


@pytest.fixture
def sourcing(shared: BackgroundEmulator, request: pytest.FixtureRequest) -> str:
    """A sourcing of the test's own on the shared server."""
    identity = re.sub(r"\W", "-", request.node.name)
    shared.store.add_sourcing(identity, "A position", mine=False, status="closed")
    return identity


def blueprints(sourcing_id: str) -> str:
    return f"/v1/sourcings/{sourcing_id}/sequence-blueprints"


def create(client: httpx.Client, sourcing_id: str, **body: Any) -> str:
    answer = client.post(blueprints(sourcing_id), json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["blueprintId"])


def listed(client: httpx.Client, sourcing_id: str, **params: Any) -> dict[str, Any]:
    answer = client.get(blueprints(sourcing_id), params=params)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def failure(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body = answer.json()
    assert (answer.status_code, body["success"], body["error"]["code"]) == (status, False, code)
    assert re.fullmatch("[0-9a-f]{16}", body["error"]["debugTrackingCode"])
    assert set(body["error"]) - {"details"} == {"code", "message", "debugTrackingCode"}
    error: dict[str, Any] = body["error"]
    return error


def test_create_answers_with_the_documented_envelope(client: httpx.Client, sourcing: str) -> None:
    answer = client.post(blueprints(sourcing), json={"name": "Été 🌻"})
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert answer.json() == {"success": True, "data": data}
    assert data == {"blueprintId": data["blueprintId"], "name": "Été 🌻", "sourcingId": sourcing}
    assert re.fullmatch("bp_[a-z0-9]{20}", data["blueprintId"])


def test_list_shows_what_was_sent_but_not_what_is_hidden(
    client: httpx.Client, sourcing: str, shared: BackgroundEmulator
) -> None:
    steps = [INVITATION, SMS, {**SMS, "id": "c"}]
    identity = create(client, sourcing, name="n", steps=steps, config={"team": "x"})
    [item] = listed(client, sourcing)["sequenceBlueprints"]
    shown = {key: value for key, value in INVITATION.items() if key != "config"} | {"content": ""}
    stamp = item["createdAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stamp)
    assert item == {
        "blueprintId": identity,
        "name": "n",
        "sourcingId": sourcing,
        "createdAt": stamp,
        "updatedAt": stamp,
        "steps": [shown, SMS, {**SMS, "id": "c"}],
        "stepCount": 3,
        "channels": ["LINKEDIN", "SMS"],
    }
    [kept] = shared.store.blueprints(sourcing)
    assert kept.config == {"team": "x"}
    assert kept.steps[0] == {**INVITATION, "content": ""}


def test_equal_creates_make_two(client: httpx.Client, sourcing: str) -> None:
    made = [create(client, sourcing, name="same", steps=[SMS]) for _ in range(2)]
    items = listed(client, sourcing)["sequenceBlueprints"]
    assert [item["blueprintId"] for item in items] == made
    assert len(set(made)) == 2


def test_paging_in_order_of_creation(client: httpx.Client, sourcing: str) -> None:
    made = [create(client, sourcing, name=f"n{number}") for number in range(21)]
    first, second = listed(client, sourcing), listed(client, sourcing, page=1)
    assert first["pagination"] == {"page": 0, "pageSize": 20, "total": 21, "hasNextPage": True}
    assert second["pagination"] == {"page": 1, "pageSize": 20, "total": 21, "hasNextPage": False}
    assert [i["blueprintId"] for i in first["sequenceBlueprints"] + second["sequenceBlueprints"]] == made
    exact = listed(client, sourcing, page=2, pageSize=7)
    assert exact["pagination"]["hasNextPage"] is False
    assert [item["blueprintId"] for item in exact["sequenceBlueprints"]] == made[14:]
    beyond = listed(client, sourcing, page=999_999_999, pageSize=50)
    assert beyond["sequenceBlueprints"] == []


@pytest.mark.parametrize(
    ("query", "path"),
    [
        *[(f"page={value}", "page") for value in ("-1", "1.0", "x", "", "+1", "٣", "9" * 30)],
        *[(f"pageSize={value}", "pageSize") for value in ("0", "51", "-1", "x", "", "1e1")],
        ("pagesize=5", "pagesize"),
        ("page=1&page=1", "query"),
    ],
)
def test_paging_is_strict(client: httpx.Client, sourcing: str, query: str, path: str) -> None:
    for url in (blueprints(sourcing), "/v1/sourcings"):
        error = failure(client.get(f"{url}?{query}"), 400, "validation_error")
        assert [issue["path"] for issue in error["details"]["issues"]] == [path]


def test_sourcings_by_ownership_and_status() -> None:
    with BackgroundEmulator(sourcings=[(f"s{number}", f"S{number}") for number in range(9)]) as emulator:
        emulator.store.add_sourcing("closed", "Closed", status="closed")
        emulator.store.add_sourcing("theirs", "Theirs", mine=False)
        with httpx.Client(base_url=emulator.url, headers=KEY, trust_env=False) as client:

            def ids(**params: str) -> list[str]:
                data = client.get("/v1/sourcings", params=params).json()["data"]
                return [item["sourcingId"] for item in data["sourcings"]]

            mine = client.get("/v1/sourcings").json()["data"]
            assert mine["pagination"] == {"page": 0, "pageSize": 8, "total": 9, "hasNextPage": True}
            assert mine["sourcings"][0] == {"sourcingId": "s0", "name": "S0"}
            assert ids(page="1") == ["s8"]
            assert ids(status="closed") == ["closed"]
            assert ids(ownership="all", pageSize="50")[-2:] == ["s8", "theirs"]
            error = failure(client.get("/v1/sourcings?status=open&ownership=me"), 400, "validation_error")
            assert {issue["path"] for issue in error["details"]["issues"]} == {"status", "ownership"}


def test_keys() -> None:
    with (
        BackgroundEmulator(api_key="right", sourcings=[("s", "S")]) as emulator,
        httpx.Client(base_url=emulator.url, trust_env=False) as client,
    ):
        url = blueprints("s")
        failure(client.get(url), 401, "missing_api_key")
        failure(client.get(url, headers={"x-api-key": ""}), 401, "missing_api_key")
        failure(client.post(url, headers={"x-api-key": "wrong"}, json={"name": "n"}), 401, "invalid_api_key")
        failure(client.get("/nowhere"), 401, "missing_api_key")
        assert emulator.store.blueprints("s") == []
        assert client.get(url, headers={"x-api-key": "right"}).status_code == 200


def test_unknown_sourcing_blueprint_and_route(client: httpx.Client) -> None:
    failure(client.get(blueprints("nobody")), 404, "not_found")
    failure(client.post(blueprints("nobody"), json={"name": "n"}), 404, "not_found")
    failure(client.patch("/v1/sequence-blueprints/bp_none", json={"name": "n"}), 404, "not_found")
    for path in ("/v1/nothing", "/v1/sourcings/", "/v1", "//"):
        failure(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/sequence-blueprints/bp_1"),
        ("GET", "/v1/sequence-blueprints/bp_1"),
        ("PUT", "/v1/sourcings/s/sequence-blueprints"),
        ("POST", "/v1/sourcings"),
    ],
)
def test_methods_that_do_not_exist(client: httpx.Client, method: str, path: str) -> None:
    failure(client.request(method, path), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "object"),
        (b'"x"', "object"),
        (b'{"name": "\xff"}', "not valid JSON"),
        ('{"name": "n"}'.encode("utf-16"), "not valid JSON"),
        (b'{"name": NaN}', "NaN"),
        (b'{"name": "n", "config": {"x": -Infinity}}', "Infinity"),
        (b'{"name": "n", "config": {"x": 1e999}}', "out of range"),
        (b'{"name": "n", "config": {"x": ' + b"9" * 5000 + b"}}", "not valid JSON"),
        (b'{"name": "a\\u0000"}', "name: holds NUL"),
        (b'{"name": "n", "config": {"x": ["\\ud83c"]}}', "config.x[0]: holds NUL"),
        (b'{"name": "n", "config": {"\\udfff": 1}}', "config: the key"),
        (b'{"name": "n", "\\ud800": 1}', "the key"),
        (b'{"name": "n", "config": {"x": ' + b"[" * 70 + b"]" * 70 + b"}}", "deep"),
        (b'{"name": "n", "config": ' + b'{"a":' * 100_000, "not valid JSON"),
        (b'{"name": "' + b"n" * (4 * 1024 * 1024) + b'"}', "larger"),
    ],
)
def test_bodies_that_are_no_fit_json(client: httpx.Client, sourcing: str, content: bytes, part: str) -> None:
    headers = {"content-type": "application/json"}
    error = failure(
        client.post(blueprints(sourcing), content=content, headers=headers), 400, "validation_error"
    )
    assert part in error["message"]
    assert listed(client, sourcing)["pagination"]["total"] == 0


def test_content_type_must_be_json(client: httpx.Client, sourcing: str) -> None:
    body = b'{"name": "n"}'
    for other in ({}, {"content-type": "text/plain"}):
        answer = client.post(blueprints(sourcing), content=body, headers=other)
        assert "application/json" in failure(answer, 400, "validation_error")["message"]
    with_charset = {"content-type": "application/json; charset=utf-8"}
    assert client.post(blueprints(sourcing), content=body, headers=with_charset).status_code == 201


def test_refusal_names_every_issue(client: httpx.Client, sourcing: str) -> None:
    steps = [SMS, {**SMS, "content": "{{firstName}} [company]", "extra": 1}]
    answer = client.post(blueprints(sourcing), json={"name": "n", "steps": steps})
    error = failure(answer, 400, "validation_error")
    assert error["message"] == "steps[1].extra: unknown key (and 3 more)"
    assert error["details"]["issues"] == [
        {"path": "steps[1].extra", "message": "unknown key"},
        {"path": "steps[1].content", "message": "unknown variable {{firstName}}"},
        {"path": "steps[1].content", "message": "unresolved placeholder [company]"},
        {"path": "steps[1].id", "message": "is already the id of steps[0]"},
    ]


def test_update_replaces_only_what_is_sent(
    client: httpx.Client, sourcing: str, shared: BackgroundEmulator
) -> None:
    config = {"team": "x"}
    identity = create(client, sourcing, name="old", steps=[INVITATION, SMS], config=config)
    [before] = shared.store.blueprints(sourcing)
    url = f"/v1/sequence-blueprints/{identity}"

    answer = client.patch(url, json={"name": "new"})
    [renamed] = shared.store.blueprints(sourcing)
    assert answer.json() == {"success": True, "data": {"blueprintId": identity}}
    assert answer.status_code == 200
    assert (renamed.name, renamed.steps, renamed.config) == ("new", before.steps, config)
    assert renamed.updated_at > before.updated_at
    assert renamed.created_at == before.created_at

    assert client.patch(url, json={"steps": [{**INVITATION, "id": "z"}]}).status_code == 200
    assert client.patch(url, json={"config": {}}).status_code == 200
    [after] = shared.store.blueprints(sourcing)
    assert after.steps == [{**INVITATION, "id": "z", "content": ""}]
    assert (after.name, after.config) == ("new", {})

    refused: list[dict[str, Any]] = [{}, {"name": None}, {"steps": [{}]}, {"sourcingId": "s"}]
    for body in refused:
        failure(client.patch(url, json=body), 400, "validation_error")
    assert shared.store.blueprints(sourcing) == [after]
    assert client.patch(url, json={"steps": []}).status_code == 200
    assert listed(client, sourcing)["sequenceBlueprints"][0]["stepCount"] == 0


def test_an_edit_by_another_person_is_listed(
    client: httpx.Client, sourcing: str, shared: BackgroundEmulator
) -> None:
    identity = create(client, sourcing, name="ours", steps=[SMS])
    [before] = listed(client, sourcing)["sequenceBlueprints"]
    shared.store.edit(identity, name="theirs", steps=[])
    [after] = listed(client, sourcing)["sequenceBlueprints"]
    assert (after["name"], after["steps"]) == ("theirs", [])
    assert after["updatedAt"] > before["updatedAt"]


def test_start_is_refused_and_leaves_a_trace(
    client: httpx.Client, sourcing: str, shared: BackgroundEmulator
) -> None:
    route = ("POST", "/api/v1/sequence-blueprints/{blueprintId}/start")
    identity = create(client, sourcing, name="n")
    before = shared.log.requests[route]
    failure(client.post(f"/v1/sequence-blueprints/{identity}/start"), 403, "forbidden")
    assert shared.log.requests[route] == before + 1
    assert shared.log[-1] == ("POST", f"/api/v1/sequence-blueprints/{identity}/start", 403)


def test_an_unexpected_error_is_an_envelope_too(
    client: httpx.Client, shared: BackgroundEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.store, "sourcing_page", lambda *_args, **_options: 1 / 0)
    error = failure(client.get("/v1/sourcings"), 500, "internal_error")
    assert error["message"] == "internal error"


def test_twenty_threads_create_none_lost_none_twice(shared: BackgroundEmulator, sourcing: str) -> None:
    def creates(worker: int) -> list[str]:
        with httpx.Client(base_url=shared.url, headers=KEY, trust_env=False) as own:
            return [create(own, sourcing, name=f"{worker}-{number}") for number in range(10)]

    with ThreadPoolExecutor(20) as pool:
        made = [identity for batch in pool.map(creates, range(20)) for identity in batch]
    kept = shared.store.blueprints(sourcing)
    assert sorted(made) == sorted(blueprint.blueprint_id for blueprint in kept)
    assert len({blueprint.name for blueprint in kept}) == 200
    stamps = [blueprint.updated_at for blueprint in kept]
    assert stamps == sorted(stamps)


def test_latency_passes_after_the_effect() -> None:
    with BackgroundEmulator(sourcings=[("s", "S")], latency=0.8) as emulator:
        body = json.dumps({"name": "n"})
        headers = {**KEY, "content-type": "application/json"}
        with (
            httpx.Client(base_url=emulator.url, headers=headers, trust_env=False, timeout=0.4) as client,
            pytest.raises(httpx.ReadTimeout),
        ):
            client.post(blueprints("s"), content=body)
        assert [blueprint.name for blueprint in emulator.store.blueprints("s")] == ["n"]
        assert list(emulator.log) == [("POST", "/api/v1/sourcings/s/sequence-blueprints", 201)]


def test_a_client_that_leaves_before_the_end_of_its_body_has_no_effect(
    client: httpx.Client, sourcing: str, shared: BackgroundEmulator
) -> None:
    url = httpx.URL(shared.url)
    head = f"POST /api{blueprints(sourcing)} HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\ncontent-length: 99\r\n"
    with socket.create_connection((url.host, url.port or 0)) as raw:
        raw.sendall(head.encode() + b'content-type: application/json\r\n\r\n{"name": "half"}')
    # A whole request after it: the server has dealt with the half one by then, or shows it never will.
    create(client, sourcing, name="whole", config={"share": 1.5})
    [kept] = shared.store.blueprints(sourcing)
    assert (kept.name, kept.config) == ("whole", {"share": 1.5})
