"""An anchor, an alias or a merge key does not work.

An alias (`*name`) needs its anchor (`&name`) earlier in the same file, must not stand inside it, and `<<`
merges mappings only.

Wrong:
    policy: *skip            # no &skip before it

Right:
    policy: &skip {skipStepIfNoContact: true}
    …
    policy: *skip
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL008", "alias", __doc__, hides=Hides.FILE)
