"""`make chaos`: break every step of a rollback in every way, and let the API server's audit log say what happened."""
