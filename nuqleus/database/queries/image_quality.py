"""Quality of an image's channels, as columns of the image: `background-0` for channel 0, and so on."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from nuqleus.database.tables import ImageQuality

QUALITY_FIELDS = tuple(column.name for column in ImageQuality.__table__.columns if not column.primary_key)
"""Columns of a channel of an image."""


def quality_columns(channels: int) -> tuple[str, ...]:
    """Columns of an image with this many channels."""
    return tuple(f"{name}-{channel}" for channel in range(channels) for name in QUALITY_FIELDS)


def quality_of_images(connection: Connection, image_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Those of a few hundred images, by id; of what an earlier version measured there are none."""
    of_images: dict[int, dict[str, Any]] = {image_id: {} for image_id in image_ids}
    rows = connection.execute(select(ImageQuality.__table__).where(ImageQuality.image_id.in_(image_ids)))
    for row in rows.mappings():
        of_images[row["image_id"]] |= {f"{name}-{row['channel']}": row[name] for name in QUALITY_FIELDS}
    return of_images
