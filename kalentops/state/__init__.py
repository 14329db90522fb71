"""What kalentops made in Kalent: its data, its form on disk, and the merge of two versions. Pure."""
