r"""A part of a text as it stands in the file is not part of its value.

YAML takes ` #` and what follows for a comment, `&word` in front of a text for an anchor, and `!` for a tag. Without a
word, candidates would get the rest. Behind `subject` and `content` no comment may stand; behind `id` and in `config`,
only one that is set off as comments are, `# so`. In double quotes a backslash is an escape: `C:\temp` holds a tab, and
`\_` a no-break space.

Wrong:
    subject: Our team is #1 in Lyon

Right:
    subject: "Our team is #1 in Lyon"
"""

from kalentops.lint.rule import Rule

RULE = Rule("KAL009", "lost-text", __doc__)
