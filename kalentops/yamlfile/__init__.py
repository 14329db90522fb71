"""YAML text ↔ data, both ways."""
