"""Every fault on a list, while a plan is held against Kalent: a right plan, or none; never a write."""

from __future__ import annotations

import pytest

from kalentops.emulator.server import BackgroundEmulator
from tests.faults.catalogue import EVERYTHING
from tests.faults.proxy import FaultProxy, on
from tests.harness import Project, blueprint

pytestmark = pytest.mark.usefixtures("no_backoff")


@pytest.mark.parametrize("fault", EVERYTHING)
def test_plan_refresh(fault: str, project: Project, emulator: BackgroundEmulator, proxy: FaultProxy) -> None:
    project.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Two")})
    assert project.apply().code == 0
    emulator.store.edit(project.ids["sourcing_a/one"], name="Theirs")
    before, since = project.state_path.read_bytes(), len(proxy.requests)
    proxy.script = on("list", EVERYTHING[fault], nth=None)
    ran = project.run("plan", "--refresh", "--format", "json")
    assert "Traceback" not in ran.err
    if ran.code == 0:
        kinds = [(each["address"], each["kind"]) for each in ran.json["drift"]]
        refused = [("sourcing_a/one", "unreadable"), ("sourcing_a/two", "unreadable")]
        assert kinds in ([("sourcing_a/one", "changed")], refused), fault
    else:
        assert ran.code in {4, 5}, ran
        assert ran.out == ""
    assert {request.method for request in proxy.requests[since:]} == {"GET"}
    assert project.state_path.read_bytes() == before
