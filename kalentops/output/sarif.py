"""Findings as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), which GitHub's code scanning takes.

Paths are URIs relative to the root of the git repository, `%SRCROOT%`; columns count UTF-16 code units, which is what
its readers take them for, whatever else a file declares. The rules that found something are described with their
whole pages. GitHub's upload action computes the fingerprint of each line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from kalentops import __version__
from kalentops.lint.finding import Finding
from kalentops.lint.rule import Rule, rules
from kalentops.output import Checked, text_findings
from kalentops.output.explanations import text
from kalentops.output.markdown_blocks import utf16_units
from kalentops.plan.build import Action, Plan
from kalentops.support.text import dump_json, visible

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
CONFLICT: Final = "conflict"
"""The rule of what is not wrong with a file but in the way of `apply`."""
_CONFLICT_PAGE: Final = """\
A blueprint is in conflict.

`apply` neither creates nor changes it until a person decides: it may exist already, or was edited in Kalent.
The message says which, and what to type.
"""
_BREAK: Final = re.compile(r"\r\n?|\n")
_LINKED: Final = re.compile(r"[\w./-]+", re.ASCII)
_EXAMPLE: Final = re.compile(r"^(Wrong|Right):$", re.MULTILINE)


def show_validation(of: Checked) -> str:
    return f"{dump_json(validation(of))}\n"


def show_plan(of: Plan, checked: Checked) -> str:
    return f"{dump_json(plan(of, checked))}\n"


def combined(texts: Mapping[str, str]) -> str:
    """A run for each environment."""
    logs = [json.loads(text) for text in texts.values() if text]
    return f"{dump_json({**_log([]), 'runs': [run for log in logs for run in log['runs']]})}\n"


def validation(of: Checked) -> dict[str, Any]:
    return _log([_finding(of, each) for each in of.ordered()], *of.environments)


def plan(of: Plan, checked: Checked) -> dict[str, Any]:
    """The findings, and what is in conflict as warnings."""
    found = [*(_finding(checked, each) for each in checked.ordered()), *_conflicts(of, checked)]
    return _log(found, of.environment)


def _conflicts(of: Plan, checked: Checked) -> Iterator[dict[str, Any]]:
    for change in of.changes:
        if change.action is Action.CONFLICT and change.file is not None:
            said = f"{change.address} is in conflict: {text(change.reason, of.environment)}"
            at = (change.file, change.line or 1, 1)
            yield _result(checked, CONFLICT, "warning", said, at=at)


def _finding(checked: Checked, of: Finding) -> dict[str, Any]:
    at = (of.file, of.line, checked.columns.get(of, of.column))
    result = _result(checked, of.code, of.severity.value, f"{of.message}; {of.hint}", at=at)
    if of.users:
        ids = {address: number for number, (address, _) in enumerate(of.used_by, 1)}
        said = text_findings.used_by(of, lambda address: _link(address, ids.get(address)))
        result["message"]["text"] += f"; {said}"
        result["relatedLocations"] = list(_users(of, checked))
    return result


def _link(address: str, number: int | None) -> str:
    """GitHub shows a related location only where the message links to it."""
    return f"[{address}]({number})" if number and _LINKED.fullmatch(address) else _message(address)


def _users(of: Finding, checked: Checked) -> Iterator[dict[str, Any]]:
    """The lines of the first blueprints that a finding in a template concerns."""
    for number, (address, origin) in enumerate(of.used_by, 1):
        yield {
            "id": number,
            "message": {"text": _message(address)},
            "physicalLocation": {
                "artifactLocation": _artifact(checked.path(origin.file)),
                "region": {"startLine": origin.line},
            },
        }


def _log(results: Sequence[dict[str, Any]], *environments: str | None) -> dict[str, Any]:
    codes = sorted({each["ruleId"] for each in results})
    for each in results:
        each["ruleIndex"] = codes.index(each["ruleId"])
    driver = {
        "name": "kalentops",
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the git repository."}}},
        "results": list(results),
    }
    names = [each for each in environments if each is not None]
    if len(names) == 1:  # GitHub keeps the results of each id apart
        run["automationDetails"] = {"id": f"kalentops/{names[0]}/"}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    rule = rules().get(code)
    page = (_CONFLICT_PAGE if rule is None else rule.page or "").strip()
    title, _, rest = page.partition("\n")
    return {
        "id": code,
        "name": _pascal(rule.name if rule else code),
        "shortDescription": {"text": title},
        "fullDescription": {"text": _paragraph(rest) or title},
        "help": {"text": page, "markdown": _markdown(page)},
        "defaultConfiguration": {"level": _level(rule)},
        "properties": {"tags": [_group(code)]},
    }


def _level(rule: Rule | None) -> str:
    return rule.severity.value if rule else "warning"


def _group(code: str) -> str:
    """What the first digit of a code means."""
    groups = {"KAL0": "structure", "KAL1": "text", "KAL2": "timing", "KAL3": "craft"}
    return groups.get(code[:4], "plan")


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _paragraph(page: str) -> str:
    return " ".join(page.strip().split("\n\n")[0].split())


def _markdown(page: str) -> str:
    """A page as Markdown. Its examples are indented by four, which Markdown takes for code already, behind a blank."""
    title, _, rest = page.partition("\n")
    examples = _EXAMPLE.sub(r"**\1:**\n", rest)
    return f"**{title}**\n{examples}"


def _result(
    checked: Checked, code: str, level: str, said: str, *, at: tuple[str, int, int]
) -> dict[str, Any]:
    file, line, column = at
    place = {
        "artifactLocation": _artifact(checked.path(file)),
        "region": {"startLine": line, "startColumn": column},
    }
    return {
        "ruleId": code,
        "level": level,
        "message": {"text": _message(said)},
        "locations": [{"physicalLocation": place}],
    }


def _message(said: str) -> str:
    """A message's text. `[text](1)` in it would be a link (3.11.6), and few readers know how to escape one."""
    return visible(said).replace("](", "] (")


def _artifact(path: str) -> dict[str, str]:
    # A colon in front of the first slash would make a scheme of what stands before it.
    uri = quote(path.encode(errors="replace"), safe="/")
    if path.startswith("/"):
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}


def utf16_columns(found: Iterable[Finding], texts: Mapping[str, str]) -> dict[Finding, int]:
    """The columns in UTF-16 code units of the findings whose own, in characters, differ. `texts`: the files."""
    columns = {each: each.column + _surrogates(each, texts.get(each.file, "")) for each in found}
    return {each: column for each, column in columns.items() if column != each.column}


def _surrogates(of: Finding, text: str) -> int:
    """How many characters before the place take two units."""
    if text.isascii():
        return 0
    lines = _lines(text)
    before = lines[of.line - 1][: of.column - 1] if of.line <= len(lines) else ""
    return utf16_units(before) - len(before)


@lru_cache(maxsize=8)  # the findings of a file stand together
def _lines(text: str) -> list[str]:
    return _BREAK.split(text)
