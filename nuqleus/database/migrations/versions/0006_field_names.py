"""Names of the field: image options, the scheduler's lease, process identities."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import EscapedPath, UtcTimestamp

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    # not in batches: SQLite would copy and drop the tables, and take all rows that refer to them along
    _rename_column("files", "choice", "image_options")
    _rename_column("workers", "process", "process_identity")
    _move_lease("watch", "process", "scheduler_lease", "process_identity")


def downgrade() -> None:
    """Back to the version before."""
    _move_lease("scheduler_lease", "process_identity", "watch", "process")
    _rename_column("workers", "process_identity", "process")
    _rename_column("files", "image_options", "choice")


def _rename_column(table: str, old: str, new: str) -> None:
    op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def _move_lease(old: str, old_column: str, new: str, new_column: str) -> None:
    """Copy the one row, to which nothing refers, into a new table: renamed, it would keep its constraint's old name."""
    op.create_table(
        new,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("folder", EscapedPath(), nullable=False),
        sa.Column("leader", sa.Text()),
        sa.Column(new_column, sa.Text()),
        sa.Column("lease_expires_at", UtcTimestamp()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{new}"),
    )
    columns = "id, folder, leader, {}, lease_expires_at"
    op.execute(
        f"INSERT INTO {new} ({columns.format(new_column)}) SELECT {columns.format(old_column)} FROM {old}"  # noqa: S608
    )
    op.drop_table(old)
