"""The value of a parameter ends in a line break.

A value stands in the middle of a message, so its last line break would tear a sentence apart. `|` and `>` keep it;
`|-` and `>-` don't.

Wrong:
    with:
      pitch: |
        We build payments in a team of six.

Right:
    with:
      pitch: |-
        We build payments in a team of six.
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule
from kalentops.lint.texts import BREAKS, Sign, Written
from kalentops.support.text import clip


def check_written(text: Written) -> Iterator[Problem]:
    match text.path:
        case ("blueprints", _, "with", name) | ("parameters", name, "default", *_):
            if isinstance(text.value, str) and text.value.endswith(BREAKS):
                hint = (
                    f"write `{text.style}-` instead of `{text.style}`"
                    if text.style in {"|", ">"}
                    else "remove it from the end of the text"
                )
                yield Problem(text.path, f"the value of `{clip(str(name))}` ends in a line break", hint)


RULE = Rule("KAL408", "value-ends-in-line-break", __doc__, check_written=check_written, signs=Sign.BREAK)
