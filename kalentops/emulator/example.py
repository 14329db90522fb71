"""A workspace that people have worked in: named sourcings, one of them closed, and blueprints made in the web app."""

from kalentops.emulator.store import Step, Store

_SOURCINGS = (
    ("sourcing_backend_lyon", "Senior Backend Engineer, Lyon", "in-progress", True),
    ("sourcing_sales_berlin", "Account Executive, Berlin", "in-progress", True),
    ("sourcing_design_remote", "Product Designer, remote", "in-progress", True),
    ("sourcing_data_madrid", "Data Engineer, Madrid", "in-progress", False),  # a colleague's
    ("sourcing_support_lisbon", "Support Lead, Lisbon", "closed", True),
)


def _email(ident: str, name: str, subject: str, content: str, day: int = 0) -> Step:
    when: Step = (
        {"temporalityType": "DELAYED", "delay": {"value": day, "unit": "day"}}
        if day
        else {"temporalityType": "ASAP"}
    )
    return {
        "id": ident,
        "name": name,
        "type": "EMAIL",
        "subject": subject,
        "content": content,
        "policy": {"skipStepIfNoContact": True},
        **when,
    }


_INVITATION: Step = {
    "id": "7c0f5e1a",
    "name": "Invitation",
    "type": "LINKEDIN",
    "linkedInType": "LINKEDIN_INVITATION_WITH_MESSAGE",
    "temporalityType": "ASAP",
    "content": "Hi {{firstname}}, your work at {{candidateCompanyName}} caught my eye. May I tell you about a role in "
    "{{sourcingLocation}}? {{recruiterFirstname}}",
}
_BLUEPRINTS: tuple[tuple[str, str, list[Step]], ...] = (
    (
        "sourcing_backend_lyon",
        "Former colleagues",
        [
            _INVITATION,
            _email(
                "b41d9c22",
                "Reminder",
                "{{sourcingJobTitle}} in {{sourcingLocation}}",
                "Hi {{firstname}},\n\nI wrote to you on LinkedIn. Is a change on your mind this year?\n\n"
                "{{recruiterFirstname}}",
                day=4,
            ),
        ],
    ),
    (
        "sourcing_backend_lyon",
        "Meetup in May",
        [
            _email(
                "03aa71f8",
                "After the meetup",
                "Good to meet you in {{candidateLocation}}",
                "Hi {{firstname}},\n\nThank you for your questions after the talk. The role that I spoke of is still "
                "open; shall I send you the details?\n\n{{recruiterFirstname}}",
            )
        ],
    ),
    (
        "sourcing_sales_berlin",
        "Referrals",
        [
            _email(
                "e9957d40",
                "First e-mail",
                "A colleague of yours gave me your name",
                "Good morning {{firstname}},\n\nsomebody who worked with you thinks that you would like this role. "
                "May I call you on Thursday?\n\n{{recruiterFirstname}} {{recruiterLastname}}",
            )
        ],
    ),
    ("sourcing_support_lisbon", "Filled in March", [_INVITATION]),
)


def fill(store: Store) -> None:
    """Make the example in a store that has no sourcing yet; leave any other as it is."""
    if not store.is_empty():
        return
    for sourcing_id, name, status, mine in _SOURCINGS:
        store.add_sourcing(sourcing_id, name, status=status, mine=mine)
    for sourcing_id, name, steps in _BLUEPRINTS:
        store.create(sourcing_id, name, steps)
