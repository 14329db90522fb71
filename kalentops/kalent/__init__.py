"""The Kalent API: docs/reference/kalent-api.md."""
