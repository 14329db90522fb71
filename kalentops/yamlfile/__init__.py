"""YAML text ↔ data, both ways."""

MAX_BYTES = 1 << 20
"""Of one file."""
