"""A list that is behind: it shows what was there before, and no one has put that back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request, Response, on
from tests.harness import Project

pytestmark = pytest.mark.waits

FIRST, SECOND = blueprint("One"), blueprint("One", steps=1)


@contextmanager
def behind(proxy: FaultProxy) -> Iterator[None]:
    """As long as this lasts, each list is answered as it was when it was first asked for."""
    kept: dict[str, Response] = {}

    def stale(exchange: Exchange) -> None:
        exchange.send(kept.setdefault(exchange.request.target, exchange.forward()))

    def script(request: Request) -> Behaviour | None:
        return stale if request.kind == "list" else None

    before, proxy.script = proxy.script, script
    try:
        yield
    finally:
        proxy.script = before


def texts(emulator: BackgroundEmulator) -> list[int]:
    return [len(each.steps) for each in emulator.store.blueprints("sourcing_a")]


def test_our_own_text_of_before_is_nobodys_edit(project: Project, proxy: FaultProxy) -> None:
    path = project.write("sourcing_a", {"one": FIRST})
    assert project.apply().code == 0
    project.write("sourcing_a", {"one": SECOND})
    wanted = path.read_text()
    with behind(proxy):
        assert project.apply().code == 10, "no list shows it"
        ran = project.run("import", "sourcing_a", "--update")
        assert (ran.code, "before the last change" in ran.out) == (6, True), ran
    assert path.read_text() == wanted
    assert "Nothing to import." in project.run("import", "sourcing_a", "--update").out


def test_nor_is_it_after_it_was_seen(project: Project, proxy: FaultProxy) -> None:
    path = project.write("sourcing_a", {"one": FIRST})
    assert project.apply().code == 0
    with behind(proxy):
        project.run("plan", "--refresh")
        late = proxy.script
    project.write("sourcing_a", {"one": SECOND})
    wanted = path.read_text()
    assert project.apply().code == 0
    proxy.script = late
    ran = project.run("import", "sourcing_a", "--update")
    assert (ran.code, path.read_text()) == (6, wanted), ran


def test_what_was_overwritten_on_purpose_does_not_come_back(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    path = project.write("sourcing_a", {"one": FIRST})
    assert project.apply().code == 0
    emulator.store.edit(project.ids["sourcing_a/one"], name="Theirs")
    project.write("sourcing_a", {"one": SECOND})
    wanted = path.read_text()
    with behind(proxy):
        assert project.apply("--overwrite", "sourcing_a/one").code == 10, "no list shows it"
        ran = project.run("import", "sourcing_a", "--update")
        assert (ran.code, path.read_text()) == (6, wanted), ran


def test_an_edit_of_a_person_after_an_update_that_was_never_read_back_is_taken(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    path = project.write("sourcing_a", {"one": FIRST})
    assert project.apply().code == 0
    project.write("sourcing_a", {"one": SECOND})
    with behind(proxy):
        assert project.apply().code == 10, "no list shows it"
    emulator.store.edit(project.ids["sourcing_a/one"], name="Theirs")
    assert project.run("import", "sourcing_a", "--update").code == 0
    assert "Theirs" in path.read_text()


def test_a_text_that_is_put_back_at_once_is_sent(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    """The list shows this text still, because it is behind."""
    project.write("sourcing_a", {"one": FIRST})
    assert project.apply().code == 0
    with behind(proxy):
        project.write("sourcing_a", {"one": SECOND})
        assert project.apply().code == 10, "no list shows it"
        assert texts(emulator) == [1]
        project.write("sourcing_a", {"one": FIRST})
        foretold = project.run("plan", "--refresh")
        assert "only recorded" not in foretold.out
        assert project.apply().code == 0
        assert texts(emulator) == [2]


def test_what_was_accepted_and_did_not_arrive_is_sent_again(
    project: Project, proxy: FaultProxy, emulator: BackgroundEmulator
) -> None:
    """A 200 is no proof: the list shows the blueprint as it was, and no one has touched it since."""

    def forget(exchange: Exchange) -> None:
        exchange.send(Response(200, b'{"success": true, "data": {}}'))

    for text, kind in ((FIRST, "fill"), (SECOND, "update")):
        project.write("sourcing_a", {"one": text})
        proxy.script = on(kind, forget, nth=None)
        ran = project.apply()
        assert ran.code == 10
        assert "the API reported success, but no list shows it yet" in ran.out
        proxy.script = lambda _: None
        assert project.run("plan", "--detailed-exitcode").code == 0
        ran = project.apply()
        assert ran.code == 0
        assert "the API had reported success, but it had not arrived; it was sent again" in ran.out
        assert texts(emulator) == [len(text["steps"])]
        assert project.apply().out == "Apply: nothing to do.\n"
