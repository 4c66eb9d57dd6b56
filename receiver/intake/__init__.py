"""Deliveries as they come over the wire, read into alerts."""
