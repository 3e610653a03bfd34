"""The benchmark suite of `scripts/bench`."""
