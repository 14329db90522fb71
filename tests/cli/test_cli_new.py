"""`kalentops new`: a blueprint that uses a template, in a new file or in that of the position."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness import Project

TEMPLATE = """\
template: linkedin-first
parameters:
  pitch: {about: "One sentence\\nabout the role"}
  closing:
    about: Last line of the last e-mail
    default: {en: "Thank you: read on.", fr: Merci.}
  greeting: {default: {en: Hi}}
  unused: {}
languages: [en, fr]
name: LinkedIn first
steps:
  - id: invite
    name: Invitation
    type: LINKEDIN
    linkedInType: LINKEDIN_INVITATION_WITH_MESSAGE
    temporalityType: ASAP
    content:
      en: "{{param.greeting}} {{firstname}}, {{param.pitch}} {{param.closing}}"
      fr: "{{param.greeting}} {{firstname}}, {{param.pitch}} {{param.closing}}"
"""
PLAIN = TEMPLATE.replace("linkedin-first", "plain").replace("[en, fr]", "[en]")
NEW = """\
sourcingId: sourcing_1
title: Data engineer, Lyon
language: fr
blueprints:
  linkedin-first:
    use: linkedin-first
    with:
      # One sentence
      # about the role
      pitch: "[pitch]"
      greeting: "[greeting]"
      # Last line of the last e-mail
      # closing: Merci.
"""


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    project = Project(tmp_path, "")
    (project.folder / "blueprints").mkdir()
    (project.folder / "blueprints" / "t.yaml").write_text(TEMPLATE)
    return project


def text(project: Project, name: str) -> str:
    return (project.folder / "blueprints" / name).read_text()


@pytest.mark.processes
def test_a_new_position_says_what_to_fill_in(bare: Project) -> None:
    args = (
        "new",
        "sourcing_1",
        "--use",
        "linkedin-first",
        "--language",
        "fr",
        "--title",
        "Data engineer, Lyon",
    )
    dry = bare.run(*args, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert dry.out == "  blueprints/data-engineer-lyon.yaml would be written: blueprint linkedin-first\n"
    assert "+    use: linkedin-first" in bare.run(*args, "--diff").out.splitlines()
    ran = bare.process(*args)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "  blueprints/data-engineer-lyon.yaml written: blueprint linkedin-first\n"
        "Next: fill in pitch (blueprints/data-engineer-lyon.yaml:10), greeting "
        "(blueprints/data-engineer-lyon.yaml:11), then check it with `kalentops validate`.\n"
    )
    assert text(bare, "data-engineer-lyon.yaml") == NEW
    assert bare.run("fmt", "--check", "blueprints/data-engineer-lyon.yaml").code == 0
    found = bare.run("validate", "--format", "json").json["findings"]
    assert [(each["code"], each["line"]) for each in found] == [("KAL103", 10), ("KAL103", 11)]
    filled = NEW.replace('"[pitch]"', "Six people.").replace('"[greeting]"', "Bonjour")
    (bare.folder / "blueprints" / "data-engineer-lyon.yaml").write_text(filled)
    assert bare.run("validate").code == 0
    assert "Plan: 1 to create." in bare.run("plan").out


def test_the_file_of_the_position_gets_the_blueprint(bare: Project) -> None:
    (bare.folder / "blueprints" / "a.yaml").write_text(NEW + "\n# the end\n")
    same = bare.run("new", "sourcing_1", "--use", "linkedin-first")
    assert (same.code, same.out) == (1, "")
    assert "blueprints/a.yaml has a blueprint linkedin-first" in same.err
    assert (
        bare.run("new", "sourcing_1", "--use", "linkedin-first", "--language", "en", "--key", "second").code
        == 0
    )
    added = """
  second:
    use: linkedin-first
    name: LinkedIn first (second)
    language: en
    with:
      # One sentence
      # about the role
      pitch: "[pitch]"
      # Last line of the last e-mail
      # closing: "Thank you: read on."
      # greeting: Hi

# the end
"""
    assert text(bare, "a.yaml") == NEW + added
    codes = [each["code"] for each in bare.run("validate", "--format", "json").json["findings"]]
    assert set(codes) == {"KAL103"}


def test_a_closed_position_gets_it_too(bare: Project) -> None:
    (bare.folder / "blueprints" / "a.yaml").write_text("sourcingId: sourcing_1\nremoved: [old]\n")
    (bare.folder / "blueprints" / "p.yaml").write_text(PLAIN)
    assert "lists a removed key old" in bare.run("new", "sourcing_1", "--use", "plain", "--key", "old").err
    assert bare.run("new", "sourcing_1", "--use", "plain").code == 0
    assert text(bare, "a.yaml") == (
        "sourcingId: sourcing_1\nremoved: [old]\nblueprints:\n  plain:\n    use: plain\n    with:\n"
        '      # One sentence\n      # about the role\n      pitch: "[pitch]"\n'
        '      # Last line of the last e-mail\n      # closing: "Thank you: read on."\n      # greeting: Hi\n'
    )


def test_another_file_of_the_position_is_named(bare: Project) -> None:
    """The language is that of the file, and the name differs from those in the position's other files."""
    head = "sourcingId: sourcing_1\nlanguage: fr\n"
    (bare.folder / "blueprints" / "c.yaml").write_text(NEW)
    (bare.folder / "blueprints" / "b.yaml").write_text(f"{head}removed: [old]\n")
    args = ("--use", "linkedin-first", "--key", "second", "--to", "blueprints/b.yaml")
    assert bare.run("new", "sourcing_1", *args).code == 0
    assert text(bare, "c.yaml") == NEW
    assert text(bare, "b.yaml").startswith(
        f"{head}removed: [old]\nblueprints:\n  second:\n    use: linkedin-first\n"
        "    name: LinkedIn first (second)\n    with:\n"
    )


def test_a_file_between_brackets_stays_so(bare: Project) -> None:
    (bare.folder / "blueprints" / "a.yaml").write_text('{"sourcingId": "sourcing_1", "blueprints": {}}\n')
    assert bare.run("new", "sourcing_1", "--use", "linkedin-first", "--language", "en").code == 0
    written = json.loads(text(bare, "a.yaml"))
    assert written["blueprints"]["linkedin-first"]["with"] == {"pitch": "[pitch]"}


def test_a_template_whose_parameters_all_have_defaults(bare: Project) -> None:
    (bare.folder / "blueprints" / "t.yaml").write_text(
        TEMPLATE.replace("parameters:\n  pitch: {about", "parameters:\n  pitch: {default: Join us, about")
    )
    assert (
        bare.run(
            "new", "sourcing_1", "--use", "linkedin-first", "--language", "en", "--to", "blueprints/b.yaml"
        ).code
        == 0
    )
    assert text(bare, "b.yaml").endswith(
        "    use: linkedin-first\n    # with:\n    #   One sentence\n    #   about the role\n    #   pitch: Join us\n"
        '    #   Last line of the last e-mail\n    #   closing: "Thank you: read on."\n    #   greeting: Hi\n'
    )
    assert bare.run("fmt", "--check").code == bare.run("validate").code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("s_1",), "error: new needs --use TEMPLATE\nhint: templates: linkedin-first (en, fr)"),
        (("s_1", "--use", "linkedin-frist"), "hint: did you mean linkedin-first?"),
        (
            ("s_1", "--use", "other"),
            "error: there is no template other\nhint: templates: linkedin-first (en, fr)",
        ),
        (
            ("s_1", "--use", "linkedin-first"),
            "has several languages\nhint: pass --language en or --language fr",
        ),
        (
            ("s_1", "--use", "linkedin-first", "--language", "de"),
            "lacks the language de\nhint: it has en, fr",
        ),
        (("s/1", "--use", "linkedin-first"), "error: s/1 is not the id of a sourcing"),
        (("s_1", "--use", "linkedin-first", "--language", "en", "--key", "A b"), "error: A b is not a key"),
        (("s_1", "--use", "linkedin-first", "--language", "en", "--to", "x.yaml"), "lies outside of"),
        (
            ("s_1", "--use", "linkedin-first", "--language", "en", "--to", "blueprints/t.yaml"),
            "t.yaml exists",
        ),
        (("s_2", "--use", "linkedin-first", "--language", "en", "--title", "x"), "--title is for a new file"),
        (("s_2", "--use", "linkedin-first"), "has several languages"),
    ],
)
def test_what_can_not_be_made(args: tuple[str, ...], said: str, bare: Project) -> None:
    (bare.folder / "blueprints" / "a.yaml").write_text("sourcingId: s_2\nlanguage: de\nremoved: [old]\n")
    before = sorted(path.name for path in (bare.folder / "blueprints").iterdir())
    ran = bare.run("new", *args)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert sorted(path.name for path in (bare.folder / "blueprints").iterdir()) == before


def test_a_single_file_of_blueprints_has_no_place_for_another(bare: Project) -> None:
    (bare.folder / "kalentops.yaml").write_text("blueprints: blueprints/t.yaml\n")
    ran = bare.run("new", "s_1", "--use", "linkedin-first", "--language", "en")
    assert (ran.code, ran.out) == (1, "")
    assert "t.yaml is not a folder, so there is no place for a new file\nhint: set `blueprints:`" in ran.err


def test_a_broken_template_is_not_used(bare: Project) -> None:
    (bare.folder / "blueprints" / "t.yaml").write_text(TEMPLATE.replace("type: LINKEDIN", "type: FAX"))
    ran = bare.run("new", "s_1", "--use", "linkedin-first", "--language", "en")
    assert ran.code == 3
    assert "t.yaml:14:11: error KAL013" in ran.err


def test_a_template_with_a_warning_is_used(bare: Project) -> None:
    joined = "content: >-\n      Hi {{firstname}},\n      - one\n      - two\n"
    (bare.folder / "blueprints" / "t.yaml").write_text(TEMPLATE[: TEMPLATE.rindex("content:")] + joined)
    assert "KAL313" in bare.run("validate").out
    assert bare.run("new", "sourcing_1", "--use", "linkedin-first", "--language", "en").code == 0
