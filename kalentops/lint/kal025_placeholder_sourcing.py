"""The id of a sourcing has not been filled in.

`kalentops init` writes an example with `sourcing_REPLACE_ME`; no sourcing is called so, and an apply could only fail.
Words such as REPLACE_ME, CHANGE_ME, TODO, PLACEHOLDER, YOUR_ID or XXX stand for an id that is still to come.

Wrong:
    sourcingId: sourcing_REPLACE_ME

Right:
    sourcingId: sourcing_123
"""

from kalentops.lint.rule import Rule

RULE = Rule("KAL025", "placeholder-sourcing", __doc__)
