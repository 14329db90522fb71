"""A value is not one that the API knows.

`type`, `linkedInType`, `temporalityType`, `delay.unit` and `contentSource` take a few values, spelled exactly.
Hours and weeks do not exist: an hour is 60 minutes, a week 7 days.

Wrong:
    delay: {value: 3, unit: days}

Right:
    delay: {value: 3, unit: day}
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL013", "unknown-value", __doc__, hides=Hides.VALUE)
