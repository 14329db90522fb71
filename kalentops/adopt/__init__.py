"""Remote blueprints → files and state."""
