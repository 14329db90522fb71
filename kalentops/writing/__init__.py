"""Data → YAML text: new files and parts of files (`render`), and one layout for what is there (`formatting`).

`layout` says what the layout is, `scalars` how a value is written so that every reader takes it for the same one.
Texts in, texts out; `files` alone touches the disk.
"""
