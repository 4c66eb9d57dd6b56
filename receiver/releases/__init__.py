"""What was released: the stamp on a workload, noting it for a CD system, and the lists of what ran when. The HTTP of it
is in `receiver/web/`."""
