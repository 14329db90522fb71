"""A file can't be read.

Only regular files in UTF-8 that lie in the project are loaded. A symbolic link may not leave the project: what
a recruiter reviews in a pull request has to be what is sent. A name that ends in .YAML or .YML is refused instead
of passed over, because what is in it would look removed.

Wrong:
    blueprints/engineer.yaml -> /home/ada/engineer.yaml

Right:
    a copy of the file in blueprints/
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL001", "unreadable-file", __doc__, hides=Hides.FILE)
