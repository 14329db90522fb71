"""All findings of all files in one run, and none that comes from a stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalentops.blueprint.variables import VARIABLES
from kalentops.lint.finding import Severity
from kalentops.lint.project import Severities
from kalentops.project.check import check_text
from kalentops.project.load import load
from kalentops.project.result import CheckOptions

ROOT = Path(__file__).parents[2]
JOB = CheckOptions(ROOT)


def _found(text: str, severities: Severities | None = None) -> list[tuple[int, str]]:
    findings, *_ = check_text(CheckOptions(ROOT, severities or {}), "f.yaml", text)
    return [(finding.line, finding.code) for finding in sorted(findings)]


EVERYTHING = """\
sourcingId: 5
blueprints:
  one:
    steps:
      - id: a
        name: 2026
        type: LINKEDIN
        linkedInType: LINKEDIN_MESSAGE
        temporalityType: AFTER_INVITATION_SETTLED
        content: Hi {{firstName}} [company]
      - id: a
        name: B
        type: EMAL
        temporalityType: DELAYED
        content: "{{ firstname }}"
      - id: c
        name: C
        type: WHATSAPP
        temporalityType: ASAP
        delay: {value: 0, unit: days}
        content: Hi {{firstname}
        content: twice
      - hello
      - id: e
        name: E
        type: SMS
        temporalityType: DELAYED
        polcy: {}
        content: !x hey
  two:
    name: Two
    nam: Three
    steps:
      - id: a
        name: A
        type: EMAIL
        subjet: Hey
        temporalityType: ASAP
        content: ""
  Three: {name: Three}
"""


def test_everything_that_is_wrong_with_a_file_comes_out_of_one_run() -> None:
    assert _found(EVERYTHING) == [
        (1, "KAL012"),
        (4, "KAL011"),
        (6, "KAL012"),
        (9, "KAL204"),
        (10, "KAL101"),
        (10, "KAL103"),
        (11, "KAL020"),
        (13, "KAL013"),
        (14, "KAL201"),
        (15, "KAL102"),
        (18, "KAL304"),
        (20, "KAL015"),
        (20, "KAL013"),
        (21, "KAL104"),
        (22, "KAL005"),
        (23, "KAL012"),
        (26, "KAL304"),
        (26, "KAL317"),
        (27, "KAL201"),
        (28, "KAL010"),
        (29, "KAL006"),
        (32, "KAL010"),
        (37, "KAL010"),
        (39, "KAL105"),
        (40, "KAL016"),
    ]


STEP = {
    "id": "a",
    "name": "A",
    "type": "EMAIL",
    "subject": "Hi",
    "temporalityType": "DELAYED",
    "delay": "{value: 1, unit: day}",
    "content": "Hi {{firstname}}",
    "policy": "{skipStepIfNoContact: true}",
}


def _text(first: dict[str, str], second: dict[str, str]) -> str:
    lines = ["sourcingId: s_1", "blueprints:", "  k:", "    name: N", "    steps:"]
    for step in (first, second):
        lines += [f"      - {step['id']}" if step.keys() == {"id"} else "      -"]
        lines += [f"        {key}: {value}" for key, value in step.items()] if len(step) > 1 else []
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("field", STEP)
@pytest.mark.parametrize("bad", [".inf", "!x y", "[a, {b: c}]", "5.5"])
def test_a_value_that_can_not_be_read_is_one_finding(field: str, bad: str, number: int) -> None:
    steps = [dict(STEP), STEP | {"id": "b"}]
    steps[number][field] = bad
    assert len(_found(_text(steps[0], steps[1]))) == 1


@pytest.mark.parametrize(
    "field", ["subject", "temporalityType", "delay", "content", "policy", "type", "name", "id"]
)
def test_a_misspelt_field_is_one_finding(field: str) -> None:
    step = {(f"{key}x" if key == field else key): value for key, value in STEP.items()}
    findings, *_ = check_text(JOB, "f.yaml", _text(step, STEP | {"id": "b"}))
    assert [(f.code, f.hint) for f in findings] == [("KAL010", f"did you mean `{field}`?")]


BELOW = _text(STEP | {"content": "Hi {{firstNme}}"}, {"id": "hello"}) + "removed: [k]\n"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("sourcingId", "sourcingID"),
        ("blueprints", "blueprint"),
        ("blueprints", "Blueprints"),
        ("steps", "step"),
        ("removed", "remvoed"),
        ("policy", "polcy"),
        ("content", "contnt"),
    ],
)
def test_what_stands_below_a_misspelt_key_is_looked_at_in_the_same_run(
    right: str, wrong: str, tmp_path: Path
) -> None:
    line = next(n for n, text in enumerate(BELOW.split("\n"), 1) if text.strip().startswith(f"{right}:"))
    (tmp_path / "f.yaml").write_text(BELOW)
    spelt = {(f.line, f.code, f.message) for f in load(tmp_path, [tmp_path]).findings}
    (tmp_path / "f.yaml").write_text(BELOW.replace(f"{right}:", f"{wrong}:", 1))
    misspelt = load(tmp_path, [tmp_path])
    also = {(f.line, f.code, f.message) for f in misspelt.findings} - spelt
    assert [(at, code) for at, code, _ in also] == [(line, "KAL010")]
    assert len(misspelt.findings) == len(spelt) + 1
    assert f"did you mean `{right}`?" in [f.hint for f in misspelt.findings]
    assert not misspelt.valid


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("blueprints: {k: {name: K, steps: 5}}", True),
        ("blueprints: {k: {name: K, nme: L}}", True),
        ("blueprint: {k: {name: K}}", True),
        ("blueprints: {K: {name: K}}", False),
        ("blueprints: 5", False),
        ("blueprints: {k: {name: K}}\nowner: {old: x}", False),
        ("blueprints: {k: {name: K}}\nblueprints: {l: {name: L}}", False),
        ("blueprints: {k: {name: K}", False),
    ],
)
def test_that_a_key_went_nowhere_is_reported_unless_it_may_stand_where_nothing_could_be_read(
    other: str, tmp_path: Path, *, told: bool
) -> None:
    (tmp_path / "a.yaml").write_text("sourcingId: s\nblueprints: {}\nmoved: [{from: old, to: gone}]\n")
    (tmp_path / "b.yaml").write_text(f"sourcingId: s\n{other}\n")
    found = load(tmp_path, [tmp_path]).findings
    assert ("KAL024" in [each.code for each in found]) is told
    assert {each.code for each in found} - {"KAL024"}


def test_of_two_keys_that_mean_the_same_field_the_first_is_taken_for_it() -> None:
    text = _text(STEP, STEP | {"id": "b", "content": "'[a]'"})
    both = text.replace("blueprints:", "blueprint:") + "Blueprints: {k: {steps: 5}}\n"
    assert [code for _, code in _found(both)] == ["KAL010", "KAL103", "KAL010"]


def test_a_key_that_stands_there_rightly_is_not_taken_from_a_misspelt_one() -> None:
    text = _text(STEP, STEP | {"id": "b"}) + "Blueprints: {K: {steps: 5}}\n"
    assert [code for _, code in _found(text)] == ["KAL010"]


@pytest.mark.parametrize("value", ["", "[a]", "a text", "5"])
def test_a_value_of_another_kind_is_not_taken_for_the_field_that_its_key_is_near_to(value: str) -> None:
    assert [code for _, code in _found(f"sourcingId: s_1\nblueprint: {value}\n")] == ["KAL010"]


def test_a_step_that_is_no_mapping_is_one_finding() -> None:
    assert _found(_text({"id": "hello"}, STEP | {"id": "b"})) == [(6, "KAL012")]


def test_a_stand_in_for_an_invitation_does_not_make_later_steps_wait_in_vain() -> None:
    invitation = STEP | {"type": "LINKEDIN", "linkedInType": "LINKEDIN_INVITATON", "temporalityType": "ASAP"}
    del invitation["subject"], invitation["delay"]
    later = STEP | {"id": "b", "temporalityType": "AFTER_INVITATION_SETTLED"}
    del later["delay"]
    assert [code for _, code in _found(_text(invitation, later))] == ["KAL013"]
    # The other way round the second step can't help the first.
    assert [code for _, code in _found(_text(later, invitation | {"id": "c"}))] == ["KAL204", "KAL013"]


def test_an_id_that_is_missing_hides_no_other_duplicates() -> None:
    first = {key: value for key, value in STEP.items() if key != "id"} | {"zz": "1"}
    del first["zz"]
    text = _text(first, STEP) + _text(STEP, STEP | {"id": "'?'"}).split("steps:\n")[1]
    assert [code for _, code in _found(text)] == ["KAL011", "KAL020"]


def test_a_blueprint_without_a_name_is_still_looked_at() -> None:
    step = STEP | {"temporalityType": "AFTER_INVITATION_SETTLED"}
    del step["delay"]
    text = _text(step, STEP | {"id": "b"}).replace("    name: N\n", "")
    assert [code for _, code in _found(text)] == ["KAL011", "KAL204"]


@pytest.mark.parametrize("name", VARIABLES)
def test_the_nine_variables(name: str) -> None:
    assert _found(_text(STEP | {"content": f"Hi {{{{{name}}}}}"}, STEP | {"id": "b"})) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("firstName", "firstname"),
        ("Firstname", "firstname"),
        ("first_name", "firstname"),
        ("first name", "firstname"),
        (" firstName ", "firstname"),
        ("prenom", "firstname"),
        ("name", "firstname"),
        ("lastName", "lastname"),
        ("last-name", "lastname"),
        ("company", "candidateCompanyName"),
        ("Company", "candidateCompanyName"),
        ("companyName", "candidateCompanyName"),
        ("candidateCompany", "candidateCompanyName"),
        ("job", "sourcingJobTitle"),
        ("jobTitle", "candidateJobTitle"),
        ("candidate_job_title", "candidateJobTitle"),
        ("location", "candidateLocation"),
        ("sourcingLocaton", "sourcingLocation"),
        ("recruiter", "recruiterFirstname"),
        ("recruiterFirstName", "recruiterFirstname"),
        ("recruiterLastName", "recruiterLastname"),
    ],
)
def test_which_variable_was_meant(written: str, meant: str) -> None:
    text = _text(STEP | {"content": f"Hi {{{{{written}}}}}"}, STEP | {"id": "b"})
    findings, *_ = check_text(JOB, "f.yaml", text)
    assert [(f.code, f.hint) for f in findings] == [("KAL101", f"did you mean `{{{{{meant}}}}}`?")]


def test_severities_come_from_the_configuration() -> None:
    link = STEP | {"policy": "{}"}
    text = _text(STEP | {"id": "b"}, link)
    assert [code for _, code in _found(text)] == ["KAL304"]
    assert _found(text, {"KAL304": None}) == []
    (finding,) = check_text(CheckOptions(ROOT, {"KAL304": Severity.ERROR}), "f.yaml", text)[0]
    assert finding.severity is Severity.ERROR


def test_the_blueprints_of_this_repository_are_without_a_finding() -> None:
    repository = load(ROOT, [ROOT / "blueprints"])
    assert repository.findings == []
    assert repository.files >= 5
    assert len(repository.declared) >= 9
