"""A blueprint as data: its model, its body, what changed in it, when its steps happen, what its fields are called."""
