"""`make fuzz`: hostile payloads into the whole receiver over a real API server. No 5xx, no crash, no undo."""
