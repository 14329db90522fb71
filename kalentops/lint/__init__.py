"""Findings: one rule, one file."""
