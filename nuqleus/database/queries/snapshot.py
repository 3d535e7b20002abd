"""Snapshot: results read back, a row at a time however many there are; one snapshot, though workers go on writing.

A duplicate's rows are those of the file that it duplicates, under its own path.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select
from sqlalchemy.orm import aliased

from nuqleus import micrometres
from nuqleus.database.engine import reading
from nuqleus.database.queries.counted_images import counted_images
from nuqleus.database.tables import File, Image, Intensity, Mask, Model, Nucleus

FETCH_SIZE = 2_000
"""Rows that come from the database at a time."""

IMAGE_KEY = ("path", "image_id", "scene", "t", "z", "duplicate_of", "counted")
"""Which image a nucleus lies in, which file it is a copy of, and whether it counts (`docs/queries.md`)."""

_OF_IMAGE = tuple(
    column.name
    for column in Image.__table__.columns
    if column.name not in {"id", "file_id", "model_id", *IMAGE_KEY}
)
IMAGE_COLUMNS = (*IMAGE_KEY, *_OF_IMAGE, "model", "weights_sha256")
"""Columns of an image, with what identifies its model."""

NUCLEUS_FIELDS = tuple(column.name for column in Nucleus.__table__.columns if column.name != "image_id")
"""Columns of a nucleus, `label` first."""

INTENSITY_FIELDS = tuple(column.name for column in Intensity.__table__.columns if not column.primary_key)
"""Columns of a nucleus in a channel."""

_original = aliased(File)
_KEY_COLUMNS = (File.id, File.path, Image.id, Image.scene, Image.t, Image.z, _original.path)


def nucleus_columns(channels: int) -> tuple[str, ...]:
    """Columns of a nucleus with so many channels: of its place, its shape, in µm too, then channel by channel."""
    intensities = (f"{name}-{channel}" for channel in range(channels) for name in INTENSITY_FIELDS)
    return (*IMAGE_KEY, *NUCLEUS_FIELDS, *micrometres.COLUMNS, *intensities)


@dataclass(frozen=True)
class StoredImage:
    """Which label image a file has: its place in the file, its size in pixels, and how many there are in all."""

    path: str
    image_id: int
    scene: int
    t: int
    z: int
    height: int
    width: int
    images_in_file: int


class Snapshot:
    """The results at one moment. Get it from `snapshot`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def images(self) -> Iterator[dict[str, Any]]:
        """Every image, by the names in IMAGE_COLUMNS."""
        columns = [
            *_KEY_COLUMNS,
            *(Image.__table__.columns[name] for name in _OF_IMAGE),
            Model.name,
            Model.weights_sha256,
        ]
        query = _results(select(*columns)).join(Model, Model.id == Image.model_id)
        for row in self._stream(query):
            yield self._named(row, IMAGE_COLUMNS)

    def channels(self) -> int:
        """The largest number of channels that an image has."""
        return self._connection.scalar(select(func.max(Image.channels))) or 0

    def nuclei(self) -> Iterator[dict[str, Any]]:
        """Every nucleus with its intensities, whose columns are called `intensity_mean-0` for channel 0, and so on.

        Where the image's pixel size isn't known, the columns in µm are missing.
        """
        columns = (Nucleus.__table__.columns[name] for name in NUCLEUS_FIELDS)
        query = select(*_KEY_COLUMNS, *columns, Image.pixel_size_um)
        shapes = _results(query).join(Nucleus, Nucleus.image_id == Image.id)
        measured = self._intensities()
        current = next(measured, None)
        for row in self._stream(shapes.order_by(Nucleus.label)):
            nucleus = self._named(row[:-1], (*IMAGE_KEY, *NUCLEUS_FIELDS))
            if row[-1] is not None:
                nucleus |= micrometres.in_um(nucleus, row[-1])
            key = (row[0], nucleus["image_id"], nucleus["label"])
            if current and current[0] == key:
                nucleus |= current[1]
                current = next(measured, None)
            yield nucleus

    def label_images(self) -> Iterator[StoredImage]:
        """Every label image, without its pixels."""
        others = aliased(Image)
        images_in_file = select(func.count()).where(others.file_id == Image.file_id).scalar_subquery()
        columns = (
            File.path,
            Image.id,
            Image.scene,
            Image.t,
            Image.z,
            Image.height,
            Image.width,
            images_in_file,
        )
        for row in self._stream(_results(select(*columns))):
            yield StoredImage(*row)

    def mask_blocks(self, image_id: int) -> list[dict[str, Any]]:
        """The blocks of an image's mask: columns of `masks` but `image_id`."""
        columns = [column for column in Mask.__table__.columns if column.name != "image_id"]
        query = select(*columns).where(Mask.image_id == image_id).order_by(Mask.row0, Mask.col0)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def _intensities(self) -> Iterator[tuple[tuple[int, int, int], dict[str, float | None]]]:
        """File, image and label of each nucleus in the order of `nuclei`, with its intensities in all channels."""
        columns = (Intensity.__table__.columns[name] for name in INTENSITY_FIELDS)
        query = _results(select(File.id, Image.id, Intensity.label, Intensity.channel, *columns))
        query = query.join(Intensity, Intensity.image_id == Image.id)
        rows = self._stream(query.order_by(Intensity.label, Intensity.channel))
        for key, channels in groupby(rows, key=lambda row: row[:3]):
            yield (
                key,
                {
                    f"{name}-{channel}": value
                    for _, _, _, channel, *values in channels
                    for name, value in zip(INTENSITY_FIELDS, values, strict=True)
                },
            )

    def _named(self, row: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
        """A row that begins with `_KEY_COLUMNS`, by names that begin with IMAGE_KEY."""
        _, *place, duplicate_of = row[: len(_KEY_COLUMNS)]
        counted = place[1] in self._counted and duplicate_of is None
        return dict(zip(names, (*place, duplicate_of, counted, *row[len(_KEY_COLUMNS) :]), strict=True))

    @cached_property
    def _counted(self) -> frozenset[int]:
        """Ids of the images that count."""
        return frozenset(self._connection.scalars(select(counted_images.c.image_id)))

    def _stream(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        for row in self._connection.execute(query.execution_options(yield_per=FETCH_SIZE)):
            yield tuple(row)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Snapshot]:
    """The results as they are now, for as long as the `with` lasts.

    Raises:
        DatabaseUnavailable: if the database can't be reached.
    """
    if engine.dialect.name == "postgresql":  # in SQLite every transaction sees one state
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(engine) as connection:
        yield Snapshot(connection)


def _results(query: Select[Any]) -> Select[Any]:
    """Files with their images, or with those of the file that they duplicate; ordered by file and plane."""
    shared = Image.file_id == func.coalesce(File.duplicate_of, File.id)
    files = query.select_from(File).outerjoin(_original, _original.id == File.duplicate_of)
    return files.join(Image, shared).order_by(File.id, Image.scene, Image.t, Image.z)
