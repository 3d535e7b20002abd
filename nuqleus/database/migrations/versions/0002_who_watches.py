"""Which folder a database belongs to, which scheduler leads, and which process a worker is."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import EscapedPath, UtcTimestamp

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "watch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("folder", EscapedPath(), nullable=False),
        sa.Column("leader", sa.Text()),
        sa.Column("process", sa.Text()),
        sa.Column("lease_expires_at", UtcTimestamp()),
        sa.PrimaryKeyConstraint("id", name="pk_watch"),
    )
    op.add_column("workers", sa.Column("process", sa.Text()))


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("workers") as workers:
        workers.drop_column("process")
    op.drop_table("watch")
