"""What is around each nucleus, how good each channel of an image is, and textures. Of what is there nobody knows it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COUNTS = ("ring_area", "neighbor_count", "neighbor_nearest_label")
"""Columns of whole numbers; all others are float4."""

ADDED = {
    "images": ("ring_gap", "ring_width", "neighbor_distance", "area_fraction"),
    "nuclei": (
        *COUNTS,
        "neighbor_touching_fraction",
        "neighbor_nearest_distance",
        "neighbor_density",
    ),
    "intensities": (
        "intensity_ring_mean",
        "intensity_ring_median",
        "intensity_ring_integrated",
        "intensity_ring_ratio",
        "intensity_ring_ratio_corrected",
        "intensity_mean_corrected",
        "intensity_integrated_corrected",
        "edge_sharpness",
    ),
}

QUALITY = (
    "background",
    "power_log_log_slope",
    "laplacian_variance",
    "fraction_at_max",
    "fraction_at_min",
    "illumination_gradient",
)

HARALICK = (
    "angular_second_moment",
    "contrast",
    "correlation",
    "variance",
    "inverse_difference_moment",
    "sum_average",
    "sum_variance",
    "sum_entropy",
    "entropy",
    "difference_variance",
    "difference_entropy",
    "info_meas_1",
    "info_meas_2",
)
TEXTURES = (
    *(f"texture_{name}" for name in HARALICK),
    *(f"granularity_{scale}" for scale in range(1, 17)),
)


def upgrade() -> None:
    """To this version."""
    for table, names in ADDED.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Integer() if name in COUNTS else sa.REAL()))
    _create("image_quality", ("image_id", "channel"), QUALITY)
    _create("textures", ("image_id", "label", "channel"), TEXTURES)


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("textures")
    op.drop_table("image_quality")
    for table, names in ADDED.items():
        for name in names:
            op.drop_column(table, name)


def _create(table: str, key: tuple[str, ...], names: tuple[str, ...]) -> None:
    op.create_table(
        table,
        *(sa.Column(name, sa.Integer(), nullable=False) for name in key),
        *(sa.Column(name, sa.REAL()) for name in names),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=f"fk_{table}_image_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
