"""The Kalent API: docs/kalent-api.md."""
