"""How often the comparison of old with new pods errs, by drawing pods whose truth is known."""
