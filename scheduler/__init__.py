"""Notices files, records them, rings for the workers."""
