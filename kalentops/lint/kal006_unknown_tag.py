"""A YAML tag is not known.

Tags (`!something`) make other tools build objects. Here they have no meaning; a text that begins with an
exclamation mark needs quotes.

Wrong:
    name: !important Follow-up

Right:
    name: "!important Follow-up"
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL006", "unknown-tag", __doc__, hides=Hides.FILE)
