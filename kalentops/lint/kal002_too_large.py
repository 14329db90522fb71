"""A file is larger or deeper than a blueprint can be.

The limits are 1 MiB, 32 levels of nesting, and 20,000 values, with aliases expanded. They keep a broken or hostile
file from blocking the run. A long real sequence needs a hundredth of them.

Wrong:
    one file with every sequence of the company

Right:
    one file a sourcing, or several for one sourcing
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL002", "too-large", __doc__, hides=Hides.FILE)
