"""The templates and snippets of a project, by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from kalentops.lint.finding import Origin

if TYPE_CHECKING:  # a document needs the parser and the models
    from kalentops.blueprint.files import TemplateFile
    from kalentops.project.document import Document


class Template(NamedTuple):
    """A template and the file that it stands in. `file` is None for one that can't be read: its name is all that is
    known of it.
    """

    name: str
    document: Document
    file: TemplateFile | None


@dataclass(frozen=True)
class Library:
    """The templates and snippets of a project. Of those with one name the first counts. `nameless` are the files that
    may hold others, whose names can't be read.
    """

    templates: Mapping[str, Template] = field(default_factory=dict)
    snippets: Mapping[str, tuple[Document, Any]] = field(default_factory=dict)
    nameless: frozenset[str] = frozenset()
    documents: Sequence[Document] = ()
    slots: dict[tuple[str, str | None], Any] = field(default_factory=dict, compare=False)
    """The steps of a template in a language, once they were asked for."""

    @classmethod
    def of(cls, documents: Iterable[Document], unread: Collection[str] = ()) -> Library:
        """The library that the documents of all shared files make, beside files that are `unread`."""
        # Where no file is shared, which is known without parsing one, the models are not needed.
        from kalentops.blueprint.files import SnippetsFile, TemplateFile

        documents = list(documents)
        templates: dict[str, Template] = {}
        snippets: dict[str, tuple[Document, Any]] = {}
        nameless = set(unread)
        for document in documents:
            model = document.model
            if isinstance(model, SnippetsFile):
                nameless |= {document.file} if ("snippets",) in document.placeholders else set()
                for name, text in model.snippets.items():
                    snippets.setdefault(name, (document, text))
            elif isinstance(model, TemplateFile) and ("template",) not in document.placeholders:
                templates.setdefault(model.template, Template(model.template, document, model))
            elif not document.is_certainly_unshared:
                names = document.unreadable_names()
                for name in names:
                    templates.setdefault(name, Template(name, document, None))
                nameless |= set() if names else {document.file}
        return cls(templates, snippets, frozenset(nameless), tuple(documents))

    @cached_property
    def by_file(self) -> dict[str, Document]:
        return {each.file: each for each in self.documents}

    @cached_property
    def digests(self) -> dict[str, str]:
        """Those of its files."""
        return {
            each.file: sha256(each.text.encode(errors="surrogatepass")).hexdigest() for each in self.documents
        }

    @cached_property
    def names_digest(self) -> str:
        """Changes with each name that is added, removed or taken from another file, and that can or can't be read."""
        templates = sorted((name, each.document.file) for name, each in self.templates.items())
        snippets = sorted((name, document.file) for name, (document, _) in self.snippets.items())
        said = templates, snippets, sorted(self.nameless)
        return sha256(repr(said).encode(errors="surrogatepass")).hexdigest()

    def places(self) -> Iterator[tuple[str, str, Origin]]:
        """Kind, name and place of each template and snippet, those of the same name included."""
        if not self.documents:
            return
        from kalentops.blueprint.files import SnippetsFile, TemplateFile

        for document in self.documents:
            model = document.model
            if isinstance(model, SnippetsFile):
                for name in model.snippets:
                    at = document.places.find(("snippets", name), on_key=True)
                    yield "snippet", name, Origin(document.file, *at)
            elif isinstance(model, TemplateFile) and ("template",) not in document.placeholders:
                at = document.places.find(("template",))
                yield "template", model.template, Origin(document.file, *at)
