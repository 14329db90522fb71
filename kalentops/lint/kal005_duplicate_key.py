"""A key stands twice in one mapping.

Most readers of YAML let the second value win without a word; half of what was written would never be sent.

Wrong:
    name: First contact
    name: Second thoughts

Right:
    name: First contact
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL005", "duplicate-key", __doc__, hides=Hides.FILE)
