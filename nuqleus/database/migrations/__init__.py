"""The schema's history. Alembic runs these; `nuqleus db upgrade` starts it."""

HEAD = "0024"
"""The newest version: what this code works with. Stated here so that nobody loads Alembic just to find out."""
