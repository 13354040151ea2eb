"""Benchmarks: ratios against an honest floor measured in the same run, never absolute times."""
