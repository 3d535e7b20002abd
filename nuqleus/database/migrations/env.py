"""What Alembic runs first. The connection, with its transaction and lock, comes from `nuqleus.database.engine`."""

from alembic import context

from nuqleus.database.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite can't alter most of a table: Alembic then copies it
    render_as_batch=True,
)
context.run_migrations()
