"""The format ome-zarr: label images as OME-NGFF 0.4 has them, in Zarr 2, which goes with it.

https://ngff.openmicroscopy.org/0.4/#label-md
"""

from pathlib import Path
from typing import Any

import zarr
from numcodecs import Zlib

from cli.exports.exporter import Written
from cli.exports.file_per_image import write_each_image
from model.labels.masks import BLOCK_SIDE, LabelImage, block_corners
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.results.masks import load_mask
from nuqleus.whole_files import whole_folder

VERSION = "0.4"

NAME = "nuclei"
"""Of the label image among the labels of its image."""

CHUNK_SIDE = 512

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
    root = zarr.create_group(str(folder), zarr_format=2, overwrite=True)
    of_image = root.create_group("labels", attributes={"labels": [NAME]})
    factors = _factors(*labels.shape)
    group = of_image.create_group(NAME, attributes=_metadata(factors, image.columns["pixel_size_um"]))
    for level, factor in enumerate(factors):
        _write_level(group, str(level), labels, factor)


def _factors(height: int, width: int) -> list[int]:
    """Return how many pixels a pixel of each level stands for, along a side."""
    factors = [1]
    while max(height, width) > SMALLEST_SIDE * factors[-1]:
        factors.append(2 * factors[-1])
    return factors


def _write_level(group: zarr.Group, name: str, labels: LabelImage, factor: int) -> None:
    """Write every `factor`-th pixel, block by block: labels can't be averaged."""
    height, width = labels.shape
    array = group.create_array(
        name,
        shape=(-(-height // factor), -(-width // factor)),
        chunks=(CHUNK_SIDE, CHUNK_SIDE),
        dtype="int32",
        compressors=Zlib(level=1),
        chunk_key_encoding={"name": "v2", "separator": "/"},
        fill_value=0,
    )
    for row, col in block_corners(height, width):
        block = labels[row : row + BLOCK_SIDE : factor, col : col + BLOCK_SIDE : factor]
        first_row, first_col = row // factor, col // factor
        array[first_row : first_row + block.shape[0], first_col : first_col + block.shape[1]] = block


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
