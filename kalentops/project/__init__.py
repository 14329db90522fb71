"""A repository of blueprint files: its settings, its files, and their check."""
