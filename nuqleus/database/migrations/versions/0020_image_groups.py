"""Statistics of the images of a plate or folder; which images stand out from theirs, and how much DNA nuclei have."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import UtcTimestamp
from nuqleus.database.migrations.group_views import VIEWS

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = ("image_groups", "group_statistics", "g1_peaks")


def upgrade() -> None:
    """To this version."""
    _create_groups()
    _create_statistics()
    for name, query in VIEWS.items():
        op.execute(f'CREATE VIEW "{name}" AS {query}')


def downgrade() -> None:
    """Back to the version before."""
    for name in reversed(VIEWS):
        op.execute(f'DROP VIEW "{name}"')
    for name in reversed(TABLES):
        op.drop_table(name)


def _create_groups() -> None:
    op.create_table(
        "image_groups",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("as_of", UtcTimestamp(), nullable=False),
        sa.Column("images", sa.Integer()),
        sa.Column("image_ids_sum", sa.BigInteger()),
        sa.Column("standing_out", sa.Integer()),
        sa.PrimaryKeyConstraint("key", name="pk_image_groups"),
    )


def _create_statistics() -> None:
    _create_of_groups(
        "group_statistics",
        ("channel", "name"),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("median", sa.Double(), nullable=False),
        sa.Column("mad", sa.Double(), nullable=False),
    )
    _create_of_groups(
        "g1_peaks",
        ("t", "channel"),
        sa.Column("t", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("nuclei", sa.Integer(), nullable=False),
        sa.Column("position", sa.Double()),
        sa.Column("cv", sa.Double()),
        sa.Column("unknown_because", sa.Text()),
    )


def _create_of_groups(table: str, key: tuple[str, ...], *columns: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column("group_key", sa.Text(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("group_key", *key, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["group_key"], ["image_groups.key"], name=f"fk_{table}_group_key", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
