"""The value of a parameter is used nowhere.

No text of the resolved blueprint has `{{param.NAME}}`: the template does not use the parameter, or `change` or `remove`
took away the text that does.

Wrong:
    use: linkedin-first
    with: {closing: Thank you for reading.}
    remove: [last-email]

Right:
    use: linkedin-first
    remove: [last-email]
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.variables import MARKED_FIELDS, VARIABLES
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.lint.texts import marked_texts, marker_meant, variables
from kalentops.support.text import clip


def check(of: UseContext) -> Iterator[Problem]:
    if of.template is None:
        return
    used = {each.name for each in of.markers if each.kind == "param"}
    unused = [name for name in of.use.values if name in of.template.parameters and name not in used]
    if unused and _is_certain(of):
        for name in unused:
            yield Problem(
                ("with", name),
                f"no text of this blueprint uses the parameter `{clip(name)}`",
                "remove it, or write `{{param." + name + "}}` where it belongs",
                on_key=True,
            )


def _is_certain(of: UseContext) -> bool:
    """Whether all texts are known, and none has a marker that is wrong, and so may be the one that is missed."""
    if of.size > of.limit or of.untranslated or of.template is None:
        return False
    if of.template.languages and of.language is None:
        return False
    if any(path[0] in {"change", "remove", "add"} for path in of.unknown):
        return False
    if any(path[0] in {"name", "steps", "parameters"} for path in of.template_unknown):
        return False
    known = of.template.parameters
    if any(each.kind == "param" and each.name not in known for each in of.markers):
        return False
    return all(_is_sound(text) for text in _texts(of))


def _is_sound(text: str) -> bool:
    """Whether each pair of braces holds a variable or a marker, and none is alone."""
    inside = [inner for _, inner, _ in variables(text)]
    pairs = len(inside)
    return text.count("{{") == text.count("}}") == pairs and all(
        inner in VARIABLES or marker_meant(inner) == inner for inner in inside
    )


def _texts(of: UseContext) -> Iterator[str]:
    if of.template is not None:
        yield from (text for _, text in marked_texts(of.template))
    for each in (*of.use.change.values(), *of.use.add):
        yield from (getattr(each, field) or "" for field in MARKED_FIELDS)


RULE = Rule("KAL405", "unused-parameter", __doc__, check_use=check)
