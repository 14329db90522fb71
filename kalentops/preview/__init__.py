"""The sequences as a page for people who don't read YAML.

`rendering` looks at texts, `sequences` at blueprints and their steps, `page` at all of them, now and in an earlier
commit. They give the plain data of `view`, which `html` alone turns into a page.
"""
