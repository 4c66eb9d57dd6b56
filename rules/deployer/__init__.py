"""Whoever deploys says how the release is judged: annotations of a workload into rules that can blame nobody else."""
