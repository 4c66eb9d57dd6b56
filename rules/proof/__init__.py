"""The proof of an objective's rules: promtool's unit tests, made from the objective itself, and what they found."""
