"""Mutants of the decision and of the state machine: each is killed by a unit test, or known to be equivalent."""
