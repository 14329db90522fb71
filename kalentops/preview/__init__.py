"""The sequences as a page for people who don't read YAML.

`rendering` and `counting` look at texts, `steps` at one step, `sequences` at one blueprint, `page` at all of them; they
give the plain data of `view`, which `html` alone turns into a page. `before` has the files of an earlier commit,
`building` calls these in order, `serve` shows the page while one edits.
"""
