"""Repositories to measure with: as large as asked for, like real ones, the same for the same seed.

`python -m benchmarks.generate FOLDER --files 1000 --state` makes one to look at.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from kalentops.blueprint.body import Body
from kalentops.lint.rule import Declared
from kalentops.project.load import load
from kalentops.state.codec import dump_state
from kalentops.state.model import Entry, State
from kalentops.yamlfile.build import file_text

SEED: Final = 20_261_122
TEMPLATES: Final = 20
STATE: Final = "kalentops.state.json"
ZONES: Final = "octodns.yaml"
_FILES_A_FOLDER: Final = 100
_AT: Final = "2026-11-22T09:00:00Z"

_OPENINGS: Final = (
    "Hi {{firstname}}, I came across your work as {{candidateJobTitle}} at {{candidateCompanyName}}.",
    "Hello {{firstname}}, I'm looking for a {{sourcingJobTitle}} in {{sourcingLocation}}.",
    "Bonjour {{firstname}}, je recrute un(e) {{sourcingJobTitle}} à {{sourcingLocation}}.",
    "Dear {{firstname}}, a team in {{sourcingLocation}} asked me to find their next {{sourcingJobTitle}}.",
)
_SENTENCES: Final = (
    "The team is small, ships every week, and owns what it runs.",
    "You'd work beside four engineers and a designer, two of them part-time.",
    "They want somebody who has seen a system grow and knows what breaks first.",
    "The role is hybrid: two days a week in {{sourcingLocation}}, the rest wherever you work best.",
    "The range is on the page from the start: €62k to €74k, depending on what you bring.",
    "L'équipe travaille en petits groupes, sans réunion le mercredi ni le vendredi.",
    "What you do at {{candidateCompanyName}} is close to what they need over the next year.",
    "There is no homework; the first talk takes 20 minutes and answers your questions before theirs.",
    "Le poste est ouvert à temps partiel, et la prise de fonction peut attendre le printemps.",
    "They have customers in nine countries and an on-call rota that nobody dreads.",
    "The last person in this seat stayed six years and now leads the neighbouring team.",
    "If the timing is off, a short no is fine, and I won't write again.",
    "Vous pouvez me répondre ici, ou me proposer un créneau qui vous arrange.",
    "I can send you the description: it is two pages, written by the person you'd report to.",
)
_CLOSINGS: Final = (
    "Would a short call this week suit you?\n\n{{recruiterFirstname}}",
    "Shall we talk?\n\n{{recruiterFirstname}} {{recruiterLastname}}",
    "Au plaisir d'échanger,\n\n{{recruiterFirstname}}",
)
_SUBJECTS: Final = (
    "{{sourcingJobTitle}} in {{sourcingLocation}}",
    "A question about your work at {{candidateCompanyName}}",
    "Un poste de {{sourcingJobTitle}} à {{sourcingLocation}}",
    "Small team, steady work, no homework",
)
_JOBS: Final = ("Backend engineer", "Product designer", "Account manager", "Data analyst", "Support lead")
# Each blueprint begins with an invitation and goes on with three to five of these, in this order.
_FOLLOW_UPS: Final = (
    ("chat", "LINKEDIN", "LINKEDIN_MESSAGE"),
    ("mail", "EMAIL", None),
    ("whatsapp", "WHATSAPP", None),
    ("inmail", "LINKEDIN", "LINKEDIN_INMAIL"),
    ("last-mail", "EMAIL", None),
)


def repository(
    folder: Path, files: int, *, seed: int = SEED, blueprints: int | None = None, files_a_sourcing: int = 1
) -> None:
    """Write so many files below `folder`, each with one or two blueprints, and a kalentops.yaml.

    With `blueprints`, as many in all instead of a number that follows from the seed.
    """
    chance = random.Random(seed)
    left = blueprints
    for number in range(files):
        count = chance.choice((1, 2))
        if left is not None:
            count = -(-left // (files - number))
            left -= count
        place = folder / "blueprints" / f"team-{number // _FILES_A_FOLDER:03d}"
        place.mkdir(parents=True, exist_ok=True)
        lines = _file(number, count, chance, sourcing=number // files_a_sourcing)
        (place / f"role-{number:05d}.yaml").write_text(
            "".join(f"{line}\n" for line in lines), encoding="utf-8"
        )
    (folder / "kalentops.yaml").write_text("parallelism: 8\n", encoding="utf-8")


def shared(folder: Path, positions: int, *, templates: int = TEMPLATES, seed: int = SEED) -> None:
    """Write positions with one blueprint each, made from one of the templates; every tenth changes a delay."""
    chance = random.Random(seed)
    steps_of = [list(_template_steps(chance)) for _ in range(templates)]
    place = folder / "blueprints" / "templates"
    place.mkdir(parents=True, exist_ok=True)
    for number, steps in enumerate(steps_of):
        head = (
            f"template: cadence-{number:02d}",
            "parameters: {pitch: {about: One sentence about the role}}",
            f"name: Cadence {number}",
            "steps:",
        )
        text = "".join(f"{line}\n" for line in (*head, *steps))
        (place / f"cadence-{number:02d}.yaml").write_text(text, encoding="utf-8")
    for number in range(positions):
        place = folder / "blueprints" / f"team-{number // _FILES_A_FOLDER:03d}"
        place.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{line}\n" for line in _position(number, number % templates, chance))
        (place / f"role-{number:05d}.yaml").write_text(text, encoding="utf-8")
    (folder / "kalentops.yaml").write_text("parallelism: 8\n", encoding="utf-8")


def rendered(source: Path, folder: Path) -> None:
    """Write the blueprints of a repository as plain files of the same names: what `kalentops render` prints."""
    root = source.resolve()
    for each in load(root, [root / "blueprints"], bodies=True).declared:
        path = folder / each.origin.file
        path.parent.mkdir(parents=True, exist_ok=True)
        body = each.body or Body("{}")
        text = file_text(each.address.sourcing_id, {each.address.key: body.data}, each.title)
        path.write_text(text, encoding="utf-8")
    (folder / "kalentops.yaml").write_text("parallelism: 8\n", encoding="utf-8")


def change_template(folder: Path) -> None:
    """Change a sentence and a delay of the first template."""
    path = folder / "blueprints" / "templates" / "cadence-00.yaml"
    text = path.read_text(encoding="utf-8")
    after = text.replace("{{param.pitch}}", "{{param.pitch}} May I call you?", 1).replace(
        "unit: day", "unit: minute", 1
    )
    path.write_text(after, encoding="utf-8")


def state(folder: Path) -> int:
    """Write the state of a repository in which everything is applied; how many blueprints it holds."""
    root = folder.resolve()
    declared = load(root, [root / "blueprints"], bodies=True).declared
    entries: dict[str, Entry] = {each.address: _entry(number, each) for number, each in enumerate(declared)}
    whole = State(lineage=str(uuid.UUID(int=SEED)), serial=1, tenant=None, last_run=None, entries=entries)
    (folder / STATE).write_bytes(dump_state(whole))
    return len(entries)


def zones(source: Path, folder: Path) -> int:
    """Write the files of a repository as zones of octoDNS, and the configuration of a dry run that finds no change; how
    many zones there are.

    A position is a zone, a step is a TXT record with its text, as far as DNS can hold it.
    """
    place = folder / "zones"
    place.mkdir(parents=True)
    files = sorted((source / "blueprints").rglob("*.yaml"))
    for path in files:
        read = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        records = {
            f"{step['id']}.{key}": {"type": "TXT", "value": _txt(step["content"])}
            for key, blueprint in read["blueprints"].items()
            for step in blueprint["steps"]
        }
        name = f"{read['sourcingId'].replace('_', '-')}.example.yaml"
        (place / name).write_text(yaml.dump(records, Dumper=yaml.CSafeDumper), encoding="ascii")
    provider = {
        "class": "octodns.provider.yaml.YamlProvider",
        "directory": str(place),
        "enforce_order": False,
    }
    configuration = {
        "manager": {"max_workers": os.cpu_count() or 1},
        "providers": {"files": provider, "applied": provider},
        "zones": {"*": {"sources": ["files"], "targets": ["applied"]}},
    }
    (folder / ZONES).write_text(json.dumps(configuration, indent=2), encoding="ascii")  # JSON is YAML
    return len(files)


def _txt(text: str) -> str:
    return text.encode("ascii", "replace").decode().replace("\n", " ").replace(";", ",")


def _entry(number: int, wanted: Declared) -> Entry:
    body = wanted.body or Body("{}")
    return Entry(wanted.address, f"bp_{number:020d}", body, _AT, body.observable.digest, _AT)


def _file(number: int, blueprints: int, chance: random.Random, *, sourcing: int) -> Iterator[str]:
    job = chance.choice(_JOBS)
    several = "" if number == sourcing else f"{number}-"  # files of one sourcing share no key
    yield f"# {job}, opening {number}."
    yield f"sourcingId: sourcing_{sourcing:05d}"
    yield "blueprints:"
    for index in range(blueprints):
        yield f"  {job.lower().replace(' ', '-')}-{several}{index + 1}:"
        yield f"    name: {job} {number}, cadence {index + 1}"
        yield "    steps:"
        yield from _invitation(chance)
        for place in sorted(chance.sample(range(len(_FOLLOW_UPS)), chance.randint(3, 5))):
            yield from _follow_up(place, chance)


def _template_steps(chance: random.Random) -> Iterator[str]:
    steps = list(_invitation(chance))
    for place in sorted(chance.sample(range(len(_FOLLOW_UPS)), chance.randint(3, 5))):
        steps += [*_follow_up(place, chance), "", "          {{param.pitch}}"]
    yield from (line.removeprefix("    ") for line in steps)


def _position(number: int, template: int, chance: random.Random) -> Iterator[str]:
    job = chance.choice(_JOBS)
    yield f"sourcingId: sourcing_{number:05d}"
    yield f"title: {job}, opening {number}"
    yield "blueprints:"
    yield f"  {job.lower().replace(' ', '-')}:"
    yield f"    use: cadence-{template:02d}"
    yield "    with:"
    yield f'      pitch: "{chance.choice(_SENTENCES)}"'
    if number % 10 == 0:
        yield "    change:"
        yield "      invite: {policy: {skipStepIfNoContact: true}}"


def _invitation(chance: random.Random) -> Iterator[str]:
    yield from _head("invite", "Invitation", "LINKEDIN", "LINKEDIN_INVITATION_WITH_MESSAGE")
    yield "        temporalityType: ASAP"
    yield from _content(_text(chance, 200, 290, closing="{{recruiterFirstname}}"))


def _follow_up(place: int, chance: random.Random) -> Iterator[str]:
    ident, channel, linkedin = _FOLLOW_UPS[place]
    yield from _head(ident, f"Step {ident}", channel, linkedin)
    if channel == "EMAIL" or linkedin == "LINKEDIN_INMAIL":
        yield f'        subject: "{chance.choice(_SUBJECTS)}"'
    yield "        temporalityType: DELAYED"
    yield f"        delay: {{value: {chance.randint(2, 7)}, unit: day}}"
    if channel != "LINKEDIN":
        yield "        policy: {skipStepIfNoContact: true}"
    yield from _content(_text(chance, 200, 900, closing=chance.choice(_CLOSINGS)))


def _head(ident: str, name: str, channel: str, linkedin: str | None) -> Iterator[str]:
    yield f"      - id: {ident}"
    yield f"        name: {name}"
    yield f"        type: {channel}"
    if linkedin:
        yield f"        linkedInType: {linkedin}"


def _content(text: str) -> Iterator[str]:
    yield "        content: |-"
    for line in text.split("\n"):
        yield f"          {line}" if line else ""


def _text(chance: random.Random, low: int, high: int, *, closing: str) -> str:
    """A message of `low` to `high` characters, in paragraphs of two sentences."""
    sentences = chance.sample(_SENTENCES, len(_SENTENCES))
    text = chance.choice(_OPENINGS)
    length = chance.randint(low, high)
    for number, sentence in enumerate(sentences):
        longer = text + ("\n\n" if number % 2 else " ") + sentence
        if len(longer) + 1 + len(closing) > length and len(text) + 1 + len(closing) >= low:
            break
        if len(longer) + 1 + len(closing) > high:
            continue
        text = longer
    return f"{text}\n{closing}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--state", action="store_true", help="write a state that matches as well")
    chosen = parser.parse_args()
    repository(chosen.folder, chosen.files, seed=chosen.seed)
    if chosen.state:
        state(chosen.folder)


if __name__ == "__main__":
    main()
