"""YAML text → plain data with positions → model.

`files` finds and reads, `tree` builds the data, `scalars` decides what a word means, `document` gives it its
shape. `tree` is the only user of yaml. Everything here is a pure function of bytes, bar `files`.
"""
