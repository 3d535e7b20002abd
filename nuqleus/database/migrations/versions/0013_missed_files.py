"""Which files were to be processed again and were not there, and on which device the watched folder lay."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import UtcTimestamp

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INDEX = "ix_files_missed_at"
MISSED = sa.text("missed_at IS NOT NULL")


def upgrade() -> None:
    """To this version."""
    # not in batches: SQLite would copy the tables
    op.add_column("files", sa.Column("missed_at", UtcTimestamp()))
    op.create_index(INDEX, "files", ["missed_at"], postgresql_where=MISSED, sqlite_where=MISSED)
    op.add_column("scheduler_lease", sa.Column("device", sa.BigInteger()))


def downgrade() -> None:
    """Back to the version before."""
    op.drop_column("scheduler_lease", "device")
    op.drop_index(INDEX, "files")
    op.drop_column("files", "missed_at")
