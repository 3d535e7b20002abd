"""Failed files have indexes of their own: what `nuqleus status` asks about them no longer reads their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {"ix_files_failed_error_kind": ["error_kind"], "ix_files_failed_finished_at": ["finished_at", "id"]}


def upgrade() -> None:
    """To this version."""
    failed = sa.text("state = 'failed'")
    for name, columns in INDEXES.items():
        op.create_index(name, "files", columns, postgresql_where=failed, sqlite_where=failed)


def downgrade() -> None:
    """Back to the version before."""
    for name in INDEXES:
        op.drop_index(name, "files")
