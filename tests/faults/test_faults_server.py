"""Every fault, against every kind of request: nothing is made twice, nothing is lost, and the next run completes it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.catalogue import EVERYTHING, FOR_CREATES
from tests.faults.proxy import Exchange, FaultProxy, on
from tests.harness import Project, Truth
from tests.sizes import some

pytestmark = [pytest.mark.waits, pytest.mark.usefixtures("no_backoff")]
CODES = {0, 1, 4, 5, 6, 9, 10}


def _converges(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    """An undisturbed run ends well, and the one after it writes nothing."""
    proxy.settle()
    again = project.apply()
    truth.check(again)
    assert again.code == 0, again.err + again.out
    written = sum(map(proxy.count, ("create", "take", "fill", "update")))
    last = project.apply()
    truth.check(last)
    assert last.code == 0
    assert sum(map(proxy.count, ("create", "take", "fill", "update"))) == written
    assert project.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("fault", some([*FOR_CREATES], 16))
def test_create(fault: str, project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    truth.watch(proxy)
    proxy.script = on("create", FOR_CREATES[fault], nth=2 if fault == "an old id" else 1)
    ran = project.apply()
    truth.check(ran)
    assert ran.code in CODES, ran.err
    assert "Traceback" not in ran.err
    _converges(project, proxy, truth)
    assert {len(ids) for ids in truth.on_server().values()} == {1}


@pytest.mark.parametrize("fault", some([*EVERYTHING], 16))
def test_fill(fault: str, project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    truth.watch(proxy)
    proxy.script = on("fill", EVERYTHING[fault])
    ran = project.apply()
    truth.check(ran)
    assert ran.code in CODES, ran.err
    assert "Traceback" not in ran.err
    ids = project.ids
    _converges(project, proxy, truth)
    assert ids.items() <= project.ids.items()
    assert {len(ids) for ids in truth.on_server().values()} == {1}
    assert (proxy.count("create"), truth.leftovers()) == (2, [])


@pytest.mark.parametrize("fault", some([*EVERYTHING], 12))
def test_update(fault: str, project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    assert project.apply().code == 0
    ids = project.ids
    project.write("sourcing_a", {"one": blueprint("One", steps=3), "two": blueprint("Two", steps=3)})
    truth.watch(proxy)
    proxy.script = on("update", EVERYTHING[fault], nth=1)
    ran = project.apply()
    truth.check(ran)
    assert ran.code in CODES, ran.err
    _converges(project, proxy, truth)
    assert project.ids == ids


@pytest.mark.parametrize("fault", some([*EVERYTHING], 10))
@pytest.mark.parametrize("nth", [1, 2], ids=["first list", "last list"])
def test_list(fault: str, nth: int, project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    truth.watch(proxy)
    proxy.script = on("list", EVERYTHING[fault], nth=nth)
    ran = project.apply()
    truth.check(ran)
    assert ran.code in CODES, ran.err
    _converges(project, proxy, truth)


@pytest.mark.parametrize(
    "fault", ["reset after", "504 empty, done", "200 HTML, late", "without id", "stall after"]
)
def test_lost_answer_is_found_again_within_the_run(
    fault: str, project: Project, proxy: FaultProxy, truth: Truth, emulator: BackgroundEmulator
) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    proxy.script = on("create", EVERYTHING[fault], nth=1)
    ran = project.apply("--format", "json")
    truth.check(ran)
    assert ran.code == 0
    assert ran.json["results"][0]["blueprint_id"] == emulator.store.blueprints("sourcing_a")[0].blueprint_id
    assert proxy.count("create") == 1


@pytest.mark.parametrize("fault", ["504 empty, none", "reset before", "500, none"])
def test_a_broken_api_gets_few_creates(fault: str, project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {f"k{n}": blueprint(f"B{n}") for n in range(12)})
    project.settle = 0.1
    proxy.script = on("create", EVERYTHING[fault], nth=None)
    ran = project.apply("--format", "json")
    truth.check(ran)
    assert ran.code == 10
    assert proxy.count("create") == 3
    assert ran.json["summary"] == {"done": 0, "refused": 0, "conflict": 0, "unknown": 1, "not_attempted": 11}


def test_nothing_follows_a_redirect(project: Project, proxy: FaultProxy, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    project.settle = 0.1
    proxy.script = on("list", EVERYTHING["307 to the same host"], nth=None)
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 5
    assert "redirect" in ran.out
    assert {request.path for request in proxy.requests} == {
        "/api/v1/sourcings/sourcing_a/sequence-blueprints"
    }


def test_no_server_at_all(project: Project, truth: Truth) -> None:
    project.write("sourcing_a", {"one": blueprint("One")})
    project.url = "http://127.0.0.1:9/api"
    ran = project.apply()
    truth.check(ran)
    assert ran.code == 5
    assert "no connection" in ran.out


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("'", "&#39;")


@pytest.mark.parametrize("change", [_normal, _escaped])
def test_a_lost_answer_of_a_server_that_keeps_texts_in_another_form(
    change: Callable[[str], str], project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    """Neither the name nor the steps are what was sent, letter for letter. The stub is found by its nonce all the
    same; whether the text arrived, a person has to look.
    """
    name = unicodedata.normalize("NFD", "R&D à Zürich, l'élan")
    wanted = blueprint(name)
    wanted["steps"][0]["content"] = name
    project.write("sourcing_a", {"one": wanted})

    def keep(exchange: Exchange) -> None:
        sent = exchange.request.data
        kept = json.loads(change(json.dumps(sent, ensure_ascii=False)))
        assert kept["name"] != sent["name"]
        if exchange.request.kind == "create":
            emulator.store.create("sourcing_a", kept["name"], [])
        else:
            emulator.store.edit(exchange.request.blueprint_id, name=kept["name"], steps=kept["steps"])
        exchange.reset()

    proxy.script = lambda request: keep if request.method in {"POST", "PATCH"} else None
    for code in (10, 6):
        ran = project.apply()
        assert ran.code == code, ran.out + ran.err
    assert "was reserved for it, and holds another text" in ran.out
    assert (proxy.count("create"), proxy.count("fill") + proxy.count("update")) == (1, 1)
