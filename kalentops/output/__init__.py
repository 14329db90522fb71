"""Results → text, JSON, Markdown and the formats of CI systems. Nothing else formats."""
