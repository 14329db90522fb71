"""A text that begins with a variable is not quoted.

In YAML an opening brace begins a mapping, so `{{firstname}}` without quotes is a mapping in a mapping.

Wrong:
    subject: {{firstname}}, a question

Right:
    subject: "{{firstname}}, a question"
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL004", "unquoted-variable", __doc__, hides=Hides.FILE)
