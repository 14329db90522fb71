"""A value is of the wrong type.

Values are read as YAML 1.2 defines them, and never converted: a number where text belongs is an error, not a guess.

Wrong:
    name: 2026

Right:
    name: "2026"
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL012", "wrong-type", __doc__, hides=Hides.BLUEPRINT)
