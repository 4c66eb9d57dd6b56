"""What changes in alerts from one set of rules to another, in words for a review."""
