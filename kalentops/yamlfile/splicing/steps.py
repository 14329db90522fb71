"""The steps of a blueprint, taken out, put in and moved → edits of its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kalentops.yamlfile import layout, printer
from kalentops.yamlfile.splicing.edits import Edit, Refusal
from kalentops.yamlfile.splicing.fields import BY_HAND, Page
from kalentops.yamlfile.splicing.flow import flow_text, key_text
from kalentops.yamlfile.splicing.inplace import put
from kalentops.yamlfile.splicing.order import Added, Part
from kalentops.yamlfile.splicing.outline import (
    Entry,
    Node,
    after_blanks,
    before_break,
    column,
    indentation,
    line_end,
    next_line,
)
from kalentops.yamlfile.splicing.runs import rearranged, stands_on_lines

Step = dict[str, Any]


def step_edits(page: Page, blueprint: Node, order: Sequence[int | Step], *, has_steps: bool) -> list[Edit]:
    """The edits that bring the steps into an order: the number that one has now, or a new step.

    `has_steps`: whether the blueprint says something of steps, be it by way of `<<`. Raises Refusal.
    """
    entry = blueprint.entry("steps")
    if entry is None:
        if has_steps:
            raise Refusal("its `steps` come by way of `<<`", BY_HAND)
        return _new_list(page, blueprint, [step for step in order if isinstance(step, dict)])
    node = page.opened(entry.value, "the list of its steps")
    if not node.entries:
        return _first_steps(page, blueprint, entry, [step for step in order if isinstance(step, dict)])
    if not order and not node.flow:
        return [put(page.where(blueprint), entry, [])[0], *rearranged(page.text, node, [], page.eol)]
    if not order:
        return put(page.where(blueprint), entry, [])
    comma = page.style(node).comma if node.flow else ""
    parts = [each if isinstance(each, int) else _added(page, node, each) for each in order]
    return rearranged(page.text, node, parts, page.eol, comma)


def _added(page: Page, node: Node, step: Step) -> Added:
    at = node.entries[0].start
    if not node.flow:
        return Added(printer.step_text(step, column(page.text, at)).replace("\n", page.eol))
    sample = node.entries[0].value
    on_lines = sample.flow and stands_on_lines(page.text, sample)
    written = flow_text(
        _ordered(step), page.style(node), indentation(page.text, sample.at) if on_lines else None
    )
    return Added(written.replace("\n", page.eol))


def _new_list(page: Page, blueprint: Node, steps: list[Step]) -> list[Edit]:
    """`steps:` at the end of a blueprint that has none."""
    start = blueprint.entries[0].start
    if blueprint.flow:
        style = page.style(blueprint)
        made = flow_text([_ordered(step) for step in steps], style, _list_indent(page, blueprint))
        written = key_text("steps", style) + style.colon + made
    else:
        written = "steps:" + _block(steps, column(page.text, start))
    order: list[Part] = [*range(len(blueprint.entries)), Added(written.replace("\n", page.eol))]
    return rearranged(page.text, blueprint, order, page.eol, page.style(blueprint).comma)


def _first_steps(page: Page, blueprint: Node, entry: Entry, steps: list[Step]) -> list[Edit]:
    """Steps instead of `[]`, or of nothing."""
    if blueprint.flow:
        where = page.where(blueprint)
        return put(where, entry, [_ordered(step) for step in steps], _list_indent(page, blueprint))
    node = entry.value
    below = _block(steps, column(page.text, blueprint.entries[0].start)).replace("\n", page.eol)
    end = last = line_end(page.text, entry.end)
    if below.endswith(page.eol):  # blank lines behind `|+` would become part of the text
        last = before_break(page.text, after_blanks(page.text, next_line(page.text, end)))
    start = node.at
    while page.text[start - 1] in " \t" and start > (entry.sign or 0):
        start -= 1
    return [*([Edit(start, node.end, "")] if node.start < node.end else []), Edit(end, max(end, last), below)]


def _block(steps: list[Step], indent: int) -> str:
    deeper = indent + layout.INDENT
    return "".join("\n" + " " * deeper + printer.step_text(step, deeper) for step in steps)


def _list_indent(page: Page, blueprint: Node) -> int | None:
    """The indentation of the line of `steps:` between braces, where the list goes over several lines."""
    return column(page.text, blueprint.entries[0].start) if stands_on_lines(page.text, blueprint) else None


def _ordered(step: Mapping[str, Any]) -> Step:
    return {name: step[name] for name in layout.ordered(layout.STEP_FIELDS, list(step))}
