"""The first tables and views."""

import sqlalchemy as sa
from alembic import op

from nuqleus.database.column_types import EscapedPath, EscapedText, UtcTimestamp
from nuqleus.database.migrations import first_views

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATES = ("waiting", "queued", "running", "done", "failed", "duplicate")

SHAPES = (
    "area_bbox",
    "area_convex",
    "area_filled",
    "perimeter",
    "perimeter_crofton",
    "equivalent_diameter_area",
    "axis_major_length",
    "axis_minor_length",
    "eccentricity",
    "orientation",
    "solidity",
    "extent",
)

INTENSITIES = (
    "intensity_mean",
    "intensity_median",
    "intensity_min",
    "intensity_max",
    "intensity_std",
    "intensity_integrated",
    "intensity_lower_quartile",
    "intensity_upper_quartile",
    "intensity_mad",
    "mass_displacement",
    "intensity_edge_mean",
    "intensity_edge_std",
)

STAGES = ("read", "normalise", "network", "instances", "measure", "store")


def upgrade() -> None:
    """Create everything."""
    _create_files()
    _create_models()
    _create_workers()
    _create_images()
    _create_masks()
    _create_nuclei()
    _create_intensities()
    for view, query in first_views.VIEWS.items():
        op.execute(f'CREATE VIEW "{view}" AS {query}')


def downgrade() -> None:
    """Drop everything, results included."""
    for view in first_views.VIEWS:
        op.execute(f'DROP VIEW "{view}"')
    for table in ("intensities", "nuclei", "masks", "images", "workers", "models", "files"):
        op.drop_table(table)


def _create_files() -> None:
    state = sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "files",
        _id(),
        sa.Column("path", EscapedPath(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text()),
        sa.Column("state", state, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_expires_at", UtcTimestamp()),
        sa.Column("error_kind", sa.Text()),
        sa.Column("error", EscapedText()),
        sa.Column("duplicate_of", sa.Integer()),
        sa.Column("discovered_at", UtcTimestamp(), nullable=False),
        sa.Column("queued_at", UtcTimestamp()),
        sa.Column("started_at", UtcTimestamp()),
        sa.Column("finished_at", UtcTimestamp()),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("path", name="uq_files_path"),
        _belongs_to("files", "duplicate_of", "files"),
        sqlite_autoincrement=True,
    )
    for columns in (["state", "queued_at"], ["state", "lease_expires_at"], ["started_at"], ["finished_at"]):
        _create_index("files", *columns)
    for column in ("sha256", "duplicate_of"):
        _create_index("files", column)


def _create_models() -> None:
    op.create_table(
        "models",
        _id(),
        *_texts("name", "weights_sha256"),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        *_texts("code_version"),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("weights_sha256", name="uq_models_weights_sha256"),
    )


def _create_workers() -> None:
    op.create_table(
        "workers",
        _id(),
        *_texts("host"),
        *_integers("pid"),
        *_texts("device"),
        sa.Column("started_at", UtcTimestamp(), nullable=False),
        sa.Column("seen_at", UtcTimestamp(), nullable=False),
        *_integers("files_done"),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
        sqlite_autoincrement=True,
    )
    _create_index("workers", "seen_at")


def _create_images() -> None:
    op.create_table(
        "images",
        _id(),
        *_integers("file_id", "scene", "t", "z", "height", "width", "channels"),
        *_texts("dtype"),
        *_measures("pixel_size_um"),
        *_integers("n_nuclei", "model_id"),
        *_measures(*(f"seconds_{stage}" for stage in STAGES)),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        sa.UniqueConstraint("file_id", "scene", "t", "z", name="uq_images_file_id_scene_t_z"),
        _belongs_to("images", "file_id", "files"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_images_model_id"),
        sqlite_autoincrement=True,
    )
    _create_index("images", "model_id")


def _create_masks() -> None:
    op.create_table(
        "masks",
        *_integers("image_id", "row0", "col0", "height", "width"),
        *_texts("encoding"),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("image_id", "row0", "col0", name="pk_masks"),
        _belongs_to("masks", "image_id", "images"),
    )


def _create_nuclei() -> None:
    op.create_table(
        "nuclei",
        *_integers("image_id", "label"),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("centroid_row", "centroid_col")),
        *_integers("bbox_row0", "bbox_col0", "bbox_row1", "bbox_col1"),
        sa.Column("area", sa.Double(), nullable=False),
        *_measures(*SHAPES),
        sa.Column("euler_number", sa.Integer()),
        *_measures("feret_diameter_max", "form_factor"),
        sa.Column("touches_border", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("image_id", "label", name="pk_nuclei"),
        _belongs_to("nuclei", "image_id", "images"),
        sqlite_with_rowid=False,
    )


def _create_intensities() -> None:
    op.create_table(
        "intensities",
        *_integers("image_id", "label", "channel"),
        *_measures(*INTENSITIES),
        sa.PrimaryKeyConstraint("image_id", "label", "channel", name="pk_intensities"),
        _belongs_to("intensities", "image_id", "images"),
        sqlite_with_rowid=False,
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), nullable=False)


def _integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _measures(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double()) for name in names]


def _belongs_to(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )


def _create_index(table: str, *columns: str) -> None:
    op.create_index("_".join(("ix", table, *columns)), table, list(columns))
