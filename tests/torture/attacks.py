"""The attacks in short, each a function that gives the first problem it finds, or nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kalentops.blueprint.body import Address
from kalentops.blueprint.remote import Mark, stub
from kalentops.emulator.server import BackgroundEmulator
from kalentops.errors import StateError, StateLocked, StateMoved
from kalentops.state.model import Completed, Intended, State
from kalentops.state.store.file import FileStore
from tests.builders import AT, blueprint, intent
from tests.faults.catalogue import EVERYTHING
from tests.faults.proxy import Exchange, FaultProxy, Response, Script, on
from tests.harness import Project, Truth
from tests.torture import powerloss, shared
from tests.torture.simulate import Protocol, run_seed


def simulation(seeds: int) -> str | None:
    """Seeds of the simulated world, a few of them with `create: whole`."""
    for seed in range(seeds):
        for protocol in PROTOCOLS if seed % 5 == 0 else PROTOCOLS[:1]:
            verdict = run_seed(seed, protocol)
            if verdict.problems:
                return f"seed {seed}, {protocol}: {verdict.problems[0]}"
    return None


def hosts(seeds: int) -> str | None:
    """Seeds of hosts that share a store."""
    for seed in range(seeds):
        verdict = shared.run_seed(seed)
        if verdict.problems:
            return f"seed {seed}: {verdict.problems[0]}"
    return None


PROTOCOLS: tuple[Protocol, ...] = ("reserve", "whole")


def power(_: int) -> str | None:
    """Power cuts after each operation."""
    problems = powerloss.run()["problems"]
    return problems[0] if problems else None


def journal(_: int) -> str | None:
    """A journal that is cut or damaged."""
    found = powerloss.damage_journal()
    if found["silent_flips"]:
        return f"{found['silent_flips']} flipped bits were accepted"
    return found["problems"][0] if found["problems"] else None


@contextmanager
def _setting() -> Iterator[tuple[Project, FaultProxy, Truth]]:
    with (
        tempfile.TemporaryDirectory() as name,
        BackgroundEmulator(sourcings=[("sourcing_a", "A"), ("sourcing_b", "B")]) as emulator,
        FaultProxy(emulator.url) as proxy,
    ):
        project = Project(Path(name).resolve(), proxy.url, settle=0.2)
        truth = Truth(project, emulator, ("sourcing_a",))
        truth.watch(proxy)
        yield project, proxy, truth


def wire(_: int) -> str | None:
    """A few faults of a real server, on the real client."""
    for fault in ("307 to the same host", "key echoed", "key echoed in a page", "200 failure, none"):
        with _setting() as (project, proxy, truth):
            project.write("sourcing_a", {"one": blueprint("One")})
            proxy.script = on("create", EVERYTHING[fault])
            try:
                truth.check(project.apply())
                truth.check(again := project.apply())
            except AssertionError as error:
                return f"{fault}: {error}"
            if any("elsewhere" in request.path for request in proxy.requests):
                return f"{fault}: the redirect was followed"
            if again.code != 0 and "echoed" not in fault:
                return f"{fault}: {again.out}"
    return None


def false_success(_: int) -> str | None:
    """A 200 that says `success: false` to an update is no success."""
    with _setting() as (project, proxy, truth):
        project.write("sourcing_a", {"one": blueprint("One")})
        project.apply()
        project.write("sourcing_a", {"one": blueprint("One", steps=3)})
        proxy.script = on("update", EVERYTHING["200 failure, none"])
        ran = project.apply()
        truth.check(ran)
        steps = len(truth.emulator.store.blueprints("sourcing_a")[0].steps)
        return f"it has {steps} steps: {ran.out}" if steps != 3 else None


def put_back(_: int) -> str | None:
    """A text that is put back at once, while the list shows it still: it is sent, because candidates get another."""
    ours, theirs = blueprint("Ours"), blueprint("Theirs")
    for somebody in (False, True):  # whose text it is that comes back
        with _setting() as (project, proxy, truth):
            project.write("sourcing_a", {"one": ours if somebody else theirs})
            project.apply()
            if somebody:
                truth.emulator.store.edit(project.ids["sourcing_a/one"], **theirs)
            proxy.script = _behind()
            for wanted in (ours, theirs):
                project.write("sourcing_a", {"one": wanted})
                ran = project.apply("--overwrite", "sourcing_a/one") if wanted is ours else project.apply()
                truth.check(ran)
                name = truth.emulator.store.blueprints("sourcing_a")[0].name
                if ran.code not in {0, 10} or name != wanted["name"]:  # 10: no list shows it
                    return f"it is {name}, not {wanted['name']}: exit {ran.code}: {ran.out}"
    return None


def _behind() -> Script:
    """From now on every list is the first one."""
    kept: list[Response] = []

    def behind(exchange: Exchange) -> None:
        kept.append(exchange.forward())
        exchange.send(kept[0])

    return on("list", behind, nth=None)


def last_text(_: int) -> str | None:
    """Lists that show an empty stub first and then the text of the last run: this run's text is not in place."""
    with _setting() as (project, proxy, truth):
        project.write("sourcing_a", {"one": blueprint("One")})
        project.apply()
        project.write("sourcing_a", {"one": blueprint("One", steps=3)})
        lists = proxy.count("list")

        def older(exchange: Exchange) -> None:
            found = exchange.forward()
            data = found.data
            empty = {"name": "One (kalentops one 0a1b2c3d)", "steps": [], "stepCount": 0}
            data["data"]["sequenceBlueprints"][0] |= {**empty, "updatedAt": "2026-01-01T00:00:00.000Z"}
            exchange.send(Response(found.status, json.dumps(data).encode()))

        def accepted(exchange: Exchange) -> None:
            exchange.send(Response(200, b'{"success": true, "data": {}}'))

        proxy.script = lambda request: (
            accepted if request.method == "PATCH" else older if proxy.count("list") == lists + 1 else None
        )
        ran = project.apply()
        truth.check(ran)
        return None if ran.code == 10 and "no list shows it yet" in ran.out else f"exit {ran.code}: {ran.out}"


def twice(_: int) -> str | None:
    """A gateway that sends each write twice: one blueprint gets the text, the other stays empty."""
    with _setting() as (project, proxy, truth):
        project.write("sourcing_a", {"one": blueprint("One")})

        def again(exchange: Exchange) -> None:
            exchange.forward()
            exchange.forward()
            exchange.reset()

        proxy.script = lambda request: again if request.method != "GET" else None
        ran = project.apply()
        texts = [each for each in truth.emulator.store.blueprints("sourcing_a") if each.steps]
        return (
            None if (ran.code, len(texts)) == (0, 1) else f"exit {ran.code}, {len(texts)} copies: {ran.out}"
        )


def mixed_up(_: int) -> str | None:
    """A proxy that gives the answer to another one's create: no text goes to their blueprint."""
    with _setting() as (project, proxy, truth):
        theirs = truth.emulator.store.create("sourcing_b", "Theirs", blueprint("Theirs")["steps"], None)

        def mix_up(exchange: Exchange) -> None:
            data = exchange.forward().data
            data["data"] |= {"blueprintId": theirs.blueprint_id, "name": "Theirs"}
            exchange.send(Response(201, json.dumps(data).encode()))

        project.write("sourcing_a", {"one": blueprint("One")})
        proxy.script = on("create", mix_up)
        ran = project.apply()
        there = truth.emulator.store.blueprints("sourcing_b")[0]
        return None if there.name == "Theirs" and ran.code == 0 else f"exit {ran.code}: {there.name}"


def edited_stub(_: int) -> str | None:
    """A stub that a colleague has started to use is theirs, whether the state knows it or not."""
    for lost in (False, True):
        with _setting() as (project, proxy, truth):
            project.write("sourcing_a", {"one": blueprint("One")})
            proxy.script = on("fill", EVERYTHING["500, none"], nth=None)
            project.apply()
            proxy.script = lambda _: None
            (empty,) = truth.emulator.store.blueprints("sourcing_a")
            truth.emulator.store.edit(empty.blueprint_id, steps=blueprint("Theirs")["steps"])
            if lost:
                project.state_path.unlink()
            ran = project.apply()
            if ran.code != 6 or truth.emulator.store.blueprints("sourcing_a")[0].name == "One":
                return f"exit {ran.code}: {ran.out}"
            said = project.run("plan", "--refresh").out
            if "is an empty blueprint" in said:
                return f"what a colleague uses is called empty: {said}"
    return None


def text_of_a_lost_state(_: int) -> str | None:
    """A run claimed a stub and sent its text, and its state is lost: that text may come later than the next run."""
    for known in (False, True):
        with _setting() as (project, proxy, truth):
            wanted, store = blueprint("One"), truth.emulator.store
            project.write("sourcing_a", {"one": wanted})
            names = [Mark("one", nonce) for nonce in ("0a1b2c3d", "4e5f6071")]
            if known:  # this state knows of stubs of its own
                proxy.script = on("create", EVERYTHING["reset before"], nth=None)
                project.apply()
                proxy.script = lambda _: None
                names = [Mark("one", project.state["intents"]["sourcing_a/one"]["nonces"][0]), names[0]]
            made = [
                store.create("sourcing_a", stub("One", mark).data["name"], []).blueprint_id for mark in names
            ]
            project.apply()
            store.edit(made[1] if known else max(made), name="One", steps=wanted["steps"])
            texts = [each.blueprint_id for each in store.blueprints("sourcing_a") if each.steps]
            if len(texts) > 1:
                return f"{len(texts)} copies, {'one known' if known else 'none known'}"
    return None


def rolled_back(_: int) -> str | None:
    """Two runs start from one state that knows of several stubs: they choose the same one, whichever has arrived."""
    for _attempt in range(3):  # ids are random, and their order may not matter
        with _setting() as (project, proxy, truth):
            wanted, store = blueprint("One"), truth.emulator.store
            project.write("sourcing_a", {"one": wanted})
            proxy.script = on("create", EVERYTHING["reset before"], nth=None)
            project.apply()
            committed = project.state_path.read_bytes()
            first, *others = project.state["intents"]["sourcing_a/one"]["nonces"]
            lost = EVERYTHING["reset before"]
            proxy.script = lambda request, lost=lost: (  # type: ignore[misc]
                lost if request.method == "PATCH" and "steps" in request.data else None
            )
            claimed = store.create(
                "sourcing_a", stub("One", Mark("one", first)).data["name"], []
            ).blueprint_id
            project.apply()
            project.state_path.write_bytes(committed)
            for nonce in others:
                store.create("sourcing_a", stub("One", Mark("one", nonce)).data["name"], [])
            proxy.script = lambda _: None
            ran = project.apply()
            store.edit(claimed, name="One", steps=wanted["steps"])
            texts = [each.blueprint_id for each in store.blueprints("sourcing_a") if each.steps]
            if len(texts) != 1 or ran.code:
                return f"exit {ran.code}, {len(texts)} copies: {ran.out}"
    return None


def refused_later(_: int) -> str | None:
    """A text whose answer was lost stays open when a later run is refused, and when its key is renamed."""
    with _setting() as (project, proxy, truth):
        project.write("sourcing_a", {"old": blueprint("One")})
        for fault in ("reset before", "401"):
            proxy.script = on("fill", EVERYTHING[fault], nth=None)
            project.apply()
        proxy.script = lambda _: None
        project.write("sourcing_a", {"new": blueprint("One")})
        for _attempt in range(3):
            ran = project.apply()
        made = {each.name for each in truth.emulator.store.blueprints("sourcing_a")}
        return f"exit {ran.code}: {sorted(made)}" if "One" in made or not ran.code else None


def broken_api(_: int) -> str | None:
    """A server that never answers a create gets few of them."""
    with _setting() as (project, proxy, _truth):
        project.write("sourcing_a", {f"k{n}": blueprint(f"B{n}") for n in range(8)})
        proxy.script = on("create", EVERYTHING["504 empty, none"], nth=None)
        project.apply()
        return f"{proxy.count('create')} creates were sent" if proxy.count("create") > 3 else None


def long_list(_: int) -> str | None:
    """A sourcing with more blueprints than a page holds: what is on the last page is adopted."""
    with _setting() as (project, _proxy, truth):
        wanted = blueprint("Wanted")
        for number in range(60):
            truth.emulator.store.create("sourcing_a", f"Other {number}", [], None)
        truth.emulator.store.create("sourcing_a", "Wanted", wanted["steps"], None)
        project.write("sourcing_a", {"one": wanted})
        ran = project.apply()
        made = [each for each in truth.emulator.store.blueprints("sourcing_a") if each.name == "Wanted"]
        return f"{len(made)} copies; {ran.out}" if len(made) != 1 or ran.code else None


def open_outcome(_: int) -> str | None:
    """A create that may have been done is not reported as anything else."""
    with _setting() as (project, proxy, truth):
        project.write("sourcing_a", {"one": blueprint("One")})
        script = on("fill", EVERYTHING["reset before"])
        blind = EVERYTHING["500, none"]
        proxy.script = lambda request: (
            blind if request.kind == "list" and proxy.count("fill") else script(request)
        )
        project.apply()
        ran = project.apply()
        truth.check(ran)
        return None if ran.code == 10 else f"exit {ran.code}: {ran.out}"


def one_writer(_: int) -> str | None:
    """The lock, the serial, and what is not a state."""
    with tempfile.TemporaryDirectory() as name:
        store = FileStore(Path(name).resolve() / "state.json")
        with store.session() as session:
            session.begin("url:test")
            with suppress(StateLocked), store.session():
                return "two sessions at once"
        first = store.read().state.serial
        try:
            with store.session() as session:
                session.begin("url:test")
                session.record(Intended(intent("s/k")))
                session.record(Completed(Address.parse("s/k"), "bp_1", AT))
                other = store.path.read_text().replace(f'"serial": {first}', f'"serial": {first + 7}')
                store.path.write_text(other)
        except StateMoved:
            pass
        else:
            return "a state that was replaced meanwhile was overwritten"
        if store.read().state.serial < first:
            return "the serial went back"
        store.path.unlink()
        if store.journal_path.exists() and not _refused(store):
            return "a journal without its state was passed over"
        store.path.write_text("{ not a state")
        return "a damaged state was read as empty" if _reads_as_empty(store) else None


def _refused(store: FileStore) -> bool:
    try:
        store.read()
    except StateError:
        return True
    return False


def _reads_as_empty(store: FileStore) -> bool:
    store.journal_path.unlink(missing_ok=True)
    try:
        return store.read().state == State()
    except Exception:  # noqa: BLE001 - any refusal will do
        return False


def serials(_: int) -> str | None:
    """Each write has a higher serial."""
    with tempfile.TemporaryDirectory() as name:
        store = FileStore(Path(name).resolve() / "state.json")
        found = []
        for number in range(3):
            with store.session() as session:
                session.begin("url:test")
                address = f"s/k{number}"
                session.record(Intended(intent(address, blueprint(f"B{number}"))))
                session.record(Completed(Address.parse(address), f"bp_{number}", AT))
            found.append(store.read().state.serial)
        return None if found == sorted(set(found)) else f"serials {found}"


ATTACKS: tuple[Callable[[int], str | None], ...] = (
    one_writer,
    serials,
    journal,
    power,
    long_list,
    open_outcome,
    false_success,
    put_back,
    last_text,
    twice,
    mixed_up,
    edited_stub,
    text_of_a_lost_state,
    rolled_back,
    refused_later,
    broken_api,
    wire,
    simulation,
    hosts,
)
