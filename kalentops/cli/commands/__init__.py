"""One file a command: read options, call the stages in order, hand the result to a report."""
