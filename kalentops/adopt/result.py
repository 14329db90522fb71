"""What became of an import: pure data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kalentops.adopt.draft import Draft, Drafts
from kalentops.adopt.plan import ImportAction, ImportPlan
from kalentops.lint.engine import check_together
from kalentops.lint.finding import Finding, Severity
from kalentops.project.load import Repository

_INVALID = 3
_DENIED = 4
_REFUSED = 6
_PARTLY = 9


@dataclass(frozen=True, slots=True)
class Imported:
    """`names` are those of the sourcings, where they are known; `findings` what is wrong with the new files, and the
    errors in the others. With `dry_run`, what would have become of it.
    """

    plan: ImportPlan
    files: tuple[Draft, ...] = ()
    findings: tuple[Finding, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False

    @property
    def valid(self) -> bool:
        """Whether the files are, with the new ones."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def summary(self) -> dict[str, int]:
        """How many blueprints have each fate, and sourcings where one is refused as a whole; and how many are
        ours already.
        """
        counts = {fate.value: sum(item.fate is fate for item in self.plan.items) for fate in ImportAction}
        return {**counts, "files": len(self.files), "recorded_before": self.plan.recorded}

    @property
    def unknown(self) -> dict[str, int]:
        """The fields of steps that Kalent shows and that no file can hold, each with the number of blueprints."""
        found: dict[str, int] = {}
        for item in self.plan.items:
            if item.remote is not None and item.done:
                for name in {_field(path) for path in item.remote.unknown}:
                    found[name] = found.get(name, 0) + 1
        return dict(sorted(found.items()))

    @property
    def exit_code(self) -> int:
        wanted = [item for item in self.plan.items if item.fate is not ImportAction.LEFT_OUT]
        done = any(item.done for item in wanted)
        if not all(item.done for item in wanted):
            denied = all(item.sourcing_id in self.plan.denied for item in wanted)
            return _PARTLY if done else _DENIED if denied else _REFUSED
        return 0 if self.valid else _INVALID


def _field(path: str) -> str:
    """`policy.colour` for `steps/2/policy/colour`."""
    return ".".join(path.split("/")[2:])


def findings_after(before: Repository, files: Sequence[Draft]) -> tuple[Finding, ...]:
    """What is wrong with the new files, and the errors that there were before."""
    named = [*(each.named for each in before.desired), *(each for file in files for each in file.blueprints)]
    named.sort(key=lambda each: (each.file, each.key_at))
    known = set(before.findings)
    together = [finding for finding in check_together(named) if finding not in known]
    errors = [finding for finding in before.findings if finding.severity is Severity.ERROR]
    return tuple(sorted({*errors, *together, *_of(files)}))


def _of(files: Iterable[Draft]) -> Iterable[Finding]:
    return (finding for file in files for finding in file.findings)


def result_of(drafts: Drafts, before: Repository, names: Mapping[str, str], *, dry_run: bool) -> Imported:
    found = findings_after(before, drafts.files)
    return Imported(drafts.plan, drafts.files, found, names, dry_run)
