"""A name looks like the name of a stub.

While kalentops creates a blueprint, a stub (an empty blueprint) named `NAME (kalentops KEY NONCE)` reserves its id. A
blueprint to which you give such a name could be taken for a stub.

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
from kalentops.lint.summary import Summary


def _may_find(of: Summary) -> bool:
    return mark_in(of.blueprint.name) is not None


def check(blueprint: Blueprint) -> Iterator[Problem]:
    if mark_in(blueprint.name) is not None:
        yield Problem(
            ("name",),
            "the name ends like the name of a stub, the empty blueprint that reserves an id",
            "remove the part in parentheses",
        )


RULE = Rule("KAL026", "reserved-name", __doc__, check, reads=frozenset({"name"}), prefilter=_may_find)
