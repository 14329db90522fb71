"""The file is not valid YAML.

A file that can't be parsed can't be checked, so this finding hides all others of the file. The usual cause is a text
that needs quotes because it contains `: ` or begins with one of @ ` % & * ! [ {.

Wrong:
    subject: Re: our call

Right:
    subject: "Re: our call"
"""

from kalentops.lint.rule import Hides, Rule

RULE = Rule("KAL003", "yaml-syntax", __doc__, hides=Hides.FILE)
