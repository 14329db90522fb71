"""A required field is missing.

A file needs `sourcingId` and `blueprints`, a blueprint `name`, a step `id`, `name`, `type`, `content` and
`temporalityType`.

Wrong:
    - id: invite
      type: LINKEDIN

Right:
    - id: invite
      name: Invitation
      type: LINKEDIN
      linkedInType: LINKEDIN_INVITATION
      temporalityType: ASAP
      content: ""
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL011", "missing-field", __doc__, hides=Hides.VALUE)
