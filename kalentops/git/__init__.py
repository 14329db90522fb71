"""The git repository around a project: earlier versions, and what is committed and pushed."""
