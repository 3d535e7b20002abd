"""Fields of plates: files that are one image together, one of them its lead, the others its companions.

SQLite can't alter a constraint: the table `files` is made anew there. See `nuqleus.database.engine.migrating` for why
no row that refers to it is lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from nuqleus.database.column_types import EscapedPath

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATES = ("waiting", "queued", "running", "done", "failed", "duplicate", "ignored")
COLUMNS: dict[str, Any] = {
    "field_key": EscapedPath(),
    "field_channel": EscapedPath(),
    "field_z": sa.Integer(),
}
INDEXED = ("field_key", "companion_of")
WAITING = "ix_files_waiting_field_key"


def upgrade() -> None:
    """To this version; files that were processed one by one stay as they are."""
    with _files_altered() as files:
        _replace_check(files, (*STATES, "companion"))
        for name, kind in COLUMNS.items():
            files.add_column(sa.Column(name, kind))
        files.add_column(sa.Column("companion_of", sa.Integer()))
        key = op.f("fk_files_companion_of")
        files.create_foreign_key(key, "files", ["companion_of"], ["id"], ondelete="CASCADE")
    for name in INDEXED:
        op.create_index(op.f(f"ix_files_{name}"), "files", [name])
    waiting = sa.text("state = 'waiting' AND field_key IS NOT NULL")
    op.create_index(WAITING, "files", ["field_key"], postgresql_where=waiting, sqlite_where=waiting)


def downgrade() -> None:
    """Back to the version before, to which companions are files that have yet to be processed."""
    op.drop_index(WAITING, "files")
    for name in INDEXED:
        op.drop_index(op.f(f"ix_files_{name}"), "files")
    op.execute("UPDATE files SET state = 'waiting', sha256 = NULL WHERE state = 'companion'")
    with _files_altered() as files:
        files.drop_constraint(op.f("fk_files_companion_of"), type_="foreignkey")
        for name in (*COLUMNS, "companion_of"):
            files.drop_column(name)
        _replace_check(files, STATES)


def _replace_check(files: BatchOperations, states: tuple[str, ...]) -> None:
    name = op.f("ck_files_state")
    files.drop_constraint(name, type_="check")
    files.create_check_constraint(name, f"state IN ({', '.join(map(repr, states))})")


@contextmanager
def _files_altered() -> Iterator[BatchOperations]:
    """Alter `files`; in SQLite, with all that it loses with the table: views, triggers, and the last number.

    The number must not be given again.
    """
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    kept = _views_and_triggers(connection) if is_sqlite else []
    for kind, name, _ in kept:
        op.execute(f'DROP {kind} "{name}"')
    last_id = is_sqlite and connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'files'"))
    with op.batch_alter_table("files", table_kwargs={"sqlite_autoincrement": True}) as files:
        yield files
    if is_sqlite:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'files'"))
        number = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('files', :last)")
        connection.execute(number, {"last": last_id or 0})
    for _, _, sql in kept:
        connection.exec_driver_sql(sql)


def _views_and_triggers(connection: sa.Connection) -> list[tuple[str, str, str]]:
    """Kind, name and definition of each, in the order in which they were made."""
    query = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY rowid"
    return [(row.type, row.name, row.sql) for row in connection.execute(sa.text(query))]
