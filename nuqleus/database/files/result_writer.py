"""Bulk inserts of results: images, masks, nuclei and intensities, in a transaction of `worker_files.py`."""

from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from nuqleus.database.batches import batched
from nuqleus.database.bulk_insert import Columns, insert_columns, join
from nuqleus.database.files.results import FileResults, ImageResult
from nuqleus.database.tables import (
    Base,
    Channel,
    Image,
    ImageQuality,
    Intensity,
    Mask,
    Nucleus,
    Overview,
    Texture,
)

IMAGES_PER_STATEMENT = 500
"""Images, and their rows, that one statement writes."""

MASKS_PER_STATEMENT = 50
"""Blocks of masks that are held twice for a moment."""

_INSERT_IMAGES = insert(Image)
_SELECT_IMAGES = select(Image.file_id, Image.scene, Image.t, Image.z, Image.id).where(
    Image.file_id.in_(bindparam("ids", expanding=True))
)
_SET_STORE_SECONDS = (
    update(Image)
    .where(Image.id.in_(bindparam("ids", expanding=True)))
    .values(seconds_store=bindparam("share"))
)


def insert_images(connection: Connection, finished: Sequence[FileResults]) -> None:
    """Write all images of some files, with all that belongs to them. `seconds_store` of each is an equal share."""
    began = perf_counter()
    owned = [(file, image) for file in finished for image in file.images]
    if not owned:
        return
    ids = _insert_planes(connection, [_plane_row(file, image) for file, image in owned])
    results = [image for _, image in owned]
    masks = [row for image_id, image in zip(ids, results, strict=True) for row in _mask_rows(image_id, image)]
    for batch in batched(masks, MASKS_PER_STATEMENT):
        connection.execute(insert(Mask), batch)
    _insert_overviews(connection, ids, results)
    _insert_channels(connection, ids, results)
    _insert_tables(connection, Nucleus, ids, [image.nuclei for image in results])
    _insert_tables(connection, Intensity, ids, [image.intensities for image in results])
    _insert_tables(connection, ImageQuality, ids, [image.quality for image in results])
    _insert_tables(connection, Texture, ids, [image.textures for image in results])
    share = (perf_counter() - began) / len(ids)
    for some in batched(ids, IMAGES_PER_STATEMENT):
        connection.execute(_SET_STORE_SECONDS, {"ids": some, "share": share})


def _insert_planes(connection: Connection, rows: list[dict[str, Any]]) -> list[int]:
    """Returns their ids, asked for afterwards: an INSERT that returns many can't be prepared once for any number."""
    connection.execute(_INSERT_IMAGES, rows)
    planes = connection.execute(_SELECT_IMAGES, {"ids": list({row["file_id"] for row in rows})})
    ids = {tuple(place): image_id for *place, image_id in planes}
    return [ids[row["file_id"], row["scene"], row["t"], row["z"]] for row in rows]


def _plane_row(file: FileResults, result: ImageResult) -> dict[str, Any]:
    return {
        "file_id": file.claim.file_id,
        "model_id": file.model_id,
        **_description(result),
        **_findings(result),
        **{f"seconds_{stage}": seconds for stage, seconds in result.seconds.items()},
    }


def _description(result: ImageResult) -> dict[str, Any]:
    """Columns that say what the image is."""
    return {
        "scene": result.scene,
        "t": result.t,
        "z": result.z,
        "height": result.height,
        "width": result.width,
        "channels": result.channels,
        "dtype": result.dtype,
        "pixel_size_um": result.pixel_size_um,
        "pixel_size_from": result.pixel_size_from,
        "nuclear_channel": result.nuclear_channel,
        "nuclear_channel_by": result.nuclear_channel_by,
        "scene_name": result.scene_name,
        "projection": result.projection,
        "well_id": result.well_id,
        "site": result.site,
        "missing_channels": result.missing_channels,
    }


def _findings(result: ImageResult) -> dict[str, Any]:
    """Columns that say what was found in it, and how."""
    return {
        "n_nuclei": len(result.nuclei["label"]),
        "nuclear_diameter": result.nuclear_diameter,
        "zoom": result.zoom,
        "confidence": result.confidence,
        "ring_gap": result.ring_gap,
        "ring_width": result.ring_width,
        "neighbor_distance": result.neighbor_distance,
        "area_fraction": result.area_fraction,
    }


def _mask_rows(image_id: int, result: ImageResult) -> Iterator[dict[str, Any]]:
    fields = ("row0", "col0", "height", "width", "encoding", "data")
    for block in result.masks:
        yield {"image_id": image_id, **{field: getattr(block, field) for field in fields}}


def _insert_overviews(connection: Connection, ids: Sequence[int], results: Sequence[ImageResult]) -> None:
    rows = [
        {"image_id": image_id, "media_type": "image/jpeg", "data": image.overview}
        for image_id, image in zip(ids, results, strict=True)
        if image.overview
    ]
    for batch in batched(rows, IMAGES_PER_STATEMENT):
        connection.execute(insert(Overview), batch)


def _insert_channels(connection: Connection, ids: Sequence[int], results: Sequence[ImageResult]) -> None:
    rows = [
        {"image_id": image_id, "channel": channel, "name": name}
        for image_id, image in zip(ids, results, strict=True)
        for channel, name in enumerate(image.channel_names)
    ]
    for batch in batched(rows, IMAGES_PER_STATEMENT):
        connection.execute(insert(Channel), batch)


def _insert_tables(
    connection: Connection, table: type[Base], ids: Sequence[int], tables: Sequence[Columns]
) -> None:
    """Write one table a image as one; some images may have none."""
    written = [(image_id, columns) for image_id, columns in zip(ids, tables, strict=True) if columns]
    if written:
        insert_columns(connection, table, join("image_id", *zip(*written, strict=True)))
