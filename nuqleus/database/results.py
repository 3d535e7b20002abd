"""What was found in a file: images, masks, nuclei, intensities; written in bulk, in a transaction of `states.py`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sqlalchemy import Connection, insert, update

from nuqleus.database.batches import batched
from nuqleus.database.tables import Image, Intensity, Mask, Nucleus

if TYPE_CHECKING:  # numpy is slow to load, and most users of this module have no arrays
    from numpy.typing import NDArray

BATCH = 5_000
"""Rows that are turned into Python objects at a time."""

Columns: TypeAlias = "Mapping[str, NDArray[Any]]"
"""Columns of a table by name, equally long."""


class MaskBlock(Protocol):
    """A block of a label image, encoded (`model.masks.MaskBlock`)."""

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


def insert_image(connection: Connection, file_id: int, model_id: int, result: ImageResult) -> int:
    """Write one image with all that belongs to it; the time that takes is `seconds_store`. Returns its id."""
    began = perf_counter()
    image_id = _insert_plane(connection, file_id, model_id, result)
    _insert_rows(connection, Mask, _mask_rows(image_id, result.masks))
    _insert_rows(connection, Nucleus, table_rows(image_id, result.nuclei))
    _insert_rows(connection, Intensity, table_rows(image_id, result.intensities))
    took = perf_counter() - began
    connection.execute(update(Image).where(Image.id == image_id).values(seconds_store=took))
    return image_id


def table_rows(image_id: int, columns: Columns) -> Iterator[dict[str, Any]]:
    """Columns → rows of plain Python values; what isn't finite becomes NULL, alike in all databases."""
    names, values = list(columns), [_plain(column) for column in columns.values()]
    for row in zip(*values, strict=True):
        yield {"image_id": image_id, **dict(zip(names, row, strict=True))}


def _insert_plane(connection: Connection, file_id: int, model_id: int, result: ImageResult) -> int:
    statement = insert(Image).returning(Image.id)
    row = {
        "file_id": file_id,
        "model_id": model_id,
        "scene": result.scene,
        "t": result.t,
        "z": result.z,
        "height": result.height,
        "width": result.width,
        "channels": result.channels,
        "dtype": result.dtype,
        "pixel_size_um": result.pixel_size_um,
        "n_nuclei": len(result.nuclei["label"]),
        **{f"seconds_{stage}": seconds for stage, seconds in result.seconds.items()},
    }
    return int(connection.execute(statement, row).scalar_one())


def _mask_rows(image_id: int, blocks: Iterable[MaskBlock]) -> Iterator[dict[str, Any]]:
    fields = ("row0", "col0", "height", "width", "encoding", "data")
    for block in blocks:
        yield {"image_id": image_id, **{field: getattr(block, field) for field in fields}}


def _insert_rows(connection: Connection, table: type[Any], rows: Iterator[dict[str, Any]]) -> None:
    for batch in batched(rows, BATCH):
        connection.execute(insert(table), batch)


def _plain(column: "NDArray[Any]") -> list[Any]:
    values: list[Any] = column.tolist()
    if column.dtype.kind != "f":
        return values
    return [value if isfinite(value) else None for value in values]
