"""With `--against`, unchanged sequences are left out: the page says so, names their positions, and keeps errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from kalentops.preview.html import render
from kalentops.preview.page import Before, make_page
from kalentops.preview.view import Page
from kalentops.project.load import Repository, load
from tests.builders import Data, blueprint, step
from tests.harness import Project
from tests.preview.conftest import Look
from tests.preview.pages import commit

TEXT = "Hi {{firstname}}, could we talk for ten minutes this week?"


def loaded(project: Project) -> Repository:
    return load(project.folder, [project.folder / "blueprints"], bodies=True, origins=True)


def changed_page(project: Project, before: Repository) -> Page:
    was = Before("main", "c" * 40, {each.address: each for each in before.declared})
    return make_page(loaded(project), [], "page", was, whole=False)


def saying(text: str, **fields: object) -> Data:
    return {"name": f"Direct {text[:9]}", "steps": [step(1, content=text, **fields)]}


def write(project: Project, name: str, *texts: str) -> None:
    keys = {f"key-{number}": saying(text) for number, text in enumerate(texts)}
    project.write(f"sourcing_{name}", keys, name=name)


def test_only_what_has_changed_is_shown_and_the_rest_is_counted_and_named(bare: Project) -> None:
    write(bare, "a", "One word.", "Two words.")
    write(bare, "b", "Three words.")
    write(bare, "c", "Gone.")
    before = loaded(bare)
    write(bare, "a", "One short word.", "Two words.")
    write(bare, "c")
    shown = changed_page(bare, before)
    assert [(each.address, each.status) for each in shown.sequences] == [
        ("sourcing_a/key-0", "changed"),
        ("sourcing_c/key-0", "removed"),
    ]
    assert shown.summary.en == "3 sequences for 2 positions, 1 changed, 1 removed"
    assert shown.unchanged is not None
    assert [(title, number.en) for title, number in shown.unchanged.positions] == [
        ("sourcing_a", "1 sequence"),
        ("sourcing_b", "1 sequence"),
    ]
    assert shown.unchanged.note.en == (
        "This page shows only what has changed since main (cccccccccc). 2 unchanged sequences for 2 positions are left "
        "out; the list at the end names the positions. To see them too, run kalentops preview with --all."
    )
    html = render(shown).decode()
    assert shown.unchanged.note.en in html
    assert "Three words" not in html
    assert "<bdi>sourcing_b</bdi>" in html


def test_a_comment_or_another_file_name_is_no_change(bare: Project) -> None:
    write(bare, "a", "One word.")
    before = loaded(bare)
    path = bare.folder / "blueprints" / "a.yaml"
    path.write_text(f"# A comment\n{path.read_text()}\n", encoding="utf-8")
    path.rename(path.with_name("renamed.yaml"))
    shown = changed_page(bare, before)
    assert shown.sequences == ()
    html = render(shown).decode()
    assert "No sequence has changed." in html
    assert "no sequence in these files" not in html


def test_errors_of_what_is_left_out_are_shown_and_warnings_are_counted(bare: Project) -> None:
    wrong = saying("Hi {{firstName}}")
    wrong["steps"] += [step(2, policy=None)]
    bare.write("sourcing_a", {"wrong": wrong})
    bare.write("sourcing_b", {"other": saying("Hi {{firstName}}")})
    before = loaded(bare)
    bare.write("sourcing_b", {"other": saying("Hello {{firstName}}")})
    shown = changed_page(bare, before)
    assert [[note.code for note in each.steps[0].notes] for each in shown.sequences] == [["KAL101"]]
    assert shown.files == ()
    assert shown.unchanged is not None
    assert [(each.file, [note.code for note in each.notes]) for each in shown.unchanged.files] == [
        ("blueprints/sourcing_a.yaml", ["KAL101"])
    ]
    assert "They have 1 warning." in shown.unchanged.note.en
    assert ", 1 changed, 2 errors, 1 warning" in shown.summary.en


def test_a_forgotten_copy_is_named_though_it_is_left_out(bare: Project) -> None:
    for name in "abc":
        write(bare, name, TEXT)
    before = loaded(bare)
    for name in "ab":
        write(bare, name, TEXT.replace("ten", "fifteen"))
    [changed] = changed_page(bare, before).sequences
    assert [each.en for each in changed.remarks] == [
        "1 more position has the old text and does not get this change: sourcing_c"
    ]


@pytest.mark.processes
def test_all_shows_the_unchanged_too(bare: Project) -> None:
    bare.write("sourcing_a", {"one": blueprint("One"), "two": blueprint("Second of them")})
    commit(bare.folder)
    said = "no sequence has changed since HEAD; left out: 2 unchanged sequences; --all shows them too"
    assert bare.run("preview", "--against", "HEAD").err == f"note: {said}\n"
    bare.write("sourcing_a", {"one": blueprint("One", steps=3), "two": blueprint("Second of them")})
    page = bare.folder / "kalentops-preview.html"
    ran = bare.run("preview", "--against", "HEAD")
    assert ran.err == "note: left out: 1 unchanged sequence; --all shows them too\n"
    assert ran.out.endswith(": 2 sequences in 1 sourcing, 1 changed\n")
    assert "Second of them" not in page.read_text()
    assert bare.run("preview", "--against", "HEAD", "--quiet").err == ""
    for whole in (("--against", "HEAD", "--all"), ("--all",), ()):
        assert bare.run("preview", *whole).err == ""
        assert "Second of them" in page.read_text()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sequence that changed, three that did not."""
    project = Project(tmp_path_factory.mktemp("unchanged"), "http://127.0.0.1:9/api")
    for name in ("Lyon", "Nice", "Paris"):
        project.write(f"s_{name}", {"one": saying(f"Come to {name}.")}, name=name)
    commit(project.folder)
    project.write("s_Rome", {"one": saying("Come to Rome.")}, name="Rome")
    assert project.run("preview", "--against", "HEAD").code == 0
    return project.folder / "kalentops-preview.html"


@pytest.mark.processes
@pytest.mark.thorough
def test_a_search_and_a_link_say_what_is_not_on_the_page(file: Path, look: Look) -> None:
    page = look(file)
    note = page.get_by_text("This page shows only what has changed")
    expect(note).to_be_visible()
    status, names = page.get_by_role("status"), page.locator("#unchanged li")
    expect(status).to_have_text("1 of 1 shown, 3 unchanged left out")
    expect(names.first).to_be_hidden()
    page.get_by_label("Find in names and texts").fill("Paris")
    expect(status).to_have_text("0 of 1 shown, 3 unchanged left out")
    expect(page.get_by_text("Nothing on this page fits what is asked for.")).to_be_visible()
    expect(names.locator("visible=true")).to_have_text(["s_Paris 1 sequence"])
    page.get_by_label("Find in names and texts").fill("")
    page.get_by_role("link", name="Unchanged").click()
    expect(names.last).to_be_in_viewport()
    page.evaluate("location.hash = '#s_Lyon/one'")
    expect(note).to_be_in_viewport()
    page.emulate_media(media="print")
    expect(note).to_be_visible()
    assert "3 séquences inchangées" in look(file, locale="fr-FR").locator("#left-out").inner_text()
