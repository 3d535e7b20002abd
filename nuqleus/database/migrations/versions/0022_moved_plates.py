"""To which plate the fields of a plate are moving, as its folder was renamed."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.add_column("plates", sa.Column("moved_to", sa.Integer()))


def downgrade() -> None:
    """Back to the version before."""
    op.drop_column("plates", "moved_to")
