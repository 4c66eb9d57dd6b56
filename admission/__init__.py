"""What happens at deploy time: the mutating admission webhook that stamps releases."""
