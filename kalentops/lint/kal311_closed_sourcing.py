"""A file serves a sourcing that is closed.

Nobody is looked for there any more, so the file was probably forgotten, or has the id of an earlier sourcing of the
same name. Only `kalentops validate --online` can find this; `kalentops sourcings --all` lists what is in progress.

Wrong:
    sourcingId: sourcing_of_last_year

Right:
    sourcingId: sourcing_123
"""

from kalentops.lint.rule import Rule

RULE = Rule("KAL311", "closed-sourcing", __doc__)
