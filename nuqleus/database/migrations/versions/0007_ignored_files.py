"""Ignored files, and why; how the nuclear channel was chosen, where the pixel size comes from, names of scenes.

SQLite can't alter a constraint: the table `files` is made anew there. See `nuqleus.database.engine.migrating` for why
no row that refers to it is lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import EscapedText
from nuqleus.database.migrations.first_views import VIEWS

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = ("waiting", "queued", "running", "done", "failed", "duplicate")
COLUMNS = {"nuclear_channel_by": sa.Text(), "pixel_size_from": sa.Text(), "scene_name": EscapedText()}
GUESSES = "ix_images_guessed"


def upgrade() -> None:
    """To this version."""
    _replace_check((*STATES, "ignored"))
    op.add_column("files", sa.Column("ignored_by", sa.Text()))
    for name, kind in COLUMNS.items():
        op.add_column("images", sa.Column(name, kind))
    guessed = sa.text("nuclear_channel_by = 'guess'")
    op.create_index(GUESSES, "images", ["file_id"], postgresql_where=guessed, sqlite_where=guessed)


def downgrade() -> None:
    """Back to the version before, which knows files that are ignored as failed ones."""
    op.drop_index(GUESSES, "images")
    for name in COLUMNS:
        op.drop_column("images", name)
    op.execute(
        "UPDATE files SET state = 'failed', error_kind = 'not-an-image', error = ignored_by WHERE state = 'ignored'"
    )
    op.drop_column("files", "ignored_by")
    _replace_check(STATES)


def _replace_check(states: tuple[str, ...]) -> None:
    name = op.f("ck_files_state")
    with (
        _files_recreated(),
        op.batch_alter_table("files", table_kwargs={"sqlite_autoincrement": True}) as files,
    ):
        files.drop_constraint(name, type_="check")
        files.create_check_constraint(name, f"state IN ({', '.join(map(repr, states))})")


@contextmanager
def _files_recreated() -> Iterator[None]:
    """Keep what SQLite loses with a table: the view of it, and the last number, which must not be given again."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        yield
        return
    op.execute('DROP VIEW "Per_Image"')
    last_id = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'files'"))
    yield
    connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'files'"))
    connection.execute(
        sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('files', :last)"), {"last": last_id or 0}
    )
    op.execute(f'CREATE VIEW "Per_Image" AS {VIEWS["Per_Image"]}')
