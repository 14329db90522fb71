"""A file looks like one of blueprints, and is not read.

Only names that end with .yaml or .yml are read. A backup, or a file that an editor has saved as `….yaml.txt`, stands
beside them and says nothing, whatever it holds. `kalentops.yaml` holds the settings of a project, and no blueprints.

Wrong:
    blueprints/backend.yaml.txt

Right:
    blueprints/backend.yaml
"""

from kalentops.lint.finding import Severity
from kalentops.lint.rule import Rule

RULE = Rule("KAL315", "unread-file", __doc__, severity=Severity.WARNING)
