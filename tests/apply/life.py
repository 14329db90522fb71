"""A project, a server and people, with a model of what must be true: the world of the stateful test.

The commands are the real ones, against the real stand-in, through a proxy that sees every request and can take the
server away. The model keeps what the commands can't be asked for: who did what.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from kalentops.blueprint.body import Body
from kalentops.blueprint.remote import mark_in, mark_of
from kalentops.emulator.server import BackgroundEmulator
from kalentops.lint.finding import Severity
from kalentops.lint.rule import ends
from kalentops.project.load import load
from kalentops.support.text import same_name
from tests.fakeclock import without_backoff
from tests.faults.proxy import Behaviour, Exchange, FaultProxy, Request
from tests.harness import Project, Ran

WANTED: Final = frozenset({"create", "update", "adopt", "resume"})


@dataclass
class Wanted:
    """A blueprint in a file."""

    body: dict[str, Any]
    protect: bool = False


@dataclass(frozen=True)
class Row:
    """A blueprint on the server."""

    blueprint_id: str
    sourcing: str
    name: str
    steps: str
    digest: str
    config: Any

    @property
    def empty_stub(self) -> bool:
        return self.steps == "[]" and mark_in(self.name) is not None


def _steps(of: Mapping[str, Any]) -> str:
    return json.dumps(json.loads(Body.listed(of).text)["steps"], sort_keys=True)


def stops(plan: Ran) -> bool:
    """Whether a plan says that apply writes nothing, because it is the state of another workspace."""
    return "apply would stop: Kalent knows nothing of what the state says" in plan.err


def shown(of: Mapping[str, Any]) -> str:
    return Body.listed(of).digest


@dataclass
class World:
    """`files` is what the files say, by sourcing and key, `lines` what they say of other keys. `left` is what was last
    left there or seen there by us, by id, as a list shows it: whatever else is there is a person's doing.
    """

    project: Project
    emulator: BackgroundEmulator
    proxy: FaultProxy
    sourcings: tuple[str, ...]
    files: dict[str, dict[str, Wanted]] = field(default_factory=dict)
    lines: dict[str, dict[str, str | None]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for sourcing in self.sourcings:
            self.emulator.store.add_sourcing(sourcing, sourcing)
            self.files[sourcing], self.lines[sourcing] = {}, {}
        self.write()

    # --- files ---------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """The files, as the model has them; what they say of other keys holds together."""
        for path in (self.project.folder / "blueprints").rglob("*.yaml"):
            path.unlink()
        for sourcing, blueprints in self.files.items():
            self._tidy(blueprints, self.lines[sourcing])
            data = {
                "sourcingId": sourcing,
                "blueprints": {
                    key: {**each.body, **({"protect": True} if each.protect else {})}
                    for key, each in blueprints.items()
                },
                "moved": [{"from": old, "to": new} for old, new in self.lines[sourcing].items() if new],
                "removed": [old for old, new in self.lines[sourcing].items() if new is None],
            }
            path = self.project.folder / "blueprints" / f"{sourcing}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(data, indent=2), encoding="utf-8")

    @staticmethod
    def _tidy(blueprints: Mapping[str, Wanted], lines: dict[str, str | None]) -> None:
        """Take out the lines that later ones contradict, as a person who reads the messages would."""
        before = None
        while before != lines:
            before = dict(lines)
            targets: set[str] = set()
            for source, target in reversed(list(lines.items())):
                if source in blueprints or target in targets:
                    del lines[source]
                elif target is not None:
                    targets.add(target)
            for source in list(lines):
                end = ends(lines)[source]
                if end is not None and end not in blueprints:
                    del lines[source]

    def _reread(self) -> None:
        """The files, as a command has written them. Of two with one name, the later gets another: a person looks at
        what was imported.
        """
        folder = self.project.folder.resolve()
        before = {address: each.protect for address, each in self.wanted().items()}
        repository = load(folder, [folder / "blueprints"], bodies=True)
        errors = {each.code for each in repository.findings if each.severity is Severity.ERROR}
        assert errors <= {"KAL018"}, repository.findings
        for sourcing in self.sourcings:
            self.files[sourcing] = {}
        for each in repository.declared:
            assert each.body is not None
            sourcing, key, body = each.address.sourcing_id, each.address.key, dict(each.body.data)
            while same_name(body["name"]) in self.names(sourcing):
                body["name"] += "!"
            self.files[sourcing][key] = Wanted(body, each.protect)
        now = {address: each.protect for address, each in self.wanted().items()}
        assert now.items() >= before.items(), "nothing that was in a file is gone"
        self.write()

    def wanted(self) -> dict[str, Wanted]:
        return {f"{s}/{key}": each for s, found in self.files.items() for key, each in found.items()}

    def names(self, sourcing: str) -> set[str]:
        return {same_name(each.body["name"]) for each in self.files[sourcing].values()}

    # --- server and state ----------------------------------------------------------------------------------------

    def rows(self) -> dict[str, Row]:
        found = {}
        for sourcing in self.sourcings:
            for each in self.emulator.store.blueprints(sourcing):
                body = {"name": each.name, "steps": each.steps}
                at = each.blueprint_id, sourcing, each.name
                found[each.blueprint_id] = Row(*at, _steps(body), shown(body), each.config)
        return found

    @property
    def intents(self) -> set[str]:
        path = self.project.state_path
        return set(self.project.state["intents"]) if path.exists() else set()

    def moved_ids(self) -> dict[str, str]:
        """The recorded ids by the address that the files have for them; without what the files forget."""
        held = self.project.ids.keys() | self.intents
        found = {}
        for address, blueprint_id in self.project.ids.items():
            sourcing, _, key = address.partition("/")
            lines = self.lines[sourcing]
            end = ends(lines)[key] if key in lines else key
            new = f"{sourcing}/{end}"
            if end is None and address not in self.intents:
                continue
            taken = new in held or new in found
            found[address if end in {None, key} or taken else new] = blueprint_id
        return found

    def expected_drift(self) -> dict[str, str]:
        """What another person did to ours, by address; without addresses whose outcome is open."""
        rows, wanted, found = self.rows(), self.wanted(), {}
        for address, blueprint_id in self.moved_ids().items():
            if address not in wanted or self._open(address):
                continue
            row = rows.get(blueprint_id)
            if row is None:
                found[address] = "gone" if self._was_seen(blueprint_id) else "unreadable"
            elif row.digest not in {self.left.get(blueprint_id), shown(wanted[address].body)}:
                found[address] = "changed"
        return found

    def _was_seen(self, blueprint_id: str) -> bool:
        """Whether a list has shown it since it was written: else it may only be late."""
        entries = self.project.state["blueprints"].values()
        return any(
            each["blueprintId"] == blueprint_id and each.get("remote", {}).get("digest") for each in entries
        )

    def _claims(self) -> set[str]:
        """The ids that are reserved, and have nothing to protect."""
        entries = self.project.state["blueprints"].values() if self.project.state_path.exists() else ()
        return {each["blueprintId"] for each in entries if mark_of(Body.recorded(each["sent"], ""))}

    def _open(self, address: str) -> bool:
        sourcing, _, key = address.partition("/")
        names = {key} | {old for old in self.lines[sourcing] if ends(self.lines[sourcing])[old] == key}
        return any(f"{sourcing}/{each}" in self.intents for each in names)

    # --- commands ------------------------------------------------------------------------------------------------

    def run(self, *args: str) -> Ran:
        """A command that may write to Kalent, without the waits between attempts."""
        with without_backoff(most=2):
            return self.project.run(*args)

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Nothing is written, not to Kalent and not to the disk."""
        start, files = len(self.proxy.requests), self._on_disk()
        yield
        assert {each.method for each in self.proxy.requests[start:]} <= {"GET"}
        assert self._on_disk() == files

    def _on_disk(self) -> dict[str, bytes]:
        paths = (path for path in self.project.folder.rglob("*") if path.is_file() and path.suffix != ".lock")
        return {path.as_posix(): path.read_bytes() for path in paths}

    def look(self, overwrite: Iterable[str] = ()) -> Ran:
        """`plan --refresh`, and what must be true of it."""
        options = [part for address in sorted(overwrite) for part in ("--overwrite", address)]
        with self.untouched():
            ran = self.run("plan", "--refresh", "--detailed-exitcode", "--format", "json", *options)
        assert ran.code in {0, 2}, ran.err
        told = {
            each["address"]: each["kind"] for each in ran.json["drift"] if not self._open(each["address"])
        }
        assert told == self.expected_drift()
        to_do = sum(n for action, n in ran.json["summary"].items() if action not in {"no_op", "orphan"})
        assert (ran.code == 2) is bool(to_do or ran.json["drift"])
        self._no_change_means_it_is_so(ran)
        return ran

    def _no_change_means_it_is_so(self, ran: Ran) -> None:
        wanted, rows = self.wanted(), self.rows()
        drifted = {each["address"] for each in ran.json["drift"]}
        for change in ran.json["changes"]:
            if change["action"] in {"no-op", "move"} and change["address"] not in drifted:
                assert rows[change["blueprint_id"]].digest == shown(wanted[change["address"]].body), change

    def apply(
        self, overwrite: Iterable[str] = (), *, cut_off: Behaviour | None = None, after: int = 0
    ) -> Ran:
        """`apply`, after a look at what it would do; with `cut_off`, the server is gone after so many writes."""
        overwrite = set(overwrite)
        options = [part for address in sorted(overwrite) for part in ("--overwrite", address)]
        plan = self.look(overwrite)
        rows, recorded, intents = self.rows(), self.moved_ids(), self.intents
        kept = {at for at, blueprint_id in recorded.items() if self._is_theirs(at, rows.get(blueprint_id))}
        claims = self._claims()
        protected = {address for address, each in self.wanted().items() if each.protect}
        kept |= {address for address in protected if recorded.get(address) not in claims}
        known, start = self._known(), len(self.proxy.requests)
        if cut_off is not None:
            self.proxy.script = _leaving(cut_off, after)
            options += [
                "--parallelism",
                "1",
            ]  # one after the other, so that the same life ends the same way again
        try:
            ran = self.run("apply", "--yes", "--format", "json", *options)
        finally:
            self.proxy.script = lambda _: None
        sent = self.proxy.requests[start:]
        for each in sent:
            if each.kind == "create":
                self._check_create(each, rows, known if not intents else {})
            elif each.kind == "update":
                self._check_update(each, kept - overwrite)
        assert cut_off is not None or (ran.code == 8) is stops(plan), plan.err + ran.err
        if ran.code != 8:
            self._take_results(ran, set(recorded.values()))
        if cut_off is None and ran.code == 0:
            self._check_nothing_left(intents)
        assert stops(plan) or ran.code in {0, 4, 5, 6, 9, 10}, ran.err
        return ran

    @contextmanager
    def _only_reading(self) -> Iterator[None]:
        start = len(self.proxy.requests)
        yield
        assert {each.method for each in self.proxy.requests[start:]} <= {"GET"}

    def adopt(self, sourcing: str, *options: str) -> None:
        """`import`: what becomes ours is as Kalent shows it, or as the file has it."""
        ids, rows, intents = self.project.ids, self.rows(), self.intents
        with self._only_reading():
            ran = self.run("import", sourcing, "--format", "json", *options)
        assert ran.code in {0, 1, 3, 6, 9}, ran.err
        new = {at: each for at, each in self.project.ids.items() if at not in ids}
        assert self.project.ids.items() >= ids.items()
        assert self.intents == intents - new.keys()
        self.see(new.values())
        self._reread()
        for address, blueprint_id in new.items():
            row = rows[blueprint_id]
            assert row.sourcing == sourcing
            body = self.wanted()[address].body
            renamed = body["name"].rstrip("!") == row.name.rstrip("!") and _steps(body) == row.steps
            assert shown(body) == row.digest or renamed or options, row
        if ran.code == 0 and not options:
            unmanaged = [each for each in rows.values() if each.sourcing == sourcing and not each.empty_stub]
            assert {each.blueprint_id for each in unmanaged} <= set(self.project.ids.values())
        self.look()

    def take_edits(self, sourcing: str) -> None:
        """`import --update`: each edit is in the file now, or is reported as one that a person has to decide."""
        drift = {
            at: kind
            for at, kind in self.expected_drift().items()
            if at.startswith(sourcing) and kind == "changed"
        }
        ids, moved, rows = self.project.ids, self.moved_ids(), self.rows()
        with self._only_reading():
            ran = self.run("import", sourcing, "--update", "--format", "json")
        assert self.project.ids == ids
        if ran.code == 1:
            assert not any(address.startswith(sourcing) for address in ids), ran.err
            return
        assert ran.code in {0, 3, 6, 9}, ran.err
        self._reread()
        taken = {each["blueprint_id"] for each in ran.json["taken"]}
        decided = {each["blueprint_id"] for each in ran.json["not_taken"] if each["conflict"]}
        for address in drift:
            assert moved[address] in taken | decided, (address, ran.out)
        for blueprint_id in taken:
            self.left[blueprint_id] = rows[blueprint_id].digest
        self.look()

    def _check_create(
        self, sent: Request, rows: Mapping[str, Row], known: Mapping[str, tuple[str, Any]]
    ) -> None:
        """Nothing is made beside what looks like it: another person's, or ours that is no longer declared or has this
        name so far. `known` has id and body of ours by address, as before the run.
        """
        sourcing, wanted, mark = (
            sent.path.split("/")[-2],
            self.wanted(),
            mark_of(Body.recorded(sent.data, "")),
        )
        assert mark is not None, "an id is reserved before any text is sent"
        body_ = wanted[f"{sourcing}/{mark.key}"].body
        name = same_name(body_["name"])
        ours = {blueprint_id for blueprint_id, _ in known.values()} | set(self.project.ids.values())
        for row in rows.values():
            if row.sourcing == sourcing and row.blueprint_id not in ours:
                assert same_name(row.name) != name, (row, sent.data)
                assert row.steps != _steps(body_), (row, sent.data)
        for address, (_, body) in known.items():
            if address.startswith(f"{sourcing}/"):
                assert same_name(body["name"]) != name, (address, sent.data)
                assert address in wanted or _steps(body) != _steps(body_), (address, sent.data)

    def _known(self) -> dict[str, tuple[str, Any]]:
        if not self.project.state_path.exists():
            return {}
        entries = self.project.state["blueprints"]
        ids = self.moved_ids()
        bodies = {each["blueprintId"]: each["sent"] for each in entries.values()}
        return {address: (blueprint_id, bodies[blueprint_id]) for address, blueprint_id in ids.items()}

    def _is_theirs(self, address: str, row: Row | None) -> bool:
        """Whether another person has left what is there, and no file and no cut-off run wants just that."""
        if row is None:
            return False
        ours = {self.left.get(row.blueprint_id)}
        ours |= {shown(each.body) for at, each in self.wanted().items() if at == address}
        if self._open(address):
            ours |= {shown(each["sent"]) for each in self.project.state["intents"].values()}
        return row.digest not in ours

    def _check_update(self, sent: Request, kept: set[str]) -> None:
        """Nothing is sent over what another person has changed, or protected, unless that was asked for."""
        blueprint_id = sent.path.rsplit("/", 1)[-1]
        address = {each: at for at, each in self.moved_ids().items()}[blueprint_id]
        assert address in self.wanted(), sent.data
        assert address not in kept, sent.data

    def _take_results(self, ran: Ran, recorded: set[str]) -> None:
        """What is reported as done is so, and is what was last left there."""
        rows, ids, wanted = self.rows(), self.project.ids, self.wanted()
        for result in ran.json["results"]:
            address, action = result["address"], result["action"]
            if result["outcome"] != "done" or action not in WANTED or address not in ids:
                continue
            row = rows[ids[address]]
            self.left[row.blueprint_id] = row.digest
            if address in wanted:
                body = wanted[address].body
                assert row.digest == shown(body), result
                # A colleague's copy can't be told from what a cut-off run has made, and lacks what no one can see.
                if body.get("config") and action != "resume":
                    assert row.config == body["config"], result
        assert len(set(ids.values())) == len(ids)
        self.see(set(ids.values()) - recorded)

    def see(self, new: Iterable[str]) -> None:
        """What is recorded since just now was seen as it is."""
        self.left |= {each: row.digest for each, row in self.rows().items() if each in set(new)}

    def _check_nothing_left(self, settled: set[str]) -> None:
        """After a run that did all it was asked for. What was cut off is settled first, and forgotten by the next."""
        plan = self.look()
        left = [each for each in plan.json["changes"] if each["action"] not in {"no-op", "orphan"}]
        assert all(each["action"] == "forget" and each["address"] in settled for each in left), plan.out
        assert plan.code == (2 if left or self.expected_drift() else 0), plan.out


def _leaving(last: Behaviour, after: int) -> Any:
    """So many writes come through, then one meets `last`, and then no one answers any more."""
    seen = {"writes": 0, "gone": False}

    def script(request: Request) -> Behaviour | None:
        if seen["gone"]:
            return _no_fault
        if request.method == "GET":
            return None
        seen["writes"] += 1
        if seen["writes"] <= after:
            return None
        seen["gone"] = True
        return last

    return script


def _no_fault(exchange: Exchange) -> None:
    exchange.reset()


def done_and_lost(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()
