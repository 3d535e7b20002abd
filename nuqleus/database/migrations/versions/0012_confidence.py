"""How large nuclei were taken to be, how large the network saw them, and how sure it was; views tell the latter."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.migrations import confidence_views, counting_views

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

IMAGES = ("nuclear_diameter", "zoom", "confidence")


def upgrade() -> None:
    """To this version. Of what is there nobody knows it."""
    _drop(counting_views.VIEWS)
    for name in IMAGES:
        op.add_column("images", sa.Column(name, sa.Double()))
    op.add_column("nuclei", sa.Column("confidence", sa.Double()))
    _create(confidence_views.VIEWS)


def downgrade() -> None:
    """Back to the version before."""
    _drop(confidence_views.VIEWS)
    op.drop_column("nuclei", "confidence")
    for name in IMAGES:
        op.drop_column("images", name)
    _create(counting_views.VIEWS)


def _drop(views: dict[str, str]) -> None:
    for name in views:
        op.execute(f'DROP VIEW "{name}"')


def _create(views: dict[str, str]) -> None:
    for name, query in views.items():
        op.execute(f'CREATE VIEW "{name}" AS {query}')
