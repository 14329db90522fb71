"""Files, findings and what there was before → the page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from kalentops.blueprint.model import VARIABLES
from kalentops.lint.finding import Finding, Severity
from kalentops.lint.relocated import ends
from kalentops.preview import view
from kalentops.preview.before import Before
from kalentops.preview.findings import Findings
from kalentops.preview.rendering import SAMPLES, Sample
from kalentops.preview.sequences import Showing, show_removed, show_sequence
from kalentops.preview.steps import Candidates
from kalentops.project.check import Desired
from kalentops.project.load import Repository
from kalentops.support.text import clip, count, visible

_NAME: Final = 160
_LABEL: Final = 48


def make_page(
    repository: Repository, samples: Sequence[Sample], title: str, before: Before | None = None
) -> view.Page:
    """The page of a repository that was loaded with documents (`known={}`). Without samples, invented ones."""
    people = tuple(_person(sample, number) for number, sample in enumerate(samples or SAMPLES, 1))
    findings = Findings(repository.findings, repository.desired)
    candidates = Candidates(samples or SAMPLES, [person.name for person in people])
    showing = Showing(findings, candidates, compares=before is not None)
    old = _under_its_key(before.desired, repository) if before is not None else {}
    gone, hidden = _gone(repository.desired, old, findings)
    shown = [(each.named, show_sequence(each, showing, old.get(each.address))) for each in repository.desired]
    shown += [(each.named, show_removed(each, showing)) for each in gone]
    shown.sort(key=lambda each: (each[0].sourcing_id, each[0].file, each[0].key_at))
    groups = tuple(
        view.Group(clip(sourcing_id, _NAME), tuple(sequence for _, sequence in group))
        for sourcing_id, group in groupby(shown, key=lambda each: each[0].sourcing_id)
    )
    remarks = [*(before.remarks if before is not None else ()), *hidden]
    return view.Page(
        title=clip(title, _NAME),
        summary=_summary(groups, repository.findings),
        people=people,
        groups=groups,
        files=tuple(findings.files()),
        against="" if before is None else f"{clip(before.rev)} ({before.commit[:10]})",
        remarks=tuple(map(visible, remarks)),
    )


def _person(sample: Sample, number: int) -> view.Person:
    name = " ".join(filter(None, (sample.get("firstname"), sample.get("lastname")))) or f"Candidate {number}"
    label = ", ".join(filter(None, (name, sample.get("candidateJobTitle"))))
    values = {each: visible(sample[each], keep="\n") for each in VARIABLES if sample.get(each)}
    return view.Person(clip(name, _LABEL), clip(label, _LABEL), values)


def _under_its_key(old: Mapping[str, Desired], repository: Repository) -> dict[str, Desired]:
    """What there was, by the address that it has now, where the files say that a key was renamed."""
    here = {each.address for each in repository.desired}
    targets: dict[str, dict[str, str | None]] = {}
    for said in repository.relocations:
        targets.setdefault(said.sourcing_id, {})[said.source] = said.target
    now_called = {sourcing_id: ends(keys) for sourcing_id, keys in targets.items()}
    found = dict(old)
    for address, each in old.items():
        end = now_called.get(each.named.sourcing_id, {}).get(each.named.key)
        now = f"{each.named.sourcing_id}/{end}"
        if end is not None and address not in here and now in here and now not in found:
            found[now] = found.pop(address)
    return found


def _gone(
    desired: Iterable[Desired], old: Mapping[str, Desired], findings: Findings
) -> tuple[list[Desired], list[str]]:
    """What there was and is not any more, and what to say of that of which nobody knows: what was in a file that has
    an error now may well be there still.
    """
    here = {each.address for each in desired}
    gone = [each for address, each in old.items() if address not in here]
    unsure = Counter(each.named.file for each in gone if findings.has_error(each.named.file))
    said = [
        f"{count(number, 'sequence')} of {file} can't be compared: an error in the file hides what is there now"
        for file, number in sorted(unsure.items())
    ]
    return [each for each in gone if each.named.file not in unsure], said


def _summary(groups: Sequence[view.Group], findings: Sequence[Finding]) -> str:
    sequences = [each for group in groups for each in group.sequences]
    here = [[each for each in group.sequences if each.status != "removed"] for group in groups]
    said = [f"{count(sum(map(len, here)), 'sequence')} in {count(sum(map(bool, here)), 'sourcing')}"]
    for status in ("new", "changed", "removed"):
        number = sum(each.status == status for each in sequences)
        said += [f"{number:,} {status}"] if number else []
    errors = sum(each.severity is Severity.ERROR for each in findings)
    for number, what in ((errors, "error"), (len(findings) - errors, "warning")):
        said += [count(number, what)] if number else []
    return ", ".join(said)
