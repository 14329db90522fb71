"""Blueprints that are made from templates, written as plain ones: as a text of their own, or in their files."""

from __future__ import annotations

from collections.abc import Iterator

from kalentops.blueprint.files import SourcingFile, Use
from kalentops.blueprint.model import Blueprint
from kalentops.project.document import Document
from kalentops.project.resolve import Library, resolve


def plain_blueprints(document: Document, library: Library) -> Iterator[tuple[str, Blueprint]]:
    """The blueprints of a position's file by key, resolved; without those of which nothing is known."""
    if isinstance(document.model, SourcingFile):
        for key, each in document.model.blueprints.items():
            found = resolve(document, key, library).blueprint if isinstance(each, Use) else each
            if found is not None:
                yield key, found
