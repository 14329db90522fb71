"""What is to be done: files against state, and both against what Kalent shows. Pure data and pure functions."""
