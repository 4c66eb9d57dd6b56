"""What the command line composes out of receiver, rules and sandbox."""
