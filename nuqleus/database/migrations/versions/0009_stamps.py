"""Stamps of files with inode and ctime, paths that are gone, and what a file was before it was queued again."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import EscapedText, UtcTimestamp

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FILES: dict[str, Any] = {
    "inode": sa.BigInteger(),
    "ctime_ns": sa.BigInteger(),
    "gone_at": UtcTimestamp(),
    "previous_state": sa.String(16),
}
LEASE: dict[str, Any] = {"failing_since": UtcTimestamp(), "trouble": EscapedText()}
VANISHED = "state = 'failed' AND error_kind = 'vanished'"


def upgrade() -> None:
    """To this version. What vanished had the date 0 so far."""
    # not in batches: SQLite would copy the tables
    for name, kind in FILES.items():
        op.add_column("files", sa.Column(name, kind))
    op.add_column("files", sa.Column("suspected", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(f"UPDATE files SET gone_at = coalesce(finished_at, discovered_at) WHERE {VANISHED}")  # noqa: S608
    for name, kind in LEASE.items():
        op.add_column("scheduler_lease", sa.Column(name, kind))


def downgrade() -> None:
    """Back to the version before; files that were queued again have no state to go back to."""
    for name in LEASE:
        op.drop_column("scheduler_lease", name)
    op.execute(f"UPDATE files SET mtime_ns = 0 WHERE {VANISHED}")  # noqa: S608
    for name in ("suspected", *FILES):
        op.drop_column("files", name)
