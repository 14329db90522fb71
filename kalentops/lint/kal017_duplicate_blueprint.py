"""A key stands twice in one sourcing.

Several files may serve one sourcing, but SOURCING_ID/KEY names one blueprint. The finding names both places.

Wrong:
    # a.yaml and b.yaml, both with sourcingId: sourcing_1
    blueprints:
      first-contact: …

Right:
    # b.yaml
    blueprints:
      first-contact-fr: …
"""

from kalentops.lint.rule import Rule

RULE = Rule("KAL017", "duplicate-blueprint", __doc__)
