"""Draws the README's pictures: sample images beside what the network found in them. Run by `make pictures`."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from model.labels.overlay import draw_overlay
from model.reading import read_planes
from model.samples.folder import fill_folder
from model.segmentation.segmenter import Segmenter

SHOWN = {
    "fluorescence/nuclear.png": 2,
    "fluorescence/crowded.tif": 1,
    "tissue/ihc.png": 1,
    "bright-field/drawn.png": 1,
}
"""Sample → how many times smaller it is shown than it is."""

SIDE = 400
"""Pixels of each picture that are shown, from its middle."""

PICTURES = Path(__file__).parent / "pictures"


def draw_pair(path: Path, segmenter: Segmenter, times_smaller: int) -> Image.Image:
    """Return the middle of an image, without (left) and with its nuclei outlined (right)."""
    plane = next(read_planes(path))
    labels = segmenter.segment(plane.pixels).labels
    pair = Image.new("RGB", (2 * SIDE + 8, SIDE), "white")
    for left, outlined in ((0, np.zeros_like(labels)), (SIDE + 8, labels)):
        picture = Image.fromarray(draw_overlay(plane.pixels, outlined)).reduce(times_smaller)
        pair.paste(_middle(picture), (left, 0))
    return pair


def _middle(picture: Image.Image) -> Image.Image:
    left, top = (picture.width - SIDE) // 2, (picture.height - SIDE) // 2
    return picture.crop((left, top, left + SIDE, top + SIDE))


def main() -> None:
    """Draw them all."""
    PICTURES.mkdir(exist_ok=True)
    segmenter = Segmenter.load()
    with TemporaryDirectory() as folder:
        fill_folder(Path(folder))
        for name, times_smaller in SHOWN.items():
            picture = draw_pair(Path(folder, name), segmenter, times_smaller)
            picture.save(
                PICTURES / f"{Path(name).with_suffix('').as_posix().replace('/', '-')}.jpg", quality=88
            )


if __name__ == "__main__":
    main()
