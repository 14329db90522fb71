"""What `moved` or `removed` says of a key contradicts the rest of the files.

`moved` tells kalentops that a blueprint has another key now, and `removed` that the state is to forget one: both
speak of keys that stand in no file any more. A key that `moved` leads to has to be there.

Wrong:
    blueprints:
      linkedin-first: {name: LinkedIn first, …}
    removed: [linkedin-first]

Right:
    blueprints:
      linkedin-first: {name: LinkedIn first, …}
    moved: [{from: first-contact, to: linkedin-first}]
    removed: [old-cadence]
"""

from kalentops.lint.rule import Rule

RULE = Rule("KAL024", "contradictory-key", __doc__)
