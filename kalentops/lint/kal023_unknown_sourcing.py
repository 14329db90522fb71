"""A sourcing does not exist, or the key does not see it.

The API would refuse every blueprint of the file. Only `kalentops validate --online` can find this; `kalentops
sourcings --all` lists the ids that exist.

Wrong:
    sourcingId: sourcing_132

Right:
    sourcingId: sourcing_123
"""

from kalentops.lint.rule import Rule

RULE = Rule("KAL023", "unknown-sourcing", __doc__)
