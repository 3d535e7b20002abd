"""Views say what is around nuclei, and how good images are."""

from alembic import op

from nuqleus.database.migrations import confidence_views, field_views, surroundings_views

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BEFORE = {
    **{name: confidence_views.VIEWS[name] for name in ("nuclei_um", "Per_Object")},
    "Per_Image": field_views.VIEWS["Per_Image"],
}


def upgrade() -> None:
    """To this version."""
    _replace(surroundings_views.VIEWS)


def downgrade() -> None:
    """Back to the version before."""
    _replace(BEFORE)


def _replace(views: dict[str, str]) -> None:
    for name, query in views.items():
        op.execute(f'DROP VIEW "{name}"')
        op.execute(f'CREATE VIEW "{name}" AS {query}')
