"""The key of a blueprint is not valid.

The key is the blueprint's identity in the state, in plans and on the command line. It consists of lower-case letters,
digits and hyphens, begins with a letter or digit, and has at most 64 characters. The `name` is free.

Wrong:
    blueprints:
      LinkedIn First!:

Right:
    blueprints:
      linkedin-first:
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL016", "blueprint-key", __doc__, hides=Hides.BLUEPRINT)
