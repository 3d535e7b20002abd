"""Label images as files of their own, for people and other programs."""

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

ENDING = ".label.tif"


def write_label_image(path: Path, labels: NDArray[np.int32]) -> None:
    """Write labels (H, W) as a zlib-compressed TIFF: uint16, or uint32 where a label is above 65,535.

    Raises:
        OSError: it can't be written.
    """
    dtype = np.uint16 if labels.max(initial=0) <= np.iinfo(np.uint16).max else np.uint32
    tifffile.imwrite(path, labels.astype(dtype), compression="zlib", photometric="minisblack", metadata=None)
