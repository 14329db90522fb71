"""Two templates, or two snippets, have the same name.

A name stands for one template, or for one snippet, in the whole project, in whatever file it is.

Wrong:
    # a.yaml
    template: linkedin-first
    # b.yaml
    template: linkedin-first

Right:
    # b.yaml
    template: linkedin-first-short
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Finding, Origin
from kalentops.lint.rule import Declarations, Rule
from kalentops.support.text import clip


def check(project: Declarations) -> Iterator[Finding]:
    seen: dict[tuple[str, str], Origin] = {}
    for kind, name, origin in project.shared:
        first = seen.setdefault((kind, name), origin)
        if first is not origin:
            said = f"there are two {kind}s `{clip(name)}`; the first is in {first.file}:{first.line}"
            yield Finding(*origin.place, "KAL402", said, "rename one of the two")


RULE = Rule("KAL402", "duplicate-template", __doc__, check_project=check)
