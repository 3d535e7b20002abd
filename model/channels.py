"""Which channel of an image shows the nuclei."""

import re

import numpy as np
from numpy.typing import NDArray

from model.reading import Plane

_NUCLEAR = re.compile(r"dapi|hoechst|nucle|draq|sytox|h2b|propidium|(^|\W)dna(\W|$)", re.IGNORECASE)
"""Stains and markers of nuclei, as microscopes name their channels."""


def nuclear_pixels(plane: Plane) -> NDArray[np.generic]:
    """Return what the network should see of an image: (H, W, 1) or (H, W, 3).

    Gray and colour images are seen as they are. Of an image with several separate channels it sees the one whose
    name speaks of nuclei, else the first: mixed with other stains, nuclei would be hard to find.
    """
    if plane.colour or plane.pixels.shape[2] == 1:
        return np.asarray(plane.pixels)
    channel = next((i for i, name in enumerate(plane.channel_names) if _NUCLEAR.search(name)), 0)
    return plane.pixels[..., channel : channel + 1]
