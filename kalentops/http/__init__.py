"""One request, sent safely, and what its answer proves. Kalent and GitHub share it."""
