"""Blueprint files as people write them: any style, any order, comments everywhere. What belongs to which field is
known, so that a test can say what an edit had to leave alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from kalentops.yamlfile import scalars
from kalentops.yamlfile.parse import parse
from tests.strategies import Data, bodies, labels, steps, texts
from tests.yamlfile.texts import texts as hard_texts

# What has broken editors of YAML: each is a part of a text.
NASTY = (
    *(
        "  ",
        "\n",
        "\n\n",
        "\t",
        " # no comment",
        "#",
        "'",
        '"',
        '"quoted"',
        "it's",
        ": ",
        "- item",
        "? ",
        "| ",
        ">",
    ),
    *(
        "👋🏽",
        "👨‍💻",
        "\r\n",
        "\r",
        "  indented",
        "trailing  \n",
        "\t\n",
        " \n",
        "---",
        "...",
        "& ",
        "*star",
        "{{firstname}}",
    ),
    *(
        "[x]",
        "{y}",
        ", ",
        "null",
        "~",
        "12:30",
        "0x1f",
        "\\",
        "\\n",
        "%",
        "@",
        "`",
        "!tag",
        "\u2028",
        "\u200b",
        "é" * 90,
    ),
    "word " * 60,
)


def nasty_texts() -> st.SearchStrategy[str]:
    parts = st.lists(st.sampled_from(NASTY) | st.sampled_from(["Hi", "there", " ", "you", "\n"]), max_size=7)
    return parts.map("".join) | texts() | hard_texts()


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Data, Data]:
    """A body, and the same later: steps edited, added, removed, moved."""
    before = draw(bodies())
    for step in before["steps"]:
        for name in ("content", "subject"):
            if name in step and draw(st.booleans()):
                step[name] = draw(nasty_texts())
    after: Data = {"name": draw(st.just(before["name"]) | nasty_texts().filter(bool))}
    after["steps"] = [step for each in before["steps"] for step in _became(draw, each)]
    after["steps"] += [draw(steps(f"new-{n}", invited=True)) for n in range(draw(st.integers(0, 2)))]
    if draw(st.booleans()):
        after["steps"] = draw(st.permutations(after["steps"]))
    if draw(st.booleans()) and before.get("config"):
        more = {**before["config"], "new": [1, {"x": "y"}]}
        after["config"] = draw(st.just(more) | st.just({"only": "this"}))
    return before, after


def _became(draw: st.DrawFn, step: Data) -> list[Data]:
    """The same step later: nothing where it has gone."""
    kind = draw(st.sampled_from(["same", "same", "edited", "edited", "other", "gone"]))
    if kind == "gone":
        return []
    if kind == "other":
        return [draw(steps(step["id"], invited=True))]
    return [_edited(draw, step) if kind == "edited" else dict(step)]


def _edited(draw: st.DrawFn, step: Data) -> Data:
    edited = dict(step)
    for name in draw(
        st.sets(st.sampled_from(["name", "content", "delay", "policy", "subject", "contentSource"]))
    ):
        edited.pop(name, None)
        if name in {"name", "content"} or draw(st.booleans()):
            edited[name] = draw(_values()[name])
    return edited


def _values() -> dict[str, st.SearchStrategy[Any]]:
    return {
        "name": labels(),
        "content": nasty_texts(),
        "subject": nasty_texts(),
        "delay": st.fixed_dictionaries(
            {"value": st.integers(1, 99), "unit": st.sampled_from(["day", "minute"])}
        ),
        "policy": st.fixed_dictionaries(
            {"skipStepIfNoContact": st.booleans()}, optional={"inviteTimeoutDays": st.integers(1, 30)}
        ),
        "contentSource": st.sampled_from(["manual", "suggestedByKalent"]),
    }


@dataclass
class Written:
    """A file and its comments: those of fields and steps by (step, field), the field empty for the step itself. `free`
    are those that stand by themselves.
    """

    text: str
    key: str
    comments: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)


class Author:
    """A person who writes YAML in a way of their own."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.count = 0
        self.flow = draw(st.booleans())
        self.chatty = draw(st.sampled_from([0, 0, 1, 3]))
        self.gap = draw(st.integers(0, 2))
        self.dash = draw(st.sampled_from([0, 2, 4]))
        self.inner = draw(st.sampled_from([2, 2, 4]))
        self.written = Written("", "key")

    def comment(self, *owner: str) -> str:
        self.count += 1
        noise = self.draw(st.sampled_from(["", "'", '"', ": x", "- y", "{", "]", "👋", "#"]))
        comment = f"# c{self.count}. {noise}".rstrip()
        if owner:
            self.written.comments.setdefault((owner[0], owner[1]), []).append(comment)
        else:
            self.written.free.append(comment)
        return comment

    def some(self, most: int) -> int:
        return self.draw(st.integers(0, most)) if most else 0

    def tail(self, *owner: str) -> str:
        """What stands behind a value on its line."""
        if self.some(self.chatty):
            return self.draw(st.sampled_from(["  ", "\t", " "])) + self.comment(*owner)
        return self.draw(st.sampled_from(["", "", "", "  ", "\t"]))

    def above(self, column: int, *owner: str) -> list[str]:
        return [" " * column + self.comment(*owner) for _ in range(self.some(self.chatty))]

    def properties(self, *tags: str) -> str:
        """An anchor that no one repeats, or a tag."""
        if self.some(9):
            return ""
        self.count += 1
        return self.draw(st.sampled_from([f"&a{self.count} ", *tags]))

    def scalar(self, value: str, column: int, *owner: str) -> list[str]:
        """A text behind its key: the rest of that line, and more lines."""
        ways: list[Callable[[], list[str]]] = [lambda: [scalars.quoted(value)]]
        if "\n" not in value and "\r" not in value:
            ways += [lambda: [value], lambda: ["'" + value.replace("'", "''") + "'"]]
        if " " in value:
            ways.append(lambda: value.replace(" ", "\n" + " " * (column + 2), 1).split("\n"))
        block = scalars.block(value)
        if block:
            indent = 2 if "2" in block.header else self.draw(st.sampled_from([1, 2, 4]))
            lines = [" " * (column + indent) + line if line else "" for line in block.lines]
            ways += [lambda: [block.header, *lines]] * 3
            folded = _folded(block, column)
            ways.append(lambda: folded)
        for way in self.draw(st.permutations(ways)):
            lines = way()
            if _reads_as("\n".join(lines), value, column):
                at = 0 if lines[0][:1] in {"|", ">"} else -1
                lines[at] += self.tail(*owner)
                lines[0] = self.properties("!!str ") + lines[0]
                return lines
        raise AssertionError(value)

    def small(self, value: Mapping[str, Any], column: int, *owner: str) -> list[str]:
        """A delay, a policy or a config."""
        if self.draw(st.booleans()) or not value:
            inner = ", ".join(f"{key}: {_word(each)}" for key, each in value.items())
            return [f" {self.properties('!!map ')}{{{inner}}}{self.tail(*owner)}"]
        lines = [f" {self.properties('!!map ')}".rstrip() + self.tail(*owner)]
        indent = column + self.draw(st.sampled_from([1, 2, 4]))
        for key, each in value.items():
            lines += [*self.above(indent, *owner), f"{' ' * indent}{key}: {_word(each)}{self.tail(*owner)}"]
        return lines

    def field(self, name: str, value: Any, column: int, owner: str, *, first: bool = False) -> list[str]:
        lines = [] if first else self.above(column, owner, name)
        if isinstance(value, str):
            rest = self.scalar(value, column, owner, name)
            rest[0] = " " + rest[0]
        elif name == "free-form":
            rest = [" " + json.dumps(value, ensure_ascii=False)]
        else:
            rest = self.small(value, column, owner, name)
        lines += [" " * column + name + ":" + rest[0], *rest[1:]]
        return lines

    def step(self, step: Data, dash: int) -> list[str]:
        column = dash + self.inner
        names = list(step)
        if self.draw(st.booleans()):
            names = self.draw(st.permutations(names))
        lines = self.above(dash, step["id"], "")
        for number, name in enumerate(names):
            more = self.field(name, step[name], column, step["id"], first=not number)
            if not number:
                more[0] = " " * dash + "-" + " " * (self.inner - 1) + more[0].lstrip()
            lines += more
        if self.some(self.chatty):
            lines.append(" " * column + self.comment(step["id"], ""))
        return lines

    def blueprint(self, key: str, body: Data, column: int = 2) -> list[str]:
        lines = [" " * column + key + ":" + self.tail()]
        deeper = column + 2
        name = self.field("name", body["name"], deeper, "")
        config = (
            [f"{' ' * deeper}config: {json.dumps(body['config'], ensure_ascii=False)}"]
            if body.get("config")
            else []
        )
        steps = [" " * deeper + "steps:"]
        if not body["steps"]:
            steps = [] if self.draw(st.booleans()) else [steps[0] + " []" + self.tail()]
        for number, step in enumerate(body["steps"]):
            steps += _gap(steps, self.gap if number else 0)
            if number and self.some(self.chatty) and self.gap:
                steps += [" " * (deeper + self.dash) + self.comment(), ""]
            steps += self.step(step, deeper + self.dash)
        for part in self.draw(st.permutations([name, config, steps])):
            lines += part
        return lines


def _gap(lines: list[str], count: int) -> list[str]:
    """Blank lines, but none behind `|+`, where they would be part of the text."""
    return [""] * count if lines[-1] else []


def _folded(block: scalars.Block, column: int) -> list[str]:
    lines: list[str] = []
    for line in block.lines:
        broken = line.replace(" ", "\n", 1).split("\n") if line[:1] not in {" ", "\t"} else [line]
        lines += [*broken, ""]
    return [">" + block.header[1:], *(" " * (column + 2) + line if line else "" for line in lines[:-1])]


def _word(value: Any) -> str:
    return json.dumps(value) if not isinstance(value, str) else scalars.inline(value, flow=True)


def _reads_as(written: str, value: str, column: int) -> bool:
    data: Any = parse(f"a:\n{' ' * column}k: {written}\n{' ' * column}z: 1\n").data
    return (
        isinstance(data, dict)
        and isinstance(data["a"], dict)
        and data["a"].get("k") == value
        and "z" in data["a"]
    )


OTHER = {
    "name": "Other",
    "steps": [{"id": "o", "name": "O", "content": "x", "type": "SMS", "temporalityType": "ASAP"}],
}


@st.composite
def block_files(draw: st.DrawFn, body: Data) -> Written:
    """The body as the second of three blueprints, in a file in block style."""
    author = Author(draw)
    lines = [
        "# A file of blueprints.",
        "sourcingId: sourcing_a",
        "blueprints:",
        *author.blueprint("first", OTHER),
    ]
    author.written.comments.clear()
    lines += [""] * draw(st.integers(0, 1))
    lines += author.blueprint("key", body)
    if draw(st.booleans()):
        lines += _gap(lines, draw(st.integers(0, 1)))
        lines += ["  # about the last one", "  last:", "    name: Last", "    steps: []"]
    author.written.text = "\n".join(lines) + "\n"
    return author.written


# How a file between braces is laid out: what json.dumps is given, or who writes it.
JSON_LAYOUTS: tuple[dict[str, Any], ...] = (
    {"indent": 2},
    {"indent": 4},
    {},
    {"separators": (",", ":")},
    {"indent": 1, "separators": (",", ":")},
)


@st.composite
def json_files(draw: st.DrawFn, body: Data) -> Written:
    """The body in a JSON file, which is YAML as well; all on one line, or on many."""
    data = {
        "sourcingId": "sourcing_a",
        "blueprints": {"first": OTHER, "key": body, "last": {"name": "L", "steps": []}},
    }
    text = json.dumps(data, ensure_ascii=False, **draw(st.sampled_from(JSON_LAYOUTS)))
    # What YAML does not let stand as it is.
    text = re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return Written(text + "\n", "key")


class Bracer(Author):
    """A person who likes braces."""

    def word(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return (
                "{"
                + ", ".join(f"{scalars.inline(key, flow=True)}: {self.word(v)}" for key, v in value.items())
                + "}"
            )
        if isinstance(value, list):
            return "[" + ", ".join(self.word(each) for each in value) + "]"
        if not isinstance(value, str):
            return json.dumps(value)
        ways = [scalars.quoted(value), scalars.inline(value, flow=True)]
        if scalars.quoted(value) == f'"{value}"' and "\t" not in value:
            ways.append("'" + value.replace("'", "''") + "'")
        return self.draw(st.sampled_from(ways))

    def many(self, opening: str, parts: list[tuple[str, str]], closing: str, column: int) -> str:
        """Each of the parts, given with its step and field, on lines of its own."""
        lines = []
        for number, (part, owner) in enumerate(parts):
            step, _, name = owner.partition(" ")
            lines += self.above(column + 2, step, name)
            comma = "," if number < len(parts) - 1 or self.draw(st.booleans()) else ""
            lines.append(" " * (column + 2) + part + comma + self.tail(step, name))
        return "\n".join([opening, *lines, " " * column + closing])

    def step_parts(self, step: Data) -> list[tuple[str, str]]:
        parts = []
        for name, value in step.items():
            part = f"{name}: {self.word(value)}"
            parts.append((part, f"{step['id']} {name}"))
        return parts

    def steps(self, steps: list[Data], column: int, way: str) -> str:
        if way == "many":
            written = [
                (self.many("{", self.step_parts(each), "}", column + 2), f"{each['id']} ") for each in steps
            ]
            return self.many("[", written, "]", column) if steps else "[]"
        inner = ["{" + ", ".join(part for part, _ in self.step_parts(each)) + "}" for each in steps]
        if way == "lines" and steps:
            owned = [(part, f"{step['id']} ") for part, step in zip(inner, steps, strict=True)]
            return self.many("[", owned, "]", column)
        return "[" + ", ".join(inner) + "]"


@st.composite
def flow_files(draw: st.DrawFn, body: Data) -> Written:
    """The body in a file with `{…}` and `[…]`, from somewhere on: the whole, the steps, or each step."""
    author = Bracer(draw)
    name = f"name: {author.word(body['name'])}"
    config = f"config: {author.word(body['config'])}" if body.get("config") else ""
    way = draw(st.sampled_from(["one line", "lines", "many"]))
    head = "sourcingId: sourcing_a\nblueprints:\n"
    kind = draw(st.sampled_from(["blueprint", "list", "item"]))
    if kind == "blueprint":
        steps = author.steps(body["steps"], 4, way)
        if draw(st.booleans()) and way != "one line":
            parts = [(part, "") for part in (name, config, f"steps: {steps}") if part]
            text = f"{head}  key: {author.many('{', parts, '}', 2)}\n"
        else:
            text = f"{head}  key: {{{', '.join(filter(None, (name, config, f'steps: {steps}')))}}}\n"
    else:
        lines = [f"    {part}{author.tail()}" for part in (name, config) if part]
        if kind == "list":
            lines.append("    steps: " + author.steps(body["steps"], 4, way))
        else:
            lines += ["    steps:"] if body["steps"] else ["    steps: []"]
            for step in body["steps"]:
                parts = author.step_parts(step)
                written = (
                    author.many("{", parts, "}", 8)
                    if way == "many"
                    else "{" + ", ".join(p for p, _ in parts) + "}"
                )
                lines += [*author.above(6, step["id"], ""), f"      - {written}{author.tail(step['id'], '')}"]
        text = head + "\n".join(["  key:", *lines]) + "\n"
    if draw(st.booleans()):
        text += "  # about the last one\n  last: {name: L}\n"
    author.written.text = text
    return author.written


@st.composite
def shared_files(draw: st.DrawFn, body: Data) -> Written:
    """The body in a file in which steps and fields are shared with another blueprint, by aliases and merge keys."""
    author = Bracer(draw)
    shared, mine, others = [], [], []
    for number, step in enumerate(body["steps"]):
        names = draw(st.sets(st.sampled_from(sorted(step))))
        base = {name: value for name, value in step.items() if name in names}
        own = ", ".join(f"{name}: {author.word(value)}" for name, value in step.items() if name not in names)
        shared.append(f"  - &base{number} {author.word(base)}")
        if not own and draw(st.booleans()):
            mine.append(f"      - *base{number}")
        elif draw(st.booleans()):
            mine.append(f"      - <<: *base{number}")
            mine += [f"        {name}: {author.word(step[name])}" for name in step if name not in names]
        else:
            mine.append(f"      - {{<<: *base{number}{', ' + own if own else ''}}}")
        others.append(f"      - {{<<: *base{number}, id: other-{number}}}")
    for part, name in (("delay", "d"), ("content", "c")):
        for number, line in enumerate(mine):
            if f"        {part}: " in line and draw(st.booleans()):
                shared.append(f"  - &{name}{number} {line.partition(': ')[2]}")
                mine[number] = f"        {part}: *{name}{number}"
    head = ["shared:", *shared] if shared else []
    steps_of = [["    steps:", *lines] if lines else ["    steps: []"] for lines in (others, mine)]
    lines = [*head, "sourcingId: sourcing_a", "blueprints:", "  other:", "    name: O", *steps_of[0]]
    lines += ["  key:", f"    name: {author.word(body['name'])}", *steps_of[1]]
    author.written.text = "\n".join(lines) + "\n"
    return author.written
