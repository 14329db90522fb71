"""Near-equal blueprints as a template and its uses: each resolves to the body that it had, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalentops.adopt import extract_files, stretches
from kalentops.adopt.extract import Copy, Extracted, extract
from kalentops.adopt.extract_files import (
    ExtractPlan,
    Group,
    near_equal,
    plain_blueprints,
    plan_extract,
    read_texts,
    template_names,
)
from kalentops.adopt.stretches import stretched
from kalentops.blueprint.body import Address, Body
from kalentops.errors import CannotExtract
from kalentops.project.config import Config
from kalentops.state.store.location import Location
from kalentops.yamlfile.build import document_text
from kalentops.yamlfile.fmt import format_text
from tests.builders import blueprint, body, step
from tests.sizes import examples
from tests.strategies import labels, texts

ROOT = Path("/project")
CONFIG = Config(ROOT, ROOT / "blueprints", Location.of_file(ROOT / "state.json"))
TITLES = ("", "Engineer / Lyon", "Hi / x", "firstname, Lyon", "a")
STEPS = ("invite", "mail", "last")


def planned(files: Mapping[str, str], *, name: str | None = None, align: bool = False) -> ExtractPlan:
    repository = read_texts(CONFIG, files)
    found = plain_blueprints(files, repository, [each.address for each in repository.declared])
    by_address = {each.copy.address: each for each in found}
    copies = (
        [[each.copy for each in found]] if name else list(near_equal((f.copy for f in found), align=align))
    )
    groups = [
        Group(made, ROOT / f"t-{made}.yaml", [by_address[each.address] for each in group])
        for made, group in zip([name] if name else template_names(copies, ()), copies, strict=True)
    ]
    return plan_extract(CONFIG, files, repository, groups, align=align)


def after(files: Mapping[str, str], plan: ExtractPlan) -> dict[str, str]:
    return {**files, **{each.name: each.after or "" for each in plan.changes}}


def bodies(files: Mapping[str, str]) -> dict[Address, str]:
    return {each.address: each.body.text for each in read_texts(CONFIG, files).declared if each.body}


def position(number: int, of: Mapping[str, Any], language: str = "", title: str = "") -> str:
    said = {"sourcingId": f"s_{number}", "title": title, "language": language}
    head = {name: value for name, value in said.items() if value}
    return document_text({**head, "blueprints": {"first": of}})


def mail(city: str, **fields: Any) -> dict[str, Any]:
    text = f"Hi {{{{firstname}}}}, we look for an engineer in {city}. May I tell you more about the team?"
    made = step("mail", content=text, subject="A role for you", **fields)
    return {"name": "First", "steps": [step("hello"), made]}


def data(plan: ExtractPlan) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    (made,) = plan.templates
    return made.template, list(made.uses.values())


@st.composite
def variants(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A sequence, and copies of it in which words, fields and steps differ."""
    base = [step(each, content=draw(texts()) or "x", subject=draw(labels())) for each in STEPS]
    found = []
    for _ in range(draw(st.integers(2, 5))):
        steps = []
        for number, each in enumerate(base):
            if number and draw(st.integers(0, 4)) == 0:
                continue
            word = draw(
                st.sampled_from(["", " x", " in Lyon", "\n\nBye. {{recruiterFirstname}}", "{{firstname}}"])
            )
            at = draw(st.integers(0, len(each["content"])))
            own = {**each, "content": each["content"][:at] + word + each["content"][at:]}
            own |= draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "name": labels(),
                        "delay": st.just({"value": 9, "unit": "hour"}),
                        "policy": st.sampled_from([{"skipStepIfNoContact": False}, {"inviteTimeoutDays": 3}]),
                        "config": st.just({"userId": "u"}),
                    },
                )
            )
            steps.append(own)
        if draw(st.booleans()):
            steps.insert(draw(st.integers(0, len(steps))), step("own"))
        found.append({"name": draw(st.sampled_from(["First", "Other"])), "steps": steps})
    return found


@given(
    variants(),
    st.sampled_from([("en",), ("en", "fr")]),
    st.lists(st.sampled_from(TITLES), min_size=5, max_size=5),
)
@settings(max_examples=examples(200))
def test_extracted_blueprints_resolve_to_the_same_bodies(
    several: list[dict[str, Any]], languages: Sequence[str], titles: Sequence[str]
) -> None:
    files = {
        f"{number}.yaml": position(number, each, languages[number % len(languages)], title)
        for number, (each, title) in enumerate(zip(several, titles, strict=False))
    }
    if any(f.severity.value == "error" for f in read_texts(CONFIG, files).findings):
        return
    try:
        plan = planned(files, name="shared")
    except CannotExtract as refusal:
        if "bug" in (refusal.hint or ""):
            raise
        return
    new = after(files, plan)
    assert bodies(new) == bodies(files)
    for name, text in new.items():
        assert format_text(name, text).after == text


def test_the_majority_is_the_base_and_one_stretch_is_a_parameter() -> None:
    files = {f"{n}.yaml": position(n, mail(city)) for n, city in enumerate(("Paris", "Lyon", "New York"))}
    template, uses = data(planned(files, name="first"))
    assert list(template["parameters"]) == ["mail-text"]
    assert "in {{param.mail-text}}. May" in template["steps"][1]["content"]
    assert uses == [{"use": "first", "with": {"mail-text": city}} for city in ("Paris", "Lyon", "New York")]


def test_what_titles_say_is_a_parameter_of_all_texts() -> None:
    """A word that only one title has by chance stays a word."""
    titles = ("Data engineer / Paris", "Tester, New York", "Technical writer | Lyon", "Team / Nantes")
    files = {}
    for number, title in enumerate(titles):
        job, city = re.split(r" / |, | \| ", title)
        of = mail(city)
        of["steps"][0]["content"] = (
            f"Hi {{{{firstname}}}}, would you like to be our {job.lower()}? The team is new."
        )
        of["steps"][1]["subject"] = f"{job} ({city})"
        files[f"{number}.yaml"] = position(number, of, title=title)
    plan = planned(files, name="first")
    template, uses = data(plan)
    hello, second = template["steps"]
    assert hello["content"] == "Hi {{firstname}}, would you like to be our {{param.role}}? The team is new."
    assert second["subject"] == "{{param.job-title}} ({{param.place}})"
    assert "engineer in {{param.place}}. May" in second["content"]
    assert uses[1]["with"] == {"role": "tester", "job-title": "Tester", "place": "New York"}
    assert template["parameters"]["place"] == {"about": "Where the job is, such as “Paris”"}
    assert bodies(after(files, plan)) == bodies(files)


@pytest.mark.parametrize(
    "title", ["place / role", "{{firstname}} / param", "Hi / {{", "a.*b / (", "/ , |", "x"]
)
def test_titles_of_any_kind(title: str) -> None:
    files = {
        f"{n}.yaml": position(n, mail(f"{title.rsplit(' / ', maxsplit=1)[-1].strip('{')} {n}"), title=each)
        for n, each in enumerate((title, "Engineer / Paris", "Hi / May"))
    }
    plan = planned(files, name="first")
    assert bodies(after(files, plan)) == bodies(files)


def test_a_run_that_is_killed_leaves_files_that_say_the_same() -> None:
    files = {f"{n}.yaml": position(n, mail(city)) for n, city in enumerate(("Paris", "Lyon", "New York"))}
    so_far = dict(files)
    for each in planned(files).changes:
        so_far[each.name] = each.after or ""
        assert bodies(so_far) == bodies(files)


def test_what_differs_otherwise_is_an_override() -> None:
    own = mail("Paris", delay={"value": 9, "unit": "day"}, policy={"skipStepIfNoContact": False})
    extra = mail("Paris")
    extra["steps"].append(step("extra"))
    short = mail("Paris")
    del short["steps"][0]
    several = [
        mail("Paris"),
        mail("Paris"),
        mail("Paris"),
        own,
        extra,
        short,
        mail("Paris") | {"name": "Mine"},
    ]
    files = {f"{n}.yaml": position(n, each) for n, each in enumerate(several)}
    template, uses = data(planned(files, name="first"))
    assert "parameters" not in template
    policy = {"skipStepIfNoContact": False}
    assert uses[3]["change"] == {"mail": {"delay": {"value": 9, "unit": "day"}, "policy": policy}}
    assert [each["id"] for each in uses[4]["add"]] == ["extra"]
    assert uses[5]["remove"] == ["hello"]
    assert uses[6]["name"] == "Mine"
    assert uses[0] == uses[1] == {"use": "first"}


def test_a_translated_template() -> None:
    french = mail("Paris")
    french["steps"][1] = step(
        "mail", subject="Un poste", content="Bonjour {{firstname}}, puis-je vous en dire plus ?"
    )
    files = {
        "0.yaml": position(0, mail("Paris"), "en"),
        "1.yaml": position(1, mail("Lyon"), "en"),
        "2.yaml": position(2, french, "fr"),
    }
    template, _ = data(planned(files))
    assert template["languages"] == ["en", "fr"]
    assert template["steps"][1]["subject"] == {"en": "A role for you", "fr": "Un poste"}


def test_a_blueprint_like_no_other_stays_plain() -> None:
    files = {f"{n}.yaml": position(n, mail("Paris")) for n in range(2)}
    files["2.yaml"] = position(2, blueprint("Alone", steps=3))
    plan = planned(files)
    assert {at.sourcing_id for at in plan.templates[0].uses} == {"s_0", "s_1"}
    assert {each.name for each in plan.changes} == {"t-first.yaml", "0.yaml", "1.yaml"}


def _copies(*sequences: Sequence[str]) -> list[Copy]:
    return [
        Copy(Address(f"s_{number}", "a"), Body.of(body("A", *[step(each) for each in ids])).data)
        for number, ids in enumerate(sequences)
    ]


@pytest.mark.parametrize(
    ("sequences", "says"),
    [
        ([("a", "b"), ("b", "a")], "s_0/a and s_1/a have the same steps in another order"),
        ([("a", "b"), ("x", "y")], "s_0/a and s_1/a have no step id in common"),
        ([("a", "b"), ("a", "y")], "s_0/a and s_1/a have the same step with other ids: `b` and `y`"),
    ],
)
def test_other_ids_or_another_order_are_refused(sequences: list[Sequence[str]], says: str) -> None:
    with pytest.raises(CannotExtract, match="^" + says) as refused:
        extract("t", _copies(*sequences))
    assert ("--align" in str(refused.value.hint)) is ("order" not in says)


def test_aligned_steps_get_the_ids_of_the_first() -> None:
    copies = _copies(("a", "b"), ("x", "y"))
    made = extract("t", copies, align=True)
    assert made.renamed == {copies[1].address: {"x": "a", "y": "b"}}
    assert [each["id"] for each in made.bodies[copies[1].address]["steps"]] == ["a", "b"]


def test_comments_of_replaced_blueprints_are_listed_and_the_others_kept() -> None:
    files = {f"{n}.yaml": position(n, mail("Paris")) for n in range(2)}
    files["0.yaml"] = "# above\n" + files["0.yaml"].replace("  first:", "  first:  # this one", 1).replace(
        "subject:", "# about the subject\n        subject:", 1
    )
    plan = planned(files, name="first")
    new = after(files, plan)["0.yaml"]
    assert "# above" in new
    assert "# this one" in new
    assert [comment for _, _, comment in plan.lost] == ["# about the subject"]
    assert "# about the subject" in files["0.yaml"].splitlines()[plan.lost[0][1] - 1]


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        (["we are in Paris now", "we are in Lyon now"], ("we are in ", " now")),
        (["Hi {{firstname}}, a b c", "Hi {{lastname}}, a b c"], ("Hi ", ", a b c")),
        (["all of it is new", "nothing like that here"], ("all of it is new",)),
    ],
)
def test_a_stretch_begins_and_ends_at_words(texts: list[str], parts: tuple[str, ...]) -> None:
    assert stretched(texts).parts == parts


def test_the_comparisons_grow_with_the_copies_not_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    real = stretches.share

    def counted(one: Any, other: Any) -> float:
        nonlocal calls
        calls += 1
        return real(one, other)

    monkeypatch.setattr(stretches, "share", counted)
    numbers = []
    for size in (40, 160):
        calls = 0
        copies = [Copy(Address(f"s_{n}", "a"), Body.of(mail(f"City {n}")).data) for n in range(size)]
        assert [len(each) for each in near_equal(copies, align=False)] == [size]
        numbers.append(calls)
    assert numbers[1] < 5 * numbers[0]


def test_different_blueprints_of_one_key_are_compared_with_a_bounded_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0

    def different(*_: Any, **__: Any) -> bool:
        nonlocal compared
        compared += 1
        return False

    monkeypatch.setattr(extract_files, "_are_alike", different)
    monkeypatch.setattr(extract_files, "_COMPARED", 3)
    copies = [
        Copy(Address(f"s_{n}", "a"), body("A", step(f"x{n}", content=f"w{n}")), "fr" if n % 2 else "en")
        for n in range(40)
    ]
    assert list(near_equal(copies, align=False)) == []
    assert 0 < compared <= 3 * len(copies)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ([["first", "first", "other"]], ["first"]),
        ([["cadence-lyon", "cadence-oslo"]], ["cadence"]),
        ([["cadence-lyon", "cadence-oslo"], ["cadence-metz", "cadence-nice"]], ["cadence", "cadence-2"]),
        ([["lyon", "oslo"], ["lyons-one", "lyon-two"]], ["lyon", "lyons-one"]),
        ([["2024-lyon", "2024-oslo"]], ["blueprint-2024"]),
    ],
)
def test_a_template_is_named_by_what_its_keys_share(keys: list[list[str]], names: list[str]) -> None:
    groups = [
        [Copy(Address(f"s_{number}", key), body(key)) for number, key in enumerate(group)] for group in keys
    ]
    assert template_names(groups, ()) == names


def _cities(*cities: str, name: str = "First") -> dict[str, str]:
    return {
        f"{number}.yaml": position(number, mail(city) | {"name": name.format(city)})
        for number, city in enumerate(cities)
    }


@pytest.mark.parametrize(
    ("cities", "parameter"),
    [
        (("Paris", "Paris", "Paris", "Lyon"), {"default": "Paris"}),
        (("Paris", "Paris", "Lyon", "Nice"), {"about": "such as “Paris”"}),
        (
            ("Villeneuve-Saint-Georges-sur-Seine-les-Bains, today", "Lyon"),
            {"about": "such as “Villeneuve-Saint-Georges-sur-Seine-les-Bains,…”"},
        ),
    ],
)
def test_a_value_of_most_users_is_the_default_and_another_is_shortened(
    cities: Sequence[str], parameter: Mapping[str, str]
) -> None:
    template, uses = data(planned(_cities(*cities), name="first"))
    assert template["parameters"] == {"mail-text": parameter}
    own = [city for city in cities if city != parameter.get("default")]
    assert [each["with"]["mail-text"] for each in uses if "with" in each] == own


def test_a_name_has_parameters_of_the_texts_alone() -> None:
    template, uses = data(planned(_cities("Paris", "Lyon", name="The first contact in {}"), name="first"))
    assert template["name"] == "The first contact in {{param.mail-text}}"
    assert not any("name" in each for each in uses)
    files = {
        f"{number}.yaml": position(number, mail("Paris") | {"name": f"The first contact in {city}"})
        for number, city in enumerate(("Paris", "Lyon"))
    }
    template, uses = data(planned(files, name="first"))
    assert "parameters" not in template
    assert [each.get("name") for each in uses] == [None, "The first contact in Lyon"]


def test_a_word_of_a_title_that_all_texts_have_is_no_parameter() -> None:
    files = {
        f"{number}.yaml": position(number, mail("Paris or in Lyon"), title=f"Engineer / {city}")
        for number, city in enumerate(("Paris", "Lyon", "Nice"))
    }
    template, uses = data(planned(files, name="first"))
    assert "parameters" not in template
    assert uses == [{"use": "first"}] * 3


def test_all_or_none_say_their_language() -> None:
    copies = [replace(each, language="en" * number) for number, each in enumerate(_copies(("a",), ("a",)))]
    with pytest.raises(CannotExtract, match="s_0/a does not say its language, and s_1/a says `en`"):
        extract("t", copies)


@pytest.mark.parametrize(
    ("sequences", "order"),
    [
        (("ab", "a"), "ab"),
        (("ac", "ac", "abc", "abcd"), "abc"),
        (("b", "b", "ab", "abc"), "ab"),
    ],
)
def test_a_template_has_the_steps_of_half_its_blueprints(sequences: Sequence[str], order: str) -> None:
    made = extract("t", _copies(*sequences))
    assert [each["id"] for each in made.template["steps"]] == [*order]


def test_a_blueprint_without_a_step_of_the_template_is_refused() -> None:
    sequences = ("ab", "ab", "ap", "aq", "ar", "at", "bs")
    copies = [
        Copy(each.address, body("A", *[step(of["id"], content=of["id"]) for of in each.body["steps"]]))
        for each in _copies(*sequences)
    ]
    with pytest.raises(
        CannotExtract, match="the steps of s_6/a have another order, or none is in most others"
    ):
        extract("t", copies)


def test_a_parameter_for_links_is_called_link() -> None:
    links = ("https://example.org/a", "https://example.org/b", "https://example.org/c")
    template, _ = data(planned(_cities(*links), name="first"))
    assert list(template["parameters"]) == ["mail-link"]


def test_config_and_protection_stay_with_their_blueprint() -> None:
    own = mail("Paris") | {"config": {"speed": "slow"}, "protect": True}
    files = {f"{n}.yaml": position(n, each) for n, each in enumerate([mail("Paris"), mail("Paris"), own])}
    plan = planned(files, name="first")
    assert data(plan)[1][2] == {"use": "first", "config": {"speed": "slow"}}
    assert "protect: true" in after(files, plan)["2.yaml"]
    assert bodies(after(files, plan)) == bodies(files)


def test_two_stretches_are_one_where_another_language_has_one() -> None:
    said = [
        ("en", "We would like to hear from you in Paris soon, if it suits your plans for the year"),
        ("en", "We would like to hear from us in Paris soon, if it suits your plans for the year"),
        ("en", "We would like to hear from you in Lyon soon, if it suits your plans for the year"),
        ("fr", "Nous sommes une équipe de six personnes dans la ville de Paris depuis peu"),
        ("fr", "Nous sommes une équipe de six personnes dans la ville de Lyon depuis peu"),
    ]
    files = {
        f"{number}.yaml": position(number, {"name": "First", "steps": [step("mail", content=text)]}, language)
        for number, (language, text) in enumerate(said)
    }
    template, uses = data(planned(files, name="first"))
    assert template["steps"][0]["content"]["en"].startswith(
        "We would like to hear from {{param.mail-text}} soon"
    )
    assert [each["with"]["mail-text"] for each in uses] == [
        "you in Paris",
        "us in Paris",
        "you in Lyon",
        "Paris",
        "Lyon",
    ]


def test_a_result_that_would_say_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*args: Any, **options: Any) -> Extracted:
        made = extract(*args, **options)
        return replace(made, template={**made.template, "name": "Another"})

    monkeypatch.setattr(extract_files, "extract", wrong)
    with pytest.raises(
        CannotExtract, match="nothing was written: s_0/first, s_1/first would not be the same"
    ):
        planned(_cities("Paris", "Lyon"), name="first")


def test_what_all_titles_say_is_no_parameter() -> None:
    files = {f"{n}.yaml": position(n, mail("Paris"), title="Engineer / Paris") for n in range(2)}
    template, uses = data(planned(files, name="first"))
    assert "parameters" not in template
    assert uses == [{"use": "first"}] * 2


def test_a_word_of_a_title_stays_where_the_others_of_its_language_have_it() -> None:
    said = [
        ("en", f"Hi {{{{firstname}}}}, we are a small team in {city} now", city) for city in ("Paris", "Lyon")
    ]
    said += [("fr", "Nous sommes une petite équipe installée à Nantes", city) for city in ("Nantes", "", "")]
    files = {
        f"{n}.yaml": position(
            n, {"name": "First", "steps": [step("mail", content=content)]}, of, f"X / {city}"
        )
        for n, (of, content, city) in enumerate(said)
    }
    template, uses = data(planned(files, name="first"))
    assert template["steps"][0]["content"] == {
        "en": "Hi {{firstname}}, we are a small team in {{param.place}} now",
        "fr": "Nous sommes une petite équipe installée à Nantes",
    }
    assert [each.get("with") for each in uses] == [{"place": "Paris"}, {"place": "Lyon"}, None, None, None]
    assert not any("change" in each for each in uses)


def test_added_steps_stand_one_behind_the_other() -> None:
    extra = mail("Paris")
    extra["steps"] = [step("zero"), extra["steps"][0], step("one"), step("two"), extra["steps"][1]]
    files = {f"{n}.yaml": position(n, each) for n, each in enumerate([mail("Paris"), mail("Paris"), extra])}
    _, uses = data(planned(files, name="first"))
    anchors = [(each.get("before"), each.get("after"), each["id"]) for each in uses[2]["add"]]
    assert anchors == [("hello", None, "zero"), (None, "hello", "one"), (None, "one", "two")]
