"""What is wrong, or looks wrong, with rules: by their text, and by the data of a Prometheus."""
