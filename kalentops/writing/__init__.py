"""Data → YAML text: new files and parts of files (`render`), one layout for what is there (`formatting`), and one
blueprint changed in a file that else stays as it is (`editing`, made of what is in `splicing`).

`layout` says what the layout is, `scalars` how a value is written so that every reader takes it for the same one.
Texts in, texts out; `files` alone touches the disk.
"""
