"""The format ome-zarr: label images as OME-NGFF 0.4 has them, in Zarr 2, which goes with it.

https://ngff.openmicroscopy.org/0.4/#label-md, https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html. The library of
Zarr would write in threads of its own, which go on when the disk is full.
"""

import json
import zlib
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from cli.exports.exporter import Written
from cli.exports.file_per_image import write_each_image
from model.arrays import Labels
from model.labels.masks import BLOCK_SIDE, LabelImage
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.results.masks import load_mask
from nuqleus.whole_files import whole_folder

VERSION = "0.4"

NAME = "nuclei"
"""Of the label image among the labels of its image."""

CHUNK_SIDE = 512

COMPRESSION = 1

ARRAY: dict[str, Any] = {
    "zarr_format": 2,
    "chunks": [CHUNK_SIDE, CHUNK_SIDE],
    "dtype": "<i4",
    "compressor": {"id": "zlib", "level": COMPRESSION},
    "fill_value": 0,
    "order": "C",
    "filters": None,
    "dimension_separator": "/",
}

SMALLEST_SIDE = 1024
"""Each level of resolution has half the sides of the one before, until both are at most this."""


def export(results: Snapshot, output: Path) -> Written:
    """Write a group with the label image of each image below `ome-zarr/`."""
    return write_each_image(
        results,
        output / "ome-zarr",
        ending=".ome.zarr",
        what="OME-Zarr groups",
        write=lambda path, image: _write(path, image, load_mask(results, image)),
        whole=whole_folder,
    )


def _write(folder: Path, image: StoredImage, labels: LabelImage) -> None:
    factors = _factors(*labels.shape)
    _write_group(folder, {})
    _write_group(folder / "labels", {"labels": [NAME]})
    _write_group(folder / "labels" / NAME, _metadata(factors, image.columns["pixel_size_um"]))
    for level, factor in enumerate(factors):
        _write_level(folder / "labels" / NAME / str(level), labels, factor)


def _write_group(folder: Path, attributes: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / ".zgroup").write_text(json.dumps({"zarr_format": 2}))
    (folder / ".zattrs").write_text(json.dumps(attributes))


def _factors(height: int, width: int) -> list[int]:
    """Return how many pixels a pixel of each level stands for, along a side."""
    factors = [1]
    while max(height, width) > SMALLEST_SIDE * factors[-1]:
        factors.append(2 * factors[-1])
    return factors


def _write_level(folder: Path, labels: LabelImage, factor: int) -> None:
    """Write every `factor`-th pixel as an array of Zarr, block by block: labels can't be averaged."""
    folder.mkdir()
    shape = [-(-side // factor) for side in labels.shape]
    (folder / ".zarray").write_text(json.dumps({**ARRAY, "shape": shape}))
    side = max(BLOCK_SIDE, CHUNK_SIDE * factor)
    for row, col in product(*(range(0, length, side) for length in labels.shape)):
        block = labels[row : row + side : factor, col : col + side : factor]
        _write_chunks(folder, block, row // factor // CHUNK_SIDE, col // factor // CHUNK_SIDE)


def _write_chunks(folder: Path, block: Labels, row0: int, col0: int) -> None:
    """Write the chunks of a block, the first of which is the `row0`-th from above and the `col0`-th from the left."""
    for row, col in product(*(range(0, length, CHUNK_SIDE) for length in block.shape)):
        part = block[row : row + CHUNK_SIDE, col : col + CHUNK_SIDE]
        if part.any():  # one that isn't there is background
            chunk = np.zeros((CHUNK_SIDE, CHUNK_SIDE), ARRAY["dtype"])
            chunk[: part.shape[0], : part.shape[1]] = part
            path = folder / str(row0 + row // CHUNK_SIDE) / str(col0 + col // CHUNK_SIDE)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(chunk.tobytes(), COMPRESSION))


def _metadata(factors: list[int], pixel_size_um: float | None) -> dict[str, Any]:
    unit = {} if pixel_size_um is None else {"unit": "micrometer"}
    axes = [{"name": name, "type": "space", **unit} for name in "yx"]
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [{"type": "scale", "scale": [factor * (pixel_size_um or 1.0)] * 2}],
        }
        for level, factor in enumerate(factors)
    ]
    multiscale = {"version": VERSION, "name": NAME, "axes": axes, "datasets": datasets}
    return {"multiscales": [multiscale], "image-label": {"version": VERSION}}
