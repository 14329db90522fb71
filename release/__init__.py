"""Releases: built from a commit, the same bytes everywhere, checked, and described."""
