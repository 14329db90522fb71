"""CONTRIBUTING's way of a blueprint is the way that a real run takes."""

from __future__ import annotations

import json
import re
import sys
import threading
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import kalentops
from kalentops.emulator.server import BackgroundEmulator
from tests.builders import blueprint
from tests.harness import Project

PACKAGE = Path(kalentops.__file__).parent
CONTRIBUTING = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
HOP = re.compile(r"^\d+\. `([\w/.]+)`: `([\w.]+)`: ", re.MULTILINE)


def test_the_way_of_a_blueprint_is_the_real_one(tmp_path: Path, emulator: BackgroundEmulator) -> None:
    hops = HOP.findall(CONTRIBUTING)
    assert 10 < len(hops) <= 25
    assert all(one != other for one, other in pairwise(hops))
    calls: list[tuple[str, str]] = []

    def entered(frame: FrameType, event: str, _: Any) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(PACKAGE):
            calls.append((file.relative_to(PACKAGE).as_posix(), frame.f_code.co_qualname))

    project = Project(tmp_path, emulator.url)
    template = json.dumps({"template": "two-steps", **blueprint("One")})
    (project.folder / "blueprints").mkdir()
    (project.folder / "blueprints" / "template.yaml").write_text(template, encoding="utf-8")
    project.write("sourcing_a", {"one": {"use": "two-steps"}})
    before = sys.getprofile()
    threading.setprofile(entered)
    sys.setprofile(entered)
    try:
        ran = project.run("apply", "--yes")
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
    assert ran.code == 0
    way = iter(calls)
    for number, hop in enumerate(hops, 1):
        assert hop in way, f"{number}. {hop} does not come after the hop before it"
