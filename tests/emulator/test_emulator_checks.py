"""Bodies that must be refused, and bodies that must not, for each rule of docs/reference/kalent-api.md."""

from typing import Any

import pytest

from kalentops.emulator.checks import create_issues, update_issues

Step = dict[str, Any]


def step(**changes: Any) -> Step:
    """An SMS step that is sent at once, with changes; `...` takes a field away."""
    fields = {"id": "s", "name": "S", "type": "SMS", "content": "Hello", "temporalityType": "ASAP", **changes}
    return {key: value for key, value in fields.items() if value is not ...}


def linkedin(kind: str = "LINKEDIN_MESSAGE", **changes: Any) -> Step:
    return step(type="LINKEDIN", linkedInType=kind, **changes)


def email(**changes: Any) -> Step:
    return step(**{"type": "EMAIL", "subject": "About {{sourcingJobTitle}}", **changes})


def delayed(value: Any = 3, unit: Any = "day", **more: Any) -> Step:
    return step(temporalityType="DELAYED", delay={"value": value, "unit": unit, **more})


INVITATION = linkedin("LINKEDIN_INVITATION", id="invite")
MESSAGE_INVITATION = linkedin("LINKEDIN_INVITATION_WITH_MESSAGE", id="message-invite")
SETTLED = step(id="after", temporalityType="AFTER_INVITATION_SETTLED")

ACCEPTED: list[list[Step]] = [
    [],
    [step()],
    [step(type="WHATSAPP")],
    [step(content="")],
    [email()],
    [email(subject="x" * 500)],
    [linkedin("LINKEDIN_MESSAGE")],
    [linkedin("LINKEDIN_INMAIL")],
    [linkedin("LINKEDIN_INMAIL", subject="x" * 200)],
    [INVITATION],
    [linkedin("LINKEDIN_INVITATION_WITH_MESSAGE", content="x" * 301)],
    [INVITATION, SETTLED],
    [step(), MESSAGE_INVITATION, step(id="t"), SETTLED],
    [delayed(1, "minute")],
    [delayed(10**12, "second")],
    [step(contentSource="manual"), step(id="t", contentSource="suggestedByKalent")],
    [step(config={}), step(id="t", config={"userId": "u1"})],
    [step(policy={})],
    [step(policy={"skipStepIfNoContact": True, "autoValidateAIDraft": False, "inviteTimeoutDays": 1})],
    [step(content="{{firstname}}{{lastname}} {{candidateJobTitle}} {{candidateCompanyName}}")],
    [step(content="{{candidateLocation}} {{sourcingJobTitle}} {{sourcingLocation}}")],
    [step(content="{{recruiterFirstname}} {{recruiterLastname}}")],
    [step(content="{firstname} {{ unclosed }")],
    [step(content="see [our page](https://example.org), [...], [ ], [] and [\n]")],
    [step(content="a list[" + "x" * 81 + "]")],
    [step(content="[two\nlines]")],
    [step(name="[label] {{anything}}")],
]

# Steps, and the path and part of the message that the refusal must name.
REFUSED: list[tuple[Any, str, str]] = [
    (None, "steps", "array"),
    ({}, "steps", "array"),
    (["text"], "steps[0]", "object"),
    ([step(extra=1)], "steps[0].extra", "unknown key"),
    *[([step(**{key: ...})], f"steps[0].{key}", "required") for key in step()],
    *[([step(**{key: 1})], f"steps[0].{key}", "must be") for key in step()],
    ([step(id="")], "steps[0].id", "empty"),
    ([step(name="")], "steps[0].name", "empty"),
    ([step(type="sms")], "steps[0].type", "must be one of"),
    ([step(type=["SMS"])], "steps[0].type", "must be one of"),
    ([step(), step()], "steps[1].id", "already"),
    ([step(type="LINKEDIN")], "steps[0].linkedInType", "required"),
    ([step(linkedInType="LINKEDIN_MESSAGE")], "steps[0].linkedInType", "not allowed"),
    ([linkedin("LINKEDIN_POST")], "steps[0].linkedInType", "must be one of"),
    ([email(subject=...)], "steps[0].subject", "required"),
    ([email(subject="")], "steps[0].subject", "empty"),
    ([email(subject=None)], "steps[0].subject", "string"),
    ([linkedin("LINKEDIN_INMAIL", subject="x" * 201)], "steps[0].subject", "200"),
    ([linkedin("LINKEDIN_MESSAGE", subject="x")], "steps[0].subject", "only allowed"),
    ([step(subject="x")], "steps[0].subject", "only allowed"),
    ([step(type="WHATSAPP", subject="x")], "steps[0].subject", "only allowed"),
    ([step(temporalityType="LATER")], "steps[0].temporalityType", "must be one of"),
    ([step(temporalityType="DELAYED")], "steps[0].delay", "required"),
    ([step(delay={"value": 1, "unit": "day"})], "steps[0].delay", "not allowed"),
    ([INVITATION, {**SETTLED, "delay": {"value": 1, "unit": "day"}}], "steps[1].delay", "not allowed"),
    *[([delayed(value)], "steps[0].delay.value", "positive") for value in (0, -1, 1.0, True, "1", None)],
    *[([delayed(1, unit)], "steps[0].delay.unit", "one of") for unit in ("hour", "week", "days", None)],
    ([step(temporalityType="DELAYED", delay={"value": 1})], "steps[0].delay.unit", "required"),
    ([delayed(1, "day", extra=1)], "steps[0].delay.extra", "unknown key"),
    ([step(temporalityType="DELAYED", delay="3 days")], "steps[0].delay", "object"),
    ([step(contentSource="ai")], "steps[0].contentSource", "one of"),
    ([step(config={"userId": 1})], "steps[0].config.userId", "string"),
    ([step(config={"workspaceId": "w"})], "steps[0].config.workspaceId", "unknown key"),
    ([step(policy={"skipStepIfNoContact": 1})], "steps[0].policy.skipStepIfNoContact", "boolean"),
    ([step(policy={"autoValidateAIDraft": "no"})], "steps[0].policy.autoValidateAIDraft", "boolean"),
    ([step(policy={"inviteTimeoutDays": 0})], "steps[0].policy.inviteTimeoutDays", "positive"),
    ([step(policy={"inviteTimeoutDays": True})], "steps[0].policy.inviteTimeoutDays", "positive"),
    ([step(policy={"retry": 1})], "steps[0].policy.retry", "unknown key"),
    ([step(policy=None)], "steps[0].policy", "object"),
    ([INVITATION, MESSAGE_INVITATION], "steps[1].linkedInType", "second invitation"),
    ([SETTLED], "steps[0].temporalityType", "invitation"),
    ([SETTLED, INVITATION], "steps[0].temporalityType", "invitation"),
    ([{**INVITATION, "temporalityType": SETTLED["temporalityType"]}], "steps[0].temporalityType", "before"),
    *[
        ([step(content=f"Hi {{{{{name}}}}}!")], "steps[0].content", f"unknown variable {{{{{name}}}}}")
        for name in ("firstName", "company", "job", " firstname ", "", "first\nname", "firstname | upper")
    ],
    ([step(content="{{{firstname}}}")], "steps[0].content", "unknown variable"),
    ([email(subject="{{job}}")], "steps[0].subject", "unknown variable {{job}}"),
    *[
        ([step(content=f"Hi {words}.")], "steps[0].content", f"unresolved placeholder {words}")
        for words in (
            "[company]",
            "[specific project or stack]",
            "[one-pager link]",
            "[1 detail to add]",
            "[équipe]",
            "[" + "x" * 80 + "]",
        )
    ],
    ([step(content="[[company]]")], "steps[0].content", "[company]"),
    ([email(subject="[role]")], "steps[0].subject", "[role]"),
    ([linkedin("LINKEDIN_INVITATION", content="[role]")], "steps[0].content", "[role]"),
]


@pytest.mark.parametrize("steps", ACCEPTED)
def test_accepted(steps: list[Step]) -> None:
    assert create_issues({"name": "n", "steps": steps}) == []
    assert update_issues({"steps": steps}) == []


@pytest.mark.parametrize(("steps", "path", "message"), REFUSED)
def test_refused(steps: Any, path: str, message: str) -> None:
    issues = create_issues({"name": "n", "steps": steps})
    assert [issue for issue in issues if issue.path == path and message in issue.message], issues
    assert update_issues({"steps": steps}) == issues


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "n", "config": None}, "config"),
        ({"name": "n", "config": []}, "config"),
        ({"name": "n", "sourcingId": "s"}, "sourcingId"),
    ],
)
def test_refused_create(body: dict[str, Any], path: str) -> None:
    assert [issue.path for issue in create_issues(body)] == [path]


def test_config_of_a_blueprint_is_free() -> None:
    assert create_issues({"name": "n", "config": {"any": [{"thing": None}], "n": 1.5}}) == []


@pytest.mark.parametrize(
    ("body", "path"), [({}, ""), ({"name": ""}, "name"), ({"config": None}, "config"), ({"id": 1}, "id")]
)
def test_refused_update(body: dict[str, Any], path: str) -> None:
    assert [issue.path for issue in update_issues(body)] == [path]


def test_every_problem_is_reported_at_once() -> None:
    steps = [step(content="{{a}} {{b}} [c]", delay=3), step(type="EMAIL", extra=1)]
    assert sorted({issue.path for issue in create_issues({"steps": steps})}) == [
        "name",
        "steps[0].content",
        "steps[0].delay",
        "steps[1].extra",
        "steps[1].id",
        "steps[1].subject",
    ]
    assert len(create_issues({"name": "n", "steps": [step(content="{{a}} {{b}} [c] {{a}}")]})) == 3


def test_time_does_not_grow_with_the_square_of_a_hostile_text() -> None:
    assert create_issues({"name": "n", "steps": [step(content="{{" * 1_000_000)]}) == []
    assert create_issues({"name": "n", "steps": [step(content="[a" * 1_000_000)]}) == []
