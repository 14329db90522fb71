"""A text is not there in the language of a blueprint, or a blueprint says no language.

A text of another language is never taken. Where a template has several languages, the blueprint says with `language`
which one it has, or the file does for all, beside `sourcingId`.

Wrong:
    content: {en: "Hi {{firstname}}"}       # and a blueprint has language: fr

Right:
    content: {en: "Hi {{firstname}}", fr: "Bonjour {{firstname}}"}
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.support.text import clip

_SAY = "write `language: …` here, or beside `sourcingId` for the whole file"


def check(of: UseContext) -> Iterator[Problem]:
    if of.template is None or ("language",) in of.unknown:
        return
    languages = of.template.languages
    if any(path[0] == "languages" for path in of.template_unknown):
        return
    if not (of.use.language or of.position_language) and len(languages) > 1:
        said = f"the template `{clip(of.use.use)}` has texts in {', '.join(languages)}; this blueprint has no language"
        yield Problem(("use",), said, _SAY)
    elif of.language is not None:
        said, hint = (
            f"this text is not there in `{of.language}`",
            f"write `{of.language}: …`, or one text for all",
        )
        for within, path in dict.fromkeys(of.untranslated):
            yield Problem(path, said, hint, within=within)
    elif not languages:
        snippets = dict.fromkeys(within.removeprefix("snippet ") for within, _ in of.untranslated)
        for name in snippets:
            said = f"the snippet `{clip(name)}` is there in several languages; this blueprint has no language"
            yield Problem(("use",), said, _SAY)


RULE = Rule("KAL410", "missing-language", __doc__, check_use=check)
