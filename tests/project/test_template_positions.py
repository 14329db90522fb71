"""Random projects of positions, templates and snippets with planted mistakes: each is found once, where its words
stand, with its users, whatever the order of the files and however many processes check them.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.lint.finding import Finding
from kalentops.project import processes
from kalentops.project.load import load, of_texts
from kalentops.project.result import CheckOptions
from tests.builders import step
from tests.sizes import examples

Node = dict[str, Any]
WORDS: Final = (
    "Hi",
    "we look",
    "for you",
    "Grüße 👋",
    'the "best"',
    "it's",
    "one, two",
    "\n",
    "{{firstname}}",
)
# What stands for a mistake, by the code of its finding. The number makes each one of its kind.
IN_ANY_TEXT: Final = {"KAL101": "{{{{nope{}}}}}", "KAL103": "[company {}]", "KAL108": "<<Name {}>>"}
# A marker where none is filled in.
MISPLACED: Final = {"KAL407": "{{{{param.nope{}}}}}"}
# A marker that nothing fills.
UNKNOWN: Final = {"KAL403": "{{{{param.nope{}}}}}", "KAL406": "{{{{snippet.nope{}}}}}"}
_UNFILLED: Final = re.compile(r"\{\{(?:param|snippet)\.nope")


@dataclass
class Plan:
    """The files of a project by their names, the planted mistakes as (code, words), and the texts of the steps that
    each address gets, by address.
    """

    random: random.Random
    files: dict[str, str] = field(default_factory=dict)
    planted: list[tuple[str, str]] = field(default_factory=list)
    received: dict[str, list[str]] = field(default_factory=dict)
    snippets: dict[str, str] = field(default_factory=dict)
    templates: dict[str, Node] = field(default_factory=dict)

    def mistake(self, kinds: Mapping[str, str]) -> str:
        code = self.random.choice(list(kinds))
        self.planted.append((code, kinds[code].format(len(self.planted))))
        return self.planted[-1][1]

    def text(self, *fills: str, others: Mapping[str, str] = {}) -> str:
        """A text with some of the fills, and perhaps a mistake: one of any text, or of the others."""
        parts = self.random.choices(WORDS, k=self.random.randint(0, 4)) + list(fills)
        if self.random.random() < 0.3:
            kinds = others if others and self.random.random() < 0.3 else IN_ANY_TEXT
            parts.append(self.mistake(kinds))
        self.random.shuffle(parts)
        return " ".join(["Text", *parts]).strip()

    def fills(self, parameters: Mapping[str, Any]) -> list[str]:
        names = [f"{{{{param.{each}}}}}" for each in parameters]
        names += [f"{{{{snippet.{each}}}}}" for each in self.snippets]
        return [each for each in names if self.random.random() < 0.3]

    def step(self, ident: str, *fills: str, others: Mapping[str, str] = UNKNOWN) -> Node:
        made = step(ident, content=self.text(*fills, others=others), subject="{{sourcingJobTitle}}")
        return made | self.misspelt()

    def misspelt(self) -> Node:
        return {self.mistake({"KAL010": "nonsense{}x"}): 1} if self.random.random() < 0.05 else {}

    def write(self, name: str, data: Node) -> None:
        self.files[f"blueprints/{name}.yaml"] = "\n".join(_lines(data, self.random)) + "\n"

    def make(self) -> None:
        for number in range(self.random.randint(0, 3)):
            self.snippets[f"snip{number}"] = self.text(others=MISPLACED)
        if self.snippets:
            self.write("snippets", {"snippets": self.snippets})
        for number in range(self.random.randint(1, 3)):
            self.add_template(f"template-{number}")
        for number in range(self.random.randint(1, 6)):
            self.add_position(f"s_{number}")

    def add_template(self, name: str) -> None:
        parameters: Node = {f"own{number}": {} for number in range(self.random.randint(0, 2))}
        parameters |= {
            f"set{number}": {"default": self.text(others=MISPLACED)}
            for number in range(self.random.randint(0, 2))
        }
        steps = [
            self.step(f"s{number}", *self.fills(parameters)) for number in range(self.random.randint(1, 3))
        ]
        # Each parameter is used, so that none is given in vain.
        steps[0]["content"] += "".join(f" {{{{param.{each}}}}}" for each in parameters)
        data = {"template": name, "parameters": parameters, "name": f"Name {name}", "steps": steps}
        self.templates[name] = {key: value for key, value in data.items() if value != {}}
        self.write(f"templates/{name}", self.templates[name])

    def add_position(self, sourcing_id: str) -> None:
        blueprints: Node = {}
        for number, name in enumerate(self.templates):
            if self.random.random() < 0.6:
                blueprints[f"key{number}"] = self.use(name, f"{sourcing_id}/key{number}")
        if not blueprints or self.random.random() < 0.3:
            own = self.step("plain", others=MISPLACED)
            blueprints["plain"] = {"name": f"Plain {sourcing_id}", "steps": [own]}
            self.received[f"{sourcing_id}/plain"] = [own["content"]]
        self.write(f"positions/{sourcing_id}", {"sourcingId": sourcing_id, "blueprints": blueprints})

    def use(self, name: str, address: str) -> Node:
        template = self.templates[name]
        values: dict[str, str] = {}
        for each, said in template.get("parameters", {}).items():
            if "default" not in said or self.random.random() < 0.5:
                values[each] = self.text(others=MISPLACED)
        contents = {each["id"]: each["content"] for each in template["steps"]}
        change: Node = {}
        for each in list(contents)[1:]:
            if self.random.random() < 0.3:
                contents[each] = self.text(*self.fills(values), others=UNKNOWN)
                change[each] = {"content": contents[each], **self.misspelt()}
        made: Node = {"use": name, "with": values, "change": change}
        if len(contents) > 1 and self.random.random() < 0.2:
            gone = list(contents)[-1]
            change.pop(gone, None)
            del contents[gone]
            made["remove"] = [gone]
        if self.random.random() < 0.3:
            added = self.step("added", *self.fills(values))
            contents["added"] = added["content"]
            made["add"] = [{"after": "s0", **added}]
        self.received[address] = [self.filled(each, template, values) for each in contents.values()]
        return {key: value for key, value in made.items() if value != {}}

    def filled(self, text: str, template: Node, values: Mapping[str, str]) -> str:
        for each, said in template.get("parameters", {}).items():
            text = text.replace(f"{{{{param.{each}}}}}", values.get(each) or said.get("default", ""))
        for each, said in self.snippets.items():
            text = text.replace(f"{{{{snippet.{each}}}}}", said)
        return text

    def users(self, words: str) -> tuple[set[str], bool]:
        """The addresses that get the words, and whether a rule surely sees them: it looks at no text with a gap."""
        getting = {
            address: [text for text in texts if words in text] for address, texts in self.received.items()
        }
        seen = {
            address for address, texts in getting.items() if any(not _UNFILLED.search(text) for text in texts)
        }
        return seen, all(bool(texts) == (address in seen) for address, texts in getting.items())


def _lines(of: Any, chance: random.Random) -> Iterator[str]:
    """The data as YAML, its texts in random styles."""
    pairs = of.items() if isinstance(of, dict) else (("-", each) for each in of)
    for key, value in pairs:
        head = "-" if isinstance(of, list) else f"{key}:"
        if isinstance(value, dict | list) and value and chance.random() < 0.9:
            below = list(_lines(value, chance))
            if head == "-":
                yield f"- {below[0]}"
                yield from (f"  {each}" for each in below[1:])
            else:
                yield head
                yield from (f"  {each}" for each in below)
        elif isinstance(value, str):
            first, *rest = _scalar(value, chance)
            yield f"{head} {first}"
            yield from (f"  {each}" if each else "" for each in rest)
        else:
            yield f"{head} {json.dumps(value, ensure_ascii=False)}"


def _scalar(text: str, chance: random.Random) -> list[str]:
    quoted = json.dumps(text, ensure_ascii=False)
    styles = [[quoted.replace("ü", "\\u00fc") if chance.random() < 0.5 else quoted]]
    if "\n" not in text:
        styles.append(["'" + text.replace("'", "''") + "'"])
        styles += [[text]] if re.fullmatch(r"[A-Za-z][^:#]*", text) else []
    if "\n " not in text and " \n" not in text:
        styles.append(["|-", *text.split("\n")])
    return chance.choice(styles)


def _told(of: Finding) -> tuple[Any, ...]:
    """Everything that a report shows."""
    return of, of.users, of.used_by


@given(st.integers(0, 1 << 32))
@settings(max_examples=examples(400), deadline=None)
def test_each_mistake_is_found_once_where_its_words_stand(seed: int) -> None:
    project = Plan(random.Random(seed))
    project.make()
    found = of_texts(CheckOptions(Path("/")), project.files).findings
    assert len(set(found)) == len(found)
    for code, words in project.planted:
        file = next((name for name, text in project.files.items() if words in text), "")
        if not file:  # it stood in the change of a step that was removed
            continue
        quoted = words[2:-2].split(".")[1] if code in UNKNOWN else words
        told = [each for each in found if f"`{quoted}`" in each.message]
        users, sure = project.users(words)
        if not told:
            assert (users, code in IN_ANY_TEXT) == (set(), True), (code, words)
            continue
        (one,) = told
        assert one.code.startswith(code.split()[0])
        assert one.file == file
        line = project.files[file].split("\n")[one.line - 1]
        assert line[one.column - 1 :].removeprefix('"').startswith(quoted), (one, line)
        if code in IN_ANY_TEXT and sure:
            shared = "positions" not in file
            assert one.users == (len(users) if shared else 0)
            assert [address for address, _ in one.used_by] == (sorted(users)[:3] if shared else [])
        for address, origin in one.used_by:
            key = project.files[origin.file].split("\n")[origin.line - 1][origin.column - 1 :]
            assert key.lstrip('"').startswith(address.split("/")[1])


@given(st.integers(0, 1 << 32))
@settings(max_examples=examples(100), deadline=None)
def test_the_order_of_files_means_nothing(seed: int) -> None:
    project = Plan(random.Random(seed))
    project.make()
    found = of_texts(CheckOptions(Path("/")), project.files).findings
    mixed = list(project.files.items())
    project.random.shuffle(mixed)
    again = of_texts(CheckOptions(Path("/")), dict(mixed)).findings
    assert list(map(_told, again)) == list(map(_told, found))


@pytest.mark.processes
def test_several_processes_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        project = Plan(random.Random(7))
        project.make()
        for number in range(6, 30):
            project.add_position(f"s_{number}")
        for name, text in project.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        alone = load(root, [root / "blueprints"]).findings
        assert len(alone) > 10
        monkeypatch.setattr(processes, "PARALLEL_FROM", 1)
        together = load(root, [root / "blueprints"]).findings
    assert list(map(_told, together)) == list(map(_told, alone))
