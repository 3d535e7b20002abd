"""Images of which the network was less sure than not are counted at once."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

INDEX = "ix_images_unsure"


def upgrade() -> None:
    """To this version."""
    unsure = sa.text("confidence < 0.5")
    op.create_index(INDEX, "images", ["file_id"], postgresql_where=unsure, sqlite_where=unsure)


def downgrade() -> None:
    """Back to the version before."""
    op.drop_index(INDEX, "images")
