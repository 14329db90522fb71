"""Words and names that must not come back, and where they stand: docs/reference/glossary.md has the terms instead.

`python -m tests.structure.words [FOLDER]` lists what is left, in the package by folder.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "kalentops"

# A regular expression, and what to write.
PHRASES: Final = {
    r"somebody('s)?( else)?": "a colleague, a person, another run; or name the change: `edited in Kalent`",
    r"nobody": "no one, or say who does not",
    r"anybody('s)?": "everyone, anyone; or say who",
    r"who(m|so)?ever|whom": "the person who; or say who",
    r"mend(s|ed|ing)?": "fix",
    r"besides": "also",
    r"just so": "unchanged, identical",
    r"as (it|they) would have": "leave it out",
    r"hears? nothing|is not heard|to be heard": "nothing is sent to Kalent; is ignored",
    r"(nothing|none) (was|is) begun|begun": "nothing was changed; started",
    r"so (many|long) (sourcings|creates|updates|blueprints|steps|for|before|at once)|permits? so many": "number of …",
    r"(take|takes|took|taken|taking)( \w+)? over": "adopt, import",
    r"in no file any more|no file has (it|them|one)": "no longer declared",
    r"is there already|are there already": "exists",
    r"anew": "again, new",
    r"(what|and what) (became|becomes|has become) of": "the outcome of",
    r"answered no\b": "cancelled",
    r"kept saying|keeps saying": "rate limited; kept answering",
    r"silence within": "read timeout",
    r"where one (deletes|edits)": "delete it in Kalent's web app",
    r"say only": "print … only",
    r"in (an)?other words?": "leave it out",
    r"foreign(?!-placeholder)": "unmanaged; of another tool",
    r"gone on|goes on there": "continues",
    r"is told|are told of": "is reported",
    r"thereupon|thereof|wherein|whereof|lest|hence": "leave it out",
}
_PHRASES: Final = re.compile(
    "|".join(rf"(?P<p{number}>\b(?:{each})\b)" for number, each in enumerate(PHRASES)), re.IGNORECASE
)
CLASSES: Final = {
    "Wish": "ImportRequest",
    "Means": "ImportContext",
    "Wire": "ApiSession",
    "Asked": "PlanOptions",
    "Planned": "PlanContext",
    "Named": "Declared",
    "Serving": "Declared",
    "Desired": "Declared",
    "Seen": "Observed",
    "Done": "Completed",
    "Closed": "Abandoned",
    "Remotely": "RefreshReport",
    "Found": "Created",
    "Doubt": "Ambiguous",
    "Absent": "NotCreated",
    "Twins": "OrphanIndex",
    "Fate": "ImportAction",
    "Way": "Remedy",
    "Reason": "Explanation",
}
MODULES: Final = {
    "taking_over": "import_new",
    "taking_edits": "import_update",
    "keeping": "git_hints",
    "running": "execute",
    "stages": "pipeline",
    "inert": "ci_escape",
    "marks": "markdown_escape",
    "cutting": "truncate",
    "machine": "json",
    "checked": "validation",
    "notes": "notices",
    "slips": "typos",
    "words": "text_diff",
    "holdings": "known",
    "choosing": "single",
    "carrying_out": "write",
    "placing": "paths",
}
FUNCTIONS: Final = {
    "stand_ins": "placeholders",
    "tainted": "placeholders",
    "foreign": "unmanaged",
    "inert": "ci_escape",
    "on_top": "rebase_state",
    "follow": "fast_forward",
}


@dataclass(frozen=True, slots=True)
class Offence:
    """A word that must not be there. `path` is relative to the repository."""

    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}: write {self.instead}"


def in_documents() -> list[Offence]:
    """What people read that is no code: the documents, the action, the workflows and what `init` writes."""
    own = [
        ROOT / name
        for name in (
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "Makefile",
            "action.yml",
            ".pre-commit-hooks.yaml",
        )
    ]
    globs = ("docs/**/*.md", "benchmarks/*.md", ".github/workflows/*.yml", "kalentops/init/templates/*")
    own += sorted(path for pattern in globs for path in ROOT.glob(pattern))
    return [each for path in own for each in _prose(path, 1, _own_words(path.read_text(encoding="utf-8")))]


def _own_words(text: str) -> str:
    """Without what the program has printed: its texts are looked at where they stand."""
    printed = re.compile(r"^ *```(console\n|\nUsage:).*?^ *```$", re.MULTILINE | re.DOTALL)
    return printed.sub(lambda found: "\n" * found[0].count("\n"), text)


def in_package(folder: str = "") -> list[Offence]:
    """Texts, docstrings, comments and names of the package, or of one folder of it."""
    found: list[Offence] = []
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        found += [*_names(path), *_texts(path)]
    for path in sorted((PACKAGE / folder).rglob("*.j2")):
        found += _prose(path, 1, path.read_text(encoding="utf-8"))
    return found


def in_tests() -> list[Offence]:
    """Docstrings, comments and names of tests and benchmarks. Their texts may be hostile, or another program's."""
    found: list[Offence] = []
    own = Path(__file__)
    for path in sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")):
        found += [] if path == own else [*_docstrings(path), *_texts(path, frozenset({tokenize.COMMENT}))]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found += _prose(path, node.lineno, node.name.strip("_").replace("_", " "))
    return found


def _docstrings(path: Path) -> Iterator[Offence]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield from _prose(
                path, node.body[0].lineno if node.body else 1, ast.get_docstring(node, clean=False) or ""
            )


def _prose(path: Path, line: int, text: str) -> Iterator[Offence]:
    name = path.relative_to(ROOT).as_posix()
    # A phrase may be wrapped: the line breaks of a paragraph, and what comments begin with, count as one space.
    flat = re.sub(r"\s*\n[ \t#]*", lambda found: "\n" + " " * (len(found[0]) - 1), text)
    joined = flat.replace("\n", " ")
    squeezed, places = _squeeze(joined)
    for found in _PHRASES.finditer(squeezed):
        at = line + flat.count("\n", 0, places[found.start()])
        yield Offence(name, at, found[0], list(PHRASES.values())[int(str(found.lastgroup)[1:])])


def _squeeze(text: str) -> tuple[str, list[int]]:
    """With single spaces; and where each character stood."""
    places = [at for at, sign in enumerate(text) if sign != " " or not at or text[at - 1] != " "]
    return "".join(text[at] for at in places), places


_SAID: Final = frozenset({tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)})


def _texts(path: Path, kinds: frozenset[int] = _SAID) -> Iterator[Offence]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in kinds:
                # What stands in the braces of an f-string is code.
                text = re.sub(r"\{[^{}\n]*\}", lambda found: "_" * len(found[0]), token.string)
                yield from _prose(path, token.start[0], text)


def _names(path: Path) -> Iterator[Offence]:
    name = path.relative_to(ROOT).as_posix()
    if path.stem in MODULES:
        yield Offence(name, 1, f"module {path.stem}", MODULES[path.stem])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name in CLASSES:
            yield Offence(name, node.lineno, f"class {node.name}", CLASSES[node.name])
        elif isinstance(node, ast.FunctionDef) and node.name.strip("_") in FUNCTIONS:
            yield Offence(name, node.lineno, f"function {node.name}", FUNCTIONS[node.name.strip("_")])


if __name__ == "__main__":
    found = [*in_documents(), *in_package(*sys.argv[1:2]), *in_tests()]
    sys.stdout.writelines(f"{each}\n" for each in found)
    folders = Counter("/".join(each.path.split("/")[:2]) for each in found)
    sys.stdout.writelines(f"{number:5} {folder}\n" for folder, number in sorted(folders.items()))
