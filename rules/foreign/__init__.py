"""Objectives in other tools' formats, read into the same form as our own."""
