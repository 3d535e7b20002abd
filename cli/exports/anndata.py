"""The format anndata: nuclei.h5ad, as AnnData reads it, written a few thousand rows at a time.

https://anndata.readthedocs.io/en/stable/fileformat-prose.html
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from cli.exports.exporter import Written
from cli.progress_bars import track_stream
from model.labels.masks import BLOCK_SIDE
from nuqleus.csv_files import defused
from nuqleus.database.batches import batched
from nuqleus.database.queries.result_columns import IMAGE_KEY
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.whole_files import whole_file

ROWS = 10_000
"""Rows that are held in memory, and lie together in the file."""

CATEGORIES = ("path", "duplicate_of", "plate", "plate_folder", "well", "phase")
NUMBERS = {
    "image_id": "int64",
    "scene": "int32",
    "t": "int32",
    "z": "int32",
    "counted": "bool",
    "site": "float32",  # NaN where there is none
    "label": "int64",
    "touches_border": "bool",
    "neighbor_nearest_label": "float32",  # as site
}
"""Columns of `obs`: which nucleus it is. What is measured of it is in X, but for its place."""

SPATIAL = ("centroid_col", "centroid_row")
"""x and y, in pixels."""

PLACES = (*SPATIAL, "centroid_row_um", "centroid_col_um", "bbox_row0", "bbox_col0", "bbox_row1", "bbox_col1")


class Row(NamedTuple):
    """A nucleus, and the image that it is in.

    Attributes:
        name: that no other row has.
    """

    name: str
    image: StoredImage
    nucleus: dict[str, Any]

    def value(self, column: str) -> Any:
        """Of the image, or of the nucleus; None if it isn't known."""
        of = self.image.columns if column in IMAGE_KEY else self.nucleus
        return of.get(column)


def export(results: Snapshot, output: Path) -> Written:
    """Write every nucleus."""
    path = output / "nuclei.h5ad"
    features = _features(results.nucleus_columns())
    with whole_file(path) as unfinished, h5py.File(unfinished, "w") as file:
        _encode(file, "anndata", "0.1.0")
        _write_frame(file.create_group("var"), features)
        nuclei = _Nuclei(file, features)
        rows = track_stream(_rows(results), "nuclei", results.nucleus_count())
        written = sum(map(nuclei.append, batched(rows, ROWS)))
        nuclei.finish()
    return Written(f"{written} nuclei with {len(features)} features in {path}")


def _features(columns: Sequence[str]) -> list[str]:
    others = {*IMAGE_KEY, *CATEGORIES, *NUMBERS, *PLACES}
    return [name for name in columns if name not in others]


def _rows(results: Snapshot) -> Iterator[Row]:
    for number, image in enumerate(results.images(), 1):
        for nuclei in results.nuclei_by_tile(image, BLOCK_SIDE):
            for nucleus in nuclei:
                yield Row(f"{number}-{nucleus['label']}", image, nucleus)


class _Nuclei:
    """X, `obs` and `obsm["spatial"]`, which grow together."""

    def __init__(self, file: h5py.File, features: Sequence[str]) -> None:
        self._features = features
        self._x = _growing(file, "X", "float32", len(features))
        obsm = file.create_group("obsm")
        _encode(obsm, "dict", "0.1.0")
        self._spatial = _growing(obsm, "spatial", "float64", len(SPATIAL))
        self._obs = file.create_group("obs")
        self._names = _growing(self._obs, "_index", h5py.string_dtype())
        self._numbers = {name: _growing(self._obs, name, dtype) for name, dtype in NUMBERS.items()}
        self._categories = {name: _Category(self._obs.create_group(name)) for name in CATEGORIES}

    def append(self, rows: Sequence[Row]) -> int:
        """Add rows. Returns their number."""
        _append(self._x, [list(map(row.nucleus.get, self._features)) for row in rows])
        _append(self._spatial, [[row.value(name) for name in SPATIAL] for row in rows])
        _append(self._names, [row.name for row in rows])
        for name, dataset in self._numbers.items():
            _append(dataset, [row.value(name) for row in rows])
        for name, category in self._categories.items():
            category.append([row.value(name) for row in rows])
        return len(rows)

    def finish(self) -> None:
        """Write what is known at the end."""
        for category in self._categories.values():
            category.finish()
        _encode_frame(self._obs, [*CATEGORIES, *NUMBERS])


class _Category:
    """A column of text that repeats itself: each text once, and its number in each row; -1 where there is none."""

    def __init__(self, group: h5py.Group) -> None:
        self._group = group
        self._codes = _growing(group, "codes", "int32")
        self._known: dict[str | None, int] = {None: -1}
        self._texts: dict[str, int] = {}

    def append(self, values: Sequence[str | None]) -> None:
        for value in dict.fromkeys(values):
            if value not in self._known:
                # names that look alike in a table are one category: AnnData takes none twice
                self._known[value] = self._texts.setdefault(defused(value), len(self._texts))
        _append(self._codes, [self._known[value] for value in values])

    def finish(self) -> None:
        _encode(self._group, "categorical", "0.2.0")
        self._group.attrs["ordered"] = False
        _write_texts(self._group, "categories", list(self._texts))


def _write_frame(group: h5py.Group, index: Sequence[str]) -> None:
    """Write a table without columns."""
    _write_texts(group, "_index", index)
    _encode_frame(group, [])


def _encode_frame(group: h5py.Group, columns: Sequence[str]) -> None:
    _encode(group, "dataframe", "0.2.0")
    _encode(group["_index"], "string-array", "0.2.0")
    group.attrs["_index"] = "_index"
    group.attrs.create("column-order", list(columns), dtype=h5py.string_dtype())


def _write_texts(group: h5py.Group, name: str, texts: Sequence[str]) -> None:
    dataset = group.create_dataset(name, data=list(texts), dtype=h5py.string_dtype(), shape=(len(texts),))
    _encode(dataset, "string-array", "0.2.0")


def _growing(group: h5py.Group, name: str, dtype: Any, width: int | None = None) -> h5py.Dataset:
    """Create an array without rows: (0,), or (0, width)."""
    rest = () if width is None else (width,)
    dataset = group.create_dataset(
        name,
        shape=(0, *rest),
        maxshape=(None, *rest),
        chunks=(ROWS, *rest),
        dtype=dtype,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
    )
    _encode(dataset, "array", "0.2.0")
    return dataset


def _append(dataset: h5py.Dataset, values: Sequence[Any]) -> None:
    """Add rows; None is NaN where the column has room for it."""
    length = len(dataset)
    dataset.resize(length + len(values), axis=0)
    dataset[length:] = values if h5py.check_string_dtype(dataset.dtype) else np.array(values, dataset.dtype)


def _encode(of: h5py.HLObject, kind: str, version: str) -> None:
    """Say what a group or an array is."""
    of.attrs["encoding-type"], of.attrs["encoding-version"] = kind, version
