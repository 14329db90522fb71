"""A number is out of range.

`delay.value` and `policy.inviteTimeoutDays` are whole numbers of 1 or more.

Wrong:
    delay: {value: 0, unit: day}

Right:
    temporalityType: ASAP
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL015", "out-of-range", __doc__, hides=Hides.VALUE)
