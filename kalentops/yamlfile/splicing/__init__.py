"""What `writing.editing` is made of: a file's text cut and filled in at the places where its values stand.

`wanted` says what shall change, as data. `outline` says where everything stands in the text. `fields` and `steps` turn
changes into `edits`: values in the place of others (`inplace`, `blocktext`, `flow`), and entries of mappings and lists
that come, go and move (`runs`, with `lines` where each has lines of its own and `inline` where they share one; `order`
is what these are given).
"""
