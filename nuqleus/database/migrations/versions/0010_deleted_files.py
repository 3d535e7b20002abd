"""A file that is deleted leaves its results to its first duplicate; so far, its duplicates were deleted with it.

SQLite can't alter a constraint: the table `files` is made anew there. See `nuqleus.database.engine.migrating` for why
no row that refers to it is lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from nuqleus.database.migrations.counting_views import VIEWS
from nuqleus.database.migrations.deletion_triggers import CREATE, DROP

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    _replace_key(ondelete=None)
    _execute(CREATE)


def downgrade() -> None:
    """Back to the version before."""
    _execute(DROP)
    _replace_key(ondelete="CASCADE")


def _execute(statements: dict[str, list[str]]) -> None:
    for statement in statements[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)


def _replace_key(ondelete: str | None) -> None:
    name = op.f("fk_files_duplicate_of")
    with (
        _files_recreated(),
        op.batch_alter_table("files", table_kwargs={"sqlite_autoincrement": True}) as files,
    ):
        files.drop_constraint(name, type_="foreignkey")
        files.create_foreign_key(name, "files", ["duplicate_of"], ["id"], ondelete=ondelete)


@contextmanager
def _files_recreated() -> Iterator[None]:
    """Keep what SQLite loses with a table: the views of it, and the last number, which must not be given again."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        yield
        return
    for view in ("Per_Image", "counted_images"):
        op.execute(f'DROP VIEW "{view}"')
    last_id = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'files'"))
    yield
    connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'files'"))
    connection.execute(
        sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('files', :last)"), {"last": last_id or 0}
    )
    for view in ("counted_images", "Per_Image"):
        op.execute(f'CREATE VIEW "{view}" AS {VIEWS[view]}')
