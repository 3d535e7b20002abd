"""When the folder was looked at last; NULL until a scheduler has looked."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import UtcTimestamp

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.add_column("scheduler_lease", sa.Column("scanned_at", UtcTimestamp()))


def downgrade() -> None:
    """Back to the version before."""
    op.drop_column("scheduler_lease", "scanned_at")
