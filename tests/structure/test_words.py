"""Everything that people read is written in the words of docs/reference/glossary.md."""

from __future__ import annotations

from tests.structure.words import in_documents, in_package, in_tests


def test_documents_use_the_words_of_the_glossary() -> None:
    assert [str(each) for each in in_documents()] == []


def test_messages_docstrings_comments_and_names_use_them_too() -> None:
    assert [str(each) for each in in_package()] == []


def test_docstrings_and_comments_of_tests_use_them_too() -> None:
    assert [str(each) for each in in_tests()] == []
