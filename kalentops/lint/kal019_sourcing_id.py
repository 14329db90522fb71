"""The id of a sourcing is not one that the API could have given out.

It becomes part of an address on the network and of the blueprint's address in the state, so only letters,
digits, `_`, `-` and `.` are taken, at most 128.

Wrong:
    sourcingId: ../other

Right:
    sourcingId: sourcing_123
"""

from kalentops.lint.rule import Rule

RULE = Rule("KAL019", "sourcing-id", __doc__)
