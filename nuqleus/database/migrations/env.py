"""What Alembic runs first. The connection, with its transaction and lock, comes from `nuqleus.database.engine`."""

from alembic import context

from nuqleus.database.plate_tables import Plate

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Plate.metadata,
    # SQLite can't alter most of a table: Alembic then copies it
    render_as_batch=True,
)
context.run_migrations()
