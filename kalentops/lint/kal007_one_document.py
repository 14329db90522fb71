"""A file holds no document, or more than one.

Each file is one document with one `sourcingId`. A second document below a `---` is easily overlooked in a review.

Wrong:
    sourcingId: sourcing_1
    ---
    sourcingId: sourcing_2

Right:
    two files
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL007", "one-document", __doc__, hides=Hides.FILE)
