"""Results as JSON, for programs. `format_version`: readers ignore fields that they don't know, and refuse another
major version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kalentops.blueprint.diff import changes
from kalentops.blueprint.remote import RemoteSourcing
from kalentops.cache import LIMIT, Usage
from kalentops.lint.finding import Finding, Severity
from kalentops.output import Checked
from kalentops.output.explanations import text
from kalentops.plan.build import Plan
from kalentops.plan.explanation import together
from kalentops.plan.saved import (
    explanation_to_json,
    field_change_to_json,
    finding_to_json,
    in_environment,
    plan_to_json,
)
from kalentops.state.codec import entry_to_json, intent_to_json
from kalentops.state.model import State
from kalentops.support.clock import utc
from kalentops.support.text import dump_json, json_pieces

if TYPE_CHECKING:  # `validate` and `plan` import nothing
    from kalentops.adopt.plan import Item
    from kalentops.adopt.pull import Edits
    from kalentops.adopt.write import ImportResult
    from kalentops.apply.result import ApplyResult
    from kalentops.output.json_types import (
        ApplyJson,
        CacheJson,
        ImportedJson,
        ImportJson,
        ImportUpdateJson,
        InEnvironments,
        PlansJson,
        SourcingsJson,
        StateListJson,
        StateShowJson,
        ValidationJson,
    )

FORMAT_VERSION: Final = "1.0"


def show_validation(of: Checked) -> str:
    said = validation(of.findings, online=of.online, earlier=of.earlier, environments=of.environments)
    return f"{dump_json(said)}\n"


def _in_environments(names: Sequence[str]) -> InEnvironments:
    """The environment of a result, or all of them; nothing in a project without any."""
    if len(names) > 1:
        return {"environments": list(names)}
    return {"environment": names[0]} if names else {}


def show_plan(of: Plan, checked: Checked) -> str:  # noqa: ARG001 - the plan has its findings
    return "".join(plan_pieces(of))


def plan_pieces(of: Plan) -> Iterator[str]:
    """The same in pieces: of a large plan, one body is held at a time."""
    yield from json_pieces(plan_to_json(of, partial(text, environment=of.environment)))
    yield "\n"


def combined(texts: Mapping[str, str]) -> str:
    """`plan --all-environments --format json`: the plans by environment, null where there is none."""
    plans = {name: json.loads(text) if text else None for name, text in texts.items()}
    made: PlansJson = {"format_version": FORMAT_VERSION, "environments": plans}
    return f"{dump_json(made)}\n"


def validation(
    found: Sequence[Finding],
    *,
    online: bool = False,
    earlier: frozenset[Finding] | None = None,
    environments: Sequence[str] = (),
) -> ValidationJson:
    """`validate --format json`; `online` says whether the API told which sourcings exist; `earlier` are the findings
    that are not new, None without --against.
    """
    return {
        "format_version": FORMAT_VERSION,
        **_in_environments(environments),
        "valid": not any(each.severity is Severity.ERROR for each in found),
        "online": online,
        "findings": [
            finding_to_json(each, new=None if earlier is None else each not in earlier) for each in found
        ],
    }


def sourcings(
    found: Sequence[RemoteSourcing], files: Mapping[str, Sequence[str]], environment: str | None = None
) -> SourcingsJson:
    """`sourcings --format json`; `files` are those that serve a sourcing, by its id."""
    return {
        "format_version": FORMAT_VERSION,
        **in_environment(environment),
        "sourcings": [
            {
                "sourcing_id": each.sourcing_id,
                "name": each.name,
                "files": list(files.get(each.sourcing_id, ())),
            }
            for each in found
        ],
    }


def apply(of: ApplyResult, *, left_out: Sequence[str] = (), environment: str | None = None) -> ApplyJson:
    """`apply --format json`; `left_out` are the addresses with changes outside the selection."""
    return {
        "format_version": FORMAT_VERSION,
        **in_environment(environment),
        "summary": of.summary,
        "interrupted": of.interrupted,
        "left_out": list(left_out),
        "results": [
            {
                "address": each.address,
                "action": each.action,
                "outcome": each.outcome,
                "blueprint_id": each.blueprint_id,
                "error": text(each.error, environment) or None,
                "note": text(each.note, environment) or None,
                **explanation_to_json(together(each.error, each.note)),
            }
            for each in of.results
        ],
    }


def state(of: State, where: str) -> StateListJson:
    """`state list --format json`: without the bodies."""
    return {
        "format_version": FORMAT_VERSION,
        **in_environment(of.environment),
        "location": where,
        "lineage": of.lineage,
        "serial": of.serial,
        "blueprints": [
            {
                "address": address,
                "blueprint_id": entry.blueprint_id,
                "name": entry.name,
                "digest": entry.digest,
                "reserved": entry.mark is not None,
            }
            for address, entry in sorted(of.entries.items())
        ],
        "open": [
            {
                "address": address,
                "action": intent.action,
                "at": intent.at,
                "run": intent.run,
                "host": intent.host,
            }
            for address, intent in sorted(of.intents.items())
        ],
    }


def state_entry(of: State, address: str) -> StateShowJson:
    """`state show --format json`: everything that is recorded of one address."""
    entry, intent = of.entries.get(address), of.intents.get(address)
    return {
        "format_version": FORMAT_VERSION,
        **in_environment(of.environment),
        "address": address,
        "blueprint": entry_to_json(entry) if entry else None,
        "open": intent_to_json(intent) if intent else None,
    }


def cache(folder: Path | None, of: Usage, refusal: str) -> CacheJson:
    """`cache --format json`: sizes in bytes; `not_used` says why the cache is not used here."""
    return {
        "format_version": FORMAT_VERSION,
        "folder": str(folder) if folder else None,
        "entries": of.entries,
        "bytes": of.size,
        "limit_bytes": LIMIT,
        "oldest": utc(of.oldest) if of.oldest else None,
        "not_used": refusal or None,
    }


def imported(of: ImportResult, environment: str | None = None) -> ImportJson:
    """`import --format json`."""
    return {
        "format_version": FORMAT_VERSION,
        **in_environment(environment),
        "dry_run": of.dry_run,
        "summary": of.summary,
        "valid": of.valid,
        "files": [file.name for file in of.files],
        "results": [_import_result(item, environment) for item in of.plan.items],
        "unknown_fields": of.unknown,
        "findings": [finding_to_json(each) for each in of.findings],
    }


def _import_result(of: Item, environment: str | None) -> ImportedJson:
    return {
        "sourcing_id": of.sourcing_id,
        "blueprint_id": of.blueprint_id,
        "name": of.name if of.blueprint_id else None,
        "outcome": of.action,
        "address": of.address,
        "key": of.key,
        "file": of.file,
        "reason": text(of.reason, environment),
    }


def edits(of: Edits, *, dry_run: bool, environment: str | None = None) -> ImportUpdateJson:
    """`import --update --format json`."""
    return {
        "format_version": FORMAT_VERSION,
        **in_environment(environment),
        "dry_run": dry_run,
        "taken": [
            {
                "address": each.address,
                "blueprint_id": each.entry.blueprint_id,
                "file": each.file,
                "changes": list(map(field_change_to_json, changes(each.before, each.after))),
            }
            for each in of.taken
        ],
        "not_taken": [
            {
                "address": each.address,
                "blueprint_id": each.blueprint_id,
                "conflict": each.conflict,
                "reason": text(each.reason, environment),
            }
            for each in of.kept
        ],
        "files": [each.name for each in of.files],
        "users": [each.address for each in of.users],
    }
