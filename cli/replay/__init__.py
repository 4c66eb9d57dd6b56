"""Recorded data judged as the receiver would have judged it: which alerts fired, and what was decided about each.

Pure but for `history.py`, which asks Prometheus.
"""
