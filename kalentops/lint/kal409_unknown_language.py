"""A language is not one of the template's.

A template lists its languages below `languages`. The language of a blueprint is its own `language`, or the one beside
`sourcingId`. Without `languages`, a template has one text for all.

Wrong:
    # the template has languages: [en, fr]
    use: linkedin-first
    language: de

Right:
    use: linkedin-first
    language: fr
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kalentops.blueprint.files import TemplateFile
from kalentops.blueprint.variables import MARKED_FIELDS
from kalentops.lint.finding import DataPath, Problem
from kalentops.lint.rule import Rule, SharedContext, UseContext
from kalentops.support.text import clip, nearest
from kalentops.support.text_diff import did_you_mean


def check_use(of: UseContext) -> Iterator[Problem]:
    asked = of.use.language or of.position_language
    languages = of.template.languages if of.template else ()
    if asked and languages and asked not in languages and not _is_unknown(of.template_unknown):
        near = nearest(asked, languages)
        hint = did_you_mean(asked, near) if near else "its languages are " + ", ".join(languages)
        path = ("language",) if of.use.language else ("use",)
        yield Problem(path, f"the template `{clip(of.use.use)}` has no texts in `{asked}`", hint)


def check_shared(of: SharedContext) -> Iterator[Problem]:
    if isinstance(of.file, TemplateFile) and not _is_unknown(of.unknown):
        for path, text in _texts(of.file):
            if isinstance(text, Mapping):
                yield from _of_text(path, text, of.file.languages)


def _texts(file: TemplateFile) -> Iterator[tuple[DataPath, object]]:
    for name, parameter in file.parameters.items():
        yield ("parameters", name, "default"), parameter.default
    yield ("name",), file.name
    for number, step in enumerate(file.steps):
        yield from ((("steps", number, field), getattr(step, field)) for field in MARKED_FIELDS)


def _of_text(path: DataPath, text: Mapping[str, str], languages: tuple[str, ...]) -> Iterator[Problem]:
    if not languages:
        hint = f"write `languages: [{', '.join(text) or 'en, fr'}]` beside `template`, or one text"
        yield Problem(path, "there is a text for each language, but the template has no `languages`", hint)
        return
    for language in text:
        if language not in languages:
            near = nearest(language, languages)
            hint = f"add it to `languages`: [{', '.join((*languages, language))}]"
            if near and near not in text:
                hint = did_you_mean(language, near)
            yield Problem(
                (*path, language), f"`{language}` is not a language of this template", hint, on_key=True
            )


def _is_unknown(paths: Iterable[DataPath]) -> bool:
    return any(path[0] == "languages" for path in paths)


RULE = Rule("KAL409", "unknown-language", __doc__, check_use=check_use, check_shared=check_shared)
