"""A blueprint has steps of its own and those of a template.

A blueprint either has `name` and `steps`, or it says with `use` which template it is made from. `with`, `change`,
`remove` and `add` say what is different from the template, so they need `use`.

Wrong:
    blueprints:
      linkedin-first:
        use: linkedin-first
        steps: […]

Right:
    blueprints:
      linkedin-first:
        use: linkedin-first
        change: {follow-up: {delay: {value: 4, unit: day}}}
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL417", "mixed-blueprint", __doc__, hides=Hides.BLUEPRINT)
