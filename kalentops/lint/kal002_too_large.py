"""A file is larger or deeper than a blueprint can be.

The bounds are 1 MiB, 32 levels of nesting, and 20,000 values after aliases are expanded. They keep a broken or
hostile file from stalling the run; a long real sequence uses a hundredth of them.

Wrong:
    one file with every sequence of the company

Right:
    one file a sourcing, or several for one sourcing
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL002", "too-large", __doc__, hides=Hides.FILE)
