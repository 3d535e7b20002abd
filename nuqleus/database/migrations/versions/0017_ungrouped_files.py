"""How many files of plates an earlier version processed one by one; NULL until the scheduler has counted them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.add_column("scheduler_lease", sa.Column("ungrouped_files", sa.Integer()))


def downgrade() -> None:
    """Back to the version before."""
    op.drop_column("scheduler_lease", "ungrouped_files")
