"""A field does not exist.

The API refuses unknown keys, and the value of a misspelt key would never be used. Field names are spelled exactly as
in the API.

Wrong:
    linkedinType: LINKEDIN_MESSAGE

Right:
    linkedInType: LINKEDIN_MESSAGE
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL010", "unknown-field", __doc__, hides=Hides.VALUE)
