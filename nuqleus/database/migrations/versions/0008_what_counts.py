"""What counts as a nucleus is said in one view; the others tell planes, borders and channels. A circularity."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.migrations import counting_views, first_views

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IGNORED = "ix_files_ignored_by"


def upgrade() -> None:
    """To this version."""
    op.add_column("nuclei", sa.Column("circularity", sa.Double()))
    ignored = sa.text("state = 'ignored'")
    op.create_index(IGNORED, "files", ["ignored_by"], postgresql_where=ignored, sqlite_where=ignored)
    _drop(first_views.VIEWS)
    _create(counting_views.VIEWS)


def downgrade() -> None:
    """Back to the version before."""
    _drop(counting_views.VIEWS)
    op.drop_index(IGNORED, "files")
    op.drop_column("nuclei", "circularity")
    _create(first_views.VIEWS)


def _drop(views: dict[str, str]) -> None:
    for name in views:
        op.execute(f'DROP VIEW "{name}"')


def _create(views: dict[str, str]) -> None:
    for name, query in views.items():
        op.execute(f'CREATE VIEW "{name}" AS {query}')
