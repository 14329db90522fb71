"""One example that has something of everything, for the tests that look at a whole report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kalentops.apply.result import ApplyResult, Outcome, Result
from kalentops.blueprint.body import Address
from kalentops.lint.finding import Finding, Origin, Severity
from kalentops.lint.rule import Declared
from kalentops.output import Checked, sarif
from kalentops.plan.build import Action, Change, Drift, Leftover, LookAlike, Plan, RefreshReport, make_plan
from kalentops.plan.explanation import Code, explain
from kalentops.plan.moves import StateEdit
from tests.builders import AT, body, entry, form, saying, state, want

LATER = "2026-02-03T04:05:06Z"
ORPHAN = explain(Code.NO_LONGER_DECLARED, address="sourcing_sales/gone", applied_at=AT)
FILE = "blueprints/backend.yaml"
TEXT = """\
sourcingId: sourcing_backend
blueprints:
  classic:
    name: Classic
    steps:
      - content: "Grüße 👋 an {{fistname}}"
      - subject: "{{sourcingJobTitle}}"
"""


def _step(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": name.lower().replace(" ", "-"),
        "name": name,
        "type": "EMAIL",
        "temporalityType": "DELAYED",
        "delay": {"value": 3, "unit": "day"},
        **fields,
    }


INVITATION = _step(
    "Invitation",
    type="LINKEDIN",
    linkedInType="LINKEDIN_INVITATION_WITH_MESSAGE",
    content="Hi {{firstname}}, I'm hiring a {{sourcingJobTitle}}. May I tell you more?",
    temporalityType="ASAP",
    delay=None,
)
PITCH = _step(
    "Pitch",
    subject="{{sourcingJobTitle}} in {{sourcingLocation}}",
    content="Hi {{firstname}},\n\nthe team is seven people. They replace a ledger. Shall we talk this week?\n\n"
    "{{recruiterFirstname}}",
    policy={"skipStepIfNoContact": True},
)
REMINDER = _step(
    "Reminder", type="WHATSAPP", content="Did my mail arrive?", delay={"value": 4, "unit": "day"}
)
SETTLED = _step(
    "After the invitation",
    type="LINKEDIN",
    linkedInType="LINKEDIN_MESSAGE",
    content="Thank you for connecting, {{firstname}}!",
    temporalityType="AFTER_INVITATION_SETTLED",
    delay=None,
    policy={"inviteTimeoutDays": 7},
    config={"userId": "user_ada"},
)
DRAFTED = _step(
    "Drafted",
    subject="One more thing",
    content="About {{candidateCompanyName}}.",
    contentSource="suggestedByKalent",
    policy={"autoValidateAIDraft": True},
)


BEFORE = body("Classic", INVITATION, PITCH, REMINDER, DRAFTED)
AFTER = body(
    "Classic, rewritten",
    INVITATION,
    REMINDER | {"delay": {"value": 2, "unit": "day"}},
    PITCH
    | {
        "content": PITCH["content"].replace("Hi", "Hello").replace("seven", "nine"),
        "subject": "{{sourcingJobTitle}}, {{sourcingLocation}}",
        "policy": {"skipStepIfNoContact": False},
    },
    SETTLED,
    config={"team": "platform"},
)
WARNING = Finding(
    FILE,
    7,
    18,
    "KAL305",
    "`https://a.example` is a link in an invitation",
    "take it out",
    Severity.WARNING,
)
ERROR = Finding(FILE, 6, 32, "KAL101", "`{{fistname}}` is not a variable", "did you mean `{{firstname}}`?")
OTHER = Finding(
    "blueprints/sales.yaml", 3, 5, "KAL017", "the key `a` stands a second time", "give one of them another"
)
TEMPLATE = "blueprints/templates/linkedin-first.yaml"
SHARED = Finding(
    TEMPLATE,
    14,
    20,
    "KAL103",
    "`[company]` is a placeholder of another tool",
    "did you mean `{{candidateCompanyName}}`?",
    users=1_008,
    used_by=tuple(
        (f"sourcing_{name}/linkedin-first", Origin(f"blueprints/{name}.yaml", 4, 3))
        for name in ("backend", "design", "sales")
    ),
)
USED_ONCE = replace(WARNING, file=TEMPLATE, line=20, users=1, used_by=SHARED.used_by[:1])
FOUND = (ERROR, WARNING, OTHER, SHARED, USED_ONCE)

CHECKED = Checked(
    FOUND,
    (FILE, "blueprints/design.yaml", "blueprints/sales.yaml", TEMPLATE),
    5,
    "teams/hiring",
    columns=sarif.utf16_columns(FOUND, {FILE: TEXT}),
)
PLAN = Plan(
    "0123",
    7,
    (
        Change(
            Address.parse("sourcing_backend/classic"),
            Action.UPDATE,
            "Classic, rewritten",
            "bp_1",
            FILE,
            3,
            form(BEFORE),
            form(AFTER),
        ),
        Change(
            Address.parse("sourcing_backend/new"),
            Action.CREATE,
            "Inbound",
            None,
            FILE,
            40,
            None,
            form(body("Inbound", PITCH, SETTLED)),
        ),
        Change(Address.parse("sourcing_backend/same"), Action.NO_OP, "Same", "bp_2", FILE, 70),
        Change(
            Address.parse("sourcing_sales/renamed"),
            Action.MOVE,
            "Renamed",
            "bp_3",
            "blueprints/sales.yaml",
            5,
            moved_from=Address.parse("sourcing_sales/old"),
        ),
        Change(
            Address.parse("sourcing_sales/twin"),
            Action.CONFLICT,
            "Twin",
            None,
            "blueprints/sales.yaml",
            30,
            None,
            form(body("Twin", PITCH)),
            reason=explain(
                Code.SIMILAR_ORPHAN,
                address="sourcing_sales/twin",
                other="sourcing_sales/old",
                blueprint_id="bp_9",
            ),
        ),
        Change(Address.parse("sourcing_sales/gone"), Action.ORPHAN, "Gone", "bp_4", reason=ORPHAN),
        Change(
            Address.parse("sourcing_sales/wip"),
            Action.RESUME,
            "Wip",
            None,
            "blueprints/sales.yaml",
            50,
            reason=saying("a run was cut off at its create"),
        ),
    ),
    (WARNING,),
    refresh_report=RefreshReport(
        (
            Drift(
                Address.parse("sourcing_backend/same"),
                "changed",
                "Same",
                "bp_2",
                AT,
                LATER,
                form(body("Same", PITCH)),
                form(body("Same", PITCH | {"content": "Hi {{firstname}},\n\nsomebody else was here."})),
            ),
            Drift(
                Address.parse("sourcing_sales/lost"),
                "gone",
                "Lost",
                "bp_5",
                AT,
                reason=saying("Kalent does not list it any more"),
            ),
        ),
        (LookAlike("sourcing_sales", "bp_9", "Twin", LATER, "sourcing_sales/wip", "bp_8"),),
        (Leftover("sourcing_sales", "bp_10", "Wip (kalentops wip 0a1b2c3d)"),),
        {"sourcing_sales": 2},
    ),
    state_edits=(
        StateEdit("sourcing_backend/same", "other id", "bp_2", "bp_11"),
        StateEdit("sourcing_sales/old", "added", "bp_3", None),
        StateEdit("sourcing_sales/gone", "edited", "bp_4", "bp_4"),
    ),
)


def _grouped() -> Plan:
    """A template that twelve positions use has one changed sentence and a longer delay; the second of them has a text
    of its own, which both changes of its step pass by. Of three plain copies, the last was forgotten.
    """
    positions = [f"sourcing_{number:02}/classic" for number in range(1, 13)]
    copies = [f"sourcing_copy_{number}/classic" for number in range(1, 4)]
    own = {"content": "Hi {{firstname}}, have we met?", "delay": {"value": 9, "unit": "day"}}
    other = PITCH["content"].replace("a ledger", "paper")
    before: dict[str, dict[str, Any]] = {
        **dict.fromkeys(positions, PITCH),
        **dict.fromkeys(copies, REMINDER),
        positions[1]: PITCH | own,
        positions[2]: PITCH | {"content": other},
    }
    known = state(*(entry(each, body("Classic", step)) for each, step in before.items()))
    fields = frozenset({("pitch", "content"), ("pitch", "delay")})

    def now(number: int, address: str) -> Declared:
        step = before[address]
        if address in copies[:2]:
            step = step | {"content": "Did my e-mail arrive?"}
        elif address not in copies and address != positions[1]:
            text = step["content"].replace("seven people", "nine people")
            step = step | {"content": text, "delay": {"value": 4, "unit": "day"}}
        found = want(address, body("Classic", step), known, title=f"Engineer {number}, Paris")
        if address in copies:
            return found
        return found._replace(
            template="linkedin-first",
            origins={("pitch", "content"): ((0, SHARED_TEXT),), ("pitch", "delay"): ((0, SHARED_DELAY),)},
            overrides=fields if address == positions[1] else frozenset(),
        )

    return make_plan((now(number, each) for number, each in enumerate(before, 1)), known)


def _large() -> Plan:
    """120 new blueprints that are alike in nothing, of which one needs to be read; an update, a conflict, an orphan."""

    def new(number: int) -> Change:
        return Change(
            Address(f"sourcing_{number:03}", "classic"),
            Action.CREATE,
            f"Sequence {number}",
            None,
            f"blueprints/{'sales' if number % 4 else 'backend/berlin'}/{number:03}.yaml",
            3,
            None,
            form(
                body(
                    f"Sequence {number}",
                    PITCH | {"content": f"Hi {{{{firstname}}}}, are you number {number}?"},
                )
            ),
            title=f"Position {number}",
        )

    other = explain(Code.OTHER_SOURCING, other="sourcing_closed/classic", blueprint_id="bp_7")
    changes = [*map(new, range(120)), *(each for each in PLAN.changes if each.address in _UNUSUAL)]
    changes[17] = replace(changes[17], reason=other)
    return replace(PLAN, changes=tuple(changes), findings=(), refresh_report=None, state_edits=())


_UNUSUAL = {"sourcing_backend/classic", "sourcing_sales/twin", "sourcing_sales/gone"}
LARGE = _large()
SHARED_TEXT, SHARED_DELAY = Origin(TEMPLATE, 14, 20), Origin(TEMPLATE, 12, 12)
GROUPED = _grouped()
RESULT = ApplyResult(
    (
        Result(
            "sourcing_backend/classic",
            Action.UPDATE,
            Outcome.DONE,
            "bp_1",
            note=saying("Kalent shows another text"),
        ),
        Result(
            "sourcing_backend/new",
            Action.CREATE,
            Outcome.UNKNOWN,
            error=saying("no answer before the timeout"),
        ),
        Result("sourcing_sales/twin", Action.CONFLICT, Outcome.CONFLICT, error=ORPHAN),
    )
)
