"""CSV output: the nuclei of one image, a row each, with the columns of `nuqleus export` that one image can fill."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuqleus.csv_files import write_csv
from nuqleus.database.bulk_insert import Columns, plain_rows
from nuqleus.database.files.results import ImageResult
from nuqleus.micrometres import in_um

ENDING = ".csv"
_KEYS = ("label", "channel")
_NEAREST = "neighbor_nearest_label"


def save_table(path: Path, result: ImageResult) -> None:
    """Write shapes, in µm too, then intensities channel by channel (`intensity_mean-0` is that of the first channel).

    Raises:
        OSError: it can't be written.
    """
    columns = join_columns(result)
    write_csv(path, list(columns), (dict(zip(columns, row, strict=True)) for row in plain_rows(columns)))


def join_columns(result: ImageResult) -> Columns:
    """Put µm, and the intensities and textures of each channel, beside the shapes: arrays (N,), in order of label.

    Where the pixel size isn't known, the columns in µm are NaN.
    """
    columns = {**result.nuclei, **in_um(result.nuclei, result.pixel_size_um or math.nan)}
    if _NEAREST in columns:
        columns[_NEAREST] = _as_whole(columns[_NEAREST])
    measured = {**result.intensities, **result.textures}
    for channel in range(result.channels):
        of_channel = measured["channel"] == channel
        for name, values in measured.items():
            if name not in _KEYS:
                columns[f"{name}-{channel}"] = values[of_channel]
    return columns


def _as_whole(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers, of which some may be missing, as Python has them."""
    return np.array([int(value) if value == value else None for value in values.tolist()], object)
