"""Everything that people read is written in the words of docs/glossary.md."""

from __future__ import annotations

from tests.structure.words import in_documents


def test_documents_use_the_words_of_the_glossary() -> None:
    assert [str(each) for each in in_documents()] == []
