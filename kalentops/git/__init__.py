"""The repository that a project lies in: its earlier versions, and what is committed and pushed there."""
