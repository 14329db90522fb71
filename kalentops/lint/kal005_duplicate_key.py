"""A key is used twice in one mapping.

Most YAML readers silently take the second value, so the first would never be sent.

Wrong:
    name: First contact
    name: Second thoughts

Right:
    name: First contact
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL005", "duplicate-key", __doc__, hides=Hides.FILE)
