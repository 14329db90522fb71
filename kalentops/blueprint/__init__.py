"""A blueprint as data: its model, its body, what changed in it, and what its fields are called."""
