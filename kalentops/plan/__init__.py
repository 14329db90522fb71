"""Files, state and lists → what to do. Pure."""
