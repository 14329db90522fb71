"""Two blueprints of one sourcing have the same name.

The name is how a person, and kalentops after a lost answer, tells blueprints apart in Kalent.

Wrong:
    first-contact:    {name: First contact, …}
    first-contact-fr: {name: First contact, …}

Right:
    first-contact:    {name: First contact, …}
    first-contact-fr: {name: First contact (French), …}
"""

from kalentops.lint.rule import Rule

RULE = Rule("KAL018", "duplicate-name", __doc__)
