"""What was found in a file: images, masks, nuclei, intensities; written in bulk, in a transaction of `claims.py`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sqlalchemy import Connection, bindparam, insert, select, update

from nuqleus.database.batches import batched
from nuqleus.database.tables import Base, Channel, Image, Intensity, Mask, Nucleus

if TYPE_CHECKING:  # numpy is slow to load, and most users of this module have no arrays
    from numpy.typing import NDArray

    from nuqleus.database.records import Finished

PLANES = 500
"""Images, and their rows, that one statement writes."""

MASKS = 50
"""Blocks of masks that are held twice for a moment."""

_INSERT_PLANES = insert(Image)
_PLANES = select(Image.file_id, Image.scene, Image.t, Image.z, Image.id).where(
    Image.file_id.in_(bindparam("ids", expanding=True))
)
_SHARE = (
    update(Image)
    .where(Image.id.in_(bindparam("ids", expanding=True)))
    .values(seconds_store=bindparam("share"))
)

Columns: TypeAlias = "Mapping[str, NDArray[Any]]"
"""Columns of a table by name, equally long."""


class MaskBlock(Protocol):
    """A block of a label image, encoded (`model.labels.masks.MaskBlock`)."""

    @property
    def row0(self) -> int:
        """First row."""

    @property
    def col0(self) -> int:
        """First column."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def width(self) -> int:
        """Columns."""

    @property
    def encoding(self) -> str:
        """How `data` is to be read."""

    @property
    def data(self) -> bytes:
        """The label image, as a file."""


@dataclass(frozen=True)
class ImageResult:
    """Everything about one 2-D plane.

    Attributes:
        scene: number of the scene in the file, from 0; `t` and `z` likewise.
        height: rows in pixels; `width` columns; `channels` planes of colour.
        dtype: of the file's pixels, as numpy names it.
        pixel_size_um: side of a pixel in µm, if the file says so.
        masks: blocks that together make the label image.
        nuclei: columns of `nuclei` but `image_id`: N rows each, as `measure_shapes` returns them.
        intensities: columns of `intensities` but `image_id`: N × channels rows each, as `measure_intensities`
            returns them.
        seconds: what the stages took: `read`, `normalise`, `network`, `instances`, `measure`.
        nuclear_channel: the channel in which the nuclei were sought; None for a colour image seen as a whole.
        projection: `max` or `mean` where it was made of a z-stack.
        channel_names: one per channel where the file names them, else empty.
    """

    scene: int
    t: int
    z: int
    height: int
    width: int
    channels: int
    dtype: str
    pixel_size_um: float | None
    masks: Sequence[MaskBlock]
    nuclei: Columns
    intensities: Columns
    seconds: Mapping[str, float]
    nuclear_channel: int | None = None
    projection: str | None = None
    channel_names: Sequence[str] = ()


def insert_images(connection: Connection, finished: Sequence["Finished"]) -> None:
    """Write all images of some files, with all that belongs to them. `seconds_store` of each is an equal share."""
    began = perf_counter()
    owned = [(file, image) for file in finished for image in file.images]
    if not owned:
        return
    ids = _insert_planes(connection, [_plane_row(file, image) for file, image in owned])
    results = [image for _, image in owned]
    masks = [row for image_id, image in zip(ids, results, strict=True) for row in _mask_rows(image_id, image)]
    for batch in batched(masks, MASKS):
        connection.execute(insert(Mask), batch)
    _insert_channels(connection, ids, results)
    _insert_tables(connection, Nucleus, ids, [image.nuclei for image in results])
    _insert_tables(connection, Intensity, ids, [image.intensities for image in results])
    share = (perf_counter() - began) / len(ids)
    for some in batched(ids, PLANES):
        connection.execute(_SHARE, {"ids": some, "share": share})


def _insert_planes(connection: Connection, rows: list[dict[str, Any]]) -> list[int]:
    """Returns their ids, asked for afterwards: an INSERT that returns many can't be prepared once for any number."""
    connection.execute(_INSERT_PLANES, rows)
    planes = connection.execute(_PLANES, {"ids": list({row["file_id"] for row in rows})})
    ids = {tuple(place): image_id for *place, image_id in planes}
    return [ids[row["file_id"], row["scene"], row["t"], row["z"]] for row in rows]


def _plane_row(file: "Finished", result: ImageResult) -> dict[str, Any]:
    return {
        "file_id": file.claim.file_id,
        "model_id": file.model_id,
        "scene": result.scene,
        "t": result.t,
        "z": result.z,
        "height": result.height,
        "width": result.width,
        "channels": result.channels,
        "dtype": result.dtype,
        "pixel_size_um": result.pixel_size_um,
        "nuclear_channel": result.nuclear_channel,
        "projection": result.projection,
        "n_nuclei": len(result.nuclei["label"]),
        **{f"seconds_{stage}": seconds for stage, seconds in result.seconds.items()},
    }


def _mask_rows(image_id: int, result: ImageResult) -> Iterator[dict[str, Any]]:
    fields = ("row0", "col0", "height", "width", "encoding", "data")
    for block in result.masks:
        yield {"image_id": image_id, **{field: getattr(block, field) for field in fields}}


def _insert_channels(connection: Connection, ids: Sequence[int], results: Sequence[ImageResult]) -> None:
    rows = [
        {"image_id": image_id, "channel": channel, "name": name}
        for image_id, image in zip(ids, results, strict=True)
        for channel, name in enumerate(image.channel_names)
    ]
    for batch in batched(rows, PLANES):
        connection.execute(insert(Channel), batch)


def _insert_tables(
    connection: Connection, table: type[Base], ids: Sequence[int], tables: Sequence[Columns]
) -> None:
    """Write one table a image as one."""
    from nuqleus.database.bulk import insert_columns, join

    insert_columns(connection, table, join("image_id", ids, tables))
