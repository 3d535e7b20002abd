"""Overviews: a small picture of each image with its outlines; and an index for lists of files."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FILES_BY_STATE = "ix_files_state_id"


def upgrade() -> None:
    """To this version. Images from before have no picture."""
    op.create_table(
        "overviews",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("image_id", name="pk_overviews"),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name="fk_overviews_image_id", ondelete="CASCADE"
        ),
    )
    op.create_index(FILES_BY_STATE, "files", ["state", "id"])


def downgrade() -> None:
    """Back to the version before."""
    op.drop_index(FILES_BY_STATE, "files")
    op.drop_table("overviews")
