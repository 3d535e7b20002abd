"""Plates: which files are parts of one field, read from their names."""
