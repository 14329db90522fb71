"""Lines of a message are joined.

Below a `>`, in quotes and in a text without quotes, YAML makes a blank of a line break, and a line break of an empty
line. That is fine where a long line is only wrapped. This warning comes where a line looks like one of its own, an item
of a list, or a short line such as a greeting, and where an empty line between paragraphs is lost.

Wrong:
    content: >-
      Hi {{firstname}},
      I saw your talk.

Right:
    content: |-
      Hi {{firstname}},
      I saw your talk.
"""

from kalentops.lint.finding import Severity
from kalentops.lint.rule import Rule

RULE = Rule("KAL313", "joined-lines", __doc__, severity=Severity.WARNING)
