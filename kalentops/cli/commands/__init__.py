"""The commands: each reads its options, calls the stages in order and shows the result.

`options`, `pipeline`, `connection` and `reporting` are shared.
"""
