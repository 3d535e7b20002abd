"""Columns of results, as `Snapshot` gives them."""

from collections.abc import Iterable

from nuqleus import micrometres
from nuqleus.database.queries.image_findings import IMAGE_FINDINGS, NUCLEUS_FINDINGS
from nuqleus.database.tables import Image, Intensity, Nucleus, Texture

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


REQUESTED_FIELDS = tuple(
    tuple(column.name for column in Texture.__table__.columns if column.name.startswith(f"{request}_"))
    for request in ("texture", "granularity")
)
"""Columns of a nucleus in a channel that are measured only if somebody asks for them, by request."""


def nucleus_columns(channels: int, requested: Iterable[str] = ()) -> tuple[str, ...]:
    """Columns of a nucleus with this many channels: of its place, its shape, its DNA, in µm too, then by channel.

    Args:
        channels: of the image.
        requested: those of REQUESTED_FIELDS that were measured.
    """
    of_channel = (*INTENSITY_FIELDS, *requested)
    measured = (f"{name}-{channel}" for channel in range(channels) for name in of_channel)
    return (*IMAGE_KEY, *NUCLEUS_FIELDS, *NUCLEUS_FINDINGS, *micrometres.COLUMNS, *measured)
