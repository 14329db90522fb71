"""A name has the form that kalentops gives to what reserves an id.

While a blueprint is created, an empty one of the name `NAME (kalentops KEY NONCE)` reserves its id. A blueprint that
you write under such a name could be taken for one of those.

Wrong:
    name: First contact (kalentops first-contact 3f9a2c1b)

Right:
    name: First contact
"""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.model import Blueprint
from kalentops.blueprint.remote import mark_in
from kalentops.lint.finding import Problem
from kalentops.lint.rule import Rule


def check(blueprint: Blueprint) -> Iterator[Problem]:
    if mark_in(blueprint.name) is not None:
        yield Problem(
            ("name",),
            "the name ends as the names of the empty blueprints do that reserve an id",
            "take the part in parentheses away",
        )


RULE = Rule("KAL026", "reserved-name", __doc__, check, reads=frozenset({"name"}))
