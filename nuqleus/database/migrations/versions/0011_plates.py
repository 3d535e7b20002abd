"""Plates, their wells and channels, statistics and annotations of wells, and which well an image lies in."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import EscapedPath, EscapedText, UtcTimestamp
from nuqleus.database.migrations.plate_views import VIEWS

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = ("plates", "plate_channels", "wells", "well_statistics", "well_annotations")
IMAGES_BY_WELL = "ix_images_well_id_id"


def upgrade() -> None:
    """To this version."""
    _create_plates()
    _create_of_wells()
    _add_well_to_images()
    op.create_index(IMAGES_BY_WELL, "images", ["well_id", "id"])
    for name, query in VIEWS.items():
        op.execute(f'CREATE VIEW "{name}" AS {query}')


def downgrade() -> None:
    """Back to the version before."""
    for name in VIEWS:
        op.execute(f'DROP VIEW "{name}"')
    op.drop_index(IMAGES_BY_WELL, "images")
    for name in ("missing_channels", "site", "well_id"):
        op.drop_column("images", name)
    for name in reversed(TABLES):
        op.drop_table(name)


def _create_plates() -> None:
    op.create_table(
        "plates",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", EscapedPath(), nullable=False),
        sa.Column("folder", EscapedPath(), nullable=False),
        sa.Column("convention", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer()),
        sa.Column("cols", sa.Integer()),
        sa.Column("pixel_size_um", sa.Double()),
        sa.Column("plate_map", EscapedText()),
        sa.PrimaryKeyConstraint("id", name="pk_plates"),
        sa.UniqueConstraint("folder", "name", name="uq_plates_folder_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "plate_channels",
        sa.Column("plate_id", sa.Integer(), nullable=False),
        sa.Column("key", EscapedPath(), nullable=False),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("name", EscapedText(), nullable=False),
        sa.Column("wavelength", sa.Double()),
        sa.PrimaryKeyConstraint("plate_id", "key", name="pk_plate_channels"),
        _belongs_to("plate_channels", "plate_id", "plates"),
        sqlite_with_rowid=False,
    )


def _create_of_wells() -> None:
    op.create_table(
        "wells",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("plate_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("col", sa.Integer(), nullable=False),
        sa.Column("statistics_at", UtcTimestamp()),
        sa.Column("statistics_images", sa.Integer()),
        sa.Column("statistics_newest", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_wells"),
        sa.UniqueConstraint("plate_id", "name", name="uq_wells_plate_id_name"),
        _belongs_to("wells", "plate_id", "plates"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "well_statistics",
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("well_id", "t", "z", "channel")),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.PrimaryKeyConstraint("well_id", "t", "z", "channel", "name", name="pk_well_statistics"),
        _belongs_to("well_statistics", "well_id", "wells"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "well_annotations",
        sa.Column("well_id", sa.Integer(), nullable=False),
        sa.Column("name", EscapedText(), nullable=False),
        sa.Column("value", EscapedText(), nullable=False),
        sa.PrimaryKeyConstraint("well_id", "name", name="pk_well_annotations"),
        _belongs_to("well_annotations", "well_id", "wells"),
        sqlite_with_rowid=False,
    )


def _belongs_to(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )


def _add_well_to_images() -> None:
    """Not in a batch: SQLite would copy the table."""
    op.add_column("images", sa.Column("well_id", sa.Integer()))
    op.add_column("images", sa.Column("site", sa.Integer()))
    op.add_column("images", sa.Column("missing_channels", EscapedText()))
