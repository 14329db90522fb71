"""A text that must not be empty is empty.

Ids and names identify things for the API and for people.

Wrong:
    name: ""

Right:
    name: First contact
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL014", "empty-value", __doc__, hides=Hides.VALUE)
