"""`Per_Image` says which plate, well and site an image is of, and which file holds each of its channels."""

from alembic import op

from nuqleus.database.migrations import confidence_views, field_views

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

VIEW = "Per_Image"


def upgrade() -> None:
    """To this version."""
    _replace(field_views.VIEWS[VIEW])


def downgrade() -> None:
    """Back to the version before."""
    _replace(confidence_views.VIEWS[VIEW])


def _replace(query: str) -> None:
    op.execute(f'DROP VIEW "{VIEW}"')
    op.execute(f'CREATE VIEW "{VIEW}" AS {query}')
