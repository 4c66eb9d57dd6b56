"""SLO file in, Prometheus rules out: pure, and independent of the receiver."""
