"""What any program could use: text, time, streams, safe writes. Knows nothing of Kalent."""
