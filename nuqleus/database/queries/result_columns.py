"""Columns of results, as `Snapshot` gives them."""

from nuqleus import micrometres
from nuqleus.database.queries.image_findings import IMAGE_FINDINGS, NUCLEUS_FINDINGS
from nuqleus.database.tables import Image, Intensity, Nucleus

IMAGE_KEY = (
    *("path", "image_id", "scene", "t", "z", "duplicate_of", "counted"),
    *("plate", "plate_folder", "well", "site"),
)
"""Which image a nucleus lies in, which file it is a copy of, whether it counts (`docs/queries.md`), and its place on a
plate."""

OF_IMAGE = tuple(
    column.name
    for column in Image.__table__.columns
    if column.name not in {"id", "file_id", "well_id", "model_id", *IMAGE_KEY}
)
IMAGE_COLUMNS = (*IMAGE_KEY, *OF_IMAGE, "model", "weights_sha256", *IMAGE_FINDINGS)
"""Columns of an image, with what identifies its model, and whether it stands out."""

NUCLEUS_FIELDS = tuple(column.name for column in Nucleus.__table__.columns if column.name != "image_id")
"""Columns of a nucleus, `label` first."""

INTENSITY_FIELDS = tuple(column.name for column in Intensity.__table__.columns if not column.primary_key)
"""Columns of a nucleus in a channel."""


def nucleus_columns(channels: int) -> tuple[str, ...]:
    """Columns of a nucleus with this many channels: of its place, its shape, its DNA, in µm too, then by channel."""
    intensities = (f"{name}-{channel}" for channel in range(channels) for name in INTENSITY_FIELDS)
    return (*IMAGE_KEY, *NUCLEUS_FIELDS, *NUCLEUS_FINDINGS, *micrometres.COLUMNS, *intensities)
