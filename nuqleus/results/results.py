"""Results: what a database holds, as DataFrames and arrays, without writing to it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Engine

from model.arrays import Labels
from model.labels.outline_polygons import Polygon
from nuqleus.database.engine import open_for_reading
from nuqleus.database.named_plates import find_plate_named
from nuqleus.database.queries.result_columns import IMAGE_KEY, nucleus_columns
from nuqleus.database.queries.row_types import types_of, types_of_wells
from nuqleus.database.queries.selection import Selection
from nuqleus.database.queries.snapshot import Snapshot, StoredImage, snapshot
from nuqleus.results.frames import to_frame
from nuqleus.results.masks import load_mask, outlined_nuclei
from nuqleus.settings import get_settings

if TYPE_CHECKING:
    from pandas import DataFrame


def open_results(database: str | Path | None = None) -> "Results":
    """Open the results in a database, to read them; to be closed, or used in a `with`.

    Args:
        database: the URL of a database, or the file of an embedded one; None: as NUQLEUS_DATABASE_URL says, else
            `state/nuqleus.db` in the current folder.

    Raises:
        SettingsError: the URL can't be understood.
        SchemaError: there is no database, or it is one of another version of nuqleus.
        DatabaseUnavailable: it can't be reached.
    """
    return Results(open_for_reading(get_settings(database_url=_url(database)).database_url))


class Results:
    """Results of files: tables of them all, or of a part, and single images.

    Every call sees the database as it is then: workers may go on meanwhile.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Self:
        """Close it at the end of a `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Disconnect from the database."""
        self._engine.dispose()

    def images(self, *, path: str | None = None, plate: str | None = None) -> "DataFrame":
        """Return a row for each image, as `images.csv` of `nuqleus export` has it.

        Args:
            path: of a file or folder, relative to the watched folder; None: all of them.
            plate: name of a plate, or `folder/name`; None: all of them, and what is on no plate.

        Raises:
            PlateNameError: no plate has this name, or several have it.
            NuqleusError: pandas isn't installed.
        """
        with self._snapshot(self._select(path, plate)) as results:
            return to_frame(types_of(results.image_columns()), (image.columns for image in results.images()))

    def nuclei(
        self, *, path: str | None = None, plate: str | None = None, min_confidence: float | None = None
    ) -> "DataFrame":
        """Return a row for each nucleus, as `nuclei.csv` of `nuqleus export` has it.

        Args:
            path: of a file or folder, relative to the watched folder; None: all of them.
            plate: name of a plate, or `folder/name`; None: all of them, and what is on no plate.
            min_confidence: of the network, 0 to 1; None: nuclei whose confidence isn't known, too.

        Raises:
            NuqleusError: pandas isn't installed.
        """
        with self._snapshot(replace(self._select(path, plate), min_confidence=min_confidence)) as results:
            return to_frame(types_of(results.nucleus_columns()), results.nuclei())

    def wells(self, *, plate: str | None = None) -> "DataFrame":
        """Return a row for each well and time point, as `wells.csv` of `nuqleus export` has it.

        Args:
            plate: name of a plate, or `folder/name`; None: all of them.

        Raises:
            PlateNameError: no plate has this name, or several have it.
            NuqleusError: pandas isn't installed.
        """
        with self._snapshot(self._select(None, plate)) as results:
            return to_frame(types_of_wells(results.well_columns()), results.wells())

    def image(self, path: str, *, scene: int = 0, t: int = 0, z: int | None = None) -> "ResultImage":
        """Return an image of a file.

        Args:
            path: of the file, relative to the watched folder.
            scene: number of the scene in it, from 0.
            t: time point.
            z: plane; None for the one that counts, with most nuclei.

        Raises:
            LookupError: there are no results of such an image.
        """
        with self._snapshot(Selection(paths=[path])) as results:
            planes = [
                image
                for image in results.images()
                if (image.path, image.columns["scene"], image.columns["t"]) == (path, scene, t)
                and z in (None, image.columns["z"])
            ]
        if not planes:
            raise LookupError(f"there are no results of {path!r} with scene {scene}, t {t}, z {z}")
        return ResultImage(self._engine, min(planes, key=_by_rank))

    def _select(self, path: str | None, plate: str | None) -> Selection:
        return Selection(
            paths=None if path is None else [path],
            plate_ids=None if plate is None else [find_plate_named(self._engine, plate).id],
        )

    def _snapshot(self, selection: Selection) -> AbstractContextManager[Snapshot]:
        return snapshot(self._engine, selection)


class ResultImage:
    """An image of a file: its mask, nuclei and outlines, each read when it is asked for.

    Where the file was processed again since, they are no longer there (`MaskError`): ask for the image anew.

    Attributes:
        columns: what is known of it, as a row of `images.csv` of `nuqleus export`.
    """

    def __init__(self, engine: Engine, image: StoredImage) -> None:
        self._engine = engine
        self._image = image
        self.columns: Mapping[str, Any] = image.columns

    @property
    def path(self) -> str:
        """Of the file, relative to the watched folder."""
        return self._image.path

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self._image.shape

    @cached_property
    def mask(self) -> Labels:
        """Label image, int32 (H, W): 0 is background, the others are the nuclei's labels.

        Raises:
            MaskError: it can't be read.
        """
        with snapshot(self._engine) as results:
            return load_mask(results, self._image)[:, :]

    @cached_property
    def channel_names(self) -> dict[int, str]:
        """Names of the channels that the file names, by number from 0."""
        with snapshot(self._engine) as results:
            return results.channel_names(self._image)

    def nuclei(self) -> "DataFrame":
        """Return a row for each nucleus: the columns of `Results.nuclei` but those of the image.

        Raises:
            NuqleusError: pandas isn't installed.
        """
        with snapshot(self._engine) as results:
            measured = nucleus_columns(self.columns["channels"], results.requested_fields())
            columns = [name for name in measured if name not in IMAGE_KEY]
            tiles = results.nuclei_by_tile(self._image, max(self.shape))
            return to_frame(types_of(columns), (nucleus for tile in tiles for nucleus in tile))

    def outlines(self) -> dict[int, list[Polygon]]:
        """Trace the outline of each nucleus along the edges of its pixels, by label.

        Returns:
            Polygons, several for a nucleus in parts: a shell and holes, of points (x, y); (0, 0) is the upper left
            corner of the image, so that a centroid of (row, col) lies at (col + 0.5, row + 0.5).

        Raises:
            MaskError: the mask can't be read, or doesn't hold a nucleus.
        """
        with snapshot(self._engine) as results:
            return {nucleus["label"]: polygons for nucleus, polygons in outlined_nuclei(results, self._image)}


def _url(database: str | Path | None) -> str | None:
    if database is None:
        return None
    return str(database) if "://" in str(database) else f"sqlite:///{Path(database).absolute().as_posix()}"


def _by_rank(image: StoredImage) -> tuple[int, int]:
    """Order planes of a stack: that which counts is first."""
    return -image.columns["n_nuclei"], image.columns["z"]
