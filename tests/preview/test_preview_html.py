"""The page as HTML: nothing of a text becomes markup, and nothing but our own may run or load."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.blueprint.body import Address
from kalentops.lint.finding import Finding
from kalentops.lint.rule import Declared
from kalentops.preview.html import render, render_trouble
from kalentops.preview.page import Before, make_page
from kalentops.preview.phrases import plain
from kalentops.project.check import check_text
from kalentops.project.load import Repository, with_library
from kalentops.project.result import CheckOptions
from kalentops.support.text import unseen, visible
from tests.hostile import HOSTILE, quoted
from tests.sizes import examples


class Outline(HTMLParser):
    """The tags and their attributes' names, in order; the texts apart."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.raw: dict[str, str] = {}
        self._within = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.values += [(name, value or "") for name, value in attrs]
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in {"style", "script"}:
            self.raw[self._within] = data
        else:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", ()))


def file_of(text: str, *, more: str = "") -> str:
    said = quoted(text or " ")
    return (
        f"sourcingId: {said}\nblueprints:\n  one:\n    name: {said}\n    steps:\n"
        f"      - {{id: a, name: {said}, type: EMAIL, subject: {said}, content: {said}, temporalityType: ASAP, "
        f"config: {{userId: {said}}}}}\n"
        f"      - {{id: b, name: {said}, type: SMS, content: {quoted(text + more)}, temporalityType: ASAP}}\n"
    )


def html_of(text: str) -> str:
    """A page that holds the text wherever one may stand: two versions of it, findings that quote it, and an unchanged
    blueprint that is left out, with an error.
    """
    name = f"blueprints/{text}.yaml"
    desired = check_text(CheckOptions(Path(), bodies=True), name, file_of(text)).declared
    old = check_text(CheckOptions(Path(), bodies=True), name, file_of(text, more=" more")).declared
    assert desired
    paths = [("blueprints", "one", "steps", 0), ("blueprints", "one"), ()]
    findings = [Finding(name, 1, 1, "KAL101", text, text, path=path) for path in paths]
    at = desired[0].origin._replace(file=f"blueprints/same {text}.yaml")
    same = desired[0]._replace(address=Address(f"same {text}", text), origin=at, title=text)
    findings += [replace(findings[0], file=at.file, path=("blueprints", text))]
    declared: dict[str, Declared] = {each.address: each for each in (*old, same)}
    before = Before(text, "0" * 40, declared, (plain(visible(text)),))
    sample = {"firstname": text, "lastname": text, "recruiterFirstname": text}
    repository = Repository([name, at.file], findings, [*desired, same])
    return render(make_page(repository, [sample], text, before, whole=False)).decode()


def test_the_policy_permits_our_own_style_and_script_alone() -> None:
    html = html_of("plain")
    outline = Outline(html)
    [policy] = [value for name, value in outline.values if name == "content" and "default-src" in value]
    hashes = {
        tag: "'sha256-" + base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode() + "'"
        for tag, raw in outline.raw.items()
    }
    assert policy == (
        f"default-src 'none'; style-src {hashes['style']}; script-src {hashes['script']}; "
        "base-uri 'none'; form-action 'none'"
    )
    head = html[: html.index("<style>")]
    assert head.index("Content-Security-Policy") < head.index("<title")


def test_the_page_holds_no_address_but_its_own_anchors() -> None:
    outline = Outline(html_of("plain"))
    assert all(value.startswith("#") for name, value in outline.values if name == "href")
    assert not any(name in {"src", "srcset", "action", "style", "data"} for name, _ in outline.values)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", outline.raw["style"])
    assert "http" not in outline.raw["script"]
    assert not re.search(r"\b(fetch|XMLHttpRequest|innerHTML|eval|import)\b", outline.raw["script"])


def test_own_files_hold_nothing_that_would_end_their_element() -> None:
    raw = Outline(html_of("plain")).raw
    for text in raw.values():
        assert "\r" not in text
        assert not re.search(r"</|<!--", text)


PLAIN = Outline(html_of("plain"))
# What stands for a part of a text: a stand-in for what can't be seen, a variable, …
OF_TEXTS = {
    *(
        (f"{slash}{tag}", ())
        for slash in ("", "/")
        for tag in ("code", "ins", "del", "dd", "svg", "use", "p", "span")
    ),
    *(
        ("span", names)
        for names in (
            ("class",),
            ("class", "title", "data-w-title"),
            ("class", "data-v", "title"),
            ("data-w",),
        )
    ),
    *(
        ("dd", ("class",)),
        ("dd", ("class", "data-w", "data-texts", "data-over")),
        ("svg", ("class", "aria-hidden")),
        ("use", ("href",)),
        ("p", ("class",)),
    ),
}
HARMLESS = str.maketrans("<>\"'&", "(((((")


def check(text: str, make: Callable[[str], str] = html_of, plain: Outline = PLAIN) -> None:
    html = make(text)
    outline = Outline(html)
    assert set(outline.tags) <= {*plain.tags, *OF_TEXTS}
    assert outline.raw == plain.raw
    assert all(value.startswith("#") for name, value in outline.values if name == "href")
    assert unseen("".join(outline.texts)) == []
    assert unseen("".join(value for _, value in outline.values)) == []
    # Neither a tag nor an attribute began or ended because of the text.
    twin = make(text.translate(HARMLESS))
    assert [html.count(char) for char in "<>\"'"] == [twin.count(char) for char in "<>\"'"]


def test_no_hostile_text_becomes_markup() -> None:
    for _, text in HOSTILE:
        check(text)


def html_of_group(text: str) -> str:
    """A page of three positions that share a template: the text stands in its words, and in the title, the sample and
    the value of one position, so that it is in the data of the switch.
    """
    said = quoted(text)
    template = f"template: t\nparameters: {{p: {{about: x}}}}\nname: n\nsteps:\n  - {{id: a, name: {said}, "
    template += "type: EMAIL, subject: '{{param.p}}', content: 'x {{param.p}} y', temporalityType: ASAP}\n"
    texts = {"t.yaml": template}
    for number, value in enumerate((said, quoted(text + " 2"), "plain")):
        texts[f"{number}.yaml"] = (
            f"sourcingId: s{number}\ntitle: {value}\nsample: {{firstname: {value}}}\n"
            f"blueprints:\n  one: {{use: t, with: {{p: {value}}}}}\n"
        )
    options = with_library(CheckOptions(Path(), bodies=True, origins=True), texts)
    found = [check_text(options, name, each) for name, each in texts.items()]
    declared = [each for of in found for each in of.declared]
    positions = [each for of in found for each in of.positions]
    return render(make_page(Repository(list(texts), [], declared, positions=positions), [], "page")).decode()


GROUP = Outline(html_of_group("words"))


def test_no_hostile_text_of_one_of_several_positions_becomes_markup() -> None:
    assert ("select", ()) in GROUP.tags
    for _, text in HOSTILE:
        check(text, html_of_group, GROUP)


@given(st.text(min_size=1) | st.text("<>&\"'`{%}/=\0 ax", min_size=1))
@settings(deadline=None, max_examples=examples(60))
def test_no_text_becomes_markup(text: str) -> None:
    check(text)


def test_a_page_of_trouble_is_as_safe() -> None:
    [plain, bad] = [
        Outline(render_trouble(text, text, live="v").decode()) for text in ("x", "<script>pwned=1</script>")
    ]
    assert bad.tags == plain.tags
    assert any("; connect-src 'self'; " in value for _, value in bad.values)


def test_a_page_is_the_same_each_time() -> None:
    assert html_of("Hi {{firstname}}") == html_of("Hi {{firstname}}")


def test_who_has_no_script_reads_the_first_candidate() -> None:
    texts = Outline(html_of("to {{firstname}} in {{candidateLocation}}")).texts
    assert "to " in texts
    assert "to {{firstname}} in {{candidateLocation}}" in texts  # the sample's own value, filled in once
    assert "candidateLocation missing" in texts
