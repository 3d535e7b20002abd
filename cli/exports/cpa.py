"""The format cpa: a folder that CellProfiler Analyst opens, with a database of its own and a properties file.

What it demands of them is in its manual, "Setting up the properties file", and its `properties.py` and `dbconnect.py`.
"""

import errno
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import click

from cli.exports.cellprofiler_names import (
    QUALITY,
    Features,
    all_channel_names,
    annotation_columns,
    channel_names,
    features_of,
    plate_labels,
    quality_of,
)
from cli.exports.cpa_properties import ORIGINAL, properties_text
from cli.exports.exporter import Written
from cli.progress_bars import track_stream
from model.labels.masks import BLOCK_SIDE
from nuqleus.database.batches import batched
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.paths import escape_path
from nuqleus.whole_files import whole_file

DATABASE, PROPERTIES = "nuclei.db", "nuclei.properties"

TILE_DIAMETERS = 2.5
"""Side of the picture of a nucleus, in mean diameters."""

SMALLEST_TILE = 20
"""The same in pixels, where nuclei are small or there are none."""

ROWS = 10_000
"""Rows that are held in memory."""

MOST_COLUMNS = 2_000
"""Columns of a table, as SQLite is built unless somebody asks for more."""

INTEGER, REAL, TEXT = "INTEGER", "REAL", "TEXT"

IMAGE_COLUMNS = {
    "ImageNumber": INTEGER,
    "Image_Width_Original": INTEGER,
    "Image_Height_Original": INTEGER,
    "Image_Count_Nuclei": INTEGER,
    "Image_Metadata_ImageId": INTEGER,
    "Image_Metadata_Scene": INTEGER,
    "Image_Metadata_SceneName": TEXT,
    "Image_Metadata_T": INTEGER,
    "Image_Metadata_Z": INTEGER,
    "Image_Metadata_Counted": INTEGER,
    "Image_Metadata_DuplicateOf": TEXT,
    "Image_Metadata_PixelSize_um": REAL,
    "Image_Metadata_RingGap": REAL,
    "Image_Metadata_RingWidth": REAL,
    "Image_Metadata_NeighborDistance": REAL,
    "Image_AreaOccupied_AreaFraction_Nuclei": REAL,
    "Image_Metadata_StandsOutBecause": TEXT,
    "Image_Metadata_Plate": TEXT,
    "Image_Metadata_PlateFolder": TEXT,
    "Image_Metadata_Well": TEXT,
    "Image_Metadata_Site": INTEGER,
}
"""Columns of `Per_Image`. `ImageNumber` is one of its own, since a duplicate shares the `image_id` of its original."""

AS_KNOWN = {
    "Image_Width_Original": "width",
    "Image_Height_Original": "height",
    "Image_Count_Nuclei": "n_nuclei",
    "Image_Metadata_ImageId": "image_id",
    "Image_Metadata_Scene": "scene",
    "Image_Metadata_SceneName": "scene_name",
    "Image_Metadata_T": "t",
    "Image_Metadata_Z": "z",
    "Image_Metadata_Counted": "counted",
    "Image_Metadata_PixelSize_um": "pixel_size_um",
    "Image_Metadata_RingGap": "ring_gap",
    "Image_Metadata_RingWidth": "ring_width",
    "Image_Metadata_NeighborDistance": "neighbor_distance",
    "Image_AreaOccupied_AreaFraction_Nuclei": "area_fraction",
    "Image_Metadata_StandsOutBecause": "stands_out_because",
    "Image_Metadata_Well": "well",
    "Image_Metadata_Site": "site",
}
"""Those that have the value of a column of `StoredImage`."""

OBJECT_COLUMNS = {
    "ImageNumber": INTEGER,
    "ObjectNumber": INTEGER,
    "Nuclei_Metadata_TouchesBorder": INTEGER,
    "Nuclei_Metadata_DNAContent": REAL,
}
"""Columns of `Per_Object` before the features."""


def export(results: Snapshot, output: Path) -> Written:
    """Write the folder `cpa/`; its database first, so that the properties never name one that isn't there."""
    folder = output / "cpa"
    folder.mkdir(exist_ok=True)
    names = _ChannelNames(results)
    files = names.files()
    of_image = IMAGE_COLUMNS | {f"Image_{name}": TEXT for name in _annotations(results).values()}
    of_image |= {f"Image_{part}Name_{name}": TEXT for name in files for part in ("Path", "File")}
    of_image |= {f"Image_{measured}_{name}": REAL for name in names.all() for measured in QUALITY}
    features = Features(results)
    of_object = OBJECT_COLUMNS | dict.fromkeys(features.names(names.all()), REAL)
    _check_number(of_object)
    with whole_file(folder / DATABASE) as unfinished, _new_database(unfinished) as database:
        images = _write_table(
            database, "Per_Image", of_image, "ImageNumber", _image_rows(results, names, files)
        )
        nuclei = _write_table(
            database,
            "Per_Object",
            of_object,
            "ImageNumber, ObjectNumber",
            _object_rows(results, names, features),
        )
        tile_size = _tile_size(database)
    with whole_file(folder / PROPERTIES) as unfinished:
        unfinished.write_text(properties_text(results, DATABASE, files, tile_size), encoding="utf-8")
    return Written(f"{images} images and {nuclei} nuclei in {folder / DATABASE}: open {folder / PROPERTIES}")


def _check_number(columns: Collection[str]) -> None:
    """Refuse more columns than a table of SQLite can have."""
    if len(columns) > MOST_COLUMNS:
        raise click.ClickException(
            f"the channels of these images have so many names that {len(columns)} columns are needed, and "
            f"CellProfiler Analyst's database has room for {MOST_COLUMNS}: export a part, with --path or --plate"
        )


class _ChannelNames:
    """What channels are called in SQL, which doesn't tell upper from lower case."""

    def __init__(self, results: Snapshot) -> None:
        self._results = results
        self._spelling = {name.casefold(): name for name in sorted(all_channel_names(results), reverse=True)}

    def all(self) -> list[str]:
        """Of all images."""
        return sorted(self._spelling.values())

    def of(self, image: StoredImage) -> dict[int, str]:
        """Of an image, by number."""
        names = channel_names(self._results, image)
        return {channel: self._spelling[name.casefold()] for channel, name in names.items()}

    def files(self) -> list[str]:
        """Return what the files of an image are called: as their channels, if all images are fields of plates."""
        names: set[str] = set()
        for image in self._results.images():
            paths = self.paths(image)
            if not paths:
                return [ORIGINAL]
            names.update(paths)
        return sorted(names) or [ORIGINAL]

    def paths(self, image: StoredImage) -> dict[str, str]:
        """Return the paths of a field's files, by their channels; none for other images."""
        names = self.of(image)
        files = self._results.channel_files(image)
        return {names[channel]: path for channel, path in files.items() if channel in names}


@contextmanager
def _new_database(path: Path) -> Iterator[sqlite3.Connection]:
    """A database in a new file, for a writer that begins again if it is killed.

    Raises:
        OSError: it can't be written.
    """
    path.touch()
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("BEGIN")
            yield database
            database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error


def _write_table(
    database: sqlite3.Connection,
    name: str,
    columns: Mapping[str, str],
    key: str,
    rows: Iterable[Mapping[str, Any]],
) -> int:
    """Create a table, and insert rows as they come. Returns their number; what a row lacks is NULL."""
    declared = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    database.execute(f"CREATE TABLE {name} ({declared}, PRIMARY KEY ({key}))")
    insert = f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names are our own
    written = 0
    for batch in batched(rows, ROWS):
        database.executemany(insert, [tuple(row.get(column) for column in columns) for row in batch])
        written += len(batch)
    return written


def _numbered(results: Snapshot) -> Iterator[tuple[int, StoredImage]]:
    return enumerate(results.images(), 1)


def _image_rows(results: Snapshot, names: _ChannelNames, files: Sequence[str]) -> Iterator[dict[str, Any]]:
    annotations, plates = _annotations(results), plate_labels(results)
    folder = PurePosixPath(results.watched_folder() or "")
    for number, image in _numbered(results):
        known = image.columns
        yield {
            "ImageNumber": number,
            **{name: known[column] for name, column in AS_KNOWN.items()},
            "Image_Metadata_DuplicateOf": _text(known["duplicate_of"]),
            "Image_Metadata_Plate": plates.get((known["plate_folder"], known["plate"])),
            "Image_Metadata_PlateFolder": _text(known["plate_folder"]),
            **quality_of(image, names.of(image)),
            **{f"Image_{annotations[name]}": value for name, value in results.annotations(image).items()},
            **_places(folder, {ORIGINAL: image.path} if files == [ORIGINAL] else names.paths(image)),
        }


def _places(folder: PurePosixPath, paths: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that say where files are."""
    places = {}
    for name, path in paths.items():
        places[f"Image_PathName_{name}"] = escape_path((folder / path).parent)
        places[f"Image_FileName_{name}"] = escape_path((folder / path).name)
    return places


def _annotations(results: Snapshot) -> dict[str, str]:
    """Return what plate maps say, with the names of the columns, without `Image_`."""
    return annotation_columns(results, taken=[name.removeprefix("Image_") for name in IMAGE_COLUMNS])


def _text(name: str | None) -> str | None:
    """Return a name of a file or folder as text that SQLite takes."""
    return None if name is None else escape_path(name)


def _object_rows(results: Snapshot, names: _ChannelNames, features: Features) -> Iterator[dict[str, Any]]:
    for number, image in track_stream(_numbered(results), "images", results.image_count()):
        of_channels = features.of_channels(names.of(image))
        for nuclei in results.nuclei_by_tile(image, BLOCK_SIDE):
            for nucleus in nuclei:
                key = {"ImageNumber": number, "ObjectNumber": nucleus["label"]}
                known = {
                    "Nuclei_Metadata_TouchesBorder": nucleus["touches_border"],
                    "Nuclei_Metadata_DNAContent": nucleus["dna_content"],
                }
                yield key | known | features_of(nucleus, of_channels)


def _tile_size(database: sqlite3.Connection) -> int:
    """Return the side of the picture of a nucleus, in pixels."""
    mean = "SELECT avg(Nuclei_AreaShape_EquivalentDiameter) FROM Per_Object"
    (diameter,) = database.execute(mean).fetchone()
    return max(SMALLEST_TILE, round(TILE_DIAMETERS * (diameter or 0)))
