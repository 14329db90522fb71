"""A field is not one of the API's.

The API refuses keys that it does not know, and a misspelt one would mean that its value is never used. Field
names are spelled exactly as the API spells them.

Wrong:
    linkedinType: LINKEDIN_MESSAGE

Right:
    linkedInType: LINKEDIN_MESSAGE
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL010", "unknown-field", __doc__, hides=Hides.VALUE)
