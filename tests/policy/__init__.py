"""Checks of what is shipped by other people's rules."""
