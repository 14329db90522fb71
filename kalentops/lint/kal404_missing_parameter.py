"""A parameter has no value.

A blueprint needs a value for each parameter that stands in its texts and has no `default`.

Wrong:
    use: linkedin-first

Right:
    use: linkedin-first
    with:
      pitch: We build payments in a team of six.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule, UseContext
from kalentops.lint.texts import first
from kalentops.support.text import clip, nearest


def check(of: UseContext) -> Iterator[Problem]:
    if of.template is not None and ("with",) not in of.unknown:
        yield from first(_missing(of), partial(_tell, of), "this blueprint")


def _missing(of: UseContext) -> Iterator[str]:
    parameters = of.template.parameters if of.template else {}
    given = of.use.values
    # A value whose key is wrong has a finding of its own.
    wrong = [name for name in given if name not in parameters]
    wrong += [str(path[1]) for path in of.unknown if path[0] == "with" and len(path) > 1]
    meant = {nearest(name, parameters) for name in wrong[:_MOST_SLIPS]}
    for name in dict.fromkeys(each.name for each in of.markers if each.kind == "param"):
        if name in parameters and name not in given and name not in meant:
            path = ("parameters", name)
            if parameters[name].default is None and not any(p[:2] == path for p in of.template_unknown):
                yield name


_MOST_SLIPS: Final = 20


def _tell(of: UseContext, name: str) -> Problem:
    about = of.template.parameters[name].about if of.template else None
    said = f"the parameter `{clip(name)}` has no value" + (f": {clip(about, 100)}" if about else "")
    given = "values" in of.use.model_fields_set
    hint = f"write `{name}: …` below `with`" if given else f"write `with: {{{name}: …}}`"
    return Problem(("with",) if given else ("use",), said, hint, on_key=given)


RULE = Rule("KAL404", "missing-parameter", __doc__, check_use=check)
