"""What kalentops has made in Kalent: its data, its form on disk, and how two of it become one. Pure."""
