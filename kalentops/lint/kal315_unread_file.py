"""A file looks like a blueprint file but is not read.

Only names that end with .yaml or .yml are read. A backup, or a file that an editor saved as `….yaml.txt`, has no
effect. `kalentops.yaml` holds the settings of a project, and no blueprints.

Wrong:
    blueprints/backend.yaml.txt

Right:
    blueprints/backend.yaml
"""

from kalentops.lint.finding import Severity
from kalentops.lint.rule import Rule

RULE = Rule("KAL315", "unread-file", __doc__, severity=Severity.WARNING)
