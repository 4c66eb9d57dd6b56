"""TLS of the admission webhook: an authority and a serving certificate of its own, renewed by any replica."""
