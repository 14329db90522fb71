"""What makes a sequence good, one file a rule.

A rule with a `check` gets a blueprint and returns problems; one without is found by the loader or by the look
over several files, and has only its page here. The module's docstring is the page that `kalentops rule` prints.
"""
