"""Benchmarks on real parts, beside their peers and the goals (`make bench`)."""
