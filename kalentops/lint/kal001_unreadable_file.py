"""A file can't be read.

kalentops reads regular files in UTF-8 inside the project. A symbolic link must not lead out of the project: what is
reviewed in a pull request must be what is sent. A name that ends in .YAML or .YML is an error, because editors and
hooks ignore such a file.

Wrong:
    blueprints/engineer.yaml -> /home/ada/engineer.yaml

Right:
    a copy of the file in blueprints/
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL001", "unreadable-file", __doc__, hides=Hides.FILE)
