"""Faults put into kalentops on purpose: each has to be noticed by the machinery that attacks it.

A mutant is a patch of one module's source. It is applied while the module is imported, in a process of its own:
`python -m tests.torture.mutants NAME` loads the mutant, runs the attacks, and says which of them noticed.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

_ROOT = __file__.rsplit("/tests/", 1)[0]


@dataclass(frozen=True)
class Mutant:
    """A patch: in `module`, `old` (which occurs once) becomes `new`."""

    name: str
    module: str
    old: str
    new: str


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "fill before the claim is durable",
        "apply.updating",
        "    view.run.record(*first, Intended(intent))\n"
        "    return _send(view, job, entry, body, known | {remote.digest})\n",
        "    result = _send(view, job, entry, body, known | {remote.digest})\n"
        "    view.run.record(*first, Intended(intent))\n"
        "    return result\n",
    ),
    Mutant(
        "fill without a claim",
        "apply.updating",
        "    view.run.record(*first, Intended(intent))\n",
        "    view.run.record(Intended(intent)) if first else None\n",
    ),
    Mutant(
        "PATCH without intent",
        "apply.updating",
        "    view.run.record(*first, Intended(intent))\n",
        "    view.run.record(*first) if first else None\n",
    ),
    Mutant(
        "fill without a look",
        "apply.updating",
        "    behind = entry.not_arrived(remote)\n",
        "    behind = entry.mark is not None or entry.not_arrived(remote)\n",
    ),
    Mutant(
        "text in the first request",
        "apply.creating",
        "        verdict = view.run.api.create(view.sourcing_id, empty.body)\n",
        "        verdict = view.run.api.create(view.sourcing_id, job.body)\n",
    ),
    Mutant(
        "claim of somebody's edited stub",
        "planning.lookalikes",
        "        mark, edited = stub_mark(remote), was_stub(remote)\n",
        "        mark, edited = stub_mark(remote) or was_stub(remote), None\n",
    ),
    Mutant(
        "a stub counted as ours by its name alone",
        "stub",
        '    return None if body.get("steps") else mark_in(str(body.get("name", "")))\n',
        '    return mark_in(str(body.get("name", "")))\n',
    ),
    Mutant("a nonce that repeats", "stub", "    return secrets.token_hex(4)\n", '    return "00000000"\n'),
    Mutant(
        "the first of several stubs",
        "planning.lookalikes",
        "    if len(first) > 1:\n",
        "    if False:\n",
    ),
    Mutant(
        "a free stub before one that may have a text",
        "planning.lookalikes",
        "    return min(first or free,",
        "    return min(free or first,",
    ),
    Mutant(
        "nobody says which stub is taken",
        "apply.creating",
        "        mark = stub_mark(empty)\n        return mark is not None and (\n",
        "        mark = stub_mark(empty)\n        return True or (\n",
    ),
    Mutant(
        "a refusal settles what an earlier run has sent",
        "apply.updating",
        "    if earlier is not None and earlier.action == action and not earlier.only_reserves:\n",
        "    if False:\n",
    ),
    Mutant(
        "a text on its way is forgotten with its address",
        "apply.resuming",
        "    if job.change.after is None and entry.mark is not None:\n",
        "    if False:\n",
    ),
    Mutant(
        "sent whole again by itself",
        "apply.resuming",
        "    if job.address not in view.run.options.resend:\n",
        "    if job.change.after is None:\n",
    ),
    Mutant(
        "whole without an intent",
        "apply.creating",
        "    run.record(Intended(intent))\n    verdict = run.api.create(view.sourcing_id, job.body)\n",
        "    verdict = run.api.create(view.sourcing_id, job.body)\n    run.record(Intended(intent))\n",
    ),
    Mutant(
        "outcome not recorded",
        "apply.updating",
        "        view.run.record(Done(job.address, blueprint_id, view.run.clock.now()))\n",
        "        pass\n",
    ),
    Mutant(
        "accepted means in place",
        "apply.readback",
        "    if remote is None or check.is_behind(view):\n",
        "    if remote is None:\n",
    ),
    Mutant("nothing adopted", "apply.creating", "        if adopted is not None:\n", "        if False:\n"),
    Mutant(
        "adopts by name only",
        "apply.creating",
        "    if alike.unclear:\n"
        '        said = why_not_made(alike, str(job.body["name"]), job.address)\n'
        "        return job.result(planned, Outcome.CONFLICT, error=said), None\n"
        "    remote, run = alike.adoptable, view.run\n",
        "    remote, run = next(iter((*alike.exact, *alike.others)), None), view.run\n",
    ),
    Mutant(
        "any id is taken",
        "apply.creating",
        "    if elsewhere or view.run.given_before(blueprint_id) or",
        "    if",
    ),
    Mutant(
        "an answer is not told from another",
        "apply.creating",
        "    return blueprint_id if says(name) else None\n",
        "    return blueprint_id\n",
    ),
    Mutant(
        "creates go on for ever",
        "apply.creating",
        "        if not view.run.creates_are_safe():\n",
        "        if False:\n",
    ),
    Mutant(
        "an open intent is not said",
        "apply.sourcing",
        "or result.address not in run.open_intents:",
        "or True:",
    ),
    Mutant(
        "baseline ignored", "apply.updating", "if remote.digest not in known and not forced:", "if False:"
    ),
    Mutant(
        "an older list is believed",
        "apply.updating",
        "same_hidden and not entry.outdates(remote.updated_at):",
        "same_hidden:",
    ),
    Mutant(
        "an update forgets what it replaced",
        "apply.updating",
        "        first = (Seen(job.address, entry.baseline, remote.updated_at),)\n",
        "        pass\n",
    ),
    Mutant(
        "an outcome forgets what was replaced",
        "state.entries",
        'seen = was.updated_at if meant.action == "update" else None',
        "seen = None",
    ),
    Mutant(
        "open intents are passed over",
        "apply.sourcing",
        "    if job.intent is not None:\n",
        "    if False:\n",
    ),
    Mutant(
        "a lost answer means not sent",
        "outcome",
        "    if answer.trouble is Trouble.LOST:\n        return Unknown(answer.reason)\n",
        "    if answer.trouble is Trouble.LOST:\n        return NotSent(answer.reason)\n",
    ),
    Mutant(
        "retries a 5xx",
        "outcome",
        "    if refusal is None or answer.status in",
        "    if answer.status >= 500:\n        return NotSent('5xx')\n    if refusal is None or answer.status in",
    ),
    Mutant(
        "any 4xx is a refusal",
        "outcome",
        "    if refusal is None or answer.status in",
        "    if answer.status == 403:\n        return Refused(403, '', '')\n    if refusal is None or answer.status in",
    ),
    Mutant("408 is a refusal", "outcome", "frozenset({408, 425})", "frozenset({425})"),
    Mutant(
        "429 of an edge is the API's",
        "outcome",
        "    if refusal is None or answer.status in",
        "    if answer.status == 429:\n        return Limited(0.0)\n    if refusal is None or answer.status in",
    ),
    Mutant("success without its word", "outcome", ' and body.get("success") is True:', ":"),
    Mutant(
        "only page one",
        "api.listing",
        '        if not pagination["hasNextPage"]:\n            break\n',
        "        return tuple(found.values())\n",
    ),
    Mutant("a short list is whole", "api.listing", "    if len(found) != total:\n", "    if False:\n"),
    Mutant("redirects followed", "api.transport", "follow_redirects=False", "follow_redirects=True"),
    Mutant(
        "the key is echoed",
        "api.secret",
        "    def scrub(self, text: str) -> str:\n",
        "    def scrub(self, text: str) -> str:\n        return text\n\n    def scrubbed(self, text: str) -> str:\n",
    ),
    Mutant(
        "no sync of the journal",
        "store.journal",
        "        durable.write_all(self._descriptor, data)\n        durable.sync(self._descriptor)\n",
        "        durable.write_all(self._descriptor, data)\n",
    ),
    Mutant(
        "no sync of the state",
        "store.durable",
        "            sync(descriptor)\n        finally",
        "        finally",
    ),
    Mutant(
        "no folder sync for the state",
        "store.durable",
        "        raise\n    sync_folder(path.parent)\n",
        "        raise\n",
    ),
    Mutant(
        "no folder sync for the journal",
        "store.journal",
        "            durable.sync_folder(path.parent)\n",
        "",
    ),
    Mutant(
        "the state is written in place",
        "store.durable",
        "    temporary = _beside(path, data, _mode(path))\n",
        "    with path.open('wb') as stream:\n        os.write(stream.fileno(), data)\n    return\n",
    ),
    Mutant(
        "checksum not checked",
        "store.journal",
        "    if line[:_HEAD] != ",
        "    if False and line[:_HEAD] != ",
    ),
    Mutant(
        "damaged records are passed over",
        "store.journal",
        "        found.append(_whole(line, number))\n",
        "        try:\n            found.append(_whole(line, number))\n"
        "        except StateDamaged:\n            continue\n",
    ),
    Mutant(
        "the journal is not read",
        "store.filestore",
        "    if found is None or found.run == state.last_run:\n",
        "    if True:\n",
    ),
    Mutant(
        "a journal without its state is ignored",
        "store.filestore",
        "    if state.lineage is None:\n        raise",
        "    if state.lineage is None:\n        return Snapshot(state)\n        raise",
    ),
    Mutant(
        "serial not checked",
        "store.filestore",
        "        if (on_disk.lineage, on_disk.serial) != ",
        "        if False and (on_disk.lineage, on_disk.serial) != ",
    ),
    Mutant(
        "the serial stands still", "store.filestore", "serial=max(self._base.serial, above) + 1)", "serial=0)"
    ),
    Mutant(
        "no lock",
        "store.lock",
        "    return lock_descriptor(descriptor, blocking=False)\n",
        "    return True\n",
    ),
    Mutant(
        "intents are not folded",
        "state.format",
        '"intents": {address: intent_to_json(intent) for address, intent in state.intents.items()}',
        '"intents": {}',
    ),
    Mutant(
        "a corrupt state is empty",
        "state.format",
        '        raw = parse(text, "the state")\n',
        '        try:\n            raw = parse(text, "the state")\n'
        "        except StateDamaged:\n            return State()\n",
    ),
)


class _Finder(importlib.abc.MetaPathFinder):
    """Gives the patched source of one module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != f"kalentops.{self._mutant.module}":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            raise ImportError(fullname)
        return importlib.util.spec_from_loader(
            fullname, _Loader(fullname, spec.origin, self._mutant), origin=spec.origin
        )


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> Any:
        return compile(patched(self.get_data(self.path).decode(), self._mutant), self.path, "exec")


def patched(source: str, mutant: Mutant) -> str:
    """The source with the mutation. Raises ValueError where the place is not there exactly once."""
    if source.count(mutant.old) != 1:
        raise ValueError(f"the mutant {mutant.name!r} does not fit {mutant.module} any more")
    return source.replace(mutant.old, mutant.new)


def fits(mutant: Mutant) -> str:
    """The patched source of a mutant. Raises ValueError."""
    path = Path(_ROOT, "kalentops", *mutant.module.split(".")).with_suffix(".py")
    return patched(path.read_text(encoding="utf-8"), mutant)


def run(workers: int = 2, seeds: int = 500) -> dict[str, Any]:
    """Every mutant in a process of its own: who noticed it, or that nobody did.

    Raises ValueError where one does not fit any more.
    """
    for mutant in MUTANTS:
        fits(mutant)

    def one(mutant: Mutant) -> tuple[str, str]:
        command = [sys.executable, "-m", "tests.torture.mutants", mutant.name, str(seeds)]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=600)
        last = (done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or [""])[-1]
        return mutant.name, last if done.returncode == 1 else f"ALIVE (exit {done.returncode}): {last}"

    with ThreadPoolExecutor(workers) as pool:
        noticed = dict(pool.map(one, MUTANTS))
    alive = sorted(name for name, by in noticed.items() if by.startswith("ALIVE"))
    return {"mutants": len(MUTANTS), "killed": len(MUTANTS) - len(alive), "alive": alive, "noticed": noticed}


def main(name: str, seeds: int) -> int:
    """Run the attacks against one mutant ("none" for the real thing): 1 if one notices, 0 if none does."""
    chosen = {mutant.name: mutant for mutant in MUTANTS}
    if name != "none":
        sys.meta_path.insert(0, _Finder(chosen[name]))
    import stamina

    from tests.torture.attacks import ATTACKS

    for attack in ATTACKS:
        try:
            with stamina.set_testing(True, attempts=6, cap=True):
                problem = attack(seeds)
        except Exception as error:  # noqa: BLE001 - a mutant that makes the program fall over is noticed, too
            problem = f"{type(error).__name__}: {error}"
        if problem:
            sys.stdout.write(f"{attack.__name__}: {' '.join(problem.split())[:200]}\n")
            return 1
    sys.stdout.write("nobody noticed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 500))
