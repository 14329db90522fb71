"""The file is not valid YAML.

Nothing can be said about a file that can't be parsed, so this finding hides the others of the same file. The
usual cause is a text that needs quotes because it holds `: ` or begins with one of @ ` % & * ! [ {.

Wrong:
    subject: Re: our call

Right:
    subject: "Re: our call"
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL003", "yaml-syntax", __doc__, hides=Hides.FILE)
