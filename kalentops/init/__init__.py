"""`init`: settings, example, workflows and hooks for a repository, without changing existing files."""
