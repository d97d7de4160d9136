"""Benchmarks, each beside its peers in the same run; only the ratios count."""
