"""The schema's history. Alembic runs these; `nuqleus db upgrade` starts it."""

HEAD = "0023"
"""The newest version: what this code works with. Stated here so that nobody loads Alembic just to find out."""
