"""Which channel shows the nuclei, what the channels are called, and what became of z-stacks."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import EscapedText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.add_column("files", sa.Column("choice", EscapedText()))
    op.execute("UPDATE files SET choice = 'channel auto, z planes' WHERE sha256 IS NOT NULL")
    op.add_column("images", sa.Column("nuclear_channel", sa.Integer()))
    op.add_column("images", sa.Column("projection", sa.Text()))
    op.create_table(
        "channels",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("name", EscapedText(), nullable=False),
        sa.PrimaryKeyConstraint("image_id", "channel", name="pk_channels"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_channels_image_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("channels")
    # not in a batch: SQLite would take all rows that refer to the tables along
    for table, column in (("images", "projection"), ("images", "nuclear_channel"), ("files", "choice")):
        op.drop_column(table, column)
