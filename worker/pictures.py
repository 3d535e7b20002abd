"""Pictures of what was found, as files: a convenience for people, never worth failing a file for."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.overlay import draw_overlay
from model.reading import Plane
from nuqleus.paths import inside

log = logging.getLogger(__name__)

ENDING = ".overlay.png"

LONGEST_SIDE = 8192
"""Pictures of larger images are thinned out: every second pixel, every third, … until they fit."""


def plane_part(plane: Plane) -> str:
    """Return what tells a stack's images apart in file names: nothing for the first, `.s0.t2.z1` for others."""
    place = (plane.scene, plane.t, plane.z)
    return ".s{}.t{}.z{}".format(*place) if any(place) else ""


def save_overlay(path: Path, plane: Plane, labels: NDArray[np.int32]) -> None:
    """Draw an image with its nuclei into a PNG, which appears under its name when it is whole.

    Raises:
        OSError: it can't be written.
    """
    step = -(-max(labels.shape) // LONGEST_SIDE)
    picture = draw_overlay(plane.pixels[::step, ::step], labels[::step, ::step])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        Image.fromarray(picture).save(unfinished, format="PNG", compress_level=3)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class Album:
    """Pictures of files below a folder: each at its file's relative path, plus `.overlay.png`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._picture = Path(inside(folder, name))

    def add(self, plane: Plane, labels: NDArray[np.int32]) -> None:
        """Draw one image; what goes wrong is logged, since the results matter more than the picture."""
        path = self._picture.with_name(f"{self._picture.name}{plane_part(plane)}{ENDING}")
        try:
            save_overlay(path, plane, labels)
        except OSError as error:
            log.warning("No picture %s: %s", path, error)
