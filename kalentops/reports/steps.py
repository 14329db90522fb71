"""Steps and their changes in words, for people who don't read YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kalentops.diff import FieldChange
from kalentops.reports.lines import Line, Piece, line
from kalentops.text import clip, visible
from kalentops.words import compare

_KINDS: Final = {
    "LINKEDIN_INVITATION": "LinkedIn invitation without a message",
    "LINKEDIN_INVITATION_WITH_MESSAGE": "LinkedIn invitation",
    "LINKEDIN_MESSAGE": "LinkedIn message",
    "LINKEDIN_INMAIL": "InMail",
    "EMAIL": "e-mail",
    "WHATSAPP": "WhatsApp",
    "SMS": "SMS",
}
_TEXTS: Final = ("content", "subject", "name")
_CLIP: Final = 64


def kind(step: Mapping[str, Any]) -> str:
    """Such as `LinkedIn invitation`."""
    return _KINDS.get(str(step.get("linkedInType") or step.get("type")), "message")


def delay(value: Any) -> str:
    """`3 days` for `{value: 3, unit: day}`."""
    if not isinstance(value, Mapping):
        return "none"
    return f"{value.get('value')} {value.get('unit')}{'' if value.get('value') == 1 else 's'}"


def when(step: Mapping[str, Any]) -> str:
    """When a step happens, counted from the one before."""
    temporality = step.get("temporalityType")
    if temporality == "DELAYED":
        return f"after {delay(step.get('delay'))}"
    return "when the invitation has settled" if temporality == "AFTER_INVITATION_SETTLED" else "at once"


def outline(body: Mapping[str, Any], indent: str, *, full: bool) -> Iterator[Line]:
    """The steps of a new blueprint; with `full`, whole texts."""
    steps = body.get("steps") or ()
    if not steps:
        yield line((f"{indent}no steps yet", "dim"))
    for number, step in enumerate(steps, 1):
        yield line(
            f"{indent}{number}. {kind(step)}, {when(step)}: ", (clip(str(step.get("name", ""))), "bold")
        )
        subject, content = step.get("subject"), str(step.get("content", ""))
        if subject:
            yield line((f"{indent}   subject: ", "dim"), visible(str(subject)))
        if full:
            yield from (line(f"{indent}   ", (visible(each), "")) for each in content.split("\n") if content)
        elif content:
            yield line((f"{indent}   {_glance(content)}", "dim"))


def change(each: FieldChange, indent: str) -> Iterator[Line]:
    """One change as one or a few lines."""
    where = f"{indent}step {visible(each.step)}" if each.step is not None else f"{indent}blueprint"
    if not each.field:
        yield _whole_step(each, where)
    elif each.field in _TEXTS and each.kind == "changed":
        yield line(f"{where}: {each.field}")
        yield from _words(str(each.before), str(each.after), indent + "    ")
    else:
        old, new = (_value(each.field, value) for value in (each.before, each.after))
        yield line(f"{where}: {visible(each.field)} ", (old, "old"), " → ", (new, "new"))


def _glance(text: str) -> str:
    """The beginning of a text on one line."""
    return clip(" ".join(text.split()), _CLIP)


def _whole_step(each: FieldChange, where: str) -> Line:
    if each.kind == "moved":
        return line(f"{where}: moved from position {each.before} to {each.after}")
    step = each.after if each.kind == "added" else each.before
    said = f"{kind(step)}, {when(step)}: {_glance(str(step.get('content', '')))}"
    return line(f"{where}: {each.kind}, ", (said, "new" if each.kind == "added" else "old"))


def _value(field: str, value: Any) -> str:
    if value is None:
        return "none"
    if field == "delay":
        return delay(value)
    return clip(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _CLIP)


def _words(before: str, after: str, indent: str) -> Iterator[Line]:
    """The lines in which something changed, with `[-old-]` and `{+new+}` around what did; `↵` is an end of line
    that came or went.
    """
    current: list[Piece] = []
    touched = False
    for tag, text in compare(before, after):
        for part in _lines(text):
            shown = visible(part.removesuffix("\n")) + ("↵" if tag != "same" and part.endswith("\n") else "")
            if shown:
                current.append(_marked(tag, shown))
                touched = touched or tag != "same"
            if part.endswith("\n"):
                if touched:
                    yield line(indent, *current)
                current, touched = [], False
    if touched:
        yield line(indent, *current)


def _lines(text: str) -> list[str]:
    """The lines with their line feeds; `splitlines` would also break at others."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _marked(tag: str, text: str) -> Piece:
    if tag == "old":
        return f"[-{text}-]", "old"
    return (f"{{+{text}+}}", "new") if tag == "new" else (text, "")
