"""What kalentops costs, each figure as a ratio within one run: `make bench`, or `python -m benchmarks NAME…`."""
