"""A comment stands behind a name that is not quoted.

It may be a comment, or the rest of the name: `C # developers` looks the same as a name and a comment.

Wrong:
    name: Sequence for C # developers

Right:
    name: "Sequence for C # developers"
"""

from kalentops.lint.finding import Severity
from kalentops.lint.rule import Rule

RULE = Rule("KAL312", "comment-behind-name", __doc__, severity=Severity.WARNING)
