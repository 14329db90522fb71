"""One blueprint of a file changed, and nothing else in it: comments, order and style of all else stay.

The text is cut and filled at the places where the loader sees its values. It is done in two passes, fields first, then
the steps as wholes; after each the comments are counted, and at the end the file is read again and compared with what
was wanted. Whatever can't be done in this way is refused; a wrong file is never given back.

What is said by an alias, or comes by way of `<<`, is overridden where it is used. An anchor is left alone if other
places would change with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from kalentops.blueprint import body as bodies
from kalentops.blueprint.diff import same
from kalentops.errors import CannotEdit
from kalentops.project.files import MAX_BYTES
from kalentops.support.text import clip, visible
from kalentops.yamlfile.layout import line_end_of
from kalentops.yamlfile.parse import parse
from kalentops.yamlfile.scalar_styles import can_be_written
from kalentops.yamlfile.splicing.edits import Edit, Refusal, comments_left, splice
from kalentops.yamlfile.splicing.fields import BLUEPRINT_ORDER, BY_HAND, STEP_ORDER, Page, field_edits
from kalentops.yamlfile.splicing.outline import Node, comments, read_outline
from kalentops.yamlfile.splicing.steps import step_edits
from kalentops.yamlfile.splicing.wanted import Wanted, carried_out, wanted

__all__ = ["CannotEdit", "edit_blueprint"]

_BOM: Final = "\ufeff"
_MEND: Final = "mend the file; `kalentops validate` says all that is wrong"
_THERE: Final = "mend it in Kalent's web app, then run the command again"


def edit_blueprint(file: str, text: str, key: str, after: Mapping[str, Any]) -> str:
    """The text of a file with the blueprint `key` changed so that it reads `after`, a body in the normal form of
    `blueprint.body`; nothing else is touched.

    Of what the API hides (`config`, of the blueprint and of steps; the text of a plain invitation) only that is changed
    which `after` holds. Fields that are not known here stay. Raises CannotEdit.
    """
    body = text.lstrip(_BOM)
    data: Any = {}
    try:
        data = _read(body)
        edited = _edited(body, data, key, bodies.of_body(after).data)
    except Refusal as refusal:
        message = f"`{clip(key)}` in {visible(file)} can't be changed in place: {refusal}"
        address = f"{data.get('sourcingId', 'SOURCING_ID')}/{key}"
        raise CannotEdit(message, hint=refusal.hint.replace("ADDRESS", clip(address, 200))) from None
    return text[: len(text) - len(body)] + edited


def _edited(text: str, data: Any, key: str, body: Mapping[str, Any]) -> str:
    current = _blueprint(data, key)
    _check_body(body)
    change = wanted(current, body)
    made = carried_out(current, change)
    if same(made, current):
        return text
    goal = {**data, "blueprints": {**data["blueprints"], key: made}}
    anchors: list[str] = []
    edited = _ended(text, data)
    edited = _pass(edited, anchors, lambda page: _field_edits(page, key, current, change))
    edited = _pass(edited, anchors, lambda page: _step_edits(page, key, current, change))
    return _checked(text, edited, goal, anchors)


def _read(text: str) -> Any:
    parsed = parse(text)
    if parsed.faults or not isinstance(parsed.data, dict):
        fault = min(parsed.faults, default=None)
        where = f"in line {fault.line}: {fault.message}" if fault else "it holds no blueprints"
        raise Refusal(f"the file is not valid, {where}", _MEND)
    return parsed.data


def _blueprint(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    blueprints = data.get("blueprints")
    current = blueprints.get(key) if isinstance(blueprints, dict) else None
    if not isinstance(current, dict) or not current:
        raise Refusal("there is no such blueprint", "`kalentops plan` lists the blueprints and their files")
    steps = current.get("steps")
    if steps is not None and not isinstance(steps, list):
        raise Refusal("its `steps` are no list", _MEND)
    _check_steps(steps or [], "in the file", _MEND)
    return current


def _check_body(body: Mapping[str, Any]) -> None:
    _check_steps(body["steps"], "in Kalent", _THERE)
    if not can_be_written(json.dumps(body, ensure_ascii=False)):
        raise Refusal("a text holds half a character (a lone surrogate), which no file can hold", _THERE)


def _check_steps(steps: list[Any], place: str, hint: str) -> None:
    ids = [step.get("id") if isinstance(step, Mapping) else None for step in steps]
    if not all(isinstance(each, str) for each in ids):
        raise Refusal(f"a step has no `id` {place}", hint)
    twice = next((each for each, count in Counter(ids).items() if count > 1), None)
    if twice is not None:
        raise Refusal(f"several steps have the id `{clip(twice)}` {place}", hint)


def _pass(text: str, anchors: list[str], planned: Callable[[Page], list[Edit]]) -> str:
    """The text with what is planned for it; raises Refusal where it can't be read then, or lacks a comment."""
    page = Page(text, read_outline(text), line_end_of(text), anchors)
    edits = planned(page)
    if not edits:
        return text
    try:
        edited = splice(text, edits)
    except ValueError:
        raise Refusal("its changes touch each other in the text", BY_HAND) from None
    parsed = parse(edited)
    if parsed.faults:
        raise Refusal(f"the file would not be valid any more: {parsed.faults[0].message}", BY_HAND)
    left = sorted(comment for _, comment in comments(edited, read_outline(edited)))
    if left != comments_left(comments(text, page.root), edits):
        raise Refusal("a comment would be lost, or become part of a text", BY_HAND)
    return edited


def _ended(text: str, data: Any) -> str:
    """The text with an end of its last line, unless that changes what it says (`|` does so)."""
    ended = text if text.endswith(("\n", "\r")) else text + line_end_of(text)
    return ended if same(parse(ended).data, data) else text


def _node(page: Page, key: str) -> Node:
    node = page.opened(page.root, "the file")
    for name, what in (("blueprints", "`blueprints`"), (key, "it")):
        entry = node.entry(name)
        if entry is None:
            raise Refusal(f"{what} comes by way of `<<`", BY_HAND)
        node = page.opened(entry.value, what)
    return node


def _field_edits(page: Page, key: str, current: Mapping[str, Any], change: Wanted) -> list[Edit]:
    node = _node(page, key)
    edits = field_edits(page, node, current, change.fields, BLUEPRINT_ORDER, "the blueprint")
    if change.steps:
        entry = node.entry("steps")
        if entry is None:
            raise Refusal("its `steps` come by way of `<<`", BY_HAND)
        items = page.opened(entry.value, "the list of its steps").entries
        for number, changes in change.steps.items():
            step = current["steps"][number]
            what = f"step `{clip(step['id'])}`"
            edits += field_edits(page, items[number].value, step, changes, STEP_ORDER, what)
    return edits


def _step_edits(page: Page, key: str, current: Mapping[str, Any], change: Wanted) -> list[Edit]:
    if change.order == tuple(range(len(current.get("steps") or ()))):
        return []
    return step_edits(page, _node(page, key), change.order, has_steps="steps" in current)


def _checked(text: str, edited: str, goal: Any, anchors: list[str]) -> str:
    """The edited text if it says what was wanted; without an end of its last line if the text had none."""
    candidates = [edited]
    if not text.endswith(("\n", "\r")):
        ends = edited.removesuffix("\n").removesuffix("\r")
        candidates = [ends, edited, edited + line_end_of(text)]
    for candidate in candidates:
        parsed = parse(candidate)
        if not parsed.faults and same(parsed.data, goal):
            break
    else:
        repeated = {node.value for node in read_outline(text).walk() if node.kind == "alias"}
        names = ", ".join(f"&{name}" for name in dict.fromkeys(anchors) if name in repeated)
        if names:
            raise Refusal(f"other places repeat what it says by way of {names}", BY_HAND)
        raise Refusal("the file would say something else than what was wanted", BY_HAND)
    if len(candidate.encode()) > MAX_BYTES:
        raise Refusal("the file would be larger than 1 MiB", "split it; several files may serve one sourcing")
    if _is_json(text) and not _is_json(candidate):
        raise Refusal("the file would not be JSON any more", BY_HAND)
    return candidate


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
