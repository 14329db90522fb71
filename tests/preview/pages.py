"""Pages made from real files, as data and as HTML, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kalentops.preview.page import PreviewRequest, build
from kalentops.preview.view import Page, Sequence
from tests.builders import step
from tests.harness import Project
from tests.repositories import git


def page_of(project: Project, against: str | None = None) -> Page:
    return build(PreviewRequest(project.folder, (), against)).page


def sequence_of(project: Project, body: dict[str, Any], against: str | None = None) -> Sequence:
    """The only sequence of a project that has this body alone."""
    project.write("sourcing_a", {"one": body})
    [found] = page_of(project, against).sequences
    return found


def commit(folder: Path) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it was")


def linkedin(kind: str, number: int = 1, **fields: Any) -> dict[str, Any]:
    made = step(number, type="LINKEDIN", linkedInType=kind, temporalityType="ASAP", **fields)
    if kind != "LINKEDIN_INMAIL":
        del made["subject"]
    return {name: value for name, value in made.items() if name not in {"delay", "policy"} or name in fields}


CADENCE: dict[str, Any] = {
    "name": "Four ways",
    "steps": [
        linkedin("LINKEDIN_INVITATION_WITH_MESSAGE", 1, name="Invite", content="Hi {{firstname}}, a word?"),
        step(2, name="Letter", content="Hi {{firstname}},\n\nhow is {{candidateCompanyName}}?"),
        linkedin("LINKEDIN_MESSAGE", 3, name="Once connected", policy={"inviteTimeoutDays": 5})
        | {"temporalityType": "AFTER_INVITATION_SETTLED"},
        step(
            4, name="Chat", type="WHATSAPP", delay={"value": 90, "unit": "minute"}, config={"userId": "u_1"}
        ),
        step(5, name="Text", type="SMS", content="Hi {{firstname}} 👋", policy={}),
    ],
}
for _each in CADENCE["steps"][3:]:
    del _each["subject"]
