"""Snapshot: results read back, a row at a time however many there are; one snapshot, though workers go on writing.

A duplicate's rows are those of the file that it duplicates, under its own path.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, CursorResult, Engine, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading
from nuqleus.database.queries.channel_files import channel_files
from nuqleus.database.queries.channel_measurements import ChannelMeasurements
from nuqleus.database.queries.counted_images import is_counted
from nuqleus.database.queries.image_findings import IMAGE_FINDINGS, NucleusFindings, findings_of_images
from nuqleus.database.queries.image_quality import quality_columns, quality_of_images
from nuqleus.database.queries.measured_nuclei import with_intensities
from nuqleus.database.queries.result_columns import (
    IMAGE_COLUMNS,
    IMAGE_KEY,
    NUCLEUS_FIELDS,
    OF_IMAGE,
    nucleus_columns,
)
from nuqleus.database.queries.selection import EVERYTHING, Selection
from nuqleus.database.queries.well_rows import (
    AS_OF,
    WELL_COLUMNS,
    annotation_names,
    annotations_of,
    statistic_columns,
    well_rows,
)
from nuqleus.database.tables import (
    Channel,
    File,
    Image,
    Intensity,
    Mask,
    Model,
    Nucleus,
    Plate,
    SchedulerLease,
    Well,
)

FETCH_SIZE = 2_000
"""Rows that come from the database at a time."""

IMAGES_AT_ONCE = 200
"""Images whose findings are asked for together."""

_SHAPES = tuple(Nucleus.__table__.columns[name] for name in NUCLEUS_FIELDS)

_Query: TypeAlias = Select[*tuple[Any, ...]]

_original = aliased(File)
_KEY_COLUMNS = (File.id, File.path, Image.id, Image.scene, Image.t, Image.z, _original.path)
_FIELD_COLUMNS = (Plate.name, Plate.folder, Well.name, Image.site)


@dataclass(frozen=True)
class StoredImage:
    """An image of a file, without its nuclei and pixels.

    Attributes:
        columns: what is known of it, by the names in IMAGE_COLUMNS, and of its channels (`quality_columns`).
        images_in_file: how many images the file has.
        well_id: key of the well that it is in; None if it is in none.
    """

    columns: Mapping[str, Any]
    images_in_file: int
    well_id: int | None = None

    @property
    def image_id(self) -> int:
        """Key of its nuclei and of its mask."""
        return int(self.columns["image_id"])

    @property
    def path(self) -> str:
        """Of the file, relative to the watched folder."""
        return str(self.columns["path"])

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.columns["height"], self.columns["width"]


class Snapshot:
    """The results at one moment, or a selection of them. Get it from `snapshot`."""

    def __init__(self, connection: Connection, selection: Selection) -> None:
        self._connection = connection
        self._selection = selection
        self._open: set[CursorResult[Any]] = set()

    def close(self) -> None:
        """Let go of what was not read to its end."""
        for rows in list(self._open):
            rows.close()

    def at(self, paths: Sequence[str] | None) -> "Snapshot":
        """The same at these paths, and at no others."""
        return Snapshot(self._connection, replace(self._selection, paths=paths))

    def on_plate(self, plate_id: int) -> "Snapshot":
        """The same on this plate, and on no others."""
        return Snapshot(self._connection, replace(self._selection, plate_ids=[plate_id]))

    def watched_folder(self) -> str | None:
        """The folder that paths are relative to, as the scheduler sees it; None if none has looked after it yet."""
        return self._connection.scalar(select(SchedulerLease.folder))

    def image_count(self) -> int:
        """How many images there are, duplicates' as well."""
        query = self._results(select(Image.id)).order_by(None).subquery()
        return self._connection.scalar(select(func.count()).select_from(query)) or 0

    def gone_file_count(self) -> int:
        """How many files there are whose paths are no longer there; their results are kept."""
        gone = self._results(select(File.id)).where(File.gone_at.is_not(None)).order_by(None)
        return self._connection.scalar(select(func.count()).select_from(gone.distinct().subquery())) or 0

    def nucleus_count(self) -> int:
        """How many nuclei there are, in duplicates as well."""
        if self.leaves_out_nuclei:
            nuclei = self._results(select(func.count())).join(Nucleus, Nucleus.image_id == Image.id)
            return self._connection.scalar(nuclei.where(self._selection.of_nuclei()).order_by(None)) or 0
        query = self._results(select(Image.n_nuclei)).order_by(None).subquery()
        return self._connection.scalar(select(func.sum(query.c.n_nuclei))) or 0

    @property
    def leaves_out_nuclei(self) -> bool:
        """Whether images may have more nuclei than are selected."""
        return self._selection.min_confidence is not None

    def labels(self, image: StoredImage) -> list[int]:
        """Labels of an image's nuclei, in order."""
        query = select(Nucleus.label).where(Nucleus.image_id == image.image_id, self._selection.of_nuclei())
        return list(self._connection.scalars(query.order_by(Nucleus.label)))

    def images(self) -> Iterator[StoredImage]:
        """Every image."""
        others = aliased(Image)
        images_in_file = select(func.count()).where(others.file_id == Image.file_id).scalar_subquery()
        columns = [
            *_KEY_COLUMNS,
            *_FIELD_COLUMNS,
            *(Image.__table__.columns[name] for name in OF_IMAGE),
            Model.name,
            Model.weights_sha256,
            images_in_file,
            Image.well_id,
        ]
        query = _on_plate(self._results(select(*columns))).join(Model, Model.id == Image.model_id)
        for rows in batched(self._stream(query), IMAGES_AT_ONCE):
            named = [self._named(row[:-2], IMAGE_COLUMNS[: -len(IMAGE_FINDINGS)]) for row in rows]
            ids = [known["image_id"] for known in named]
            findings = findings_of_images(self._connection, ids)
            quality = quality_of_images(self._connection, ids)
            for image_id, known, row in zip(ids, named, rows, strict=True):
                yield StoredImage(known | findings[image_id] | quality[image_id], *row[-2:])

    def channels(self) -> int:
        """The largest number of channels that an image has."""
        query = self._results(select(Image.channels)).order_by(None).subquery()
        return self._connection.scalar(select(func.max(query.c.channels))) or 0

    def requested_fields(self) -> tuple[str, ...]:
        """What was measured of nuclei only since somebody asked for it: textures, granularity, both or none."""
        return self._measurements.requested

    def image_columns(self) -> tuple[str, ...]:
        """Columns of `images`."""
        return (*IMAGE_COLUMNS, *quality_columns(self.channels()))

    def nucleus_columns(self) -> tuple[str, ...]:
        """Columns of `nuclei`."""
        return nucleus_columns(self.channels(), self.requested_fields())

    def has_surroundings(self) -> bool:
        """Whether rings and neighbours were measured in any image; earlier versions didn't."""
        query = self._results(select(Image.id)).where(Image.area_fraction.is_not(None)).order_by(None)
        return self._connection.scalar(query.limit(1)) is not None

    def nuclei(self) -> Iterator[dict[str, Any]]:
        """Every nucleus with its intensities, whose columns are called `intensity_mean-0` for channel 0, and so on.

        Where the image's pixel size isn't known, the columns in µm are missing.
        """
        columns: _Query = select(*_KEY_COLUMNS, *_FIELD_COLUMNS, *_SHAPES, Image.pixel_size_um)
        shapes = (
            _on_plate(self._results(columns))
            .join(Nucleus, Nucleus.image_id == Image.id)
            .where(self._selection.of_nuclei())
            .order_by(Nucleus.label)
        )
        rows = (
            ((row[0], row[2]), self._named(row[:-1], (*IMAGE_KEY, *NUCLEUS_FIELDS)), row[-1])
            for row in self._stream(shapes)
        )
        of_channels = self._measurements
        key = (File.id, Image.id, Intensity.label, Intensity.channel)
        measured = self._results(select(*key, *of_channels.columns))
        measured = of_channels.joined(measured.join(Intensity, Intensity.image_id == Image.id))
        measured = measured.where(self._selection.of_nuclei())
        measured = measured.order_by(Intensity.label, Intensity.channel)
        found = NucleusFindings(self._connection)
        for (_, image_id), nucleus in with_intensities(rows, of_channels.by_nucleus(self._stream(measured))):
            yield nucleus | found.of(image_id, nucleus["label"])

    def nuclei_by_tile(self, image: StoredImage, side: int) -> Iterator[list[dict[str, Any]]]:
        """The nuclei of an image, those together whose bounding box begins in the same tile, by label in each.

        Args:
            image: which.
            side: of a tile, in pixels.

        Yields:
            the rows of a tile, as those of `nuclei`, but without what says which image it is.
        """
        # an image that is one tile needs no sorting: its nuclei lie in the order of their labels
        tile = (Nucleus.bbox_row0 // side, Nucleus.bbox_col0 // side) if max(image.shape) > side else ()
        selected = and_(Nucleus.image_id == image.image_id, self._selection.of_nuclei())
        shapes = select(*tile, *_SHAPES).where(selected)
        pixel_size_um = image.columns["pixel_size_um"]
        rows = (
            (row[: len(tile)], dict(zip(NUCLEUS_FIELDS, row[len(tile) :], strict=True)), pixel_size_um)
            for row in self._stream(shapes.order_by(*tile, Nucleus.label))
        )
        of_channels, keys = self._measurements, (*tile, Intensity.label, Intensity.channel)
        measured = of_channels.joined(select(*keys, *of_channels.columns).select_from(Intensity))
        of_image = measured.where(Intensity.image_id == image.image_id, selected).order_by(*keys)
        nuclei = with_intensities(rows, of_channels.by_nucleus(self._stream(of_image)))
        found = NucleusFindings(self._connection)
        for _, of_tile in groupby(nuclei, key=itemgetter(0)):
            yield [nucleus | found.of(image.image_id, nucleus["label"]) for _, nucleus in of_tile]

    def plates(self) -> list[tuple[str, str]]:
        """Folder and name of each plate with results."""
        query = _on_plate(self._results(select(Plate.folder, Plate.name))).where(Plate.id.is_not(None))
        return [(folder, name) for folder, name in self._connection.execute(query.order_by(None).distinct())]

    def plate_shape(self) -> tuple[int, int] | None:
        """Rows and columns of the largest plate with results; None without plates."""
        query = _on_plate(self._results(select(Plate.rows, Plate.cols))).where(Plate.rows.is_not(None))
        largest = query.order_by(None).order_by((Plate.rows * Plate.cols).desc(), Plate.rows.desc()).limit(1)
        found = self._connection.execute(largest).first()
        return None if found is None else (found[0], found[1])

    def well_columns(self) -> tuple[str, ...]:
        """Columns of `wells`."""
        annotations = (f"annotation_{name}" for name in self.annotation_names())
        return (*WELL_COLUMNS, *annotations, AS_OF, *statistic_columns(self._connection))

    def annotation_names(self) -> list[str]:
        """What plate maps say of wells: names of compounds, doses and so on."""
        return annotation_names(self._connection)

    def wells(self) -> Iterator[dict[str, Any]]:
        """Every well of a plate with results, at each of its time points."""
        return well_rows(self._connection, self._selection)

    def annotations(self, image: StoredImage) -> dict[str, str]:
        """What a plate map says of the well that an image is in, if it is in one."""
        return annotations_of(self._connection, image.well_id) if image.well_id else {}

    def channel_names(self, image: StoredImage) -> dict[int, str]:
        """Names of an image's channels, those that the file names, by number."""
        query = select(Channel.channel, Channel.name).where(Channel.image_id == image.image_id)
        named = self._connection.execute(query.order_by(Channel.channel))
        return {channel: name for channel, name in named}  # noqa: C416 - for mypy

    def channel_files(self, image: StoredImage) -> dict[int, str]:
        """Paths of the files that hold a field's channels, by the channel's number; none for other images."""
        if image.well_id is None:
            return {}
        return channel_files(self._connection, image.path, image.well_id, image.columns["z"])

    def mask_blocks(self, image: StoredImage) -> list[dict[str, Any]]:
        """The blocks of an image's mask: columns of `masks` but `image_id`."""
        columns = [column for column in Mask.__table__.columns if column.name != "image_id"]
        query = select(*columns).where(Mask.image_id == image.image_id).order_by(Mask.row0, Mask.col0)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    @cached_property
    def _measurements(self) -> ChannelMeasurements:
        """Of the selected images."""
        return ChannelMeasurements(self._connection, self._results(select(Image.id)).order_by(None))

    def _named(self, row: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
        """A row that begins with `_KEY_COLUMNS` and `_FIELD_COLUMNS`, by names that begin with IMAGE_KEY."""
        _, *place, duplicate_of = row[: len(_KEY_COLUMNS)]
        counted = place[1] in self._counted and duplicate_of is None
        return dict(zip(names, (*place, duplicate_of, counted, *row[len(_KEY_COLUMNS) :]), strict=True))

    @cached_property
    def _counted(self) -> frozenset[int]:
        """Ids of the selected images that count."""
        counted = self._results(select(Image.id)).where(is_counted()).order_by(None)
        return frozenset(self._connection.scalars(counted))

    def _results(self, query: _Query) -> _Query:
        """The selected files with their images, or with those of the file that they duplicate; by file and plane."""
        shared = Image.file_id == func.coalesce(File.duplicate_of, File.id)
        files = query.select_from(File).outerjoin(_original, _original.id == File.duplicate_of)
        # a copy that is gone has no results of its own: those that are there have them
        is_shown = or_(File.gone_at.is_(None), File.duplicate_of.is_(None))
        images = files.join(Image, shared).where(self._selection.condition(), is_shown)
        return images.order_by(File.id, Image.scene, Image.t, Image.z)

    def _stream(self, query: _Query) -> Iterator[tuple[Any, ...]]:
        rows = self._connection.execute(query.execution_options(yield_per=FETCH_SIZE))
        self._open.add(rows)
        try:
            for row in rows:
                yield tuple(row)
        finally:
            rows.close()
            self._open.discard(rows)


@contextmanager
def snapshot(engine: Engine, selection: Selection = EVERYTHING) -> Iterator[Snapshot]:
    """The results as they are now, or a selection of them, for as long as the `with` lasts.

    Raises:
        DatabaseUnavailable: if the database can't be reached.
    """
    if engine.dialect.name == "postgresql":  # in SQLite every transaction sees one state
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(engine) as connection, closing(Snapshot(connection, selection)) as results:
        yield results


def _on_plate(query: _Query) -> _Query:
    """Join images to the plates that they are on, if they are."""
    return query.outerjoin(Well, Well.id == Image.well_id).outerjoin(Plate, Plate.id == Well.plate_id)
