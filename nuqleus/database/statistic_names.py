"""Statistic names: which statistics of wells there are."""

from nuqleus.database.tables import Intensity, Nucleus

WITHOUT_MEANS = (
    "image_id",
    "label",
    "centroid_row",
    "centroid_col",
    "bbox_row0",
    "bbox_col0",
    "bbox_row1",
    "bbox_col1",
    "neighbor_nearest_label",
    "orientation",
)
"""Columns of nuclei that say where they are, beside whom, or along which line (whose angles of -89° and 89° are nearly
one, and have the mean 0): no mean of these means anything."""

SHAPES = [
    column for column in Nucleus.__table__.columns if column.name not in {*WITHOUT_MEANS, "touches_border"}
]
INTENSITIES = [column for column in Intensity.__table__.columns if not column.primary_key]

AVERAGES = ("mean", "median")

STATISTIC_NAMES = {
    "fields",
    "nuclei",
    *(f"{average}_{column.key}" for average in AVERAGES for column in (*SHAPES, *INTENSITIES)),
}
