"""The HTTP edge: Flask, and gunicorn that serves it."""
