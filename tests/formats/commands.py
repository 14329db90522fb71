"""Each format that kalentops writes, from a real run against the emulator.

`python -m tests.formats.commands` writes what docs/reference/json.md shows.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from kalentops.emulator.server import BackgroundEmulator
from kalentops.state.store.journal import decode
from kalentops.support.text import dump_json
from tests.builders import body
from tests.faults.proxy import FaultProxy, Request
from tests.harness import Project

EXAMPLES: Final = Path(__file__).parents[2] / "website" / "examples"
SOURCING: Final = "sourcing_engineer"
_FILE: Final = """\
sourcingId: sourcing_engineer
title: Data engineer
blueprints:
  first-contact:
    name: First contact
    steps:
      - id: email
        name: E-mail
        type: EMAIL
        subject: "{{sourcingJobTitle}}"
        temporalityType: ASAP
        policy: {skipStepIfNoContact: true}
        content: |-
          Hi {{firstname}}, are you happy where you are?
"""
_ENVIRONMENTS: Final = "environments:\n  production: {blueprints: blueprints}\n  trial: {blueprints: trial}\n"


def outputs(folder: Path) -> dict[str, Any]:
    """The data that each format gives, by its name; the journal as its records."""
    with ExitStack() as stack:
        emulator = stack.enter_context(BackgroundEmulator(sourcings=[(SOURCING, "Data engineer")]))
        proxy = stack.enter_context(FaultProxy(emulator.url))
        return _outputs(folder, emulator, proxy)


def _outputs(folder: Path, emulator: BackgroundEmulator, proxy: FaultProxy) -> dict[str, Any]:
    project = Project(folder / "hiring", proxy.url, timeout=5.0)
    project.environment = {"XDG_CACHE_HOME": str(folder / "cache")}
    path = project.folder / "blueprints" / "engineer.yaml"
    path.parent.mkdir(parents=True)
    journal = b""

    def look(request: Request) -> None:
        nonlocal journal
        if request.kind == "fill":
            journal = project.journal_path.read_bytes()

    def said(*args: str) -> Any:
        return project.run(*args, "--format", "json").json

    path.write_text(_FILE.replace("firstname", "fristname"), encoding="utf-8")
    found = {"validate": said("validate")}
    path.write_text(_FILE, encoding="utf-8")
    found["plan"] = said("plan")
    project.run("plan", "--refresh", "--out", "saved.json")
    found["saved-plan"] = json.loads((project.folder / "saved.json").read_bytes())
    proxy.watchers.append(look)
    found["apply"] = said("apply", "--yes")
    found["journal"] = decode(journal)[0]
    found["state"] = project.state
    found["state-list"] = said("state", "list")
    found["state-show"] = said("state", "show", f"{SOURCING}/first-contact")
    found["sourcings"] = said("sourcings")
    found["cache"] = said("cache")
    (made,) = emulator.store.blueprints(SOURCING)
    emulator.store.edit(
        made.blueprint_id, steps=[{**made.steps[0], "content": "Hi {{firstname}}, is it a good time?"}]
    )
    emulator.store.create(SOURCING, **body("Grown by hand"))
    said("plan", "--refresh")
    found["import-update"] = said("import", "--update", SOURCING, "--dry-run")
    found["import"] = said("import", SOURCING, "--dry-run")
    (project.folder / "kalentops.yaml").write_text(_ENVIRONMENTS, encoding="utf-8")
    (project.folder / "trial").mkdir()
    found["plans"] = said("plan", "--all-environments")
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made_in:
        for name, data in outputs(Path(made_in)).items():
            shown = dump_json(data).replace(made_in, "/home/ada")
            (EXAMPLES / f"{name}.json").write_text(shown + "\n", encoding="utf-8")
