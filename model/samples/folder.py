"""Sample folder: every kind of nuclei that can be drawn or found installed, in several file formats."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from model.samples.drawn import (
    Drawing,
    FieldOfView,
    bright_field,
    fluorescence,
    focus_stack,
    stained,
    time_lapse,
)
from model.samples.shipped import shipped_images

PIXEL_SIZE_UM = 0.5
"""Stated in the stacks' metadata: a 13 pixel radius is then a nucleus of 13 µm."""


def _save_tiff(path: Path, pixels: NDArray[Any]) -> None:
    tifffile.imwrite(path, pixels, compression="zlib", metadata=None)


def _save_picture(path: Path, pixels: NDArray[Any]) -> None:
    Image.fromarray(pixels).save(path)


def _save_8_bit(path: Path, pixels: NDArray[Any]) -> None:
    low, high = np.percentile(pixels, (0.1, 99.9))
    grey = np.clip((pixels - low) / (high - low) * 255, 0, 255)
    Image.fromarray(grey.astype(np.uint8)).save(path, quality=90)


def _save_ome_stack(path: Path, pixels: NDArray[Any]) -> None:
    size = {f"PhysicalSize{axis}": PIXEL_SIZE_UM for axis in "XY"}
    tifffile.imwrite(path, pixels, ome=True, compression="zlib", metadata={"axes": "ZYX", **size})


def _save_hyperstack(path: Path, pixels: NDArray[Any]) -> None:
    per_um = (1 / PIXEL_SIZE_UM, 1 / PIXEL_SIZE_UM)
    tifffile.imwrite(path, pixels, imagej=True, resolution=per_um, metadata={"axes": "TCYX", "unit": "um"})


@dataclass(frozen=True)
class Sample:
    """A drawn image, how it is drawn and in which format it is saved."""

    draw: Callable[[], Drawing]
    save: Callable[[Path, NDArray[Any]], None]


DRAWN = {
    "fluorescence/16-bit.tif": Sample(partial(fluorescence, FieldOfView(512, 512, 90), 1), _save_tiff),
    "fluorescence/16-bit.png": Sample(partial(fluorescence, FieldOfView(360, 480, 70, 11), 2), _save_picture),
    "fluorescence/8-bit.png": Sample(partial(fluorescence, FieldOfView(256, 320, 30, 12), 3), _save_8_bit),
    "fluorescence/8-bit.jpg": Sample(partial(fluorescence, FieldOfView(400, 400, 40, 15), 4), _save_8_bit),
    "fluorescence/crowded.tif": Sample(
        partial(fluorescence, FieldOfView(512, 512, 220, 11, 0.9), 5), _save_tiff
    ),
    "fluorescence/large.tif": Sample(partial(fluorescence, FieldOfView(1040, 1388, 300, 14), 6), _save_tiff),
    "tissue/drawn.png": Sample(partial(stained, FieldOfView(512, 512, 150, 10, 0.3), 7), _save_picture),
    "tissue/drawn.jpg": Sample(partial(stained, FieldOfView(320, 512, 60, 13, 0.5), 8), _save_picture),
    "bright-field/drawn.png": Sample(partial(bright_field, FieldOfView(400, 400, 60), 9), _save_picture),
    "stacks/focus.ome.tif": Sample(partial(focus_stack, FieldOfView(256, 320, 25), 10, 5), _save_ome_stack),
    "stacks/time-lapse.tif": Sample(partial(time_lapse, FieldOfView(256, 320, 25), 11, 2), _save_hyperstack),
}
"""Path below the folder → what is drawn there."""

SHIPPED_TO = {"nuclear.png": "fluorescence/nuclear.png", "ihc.png": "tissue/ihc.png"}
"""Name of a shipped image → its path below the folder."""


def fill_folder(folder: Path) -> list[Path]:
    """Write the samples below a folder, which is created if need be.

    Returns:
        The files written, in the order of the tables above.
    """
    shipped = shipped_images()
    return [_draw(sample, folder / path) for path, sample in DRAWN.items()] + [
        _copy(shipped[name], folder / path) for name, path in SHIPPED_TO.items() if name in shipped
    ]


def _draw(sample: Sample, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sample.save(path, sample.draw().pixels)
    return path


def _copy(source: Path, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(source, path))
