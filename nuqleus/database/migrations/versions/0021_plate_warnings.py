"""What is odd about names of plates' files and about plate maps, for `nuqleus status`."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import EscapedPath, EscapedText

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "plate_warnings",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", EscapedPath(), nullable=False),
        sa.Column("message", EscapedText(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "path", name="pk_plate_warnings"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("plate_warnings")
